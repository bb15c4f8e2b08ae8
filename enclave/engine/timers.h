/* setTimeout and friends, on virtual time: it stands still while the call runs, and jumps to the
 * earliest timer when nothing else is left to do. */
#ifndef NSL_ENGINE_TIMERS_H
#define NSL_ENGINE_TIMERS_H

#include "enclave/engine/call_state.h"

/* The timer due first (by due time, then id), or NULL. */
const struct nsl_timer *nsl_timers_first(const struct nsl_timers *timers);

/* Calls the earliest timer's callback, advancing virtual time to it. False: the exception is set. */
bool nsl_timers_fire(struct nsl_call_state *state);

#endif
