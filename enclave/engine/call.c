#include "enclave/engine/call.h"

#include <string.h>

#include "enclave/engine/error_report.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/random.h"
#include "enclave/engine/script.h"
#include "enclave/engine/text.h"
#include "enclave/engine/timers.h"

enum {
    COMPILE_GAS = 200,        /* what compiling costs every call, warm or cold ... */
    COMPILE_GAS_PER_BYTE = 8, /* ... and for each byte of code */
    WAKE_GAS = 1000,          /* a wait: saving and restoring the call */
    JSON_BYTES_PER_GAS = 8,
};

static void call_throw(struct nsl_call_state *state)
{
    nsl_error_report(state->context, &state->error);
    state->phase = NSL_PHASE_THROWN;
}

static void call_throw_type(struct nsl_call_state *state, const char *message)
{
    JS_ThrowTypeError(state->context, "%s", message);
    call_throw(state);
}

void nsl_call_compile(void *argument)
{
    struct nsl_call_state *state = argument;
    state->compile_gas = COMPILE_GAS + COMPILE_GAS_PER_BYTE * state->code_text.size;
    if (!nsl_script_compile(state)) {
        call_throw(state);
        return;
    }
    JS_NslKeep(state->runtime);
    state->phase = NSL_PHASE_DONE;
}

/* True when what the top level left does not depend on this call and waits for nothing. */
static bool is_early_start_good(const struct nsl_call_state *state)
{
    return !state->is_impure && !nsl_meter.is_call_read && state->timers.count == 0 &&
           !JS_IsJobPending(state->runtime) && JS_IsUndefined(state->promise);
}

void nsl_call_start_early(void *argument)
{
    struct nsl_call_state *state = argument;
    if (nsl_script_start(state) && is_early_start_good(state) && nsl_script_find_main(state) &&
        is_early_start_good(state)) {
        JS_NslKeep(state->runtime);
        state->start_gas = nsl_meter.gas_used;
        state->phase = NSL_PHASE_DONE;
    }
}

static bool parse_input(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    if (state->input_json.size == 0) {
        return true;
    }
    nsl_gas_charge(state->input_json.size / JSON_BYTES_PER_GAS);
    state->input = JS_NslParseJSON(context, (const char *)state->input_json.data,
                                   state->input_json.size, "<input>");
    return !JS_IsException(state->input);
}

/* The result as JSON text in state->result. */
static void call_finish(struct nsl_call_state *state, JSValueConst value)
{
    JSContext *context = state->context;
    JSValue json = JS_JSONStringify(context, value, JS_UNDEFINED, JS_UNDEFINED);
    if (JS_IsException(json)) {
        call_throw(state);
        return;
    }
    size_t size = 4;
    const char *text = "null";
    if (JS_IsString(json)) {
        text = JS_ToCStringLen(context, &size, json);
    }
    if (text == NULL) {
        call_throw(state);
        return;
    }
    nsl_gas_charge(size / JSON_BYTES_PER_GAS);
    if (size > state->limits.result_bytes) {
        JS_ThrowRangeError(context, "The result is %zu bytes of JSON; at most %u are allowed", size,
                           state->limits.result_bytes);
        call_throw(state);
        return;
    }
    nsl_text_add(&state->result, nsl_bytes_of(text, size));
    state->phase = NSL_PHASE_DONE;
}

/* Runs jobs until none is left. False: one threw past everyone. */
static bool run_jobs(struct nsl_call_state *state)
{
    JSContext *context = NULL;
    int status = 1;
    while (status > 0) {
        status = JS_ExecutePendingJob(state->runtime, &context);
    }
    return status == 0;
}

/* What a settled promise leads to; false while it is pending. */
static bool settle(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    JSPromiseStateEnum promise_state = JS_PromiseState(context, state->promise);
    if (promise_state == JS_PROMISE_PENDING) {
        return false;
    }
    JSValue result = JS_PromiseResult(context, state->promise);
    JS_FreeValue(context, state->promise);
    state->promise = JS_UNDEFINED;
    if (promise_state == JS_PROMISE_REJECTED) {
        JS_Throw(context, result);
        call_throw(state);
    } else if (JS_IsUndefined(state->main)) {
        JS_FreeValue(context, result); /* the module is evaluated: main comes next */
    } else {
        call_finish(state, result);
        JS_FreeValue(context, result);
    }
    return true;
}

/* Calls main. Sets state->promise when it answers with one, else ends the call. */
static void call_main(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    if (JS_IsUndefined(state->main) && !nsl_script_find_main(state)) {
        call_throw(state);
        return;
    }
    JSValueConst arguments[] = {state->input, state->context_object};
    JSValue result = JS_Call(context, state->main, JS_UNDEFINED, 2, arguments);
    if (JS_IsException(result)) {
        call_throw(state);
    } else if (JS_IsPromise(result)) {
        state->promise = result;
    } else {
        call_finish(state, result);
        JS_FreeValue(context, result);
    }
}

/* Goes on until the call ends or nothing is left to do but wait. */
static void call_continue(struct nsl_call_state *state)
{
    while (state->phase == NSL_PHASE_RUNNING) {
        if (JS_IsUndefined(state->promise)) {
            call_main(state);
            continue;
        }
        if (!run_jobs(state)) {
            call_throw(state);
            continue;
        }
        if (settle(state)) {
            continue;
        }
        const struct nsl_timer *next = nsl_timers_first(&state->timers);
        if (next == NULL) {
            call_throw_type(state, "Function never completed: it awaits a promise that nothing "
                                   "can resolve");
        } else if (next->due_ms > state->timers.now_ms) {
            state->phase = NSL_PHASE_WAITING;
        } else if (!nsl_timers_fire(state)) {
            call_throw(state);
        }
    }
}

void nsl_call_begin(void *argument)
{
    struct nsl_call_state *state = argument;
    nsl_gas_charge(state->compile_gas + state->start_gas);
    if (nsl_meter.heap_peak > nsl_meter.heap_limit) {
        nsl_meter_leave(NSL_LEAVE_MEMORY);
    }
    JS_NslSetRandomSeed(state->context, nsl_random_seed(state->entropy));
    bool is_started = !JS_IsUndefined(state->main);
    if (!parse_input(state) || (!is_started && !nsl_script_start(state))) {
        call_throw(state);
        return;
    }
    call_continue(state);
}

void nsl_call_resume(void *argument)
{
    struct nsl_call_state *state = argument;
    state->phase = NSL_PHASE_RUNNING;
    nsl_gas_charge(WAKE_GAS);
    const struct nsl_timer *next = nsl_timers_first(&state->timers);
    nsl_assert(next != NULL);
    state->timers.now_ms = next->due_ms;
    call_continue(state);
}

uint64_t nsl_call_wait_ms(const struct nsl_call_state *state)
{
    const struct nsl_timer *next = nsl_timers_first(&state->timers);
    nsl_assert(next != NULL);
    return next->due_ms - state->timers.now_ms;
}
