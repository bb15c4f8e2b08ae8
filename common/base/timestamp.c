#include "common/base/timestamp.h"

#include "common/base/wipe.h"

static void put_digits(char *at, int64_t number, int count)
{
    for (int index = count - 1; index >= 0; index--) {
        at[index] = (char)('0' + number % 10);
        number /= 10;
    }
}

/* Days to a civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms",
 * civil_from_days. */
static void put_date(char *at, int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_shifted = (5 * day_of_year + 2) / 153;
    int64_t month = month_shifted < 10 ? month_shifted + 3 : month_shifted - 9;
    put_digits(at, year_of_era + era * 400 + (month <= 2 ? 1 : 0), 4);
    put_digits(at + 5, month, 2);
    put_digits(at + 8, day_of_year - (153 * month_shifted + 2) / 5 + 1, 2);
}

void nsl_timestamp_format(int64_t time_ms, char ret_text[NSL_TIMESTAMP_SIZE])
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    int64_t positive_ms = time_ms < 0 ? 0 : time_ms;
    int64_t seconds = positive_ms / 1000;
    nsl_copy(ret_text, NSL_TIMESTAMP_SIZE, nsl_bytes_of(form, NSL_TIMESTAMP_SIZE));
    put_date(ret_text, seconds / 86400);
    put_digits(ret_text + 11, seconds / 3600 % 24, 2);
    put_digits(ret_text + 14, seconds / 60 % 60, 2);
    put_digits(ret_text + 17, seconds % 60, 2);
    put_digits(ret_text + 20, positive_ms % 1000, 3);
}
