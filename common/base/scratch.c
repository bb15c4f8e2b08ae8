#include "common/base/scratch.h"

#include "common/base/arithmetic.h"
#include "common/base/wipe.h"

#include <sys/mman.h>
#include <unistd.h>

enum {
    ALIGNMENT_BYTES = 16,
    /* Above this, giving pages back is cheaper than zeroing them (measured at about 1 MiB). */
    GIVE_BACK_BYTES = 1024 * 1024,
};

static nsl_err round_up(size_t size, size_t unit, size_t *ret_size)
{
    NSL_TRY(nsl_add(size, unit - 1, &size));
    *ret_size = size & ~(unit - 1);
    return NSL_OK;
}

nsl_err nsl_scratch_init(struct nsl_scratch *scratch, size_t capacity)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    NSL_TRY(round_up(capacity > 0 ? capacity : 1, page, &capacity));
    void *memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return NSL_ERR_NO_MEMORY;
    }
    *scratch = (struct nsl_scratch){.memory = memory, .capacity = capacity};
    return NSL_OK;
}

void nsl_scratch_done(struct nsl_scratch *scratch)
{
    if (scratch == NULL || scratch->memory == NULL) {
        return;
    }
    nsl_wipe(scratch->memory, scratch->touched);
    munmap(scratch->memory, scratch->capacity);
    *scratch = (struct nsl_scratch){0};
}

nsl_err nsl_scratch_alloc(struct nsl_scratch *scratch, size_t size, void **ret_memory)
{
    size_t rounded;
    NSL_TRY(round_up(size, ALIGNMENT_BYTES, &rounded));
    if (rounded > scratch->capacity - scratch->used) {
        return NSL_ERR_TOO_LARGE;
    }
    *ret_memory = scratch->memory + scratch->used;
    scratch->used += rounded;
    if (scratch->used > scratch->touched) {
        scratch->touched = scratch->used;
    }
    return NSL_OK;
}

nsl_err nsl_scratch_copy(struct nsl_scratch *scratch, nsl_bytes bytes, nsl_bytes *ret_copy)
{
    void *memory;
    NSL_TRY(nsl_scratch_alloc(scratch, bytes.size, &memory));
    nsl_copy(memory, bytes.size, bytes);
    *ret_copy = nsl_bytes_of(memory, bytes.size);
    return NSL_OK;
}

void nsl_scratch_release(struct nsl_scratch *scratch, size_t mark)
{
    nsl_assert(mark <= scratch->used);
    nsl_wipe(scratch->memory + mark, scratch->used - mark);
    scratch->used = mark;
}

void nsl_scratch_reset(struct nsl_scratch *scratch)
{
    size_t keep = scratch->touched < GIVE_BACK_BYTES ? scratch->touched : GIVE_BACK_BYTES;
    nsl_wipe(scratch->memory, keep);
    if (scratch->touched > keep) {
        /* Private anonymous pages come back as zeros; if the kernel refuses, zero by hand. */
        if (madvise(scratch->memory + keep, scratch->touched - keep, MADV_DONTNEED) != 0) {
            nsl_wipe(scratch->memory + keep, scratch->touched - keep);
        }
    }
    scratch->used = 0;
    scratch->touched = 0;
}
