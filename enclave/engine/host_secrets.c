/*
 * secrets, SECRETS and getSecret(): the call's secrets. One exotic object, whose own properties are
 * the secrets' names, below them get(), has() and names(). Reading a missing property gives
 * undefined; get() of a missing name throws "Secret not found: NAME".
 */
#include "enclave/engine/host.h"
#include "enclave/engine/meter.h"

static JSClassID secrets_class; /* the same in every engine: set while the base image is built */

static const struct nsl_secret_value *secret_find(nsl_bytes name)
{
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    nsl_gas_charge(state->secret_count);
    for (size_t i = 0; i < state->secret_count; i++) {
        if (nsl_bytes_equal(state->secrets[i].name, name)) {
            return &state->secrets[i];
        }
    }
    return NULL;
}

static JSValue secret_text(JSContext *context, const struct nsl_secret_value *secret)
{
    nsl_gas_charge(secret->value.size / NSL_HOST_BYTES_secret_get);
    return JS_NewStringLen(context, (const char *)secret->value.data, secret->value.size);
}

JSValue nsl_host_secret_get(JSContext *context, JSValueConst self, int argument_count,
                            JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    nsl_bytes name = {0};
    const char *held = nsl_host_text(context, arguments[0], &name);
    if (held == NULL) {
        return JS_EXCEPTION;
    }
    const struct nsl_secret_value *secret = secret_find(name);
    JSValue value = secret != NULL ? secret_text(context, secret)
                                   : JS_ThrowPlainError(context, "Secret not found: %s", held);
    JS_FreeCString(context, held);
    return value;
}

JSValue nsl_host_secret_has(JSContext *context, JSValueConst self, int argument_count,
                            JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    nsl_bytes name = {0};
    const char *held = nsl_host_text(context, arguments[0], &name);
    if (held == NULL) {
        return JS_EXCEPTION;
    }
    bool is_there = secret_find(name) != NULL;
    JS_FreeCString(context, held);
    return JS_NewBool(context, is_there);
}

JSValue nsl_host_secret_names(JSContext *context, JSValueConst self, int argument_count,
                              JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    (void)arguments;
    const struct nsl_call_state *state = nsl_call_state();
    JSValue names = JS_NewArray(context);
    for (uint32_t i = 0; i < state->secret_count; i++) {
        nsl_bytes name = state->secrets[i].name;
        nsl_gas_charge(1 + name.size / NSL_HOST_BYTES_secret_get);
        JSValue text = JS_NewStringLen(context, (const char *)name.data, name.size);
        if (JS_SetPropertyUint32(context, names, i, text) < 0) {
            return JS_EXCEPTION;
        }
    }
    return names;
}

static int secrets_get_own(JSContext *context, JSPropertyDescriptor *ret_descriptor,
                           JSValueConst self, JSAtom property)
{
    (void)self;
    JSValue key = JS_AtomToValue(context, property);
    if (!JS_IsString(key)) {
        JS_FreeValue(context, key);
        return 0;
    }
    nsl_bytes name = {0};
    const char *held = nsl_host_text(context, key, &name);
    JS_FreeValue(context, key);
    if (held == NULL) {
        return -1;
    }
    const struct nsl_secret_value *secret = secret_find(name);
    JS_FreeCString(context, held);
    if (secret == NULL) {
        return 0;
    }
    if (ret_descriptor != NULL) {
        *ret_descriptor = (JSPropertyDescriptor){.flags = JS_PROP_ENUMERABLE | JS_PROP_CONFIGURABLE,
                                                 .value = secret_text(context, secret),
                                                 .getter = JS_UNDEFINED,
                                                 .setter = JS_UNDEFINED};
    }
    return 1;
}

static int secrets_list_own(JSContext *context, JSPropertyEnum **ret_list, uint32_t *ret_count,
                            JSValueConst self)
{
    (void)self;
    struct nsl_call_state *state = nsl_call_state();
    state->is_impure = 1;
    nsl_gas_charge(state->secret_count);
    size_t count = state->secret_count;
    JSPropertyEnum *list = js_mallocz(context, (count + 1) * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        nsl_bytes name = state->secrets[i].name;
        list[i].atom = JS_NewAtomLen(context, (const char *)name.data, name.size);
    }
    *ret_list = list;
    *ret_count = (uint32_t)count;
    return 0;
}

static int secrets_refuse_delete(JSContext *context, JSValueConst self, JSAtom property)
{
    (void)context;
    (void)self;
    (void)property;
    return 0;
}

static int secrets_refuse_define(JSContext *context, JSValueConst self, JSAtom property,
                                 JSValueConst value, JSValueConst getter, JSValueConst setter,
                                 int flags)
{
    (void)self;
    (void)property;
    (void)value;
    (void)getter;
    (void)setter;
    (void)flags;
    JS_ThrowTypeError(context, "secrets are read-only");
    return -1;
}

static JSClassExoticMethods secrets_exotic = {
    .get_own_property = secrets_get_own,
    .get_own_property_names = secrets_list_own,
    .delete_property = secrets_refuse_delete,
    .define_own_property = secrets_refuse_define,
};

static const JSClassDef secrets_definition = {.class_name = "Secrets", .exotic = &secrets_exotic};

JSValue nsl_host_secrets_object(JSContext *context, const JSCFunctionListEntry *list, int count)
{
    JSRuntime *runtime = JS_GetRuntime(context);
    secrets_class = JS_INVALID_CLASS_ID;
    JS_NewClassID(runtime, &secrets_class);
    JSValue methods = JS_NewObject(context);
    if (JS_NewClass(runtime, secrets_class, &secrets_definition) < 0 ||
        JS_SetPropertyFunctionList(context, methods, list, count) < 0) {
        return JS_EXCEPTION;
    }
    JSValue object = JS_NewObjectProtoClass(context, methods, secrets_class);
    JS_FreeValue(context, methods);
    return object;
}
