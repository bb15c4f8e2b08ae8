/*
 * What a call hands out: copied from the arena into memory of its own before the arena is restored,
 * and zeroed before the next call.
 */
#ifndef NSL_ENGINE_OUTCOME_H
#define NSL_ENGINE_OUTCOME_H

#include "enclave/engine/call_state.h"
#include "enclave/engine/meter.h"

struct nsl_outcome_store {
    uint8_t *data;
    size_t capacity;
    size_t used;
};

/* Copies result, logs and error of the call in the arena. `left` is 0 or why the engine was left.
 * NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_outcome_collect(struct nsl_outcome_store *store,
                                         const struct nsl_call_state *state, int left,
                                         struct nsl_outcome *ret_outcome);

void nsl_outcome_forget(struct nsl_outcome_store *store);
void nsl_outcome_done(struct nsl_outcome_store *store);

#endif
