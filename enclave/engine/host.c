#include "enclave/engine/host.h"

#include "enclave/engine/host_web.h"
#include "enclave/engine/meter.h"

/* One number per call, its cost and its function. */
enum host_row {
#define NSL_HOST_CALL(id, gas, bytes) ROW_##id,
#include "enclave/engine/host_calls.def"
    ROW_COUNT
};

static const struct host_cost {
    nsl_host_function *call;
    uint32_t gas_units;
} host_rows[ROW_COUNT] = {
#define NSL_HOST_CALL(id, gas, bytes) {.call = nsl_host_##id, .gas_units = (gas)},
#include "enclave/engine/host_calls.def"
};

/* Every host function comes through here: charged first, and noted, because what a host function
 * answers may depend on the call. */
static JSValue host_call(JSContext *context, JSValueConst self, int argument_count,
                         JSValueConst *arguments, int row)
{
    nsl_gas_charge(host_rows[row].gas_units);
    nsl_call_state()->is_impure = 1;
    return host_rows[row].call(context, self, argument_count, arguments);
}

#define ENTRY(name, id, length) JS_CFUNC_MAGIC_DEF(name, length, host_call, ROW_##id),

static const JSCFunctionListEntry global_list[] = {
#define NSL_HOST_GLOBAL(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry console_list[] = {
#define NSL_HOST_CONSOLE(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry secrets_list[] = {
#define NSL_HOST_SECRETS(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static JSValue gas_limit(JSContext *context, JSValueConst self)
{
    (void)self;
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    return JS_NewInt64(context, (int64_t)state->limits.gas_units);
}

static const JSCFunctionListEntry gas_list[] = {
#define NSL_HOST_GAS(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
    JS_CGETSET_DEF2("limit", gas_limit, NULL, JS_PROP_ENUMERABLE),
};

static const JSCFunctionListEntry gas_accounting_list[] = {
#define NSL_HOST_GAS_ACCOUNTING(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry crypto_list[] = {
#define NSL_HOST_CRYPTO(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry subtle_list[] = {
#define NSL_HOST_SUBTLE(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry neo_list[] = {
#define NSL_HOST_NEO(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry encoder_list[] = {
#define NSL_HOST_TEXT_ENCODER(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

static const JSCFunctionListEntry decoder_list[] = {
#define NSL_HOST_TEXT_DECODER(name, id, length) ENTRY(name, id, length)
#include "enclave/engine/host_calls.def"
};

enum context_field { CONTEXT_FUNCTION_ID, CONTEXT_USER_ID, CONTEXT_REQUEST_ID };

static JSValue context_text(JSContext *context, JSValueConst self, int magic)
{
    (void)self;
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    nsl_bytes text = magic == CONTEXT_FUNCTION_ID ? state->function_id
                     : magic == CONTEXT_USER_ID   ? state->user_id
                                                  : state->request_id;
    return JS_NewStringLen(context, (const char *)text.data, text.size);
}

static JSValue context_timestamp(JSContext *context, JSValueConst self)
{
    (void)self;
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    return JS_NewInt64(context, state->start_ms);
}

#define FIELD(name, magic)                                                                         \
    JS_CGETSET_MAGIC_DEF2(name, context_text, NULL, magic, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry context_list[] = {
    FIELD("functionId", CONTEXT_FUNCTION_ID),
    FIELD("userId", CONTEXT_USER_ID),
    FIELD("requestId", CONTEXT_REQUEST_ID),
    JS_CGETSET_DEF2("timestamp", context_timestamp, NULL, JS_PROP_ENUMERABLE),
};

/* The parsed input as a global, for older code. Main's argument is the same object. */
static JSValue input_get(JSContext *context, JSValueConst self)
{
    (void)self;
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    return JS_DupValue(context, state->input);
}

/* Assigning to a host name that is an accessor makes an ordinary global of it. */
static JSValue input_set(JSContext *context, JSValueConst self, JSValueConst value)
{
    (void)self;
    JSValue global = JS_GetGlobalObject(context);
    int done = JS_DefinePropertyValueStr(context, global, "input", JS_DupValue(context, value),
                                         JS_PROP_C_W_E);
    JS_FreeValue(context, global);
    return done < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

static const JSCFunctionListEntry input_list[] = {
    JS_CGETSET_DEF2("input", input_get, input_set, JS_PROP_CONFIGURABLE),
};

const char *nsl_host_text(JSContext *context, JSValueConst value, nsl_bytes *ret_text)
{
    size_t size = 0;
    const char *text = JS_ToCStringLen(context, &size, value);
    if (text != NULL) {
        *ret_text = nsl_bytes_of(text, size);
    }
    return text;
}

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

/* The host's objects. They are made before hardening, so that they are hardened; their names are
 * bound after it, so that a script may declare the same names for itself. */
enum host_object {
    OBJECT_CONSOLE,
    OBJECT_SECRETS,
    OBJECT_GAS,
    OBJECT_GAS_ACCOUNTING,
    OBJECT_CONTEXT,
    OBJECT_CRYPTO,
    OBJECT_NEO,
    OBJECT_TEXT_ENCODER,
    OBJECT_TEXT_DECODER,
    OBJECT_COUNT
};

static const struct host_name {
    const char *name;
    enum host_object object;
} host_names[] = {
    {"console", OBJECT_CONSOLE},
    {"secrets", OBJECT_SECRETS},
    {"SECRETS", OBJECT_SECRETS},
    {"gas", OBJECT_GAS},
    {"context", OBJECT_CONTEXT},
    {"gasAccounting", OBJECT_GAS_ACCOUNTING},
    {"crypto", OBJECT_CRYPTO},
    {"Neo", OBJECT_NEO},
    {"TextEncoder", OBJECT_TEXT_ENCODER},
    {"TextDecoder", OBJECT_TEXT_DECODER},
};

static JSValue object_from(JSContext *context, const JSCFunctionListEntry *list, int count)
{
    JSValue object = JS_NewObject(context);
    if (JS_SetPropertyFunctionList(context, object, list, count) < 0) {
        return JS_EXCEPTION;
    }
    return object;
}

static JSValue crypto_make(JSContext *context)
{
    JSValue crypto = object_from(context, crypto_list, COUNT(crypto_list));
    JSValue subtle = nsl_host_subtle_object(context, subtle_list, COUNT(subtle_list));
    if (JS_IsException(subtle) ||
        JS_DefinePropertyValueStr(context, crypto, "subtle", subtle, JS_PROP_ENUMERABLE) < 0) {
        return JS_EXCEPTION;
    }
    return crypto;
}

static JSValue object_make(JSContext *context, enum host_object object)
{
    switch (object) {
    case OBJECT_CONSOLE:
        return object_from(context, console_list, COUNT(console_list));
    case OBJECT_SECRETS:
        return nsl_host_secrets_object(context, secrets_list, COUNT(secrets_list));
    case OBJECT_GAS:
        return object_from(context, gas_list, COUNT(gas_list));
    case OBJECT_GAS_ACCOUNTING:
        return object_from(context, gas_accounting_list, COUNT(gas_accounting_list));
    case OBJECT_CONTEXT:
        return object_from(context, context_list, COUNT(context_list));
    case OBJECT_CRYPTO:
        return crypto_make(context);
    case OBJECT_NEO:
        return object_from(context, neo_list, COUNT(neo_list));
    case OBJECT_TEXT_ENCODER:
        return nsl_host_encoder_class(context,
                                      object_from(context, encoder_list, COUNT(encoder_list)));
    case OBJECT_TEXT_DECODER:
        return nsl_host_decoder_class(context,
                                      object_from(context, decoder_list, COUNT(decoder_list)));
    case OBJECT_COUNT:
        break;
    }
    return JS_EXCEPTION;
}

static nsl_err bind_objects(JSContext *context, JSValueConst global, const JSValue *objects)
{
    for (size_t i = 0; i < sizeof(host_names) / sizeof(host_names[0]); i++) {
        JSValue object = JS_DupValue(context, objects[host_names[i].object]);
        if (JS_DefinePropertyValueStr(context, global, host_names[i].name, object,
                                      JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0) {
            return NSL_ERR_ENGINE;
        }
    }
    return NSL_OK;
}

nsl_err nsl_host_add(JSContext *context)
{
    JSValue objects[OBJECT_COUNT];
    for (enum host_object i = OBJECT_CONSOLE; i < OBJECT_COUNT; i++) {
        objects[i] = object_make(context, i);
        if (JS_IsException(objects[i])) {
            return NSL_ERR_ENGINE;
        }
    }
    JS_NslHardenAll(context);
    JSValue global = JS_GetGlobalObject(context);
    NSL_TRY(bind_objects(context, global, objects));
    if (JS_SetPropertyFunctionList(context, global, global_list, COUNT(global_list)) < 0 ||
        JS_SetPropertyFunctionList(context, global, input_list, COUNT(input_list)) < 0) {
        return NSL_ERR_ENGINE;
    }
    nsl_call_state()->context_object = JS_DupValue(context, objects[OBJECT_CONTEXT]);
    for (enum host_object i = OBJECT_CONSOLE; i < OBJECT_COUNT; i++) {
        JS_FreeValue(context, objects[i]);
    }
    JS_FreeValue(context, global);
    return NSL_OK;
}
