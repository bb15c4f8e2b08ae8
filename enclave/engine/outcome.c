#include "enclave/engine/outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/wipe.h"
#include "enclave/engine/text.h"

/* What the tenant reads when a limit ended the call, by nsl_leave. */
static const struct leave_name {
    const char *type;
    const char *message; /* the limit follows, then the unit */
    const char *unit;
} leave_names[] = {
    [NSL_LEAVE_GAS] = {"GasLimitError", "Gas limit exceeded: ", " units"},
    [NSL_LEAVE_MEMORY] = {"MemoryLimitError", "Memory limit exceeded: ", " bytes"},
    [NSL_LEAVE_TIME] = {"TimeLimitError", "Execution timeout: ", " ms"},
    [NSL_LEAVE_DEPTH] = {"DepthLimitError", "Call depth limit exceeded: ", " units"},
    [NSL_LEAVE_JOBS] = {"JobLimitError", "Pending job limit exceeded: ", " jobs"},
};

static uint64_t leave_limit(const struct nsl_limits *limits, int left)
{
    switch ((enum nsl_leave)left) {
    case NSL_LEAVE_GAS:
        return limits->gas_units;
    case NSL_LEAVE_MEMORY:
        return limits->heap_bytes;
    case NSL_LEAVE_TIME:
        return limits->time_ms;
    case NSL_LEAVE_DEPTH:
        return limits->depth_units;
    case NSL_LEAVE_JOBS:
        return limits->pending_jobs;
    }
    return 0;
}

static nsl_err store_reserve(struct nsl_outcome_store *store, size_t bytes)
{
    nsl_outcome_forget(store);
    if (bytes <= store->capacity) {
        return NSL_OK;
    }
    free(store->data);
    store->capacity = 0;
    store->data = malloc(bytes);
    if (store->data == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    store->capacity = bytes;
    return NSL_OK;
}

static nsl_bytes store_add(struct nsl_outcome_store *store, nsl_bytes bytes)
{
    nsl_copy(store->data + store->used, store->capacity - store->used, bytes);
    nsl_bytes stored = nsl_bytes_of(store->data + store->used, bytes.size);
    store->used += bytes.size;
    return stored;
}

static nsl_bytes store_logs(struct nsl_outcome_store *store, const struct nsl_log *kept)
{
    size_t from = store->used;
    char note[64];
    store_add(store, NSL_TEXT("["));
    store_add(store, nsl_bytes_of(kept->text.data, kept->whole_bytes));
    if (kept->dropped > 0) {
        int size = snprintf(note, sizeof(note), "%s\"... %" PRIu32 " more lines were dropped\"",
                            kept->whole_bytes > 0 ? "," : "", kept->dropped);
        store_add(store, nsl_bytes_of(note, (size_t)size));
    }
    store_add(store, NSL_TEXT("]"));
    return nsl_bytes_of(store->data + from, store->used - from);
}

static void store_error(struct nsl_outcome_store *store, const struct nsl_call_error *from,
                        struct nsl_js_error *to)
{
    to->type = store_add(store, nsl_text_bytes(&from->type));
    to->message = store_add(store, nsl_text_bytes(&from->message));
    to->stack = store_add(store, nsl_text_bytes(&from->stack));
    to->line = from->line;
    to->column = from->column;
}

static void store_leave(struct nsl_outcome_store *store, const struct nsl_limits *limits, int left,
                        struct nsl_js_error *to)
{
    const struct leave_name *name = &leave_names[left];
    char message[128];
    int size = snprintf(message, sizeof(message), "%s%" PRIu64 "%s", name->message,
                        leave_limit(limits, left), name->unit);
    to->type = store_add(store, nsl_bytes_text(name->type));
    to->message = store_add(store, nsl_bytes_of(message, (size_t)size));
}

static enum nsl_outcome_kind kind_of(enum nsl_phase phase)
{
    return phase == NSL_PHASE_DONE      ? NSL_OUTCOME_DONE
           : phase == NSL_PHASE_WAITING ? NSL_OUTCOME_PARKED
                                        : NSL_OUTCOME_THROWN;
}

nsl_err nsl_outcome_collect(struct nsl_outcome_store *store, const struct nsl_call_state *state,
                            int left, struct nsl_outcome *ret_outcome)
{
    const struct nsl_call_error *error = &state->error;
    enum { NOTES_MAX = 256 };
    NSL_TRY(store_reserve(store, state->result.size + state->lines.text.size + error->type.size +
                                     error->message.size + error->stack.size + NOTES_MAX));
    struct nsl_outcome outcome = {0};
    outcome.kind = left != 0 ? NSL_OUTCOME_EXHAUSTED : kind_of(state->phase);
    outcome.logs = store_logs(store, &state->lines);
    if (left != 0) {
        store_leave(store, &state->limits, left, &outcome.error);
    } else if (outcome.kind == NSL_OUTCOME_THROWN) {
        store_error(store, error, &outcome.error);
    } else if (outcome.kind == NSL_OUTCOME_DONE) {
        outcome.result_json = store_add(store, nsl_text_bytes(&state->result));
    }
    *ret_outcome = outcome;
    return NSL_OK;
}

void nsl_outcome_forget(struct nsl_outcome_store *store)
{
    nsl_wipe(store->data, store->used);
    store->used = 0;
}

void nsl_outcome_done(struct nsl_outcome_store *store)
{
    nsl_outcome_forget(store);
    free(store->data);
    *store = (struct nsl_outcome_store){0};
}
