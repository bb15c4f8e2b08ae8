/*
 * A two-level segregated-fit allocator. Every block has an 8-byte head: its size and the size of the
 * block before it, in units of 16 bytes; payloads therefore start 8 bytes into a unit. The last
 * block ends at top; behind it lies untouched memory, taken when no free block is large enough.
 */
#include "enclave/engine/arena.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "enclave/engine/arena_guard.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/placement.h"

enum {
    UNIT = 16,
    HEAD = 8,
    LINEAR_UNITS = 8,       /* sizes below are classed exactly */
    FREE_BIT = 1u << 31,    /* in size_units */
    RETURN_ABOVE = 4 << 20, /* bytes: larger scrubs give pages back instead of writing zeros */
};

/* Whether blocks are poisoned now: only ever in sanitized builds. */
static bool is_guarded;

struct block {
    uint32_t prev_units; /* size of the block before; 0 for the first */
    uint32_t size_units; /* with FREE_BIT */
    uint32_t next_free;  /* payload from here on; offsets when free */
    uint32_t prev_free;
};

static struct block *block_at(uint32_t offset)
{
    return (struct block *)(uintptr_t)(NSL_ARENA_BASE + (uint64_t)offset * UNIT);
}

static uint32_t block_offset(const struct block *block)
{
    return (uint32_t)(((uint64_t)(uintptr_t)block - NSL_ARENA_BASE) / UNIT);
}

static struct block *block_of(const void *payload)
{
    return (struct block *)((uintptr_t)payload - HEAD);
}

static void *block_payload(struct block *block)
{
    return (uint8_t *)block + HEAD;
}

static uint32_t block_units(const struct block *block)
{
    return block->size_units & ~(uint32_t)FREE_BIT;
}

static bool block_is_free(const struct block *block)
{
    return (block->size_units & (uint32_t)FREE_BIT) != 0;
}

/* A block in use is open but for its red zone. */
static void guard_used(struct block *block)
{
    if (is_guarded) {
        size_t open = (size_t)block_units(block) * UNIT - NSL_ARENA_RED_ZONE;
        nsl_unpoison(block, open);
        nsl_poison((uint8_t *)block + open, NSL_ARENA_RED_ZONE);
    }
}

static void guard_unused(void *from, size_t bytes)
{
    if (is_guarded) {
        nsl_poison(from, bytes);
    }
}

/* The head and the links of a free block are the allocator's. */
static void guard_links(struct block *block)
{
    if (is_guarded) {
        nsl_unpoison(block, sizeof(*block));
    }
}

/* The class a free block of this size is filed under. */
static void class_of(uint32_t units, unsigned *ret_first, unsigned *ret_second)
{
    if (units < LINEAR_UNITS) {
        *ret_first = 0;
        *ret_second = units;
        return;
    }
    unsigned power = 31u - (unsigned)__builtin_clz(units);
    *ret_first = power - 2;
    *ret_second = (units >> (power - 3)) & 7;
}

static void free_list_add(struct block *block)
{
    struct nsl_arena_state *state = nsl_arena_state();
    unsigned first;
    unsigned second;
    guard_links(block);
    class_of(block_units(block), &first, &second);
    uint32_t head = state->free_heads[first][second];
    block->size_units |= (uint32_t)FREE_BIT;
    block->next_free = head;
    block->prev_free = 0;
    if (head != 0) {
        block_at(head)->prev_free = block_offset(block);
    }
    state->free_heads[first][second] = block_offset(block);
    state->first_bits |= 1u << first;
    state->second_bits[first] = (uint8_t)(state->second_bits[first] | (1u << second));
}

static void free_list_remove(struct block *block)
{
    struct nsl_arena_state *state = nsl_arena_state();
    unsigned first;
    unsigned second;
    class_of(block_units(block), &first, &second);
    if (block->next_free != 0) {
        block_at(block->next_free)->prev_free = block->prev_free;
    }
    if (block->prev_free != 0) {
        block_at(block->prev_free)->next_free = block->next_free;
    } else {
        state->free_heads[first][second] = block->next_free;
        if (block->next_free == 0) {
            state->second_bits[first] = (uint8_t)(state->second_bits[first] & ~(1u << second));
            if (state->second_bits[first] == 0) {
                state->first_bits &= ~(1u << first);
            }
        }
    }
    block->size_units &= ~(uint32_t)FREE_BIT;
}

/* A free block of at least that size, or NULL. Rounds the class up so that its first one fits. */
static struct block *free_list_find(uint32_t units)
{
    const struct nsl_arena_state *state = nsl_arena_state();
    unsigned first;
    unsigned second;
    uint32_t rounded = units;
    if (units >= LINEAR_UNITS) {
        rounded += (1u << (28u - (unsigned)__builtin_clz(units))) - 1;
    }
    class_of(rounded, &first, &second);
    if (first >= NSL_ARENA_FIRST_CLASSES) {
        return NULL;
    }
    unsigned row = state->second_bits[first] & (0xffu << second);
    if (row == 0) {
        uint32_t rows = first + 1 < 32 ? state->first_bits & (UINT32_MAX << (first + 1)) : 0;
        if (rows == 0) {
            return NULL;
        }
        first = (unsigned)__builtin_ctz(rows);
        row = state->second_bits[first];
    }
    second = (unsigned)__builtin_ctz(row);
    return block_at(state->free_heads[first][second]);
}

/* The block behind, or NULL when this one ends at top. */
static struct block *block_next(struct block *block)
{
    if (block_offset(block) == nsl_arena_state()->last_block) {
        return NULL;
    }
    return block_at(block_offset(block) + block_units(block));
}

static void block_set_units(struct block *block, uint32_t units)
{
    block->size_units = units;
    struct block *next = block_next(block);
    if (next != NULL) {
        next->prev_units = units;
    }
}

/* Gives memory at the end back, so that top falls. */
static void release_last(struct block *block)
{
    struct nsl_arena_state *state = nsl_arena_state();
    uint32_t offset = block_offset(block);
    uint64_t old_top = state->top;
    state->last_block = block->prev_units == 0 ? 0 : offset - block->prev_units;
    state->top = (uint64_t)offset * UNIT;
    guard_unused(block, old_top - state->top);
}

static void raise_top(uint64_t new_top)
{
    struct nsl_arena_state *state = nsl_arena_state();
    if (new_top > NSL_ARENA_COLD) {
        nsl_meter_leave(NSL_LEAVE_MEMORY);
    }
    if (is_guarded) {
        nsl_unpoison((uint8_t *)state + state->top, new_top - state->top);
    }
    state->top = new_top;
    if (state->zero_from < new_top) {
        state->zero_from = new_top;
    }
}

/* Frees the part of the block behind its first `units`. */
static void block_split(struct block *block, uint32_t units)
{
    uint32_t rest = block_units(block) - units;
    if (rest == 0) {
        return;
    }
    struct nsl_arena_state *state = nsl_arena_state();
    struct block *next = block_next(block);
    struct block *tail = block_at(block_offset(block) + units);
    guard_links(tail);
    block->size_units = units;
    tail->prev_units = units;
    tail->size_units = rest;
    if (next == NULL) {
        state->last_block = block_offset(tail);
        release_last(tail);
        return;
    }
    if (block_is_free(next)) {
        free_list_remove(next);
        tail->size_units += block_units(next);
        guard_unused(next, sizeof(*next));
    }
    block_set_units(tail, tail->size_units);
    free_list_add(tail);
}

static uint32_t units_for(size_t size_bytes)
{
    if (size_bytes > NSL_ARENA_COLD) {
        nsl_meter_leave(NSL_LEAVE_MEMORY);
    }
    return (uint32_t)((size_bytes + NSL_ARENA_RED_ZONE + HEAD + UNIT - 1) / UNIT);
}

static struct block *take_from_top(uint32_t units)
{
    struct nsl_arena_state *state = nsl_arena_state();
    uint32_t offset = (uint32_t)(state->top / UNIT);
    raise_top(state->top + (uint64_t)units * UNIT);
    struct block *block = block_at(offset);
    block->prev_units = state->last_block == 0 ? 0 : block_units(block_at(state->last_block));
    block->size_units = units;
    state->last_block = offset;
    guard_used(block);
    return block;
}

static struct block *take_free(uint32_t units)
{
    struct block *block = free_list_find(units);
    if (block != NULL) {
        free_list_remove(block);
        block_split(block, units);
        guard_used(block);
    }
    return block;
}

/* A block that placement put aside: it is neither reused nor resized in place. */
static bool is_cold(const void *payload)
{
    return (uint64_t)(uintptr_t)payload >= NSL_ARENA_BASE + NSL_ARENA_COLD;
}

uint64_t nsl_arena_placed_bytes(size_t size_bytes)
{
    return (uint64_t)units_for(size_bytes) * UNIT;
}

void *nsl_arena_place(uint64_t offset_bytes, size_t size_bytes)
{
    struct block *block = block_at((uint32_t)(offset_bytes / UNIT));
    block->size_units = units_for(size_bytes);
    return block_payload(block);
}

void *nsl_arena_alloc(size_t size_bytes)
{
    if (__builtin_expect(nsl_meter.is_placing, 0)) {
        void *placed = nsl_placement_take(size_bytes);
        if (placed != NULL) {
            return placed;
        }
    }
    uint32_t units = units_for(size_bytes);
    struct block *block = take_free(units);
    if (block == NULL) {
        block = take_from_top(units);
    }
    return block_payload(block);
}

void *nsl_arena_alloc_zero(size_t size_bytes)
{
    if (__builtin_expect(nsl_meter.is_placing, 0)) {
        void *placed = nsl_placement_take(size_bytes);
        if (placed != NULL) {
            return placed; /* zero already: never used before */
        }
    }
    uint32_t units = units_for(size_bytes);
    struct block *block = take_free(units);
    size_t dirty = size_bytes;
    if (block == NULL) {
        uint64_t zero_from = nsl_arena_state()->zero_from;
        block = take_from_top(units);
        uint64_t payload = (uint64_t)(uintptr_t)block_payload(block) - NSL_ARENA_BASE;
        if (payload + dirty > zero_from) {
            dirty = zero_from > payload ? (size_t)(zero_from - payload) : 0;
        }
    }
    void *payload = block_payload(block);
    memset(payload, 0, dirty);
    return payload;
}

void nsl_arena_free(void *payload)
{
    if (payload == NULL || is_cold(payload)) {
        return;
    }
    struct block *block = block_of(payload);
    struct block *next = block_next(block);
    uint32_t units = block_units(block);
    uint32_t prev_units = block->prev_units;
    guard_unused(block, (size_t)units * UNIT);
    if (next != NULL && block_is_free(next)) {
        free_list_remove(next);
        units += block_units(next);
        guard_unused(next, sizeof(*next));
    }
    if (prev_units != 0 && block_is_free(block_at(block_offset(block) - prev_units))) {
        block = block_at(block_offset(block) - prev_units);
        free_list_remove(block);
        units += block_units(block);
    }
    guard_links(block);
    if (next == NULL) {
        release_last(block);
        return;
    }
    block_set_units(block, units);
    free_list_add(block);
}

/* Grows in place into top or a free neighbour. */
static bool block_grow(struct block *block, uint32_t units)
{
    struct block *next = block_next(block);
    if (next == NULL) {
        raise_top(((uint64_t)block_offset(block) + units) * UNIT);
        block->size_units = units;
        guard_used(block);
        return true;
    }
    if (!block_is_free(next) || block_units(block) + block_units(next) < units) {
        return false;
    }
    free_list_remove(next);
    block_set_units(block, block_units(block) + block_units(next));
    block_split(block, units);
    guard_used(block);
    return true;
}

void *nsl_arena_realloc(void *payload, size_t size_bytes)
{
    if (payload == NULL) {
        return nsl_arena_alloc(size_bytes);
    }
    struct block *block = block_of(payload);
    uint32_t units = units_for(size_bytes);
    if (units <= block_units(block) && !is_cold(payload)) {
        guard_unused((uint8_t *)block + (size_t)units * UNIT,
                     (size_t)(block_units(block) - units) * UNIT);
        block_split(block, units);
        guard_used(block);
        return payload;
    }
    if (!is_cold(payload) && block_grow(block, units)) {
        return payload;
    }
    size_t usable = nsl_arena_usable(payload);
    void *moved = nsl_arena_alloc(size_bytes);
    memcpy(moved, payload, usable < size_bytes ? usable : size_bytes);
    nsl_arena_free(payload);
    return moved;
}

size_t nsl_arena_usable(const void *payload)
{
    return payload == NULL
               ? 0
               : (size_t)block_units(block_of(payload)) * UNIT - HEAD - NSL_ARENA_RED_ZONE;
}

nsl_err nsl_arena_map(void)
{
    uint64_t size = NSL_ARENA_SIZE + 2 * NSL_ARENA_GUARD;
    void *wanted = (void *)(uintptr_t)(NSL_ARENA_BASE - NSL_ARENA_GUARD);
    void *mapped = mmap(wanted, size, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped != wanted) {
        if (mapped != MAP_FAILED) {
            munmap(mapped, size);
        }
        return NSL_ERR_NO_MEMORY;
    }
    if (mprotect(nsl_arena_state(), NSL_ARENA_SIZE, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapped, size);
        return NSL_ERR_NO_MEMORY;
    }
    return NSL_OK;
}

void nsl_arena_unmap(void)
{
    munmap((void *)(uintptr_t)(NSL_ARENA_BASE - NSL_ARENA_GUARD),
           NSL_ARENA_SIZE + 2 * NSL_ARENA_GUARD);
}

void nsl_arena_init(size_t root_bytes)
{
    struct nsl_arena_state *state = nsl_arena_state();
    uint64_t end = (uint64_t)(uintptr_t)nsl_arena_root() - NSL_ARENA_BASE + root_bytes;
    memset(state, 0, sizeof(*state));
    state->top = (end + 63) & ~UINT64_C(63);
    state->zero_from = state->top;
}

void nsl_arena_zero_from(size_t from_bytes)
{
    struct nsl_arena_state *state = nsl_arena_state();
    uint64_t end = state->zero_from < NSL_ARENA_COLD ? state->zero_from : NSL_ARENA_COLD;
    uint8_t *base = (uint8_t *)state;
    if (end > from_bytes + RETURN_ABOVE) {
        uint64_t keep = (from_bytes + RETURN_ABOVE) & ~UINT64_C(4095);
        if (madvise(base + keep, end - keep, MADV_DONTNEED) == 0) {
            end = keep;
        }
    }
    if (end > from_bytes) {
        memset(base + from_bytes, 0, end - from_bytes);
    }
    state->zero_from = from_bytes;
}

static void clear_free(void)
{
    const struct nsl_arena_state *state = nsl_arena_state();
    for (unsigned first = 0; first < NSL_ARENA_FIRST_CLASSES; first++) {
        for (unsigned second = 0; second < NSL_ARENA_SECOND_CLASSES; second++) {
            for (uint32_t at = state->free_heads[first][second]; at != 0;) {
                struct block *block = block_at(at);
                memset(block + 1, 0, (size_t)block_units(block) * UNIT - sizeof(*block));
                at = block->next_free;
            }
        }
    }
}

size_t nsl_arena_settle(void)
{
    clear_free();
    nsl_arena_zero_from(nsl_arena_state()->top);
    return nsl_arena_state()->top;
}

enum { GUARD_ABOVE_TOP = 65536 };

void nsl_arena_guard(void)
{
    struct nsl_arena_state *state = nsl_arena_state();
    if (NSL_ARENA_RED_ZONE == 0) {
        return;
    }
    is_guarded = true;
    for (uint32_t at = state->last_block; at != 0;) {
        struct block *block = block_at(at);
        at = block->prev_units == 0 ? 0 : at - block->prev_units;
        if (block_is_free(block)) {
            guard_unused(block + 1, (size_t)block_units(block) * UNIT - sizeof(*block));
        } else {
            guard_used(block);
        }
    }
    nsl_poison((uint8_t *)state + state->top, GUARD_ABOVE_TOP);
}

void nsl_arena_unguard(void)
{
    struct nsl_arena_state *state = nsl_arena_state();
    if (is_guarded) {
        is_guarded = false;
        nsl_unpoison(state, state->zero_from + GUARD_ABOVE_TOP);
    }
}

static bool block_is_listed(const struct block *block)
{
    unsigned first;
    unsigned second;
    class_of(block_units(block), &first, &second);
    uint32_t at = nsl_arena_state()->free_heads[first][second];
    while (at != 0 && at != block_offset(block)) {
        at = block_at(at)->next_free;
    }
    return at != 0;
}

int nsl_arena_is_sound(void)
{
    const struct nsl_arena_state *state = nsl_arena_state();
    uint32_t at = state->last_block;
    uint64_t end = state->top / UNIT;
    bool was_free = true; /* the last block is never free: top would have fallen */
    while (at != 0) {
        struct block *block = block_at(at);
        bool is_free = block_is_free(block);
        if (at + (uint64_t)block_units(block) != end || (is_free && was_free)) {
            return 0;
        }
        if (is_free && !block_is_listed(block)) {
            return 0;
        }
        was_free = is_free;
        end = at;
        at = block->prev_units == 0 ? 0 : at - block->prev_units;
    }
    return state->top <= state->zero_from && state->zero_from <= NSL_ARENA_COLD;
}
