/*
 * The host API: objects and functions a tenant's code finds besides the language's own. Their rows
 * are in host_calls.def; the C functions are host_*.c.
 *
 * A host function runs on the engine's stack and may be left at any allocation or charge: it owns
 * nothing outside the arena while it calls into the engine.
 */
#ifndef NSL_ENGINE_HOST_H
#define NSL_ENGINE_HOST_H

#include "enclave/engine/call_state.h"

typedef JSValue nsl_host_function(JSContext *context, JSValueConst self, int argument_count,
                                  JSValueConst *arguments);

#define NSL_HOST_CALL(id, gas, bytes) nsl_host_function nsl_host_##id;
#include "enclave/engine/host_calls.def"

/* Bytes per gas unit of a call's row. */
enum nsl_host_bytes_per_gas {
#define NSL_HOST_CALL(id, gas, bytes) NSL_HOST_BYTES_##id = (bytes),
#include "enclave/engine/host_calls.def"
};

/* Makes the host's objects, hardens everything there is, and binds the host's names. */
NSL_MUST_USE nsl_err nsl_host_add(JSContext *context);

/* The secrets object, whose properties are the call's secrets. */
JSValue nsl_host_secrets_object(JSContext *context, const JSCFunctionListEntry *list, int count);

/* crypto.subtle */
JSValue nsl_host_subtle_object(JSContext *context, const JSCFunctionListEntry *list, int count);

/* A UTF-8 argument; NULL when converting threw. Freed with the arena at the latest. */
const char *nsl_host_text(JSContext *context, JSValueConst value, nsl_bytes *ret_text);

/* Adds one log line, already prefixed text in UTF-8. */
void nsl_log_add(struct nsl_call_state *state, nsl_bytes prefix, nsl_bytes text);

#endif
