/* gas.*: what the call has used and may still use. */
#include "enclave/engine/host.h"
#include "enclave/engine/meter.h"

JSValue nsl_host_gas_used(JSContext *context, JSValueConst self, int argument_count,
                          JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    (void)arguments;
    return JS_NewInt64(context, (int64_t)nsl_meter.gas_used);
}

JSValue nsl_host_gas_remaining(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    (void)arguments;
    uint64_t limit = nsl_call_state()->limits.gas_units;
    uint64_t used = nsl_meter.gas_used;
    return JS_NewInt64(context, used < limit ? (int64_t)(limit - used) : 0);
}

/* gas.use(n): true and charged, or false and not charged when less than n is left. */
JSValue nsl_host_gas_use(JSContext *context, JSValueConst self, int argument_count,
                         JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    int64_t units = 0;
    if (JS_ToInt64(context, &units, arguments[0]) < 0) {
        return JS_EXCEPTION;
    }
    uint64_t limit = nsl_call_state()->limits.gas_units;
    uint64_t used = nsl_meter.gas_used;
    if (units < 0 || used > limit || (uint64_t)units > limit - used) {
        return JS_FALSE;
    }
    nsl_gas_charge((uint64_t)units);
    return JS_TRUE;
}
