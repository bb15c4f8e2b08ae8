#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

static char line[NSL_LOG_LINE_BYTES + 1];

static const char *format(const struct nsl_log_field *fields, int64_t time_ms)
{
    size_t size = nsl_log_format(NSL_EVENT_start, fields, "test", time_ms, line);
    assert_true(size <= NSL_LOG_LINE_BYTES);
    line[size] = '\0';
    assert_int_equal(strlen(line), size);
    assert_int_equal(line[size - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), &line[size - 1]);
    return line;
}

#define FORMAT(...) format((const struct nsl_log_field[]){__VA_ARGS__, {0}}, 0)
#define HEAD "time=1970-01-01T00:00:00.000Z level=info role=test event=start"

static void a_line_has_time_level_role_event_and_fields(void **state)
{
    (void)state;
    assert_string_equal(FORMAT(NSL_LOG_TEXT("version", "1.2"), NSL_LOG_U64("big", UINT64_MAX),
                               NSL_LOG_I64("least", INT64_MIN), NSL_LOG_I64("n", 5)),
                        HEAD " version=\"1.2\" big=18446744073709551615 "
                             "least=-9223372036854775808 n=5\n");
}

static void dates_are_right_through_leap_years_and_centuries(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } dates[] = {
        {0, "time=1970-01-01T00:00:00.000Z "},
        {951782399999, "time=2000-02-28T23:59:59.999Z "},
        {951782400000, "time=2000-02-29T00:00:00.000Z "},
        {1709164800123, "time=2024-02-29T00:00:00.123Z "},
        {1735689599000, "time=2024-12-31T23:59:59.000Z "},
        {1735689600000, "time=2025-01-01T00:00:00.000Z "},
        {4107542400000, "time=2100-03-01T00:00:00.000Z "},
        {-5, "time=1970-01-01T00:00:00.000Z "},
    };
    const struct nsl_log_field none[] = {{0}};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        assert_memory_equal(format(none, dates[i].ms), dates[i].text, strlen(dates[i].text));
    }
}

static void text_cannot_end_the_line_or_its_quotes(void **state)
{
    (void)state;
    assert_string_equal(
        FORMAT(NSL_LOG_BYTES("v",
                             NSL_TEXT("a\"b\\c\nd\re\tf\0g\x1b\x7f\xff\xc3\xa9\xc2\x85\xe4\xb8"))),
        HEAD " v=\"a\\\"b\\\\c\\nd\\re\\tf\\x00g\\x1b\\x7f\\xff\xc3\xa9"
             "\\xc2\\x85\\xe4\\xb8\"\n");
}

static void long_values_are_cut_and_long_lines_say_so(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text);
    nsl_bytes bytes = nsl_bytes_of(text, sizeof text);
    const char *one = FORMAT(NSL_LOG_BYTES("v", bytes));
    assert_int_equal(strlen(one), strlen(HEAD) + strlen(" v=\"...\"\n") + NSL_LOG_VALUE_BYTES);
    assert_non_null(strstr(one, "xxx...\"\n"));
    const char *all =
        FORMAT(NSL_LOG_BYTES("a", bytes), NSL_LOG_BYTES("b", bytes), NSL_LOG_BYTES("c", bytes),
               NSL_LOG_BYTES("d", bytes), NSL_LOG_BYTES("e", bytes), NSL_LOG_BYTES("f", bytes),
               NSL_LOG_BYTES("g", bytes), NSL_LOG_BYTES("h", bytes), NSL_LOG_U64("i", 1));
    assert_non_null(strstr(all, " g=\""));
    assert_null(strstr(all, " h="));
    assert_null(strstr(all, " i="));
    assert_string_equal(all + strlen(all) - 8, " more=1\n");
}

static void a_worst_case_value_never_breaks_the_bounds(void **state)
{
    (void)state;
    char text[600];
    memset(text, 0xff, sizeof text);
    nsl_bytes bytes = nsl_bytes_of(text, sizeof text);
    assert_non_null(FORMAT(NSL_LOG_BYTES("a", bytes), NSL_LOG_BYTES("b", bytes)));
    assert_string_equal(line + strlen(line) - 8, " more=1\n");
}

static void only_events_at_or_above_the_threshold_are_written(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    nsl_log(NSL_EVENT_start);
    nsl_log_init(ends[1], NSL_LOG_WARN, "test");
    assert_false(nsl_log_is_on(NSL_LOG_INFO));
    assert_true(nsl_log_is_on(NSL_LOG_ERROR));
    nsl_log(NSL_EVENT_start, NSL_LOG_TEXT("version", "no"));
    nsl_log(NSL_EVENT_fatal, NSL_LOG_TEXT("error", "yes"));
    nsl_log_init(ends[1], NSL_LOG_OFF, "test");
    nsl_log(NSL_EVENT_fatal, NSL_LOG_TEXT("error", "no"));
    nsl_log_init(-1, NSL_LOG_TRACE, "test");
    nsl_log(NSL_EVENT_fatal);
    close(ends[1]);
    char text[4096] = {0};
    ssize_t size = read(ends[0], text, sizeof text - 1);
    assert_true(size > 0);
    assert_non_null(strstr(text, " level=error role=test event=fatal error=\"yes\"\n"));
    assert_ptr_equal(strchr(text, '\n'), &text[size - 1]);
    assert_int_equal(read(ends[0], text, sizeof text), 0);
    close(ends[0]);
}

static void escaping_for_a_terminal_keeps_quotes_and_fits(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(nsl_log_escape(NSL_TEXT("\"a\\\x1b"), out, sizeof out), 7);
    assert_memory_equal(out, "\"a\\\\x1b", 7);
    assert_int_equal(nsl_log_escape(NSL_TEXT("\x1b\x1b\x1b"), out, sizeof out), 8);
    assert_memory_equal(out, "\\x1b\\x1b", 8);
    assert_int_equal(nsl_log_escape(NSL_TEXT("abc"), out, 0), 0);
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(nsl_log_level_name(NSL_LOG_TRACE), "trace");
    assert_string_equal(nsl_log_level_name(NSL_LOG_WARN), "warn");
    assert_string_equal(nsl_log_level_name(NSL_LOG_OFF), "off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_role_event_and_fields),
        cmocka_unit_test(dates_are_right_through_leap_years_and_centuries),
        cmocka_unit_test(text_cannot_end_the_line_or_its_quotes),
        cmocka_unit_test(long_values_are_cut_and_long_lines_say_so),
        cmocka_unit_test(a_worst_case_value_never_breaks_the_bounds),
        cmocka_unit_test(only_events_at_or_above_the_threshold_are_written),
        cmocka_unit_test(escaping_for_a_terminal_keeps_quotes_and_fits),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
