/*
 * Where the blocks of the base image lie. Most of a realm is never written to by a call; what is
 * written (counts of references, tables of names) is scattered over all of it. So the base is built
 * twice: once with every block on a page of its own, where a few example functions run and the pages
 * they write to are noted; then again, with the blocks that were written to packed into the heap and
 * all others put aside in the cold zone, whose pages are read-only (tracking.h).
 *
 * Building is the same sequence of allocations both times, so a block is known by its number. A wrong
 * guess costs time, never correctness. Threads: one.
 */
#ifndef NSL_ENGINE_PLACEMENT_H
#define NSL_ENGINE_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Where blocks go from now on, until nsl_placement_end. The engine asks for each block by itself
 * instead of filling pools, so that a freed one leaves nothing in an image. The first two build the
 * base, from its first block. */
enum nsl_placement_mode {
    NSL_PLACE_SPREAD, /* each on pages of its own */
    NSL_PLACE_PACKED, /* by what was learned */
    NSL_PLACE_HEAP,   /* all to the heap: while a function is compiled */
};
void nsl_placement_begin(enum nsl_placement_mode mode);
void nsl_placement_end(void);

/* A block for the allocator, or NULL: it goes to the heap. */
void *nsl_placement_take(size_t size_bytes);

/* Bytes of the cold zone in use. */
size_t nsl_placement_cold_bytes(void);

/* Between a spread build and the packed one: makes all blocks read-only, and notes which are written
 * to until nsl_placement_learned. NSL_ERR_UNSUPPORTED: writes to read-only pages do not fault. */
NSL_MUST_USE nsl_err nsl_placement_learn(void);
void nsl_placement_learned(void);

#endif
