/*
 * The native stack the engine runs on: its own mapping between guard pages, entered and left without
 * a system call, and zeroed after each call.
 *
 * Leaving drops every frame on it: code that runs there must own nothing outside the arena when it
 * calls into the engine. Threads: one. Limits: NSL_STACK_SIZE, larger than the counted depth needs.
 */
#ifndef NSL_ENGINE_STACK_H
#define NSL_ENGINE_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Address space, committed when touched. The address is as constant as the arena's. */
#define NSL_STACK_SIZE UINT64_C(0x10000000) /* 256 MiB */

NSL_MUST_USE nsl_err nsl_stack_map(void);
void nsl_stack_unmap(void);

/* Runs body(argument) on the stack. 0 when it returned, else the reason given to nsl_stack_leave.
 * Not reentrant. */
int nsl_stack_run(void (*body)(void *argument), void *argument);

/* Ends nsl_stack_run at once with a reason that is not 0. Only from code running on the stack. */
void nsl_stack_leave(int reason) __attribute__((noreturn));

/* Zeroes what was used: from `lowest` (an address on the stack, or 0 when not known) to its start,
 * and below as far as anything else is found. */
void nsl_stack_scrub(uintptr_t lowest);

uintptr_t nsl_stack_top(void);

#endif
