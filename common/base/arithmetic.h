/*
 * Sizes that can fail: sums and products of size_t that came from outside, checked instead of
 * wrapped. On overflow *ret is untouched and the answer is NSL_ERR_TOO_LARGE.
 */
#ifndef NSL_COMMON_BASE_ARITHMETIC_H
#define NSL_COMMON_BASE_ARITHMETIC_H

#include "common/base/error.h"

#include <stddef.h>

NSL_MUST_USE static inline nsl_err nsl_add(size_t a, size_t b, size_t *ret_sum)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return NSL_ERR_TOO_LARGE;
    }
    *ret_sum = sum;
    return NSL_OK;
}

NSL_MUST_USE static inline nsl_err nsl_mul(size_t a, size_t b, size_t *ret_product)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return NSL_ERR_TOO_LARGE;
    }
    *ret_product = product;
    return NSL_OK;
}

#endif
