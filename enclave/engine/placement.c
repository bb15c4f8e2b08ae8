#include "enclave/engine/placement.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "enclave/engine/arena.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/tracking.h"

enum { PAGE_BYTES = 4096, BLOCKS_MAX = 16384, PAGES_MAX = 16384 };

static struct {
    enum nsl_placement_mode mode;
    uint32_t next_block;
    size_t cold_bytes;
    uint8_t is_hot[BLOCKS_MAX];
    uint16_t block_of_page[PAGES_MAX]; /* spread only */
} placement;

static void *cold_zone(void)
{
    return (void *)(uintptr_t)(NSL_ARENA_BASE + NSL_ARENA_COLD);
}

void nsl_placement_begin(enum nsl_placement_mode mode)
{
    placement.mode = mode;
    nsl_meter.is_placing = true;
    if (mode == NSL_PLACE_HEAP) {
        return;
    }
    placement.next_block = 0;
    if (placement.cold_bytes > 0) {
        nsl_assert(madvise(cold_zone(), placement.cold_bytes, MADV_DONTNEED) == 0);
    }
    placement.cold_bytes = 0;
}

void nsl_placement_end(void)
{
    nsl_meter.is_placing = false;
}

size_t nsl_placement_cold_bytes(void)
{
    return (placement.cold_bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

/* On pages of its own, noted as this block's. NULL when the zone is full. */
static void *take_spread(uint32_t block, size_t size_bytes)
{
    size_t bytes =
        (nsl_arena_placed_bytes(size_bytes) + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    size_t first_page = placement.cold_bytes / PAGE_BYTES;
    if (first_page + bytes / PAGE_BYTES > PAGES_MAX) {
        return NULL;
    }
    for (size_t page = 0; page < bytes / PAGE_BYTES; page++) {
        placement.block_of_page[first_page + page] = (uint16_t)block;
    }
    placement.cold_bytes += bytes;
    return nsl_arena_place(NSL_ARENA_COLD + first_page * PAGE_BYTES, size_bytes);
}

static void *take_packed(size_t size_bytes)
{
    size_t offset = placement.cold_bytes;
    placement.cold_bytes += nsl_arena_placed_bytes(size_bytes);
    return nsl_arena_place(NSL_ARENA_COLD + offset, size_bytes);
}

void *nsl_placement_take(size_t size_bytes)
{
    if (placement.mode == NSL_PLACE_HEAP) {
        return NULL;
    }
    uint32_t block = placement.next_block++;
    if (block >= BLOCKS_MAX || size_bytes > PAGES_MAX) {
        return NULL;
    }
    if (placement.mode == NSL_PLACE_SPREAD) {
        return take_spread(block, size_bytes);
    }
    return placement.is_hot[block] ? NULL : take_packed(size_bytes);
}

nsl_err nsl_placement_learn(void)
{
    memset(placement.is_hot, 0, sizeof(placement.is_hot));
    return nsl_tracking_start(nsl_placement_cold_bytes());
}

void nsl_placement_learned(void)
{
    for (uint32_t page = 0; page < placement.cold_bytes / PAGE_BYTES; page++) {
        if (nsl_tracking_is_open(page)) {
            placement.is_hot[placement.block_of_page[page]] = 1;
        }
    }
    nsl_tracking_stop();
}
