/*
 * Deltas: what differs between two states of the arena.
 *
 * Format, native byte order (a delta never leaves this process): runs one after the other, each
 *     offset 0  4 bytes  first word that differs, counted in words of 8 bytes from the arena's base
 *     offset 4  4 bytes  number of words, at least 1
 *     offset 8  8 bytes each: the words
 * Runs ascend and never touch. Two words that differ with one equal word between share a run.
 *
 * Does NOT check what it applies: deltas come from this process's own memory.
 */
#ifndef NSL_ENGINE_DELTA_H
#define NSL_ENGINE_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two states of one stretch of the arena. */
struct nsl_span {
    const void *old;
    size_t old_bytes; /* beyond them the old state counts as zero */
    const void *now;
    size_t now_bytes; /* >= old_bytes; both are multiples of 8 */
    size_t offset;    /* of the stretch from the arena's base */
};

/* The bytes the delta takes. */
size_t nsl_delta_size(const struct nsl_span *span);

/* Writes it; `ret_delta` has nsl_delta_size bytes. Deltas of ascending stretches may follow each
 * other. */
void nsl_delta_write(const struct nsl_span *span, void *ret_delta);

/* True when it is well-formed and changes nothing from `bytes` on. */
bool nsl_delta_is_within(const void *delta, size_t delta_bytes, size_t bytes);

/* Turns the old state at `target`, the arena's base or a replica of it, into the new one. */
void nsl_delta_apply(const void *delta, size_t delta_bytes, void *target);

#endif
