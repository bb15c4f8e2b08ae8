/*
 * One call, on the engine's stack: from the function's image to a result, an error or a wait. Each
 * body ends by returning with state->phase set, or is left by a limit.
 */
#ifndef NSL_ENGINE_CALL_H
#define NSL_ENGINE_CALL_H

#include "enclave/engine/call_state.h"

/* Compiles state->code_text. THROWN: it does not compile; else DONE. */
void nsl_call_compile(void *state);

/* Evaluates the top level for the image. DONE: doing it again in each call would give the same state,
 * so that calls can start from it; else the arena is of no more use. */
void nsl_call_start_early(void *state);

/* Runs main to its end or to its first wait. */
void nsl_call_begin(void *state);

/* Fires what is due at the virtual time of the earliest timer, and goes on. */
void nsl_call_resume(void *state);

/* Milliseconds of virtual time from now to the earliest timer; WAITING only. */
uint64_t nsl_call_wait_ms(const struct nsl_call_state *state);

#endif
