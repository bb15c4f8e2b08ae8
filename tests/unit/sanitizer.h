/* Whether this test runs under AddressSanitizer, whose malloc aborts on impossible sizes. */
#ifndef NSL_TESTS_UNIT_SANITIZER_H
#define NSL_TESTS_UNIT_SANITIZER_H

#include <stdbool.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

#endif
