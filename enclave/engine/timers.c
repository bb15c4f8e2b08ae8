#include "enclave/engine/timers.h"

#include "enclave/engine/host.h"
#include "enclave/engine/meter.h"

/* A delay above this counts as 1 ms, as on the web. */
static const double longest_delay_ms = 2147483647.0;

const struct nsl_timer *nsl_timers_first(const struct nsl_timers *timers)
{
    const struct nsl_timer *first = NULL;
    for (uint32_t i = 0; i < timers->count; i++) {
        const struct nsl_timer *timer = &timers->list[i];
        if (first == NULL || timer->due_ms < first->due_ms ||
            (timer->due_ms == first->due_ms && timer->id < first->id)) {
            first = timer;
        }
    }
    return first;
}

static struct nsl_timer *timer_find(struct nsl_timers *timers, uint32_t id)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        if (timers->list[i].id == id) {
            return &timers->list[i];
        }
    }
    return NULL;
}

static void timer_remove(JSContext *context, struct nsl_timers *timers, struct nsl_timer *timer)
{
    JSValue callback = timer->callback;
    JSValue argument = timer->argument;
    *timer = timers->list[--timers->count];
    JS_FreeValue(context, callback);
    JS_FreeValue(context, argument);
}

static struct nsl_timer *timer_new(struct nsl_timers *timers)
{
    if (timers->count == timers->capacity) {
        uint32_t capacity = timers->capacity == 0 ? 4 : timers->capacity * 2;
        timers->list = nsl_arena_realloc(timers->list, capacity * sizeof(*timers->list));
        timers->capacity = capacity;
    }
    return &timers->list[timers->count++];
}

static bool delay_from(JSContext *context, JSValueConst value, uint32_t *ret_delay_ms)
{
    double delay = 0;
    if (!JS_IsUndefined(value) && JS_ToFloat64(context, &delay, value) < 0) {
        return false;
    }
    if (!(delay >= 1)) { /* also NaN */
        delay = 0;
    } else if (delay > longest_delay_ms) {
        delay = 1;
    }
    *ret_delay_ms = (uint32_t)delay;
    return true;
}

static JSValue arguments_kept(JSContext *context, int count, JSValueConst *values)
{
    if (count <= 0) {
        return JS_UNDEFINED;
    }
    JSValue list = JS_NewArray(context);
    for (int i = 0; i < count; i++) {
        if (JS_SetPropertyUint32(context, list, (uint32_t)i, JS_DupValue(context, values[i])) < 0) {
            return JS_EXCEPTION;
        }
    }
    return list;
}

enum timer_kind { TIMER_ONCE, TIMER_AGAIN };

static JSValue timer_set(JSContext *context, int count, JSValueConst *arguments,
                         enum timer_kind kind)
{
    struct nsl_call_state *state = nsl_call_state();
    struct nsl_timers *timers = &state->timers;
    uint32_t delay_ms = 0;
    if (!JS_IsFunction(context, arguments[0])) {
        return JS_ThrowTypeError(context, "a timer needs a function to call");
    }
    if (!delay_from(context, count > 1 ? arguments[1] : JS_UNDEFINED, &delay_ms)) {
        return JS_EXCEPTION;
    }
    if (timers->count >= state->limits.pending_host_calls) {
        return JS_ThrowRangeError(context, "Too many timers: at most %u may be pending",
                                  state->limits.pending_host_calls);
    }
    JSValue extra = arguments_kept(context, count - 2, arguments + 2);
    if (JS_IsException(extra)) {
        return JS_EXCEPTION;
    }
    uint32_t interval_ms = kind == TIMER_AGAIN ? (delay_ms == 0 ? 1 : delay_ms) : 0;
    struct nsl_timer *timer = timer_new(timers);
    *timer = (struct nsl_timer){.due_ms = timers->now_ms + (interval_ms ? interval_ms : delay_ms),
                                .id = ++timers->last_id,
                                .interval_ms = interval_ms,
                                .callback = JS_DupValue(context, arguments[0]),
                                .argument = extra};
    return JS_NewUint32(context, timer->id);
}

JSValue nsl_host_timer_once(JSContext *context, JSValueConst self, int argument_count,
                            JSValueConst *arguments)
{
    (void)self;
    return timer_set(context, argument_count, arguments, TIMER_ONCE);
}

JSValue nsl_host_timer_again(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    return timer_set(context, argument_count, arguments, TIMER_AGAIN);
}

JSValue nsl_host_timer_clear(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct nsl_timers *timers = &nsl_call_state()->timers;
    int64_t id = 0;
    if (!JS_IsNumber(arguments[0]) || JS_ToInt64(context, &id, arguments[0]) < 0) {
        return JS_UNDEFINED;
    }
    struct nsl_timer *timer =
        id > 0 && id <= timers->last_id ? timer_find(timers, (uint32_t)id) : NULL;
    if (timer != NULL) {
        timer_remove(context, timers, timer);
    }
    return JS_UNDEFINED;
}

/* Calls with the extra arguments given to setTimeout, at most 16. */
static JSValue timer_call(JSContext *context, JSValueConst callback, JSValueConst extra)
{
    JSValue values[16];
    int count = 0;
    int64_t length = 0;
    if (JS_IsArray(extra) && JS_GetLength(context, extra, &length) < 0) {
        return JS_EXCEPTION;
    }
    for (; count < length && count < 16; count++) {
        values[count] = JS_GetPropertyUint32(context, extra, (uint32_t)count);
    }
    JSValue result = JS_Call(context, callback, JS_UNDEFINED, count, values);
    for (int i = 0; i < count; i++) {
        JS_FreeValue(context, values[i]);
    }
    return result;
}

bool nsl_timers_fire(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    const struct nsl_timer *first = nsl_timers_first(&state->timers);
    nsl_assert(first != NULL);
    struct nsl_timer fired = *first;
    JS_DupValue(context, fired.callback);
    JS_DupValue(context, fired.argument);
    struct nsl_timer *kept = timer_find(&state->timers, fired.id);
    if (fired.due_ms > state->timers.now_ms) {
        state->timers.now_ms = fired.due_ms;
    }
    if (fired.interval_ms > 0) {
        kept->due_ms += fired.interval_ms;
    } else {
        timer_remove(context, &state->timers, kept);
    }
    JSValue result = timer_call(context, fired.callback, fired.argument);
    JS_FreeValue(context, fired.callback);
    JS_FreeValue(context, fired.argument);
    JS_FreeValue(context, result);
    return !JS_IsException(result);
}
