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

#include <stddef.h>
#include <stdint.h>

/* The bytes the delta from `old` to `now` takes. Beyond old_bytes the old state counts as zero.
 * Both sizes are multiples of 8, now_bytes >= old_bytes. */
size_t nsl_delta_size(const void *old, size_t old_bytes, const void *now, size_t now_bytes);

/* Writes it; `ret_delta` has nsl_delta_size bytes. */
void nsl_delta_write(const void *old, size_t old_bytes, const void *now, size_t now_bytes,
                     void *ret_delta);

/* Turns the old state at `target` into the new one. */
void nsl_delta_apply(const void *delta, size_t delta_bytes, void *target);

#endif
