#include "common/base/error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct error_row {
    nsl_err code;
    uint16_t http_status;
    enum nsl_err_action action;
    const char *name;
    const char *text;
};

static const struct error_row error_rows[] = {
    {NSL_OK, 200, NSL_ACTION_GIVE_UP, "OK", "no error"},
#define NSL_ERROR(name, code, http, action, text)                                                  \
    {NSL_ERR_##name, (http), NSL_ACTION_##action, #name, (text)},
#include "common/base/errors.def"
#undef NSL_ERROR
};

static const struct error_row unknown_row = {NSL_OK, 500, NSL_ACTION_GIVE_UP, "UNKNOWN",
                                             "an error without a row in errors.def"};

static const struct error_row *find_row(nsl_err err)
{
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++) {
        if (error_rows[i].code == err) {
            return &error_rows[i];
        }
    }
    return &unknown_row;
}

const char *nsl_err_name(nsl_err err)
{
    return find_row(err)->name;
}

const char *nsl_err_text(nsl_err err)
{
    return find_row(err)->text;
}

uint16_t nsl_err_http_status(nsl_err err)
{
    return find_row(err)->http_status;
}

enum nsl_err_action nsl_err_caller_action(nsl_err err)
{
    return find_row(err)->action;
}

static void write_text(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(STDERR_FILENO, text, left);
        if (written <= 0) {
            return;
        }
        text += written;
        left -= (size_t)written;
    }
}

/* No stdio: a confined role may assert before, after or without its buffers. */
void nsl_assert_failed(const char *condition, const char *file, int line)
{
    char digits[16];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    for (unsigned rest = line > 0 ? (unsigned)line : 0; at > 0 && (rest > 0 || digits[at] == '\0');
         rest /= 10) {
        digits[--at] = (char)('0' + rest % 10);
    }
    write_text("assertion failed: ");
    write_text(condition);
    write_text(" at ");
    write_text(file);
    write_text(":");
    write_text(&digits[at]);
    write_text("\n");
    abort();
}
