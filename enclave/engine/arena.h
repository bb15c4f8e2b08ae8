/*
 * The arena: all memory of the JavaScript engine, at one fixed address, with its own allocator.
 *
 * Layout from NSL_ARENA_BASE: struct nsl_arena_state (the allocator's own state), the embedder's root,
 * then blocks; from NSL_ARENA_COLD on the blocks of the base image that calls hardly ever write to. All
 * state of the allocator lies inside, so that copying the arena back restores it too, and the same
 * calls give the same addresses. [0, top) is in use; memory from zero_from on was never written since
 * the last scrub and is zero.
 *
 * Does NOT protect: a block is not separated from its neighbour; guard pages stand around the whole
 * arena only. Bytes are counted by the engine (meter.h), not here.
 *
 * Threads: one arena per process, one thread. Limits: NSL_ARENA_COLD; beyond it the allocator leaves
 * with NSL_LEAVE_MEMORY, which is above every heap limit settings allow.
 */
#ifndef NSL_ENGINE_ARENA_H
#define NSL_ENGINE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Outside the shadow of the address sanitizer (x86-64: 2 GiB to 16 TiB) and inside the 39 bits that
 * some aarch64 kernels give. A constant of the build: images and parked calls hold addresses. */
#if defined(__aarch64__)
#define NSL_ARENA_BASE UINT64_C(0x2000000000)
#else
#define NSL_ARENA_BASE UINT64_C(0x200000000000)
#endif
#define NSL_ARENA_SIZE UINT64_C(0x20000000) /* 512 MiB of address space, committed when touched */
#define NSL_ARENA_COLD UINT64_C(0x1c000000) /* its last 64 MiB: see placement.h */
#define NSL_ARENA_GUARD UINT64_C(0x10000)   /* on both sides */

enum { NSL_ARENA_FIRST_CLASSES = 26, NSL_ARENA_SECOND_CLASSES = 8 };

/* Offsets and sizes count units of 16 bytes from the arena's base; 0 is "none". */
struct nsl_arena_state {
    uint64_t top;       /* bytes: the first never allocated one */
    uint64_t zero_from; /* bytes: from here on everything is zero; >= top */
    uint64_t reserved;
    uint32_t last_block; /* the block that ends at top */
    uint32_t first_bits; /* which rows of free_heads hold something */
    uint8_t second_bits[NSL_ARENA_FIRST_CLASSES];
    uint8_t pad[6];
    uint32_t free_heads[NSL_ARENA_FIRST_CLASSES][NSL_ARENA_SECOND_CLASSES];
};

static inline struct nsl_arena_state *nsl_arena_state(void)
{
    return (struct nsl_arena_state *)(uintptr_t)NSL_ARENA_BASE;
}

/* Maps the arena with its guards. NSL_ERR_NO_MEMORY when the address is taken. */
NSL_MUST_USE nsl_err nsl_arena_map(void);
void nsl_arena_unmap(void);

/* Starts an empty heap in an arena that is all zero. root_bytes are set aside right behind the
 * allocator's state, at nsl_arena_root(): the embedder's own state. */
void nsl_arena_init(size_t root_bytes);

static inline void *nsl_arena_root(void)
{
    return (void *)(uintptr_t)(NSL_ARENA_BASE +
                               ((sizeof(struct nsl_arena_state) + 63) & ~(size_t)63));
}

/* malloc family: never NULL, out of memory leaves. Alignment: 8 bytes. */
void *nsl_arena_alloc(size_t size_bytes);
void *nsl_arena_alloc_zero(size_t size_bytes);
void *nsl_arena_realloc(void *block, size_t size_bytes);
void nsl_arena_free(void *block);
size_t nsl_arena_usable(const void *block);

/* What a block placed by placement.c starts with; its payload follows. */
void *nsl_arena_place(uint64_t offset_bytes, size_t size_bytes);
uint64_t nsl_arena_placed_bytes(size_t size_bytes);

/* Zeroes [from_bytes, zero_from) and forgets the high-water mark. */
void nsl_arena_zero_from(size_t from_bytes);

/* Zeroes the payload of every free block and all behind top, so that what was freed is gone and the
 * state is [0, top). Returns top. */
size_t nsl_arena_settle(void);

/* Around the time that JavaScript runs: sanitized builds then see each block (arena_guard.h). */
void nsl_arena_guard(void);
void nsl_arena_unguard(void);

/* Checks every block and list: for tests. */
int nsl_arena_is_sound(void);

#endif
