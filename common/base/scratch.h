/*
 * The request arena: a capped bump allocator. Everything of one request comes from it and goes at
 * once with nsl_scratch_reset, which zeroes what was used.
 *
 * Memory is reserved at init and touched only as it is used. Not locked: keys belong into
 * nsl_secret. Threads: none.
 */
#ifndef NSL_COMMON_BASE_SCRATCH_H
#define NSL_COMMON_BASE_SCRATCH_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/error.h"

struct nsl_scratch {
    uint8_t *memory;
    size_t capacity; /* bytes */
    size_t used;     /* bytes, next allocation starts here */
    size_t touched;  /* bytes, highest `used` since the last reset */
};

typedef struct nsl_scratch nsl_scratch;

/* Reserves capacity (rounded up to whole pages). NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_scratch_init(struct nsl_scratch *scratch, size_t capacity);
void nsl_scratch_done(struct nsl_scratch *scratch);
NSL_DEFINE_AUTO(nsl_scratch, nsl_scratch_done);

/* Zeroed memory, aligned to 16, borrowed until reset. NSL_ERR_TOO_LARGE when the cap is reached. */
NSL_MUST_USE nsl_err nsl_scratch_alloc(struct nsl_scratch *scratch, size_t size, void **ret_memory);
NSL_MUST_USE nsl_err nsl_scratch_copy(struct nsl_scratch *scratch, nsl_bytes bytes,
                                      nsl_bytes *ret_copy);

/* Frees and zeroes everything. Costs in proportion to what was used. */
void nsl_scratch_reset(struct nsl_scratch *scratch);

/* Gives back everything allocated since `mark` (= nsl_scratch_mark), zeroed. */
static inline size_t nsl_scratch_mark(const struct nsl_scratch *scratch)
{
    return scratch->used;
}
void nsl_scratch_release(struct nsl_scratch *scratch, size_t mark);

#endif
