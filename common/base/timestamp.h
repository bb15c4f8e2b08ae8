/*
 * Times as text: RFC 3339 in UTC with milliseconds, without the C library's time functions, which
 * read a locale and a time zone file that a confined role cannot open.
 */
#ifndef NSL_COMMON_BASE_TIMESTAMP_H
#define NSL_COMMON_BASE_TIMESTAMP_H

#include <stdint.h>

enum { NSL_TIMESTAMP_SIZE = 24 };

/* "2026-01-31T12:00:00.123Z", exactly NSL_TIMESTAMP_SIZE bytes, no NUL. time_ms since 1970; negative
 * ones count as 0. Years up to 9999. */
void nsl_timestamp_format(int64_t time_ms, char ret_text[NSL_TIMESTAMP_SIZE]);

#endif
