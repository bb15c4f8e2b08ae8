/*
 * Copying with a checked size, wiping that the compiler may not remove, and comparing secrets in a
 * time that depends on the sizes only.
 */
#ifndef NSL_COMMON_BASE_WIPE_H
#define NSL_COMMON_BASE_WIPE_H

#include "common/base/bytes.h"
#include "common/base/error.h"

/* The one place that copies: asserts that `from` fits; the two do not overlap. */
static inline void nsl_copy(void *to, size_t to_size, nsl_bytes from)
{
    nsl_assert(from.size <= to_size);
    if (from.size > 0) {
        memcpy(to, from.data, from.size);
    }
}

static inline void nsl_wipe(void *data, size_t size)
{
    if (size > 0) {
        explicit_bzero(data, size);
    }
}

/* On the line of the variable's declaration: uint8_t key[32] = {0}; NSL_WIPE(key);
 * wipes it when the scope ends, on every path. For arrays and structs, not for pointers. */
struct nsl_wipe_range {
    void *data;
    size_t size;
};

static inline void nsl_wipe_range_(struct nsl_wipe_range *range)
{
    nsl_wipe(range->data, range->size);
}

#define NSL_WIPE(variable)                                                                         \
    __attribute__((cleanup(nsl_wipe_range_),                                                       \
                   unused)) struct nsl_wipe_range nsl_wipe_##variable = {&(variable),              \
                                                                         sizeof(variable)}

/* Equal sizes and equal bytes; no branch or index depends on the bytes. Sizes are public. */
bool nsl_secret_equal(nsl_bytes a, nsl_bytes b);

#endif
