/*
 * Which pages of the cold zone calls write to. The others stay read-only, and need no restoring.
 *
 * At the start all of them are read-only. The first write to one faults; the handler opens that page
 * for good, and from then on it is restored after every call. So what a tenant's functions dirty is
 * learned in their first calls, and the hardware vouches for the rest. Where a write to a read-only
 * page does not fault (an enclave without page permissions), everything is restored.
 *
 * Does NOT hide anything: it decides only what is copied. Threads: one. Installs a SIGSEGV handler;
 * faults elsewhere get what they got before.
 */
#ifndef NSL_ENGINE_TRACKING_H
#define NSL_ENGINE_TRACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Starts tracking the first bytes, whole pages, of the cold zone. NSL_ERR_UNSUPPORTED. */
NSL_MUST_USE nsl_err nsl_tracking_start(size_t cold_bytes);

/* Makes all of it writable. */
void nsl_tracking_stop(void);

/* Takes SIGSEGV again, after something else has. */
void nsl_tracking_take_signal(void);

bool nsl_tracking_is_open(size_t page);

/* Copies the base image's cold zone over every page that was opened; over all cold_bytes when
 * nothing is tracked. */
void nsl_tracking_restore(const uint8_t *cold_image, size_t cold_bytes);

/* Bytes such a restore copies. */
size_t nsl_tracking_open_bytes(size_t cold_bytes);

#endif
