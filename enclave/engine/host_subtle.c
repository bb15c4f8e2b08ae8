/*
 * crypto.subtle: the part of Web Crypto that needs no key of ours. digest with SHA-1, SHA-256, SHA-384
 * and SHA-512; importKey of raw HMAC and AES-GCM keys; sign and verify with HMAC; encrypt and decrypt
 * with AES-GCM and its full tag. Every answer is a promise that is settled already.
 */
#include <string.h>

#include "common/base/wipe.h"
#include "enclave/crypto/primitives.h"
#include "enclave/engine/host_bytes.h"
#include "enclave/engine/meter.h"

enum key_kind { KEY_HMAC, KEY_AES_GCM };
enum key_use { USE_SIGN = 1, USE_VERIFY = 2, USE_ENCRYPT = 4, USE_DECRYPT = 8 };

/* A CryptoKey's opaque part: in the arena, gone with it. */
struct key {
    enum key_kind kind;
    enum nsl_hash hash;
    uint32_t uses;
    uint32_t size;
    uint8_t bytes[];
};

static JSClassID key_class; /* the same in every engine */

static void key_finalize(JSRuntime *runtime, JSValueConst value)
{
    js_free_rt(runtime, JS_GetOpaque(value, key_class));
}

static const JSClassDef key_definition = {.class_name = "CryptoKey", .finalizer = key_finalize};

/* A settled promise: the value, or what was thrown. */
static JSValue settled(JSContext *context, JSValue value)
{
    bool is_thrown = JS_IsException(value);
    JSValue reason = is_thrown ? JS_GetException(context) : value;
    JSValue promise = JS_NewSettledPromise(context, is_thrown, reason);
    JS_FreeValue(context, reason);
    return promise;
}

/* The `name` of an algorithm given as a string or an object. False: the exception is set. */
static bool algorithm_name(JSContext *context, JSValueConst algorithm, char ret_name[16])
{
    JSValue name = JS_IsObject(algorithm) ? JS_GetPropertyStr(context, algorithm, "name")
                                          : JS_DupValue(context, algorithm);
    nsl_bytes text = {0};
    const char *held = JS_IsException(name) ? NULL : nsl_host_text(context, name, &text);
    JS_FreeValue(context, name);
    if (held == NULL) {
        return false;
    }
    memset(ret_name, 0, 16);
    nsl_copy(ret_name, 15, nsl_bytes_of(text.data, text.size < 15 ? text.size : 15));
    JS_FreeCString(context, held);
    return true;
}

static bool is_named(JSContext *context, JSValueConst algorithm, const char *expected)
{
    char name[16];
    if (!algorithm_name(context, algorithm, name)) {
        return false;
    }
    if (strcasecmp(name, expected) != 0) {
        JS_ThrowDOMException(context, "NotSupportedError", "expected the algorithm %s", expected);
        return false;
    }
    return true;
}

static bool hash_of(JSContext *context, JSValueConst algorithm, enum nsl_hash *ret_hash)
{
    static const char *const names[NSL_HASH_COUNT] = {"SHA-1", "SHA-256", "SHA-384", "SHA-512"};
    char name[16];
    if (!algorithm_name(context, algorithm, name)) {
        return false;
    }
    for (int i = 0; i < NSL_HASH_COUNT; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            *ret_hash = (enum nsl_hash)i;
            return true;
        }
    }
    JS_ThrowDOMException(context, "NotSupportedError", "unknown hash '%s'", name);
    return false;
}

static JSValue digest(JSContext *context, JSValueConst *arguments)
{
    enum nsl_hash hash;
    struct nsl_host_bytes data;
    uint8_t bytes[NSL_HASH_MAX_SIZE];
    if (!hash_of(context, arguments[0], &hash) ||
        !nsl_host_bytes_read(context, arguments[1], NSL_HOST_BUFFERS_ONLY, &data)) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(data.bytes.size / NSL_HOST_BYTES_subtle_digest);
    if (nsl_hash_bytes(hash, data.bytes, bytes) != NSL_OK) {
        return JS_ThrowDOMException(context, "OperationError", "hashing failed");
    }
    return JS_NewArrayBufferCopy(context, bytes, nsl_hash_size(hash));
}

static bool use_of(JSContext *context, JSValueConst value, uint32_t *uses)
{
    static const char *const names[] = {"sign", "verify", "encrypt", "decrypt"};
    nsl_bytes text = {0};
    const char *held = nsl_host_text(context, value, &text);
    if (held == NULL) {
        return false;
    }
    bool is_known = false;
    for (uint32_t i = 0; i < 4; i++) {
        if (strcmp(held, names[i]) == 0) {
            *uses |= 1u << i;
            is_known = true;
        }
    }
    if (!is_known) {
        JS_ThrowTypeError(context, "unknown key usage '%s'", held);
    }
    JS_FreeCString(context, held);
    return is_known;
}

static bool uses_of(JSContext *context, JSValueConst list, uint32_t *ret_uses)
{
    int64_t count = 0;
    uint32_t uses = 0;
    if (!JS_IsArray(list)) {
        JS_ThrowTypeError(context, "key usages are an array");
        return false;
    }
    if (JS_GetLength(context, list, &count) < 0) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        JSValue value = JS_GetPropertyInt64(context, list, i);
        bool is_read = !JS_IsException(value) && use_of(context, value, &uses);
        JS_FreeValue(context, value);
        if (!is_read) {
            return false;
        }
    }
    *ret_uses = uses;
    return true;
}

static bool kind_of(JSContext *context, JSValueConst algorithm, struct key *key)
{
    char name[16];
    if (!algorithm_name(context, algorithm, name)) {
        return false;
    }
    if (strcasecmp(name, "AES-GCM") == 0) {
        key->kind = KEY_AES_GCM;
        return true;
    }
    if (strcasecmp(name, "HMAC") != 0) {
        JS_ThrowDOMException(context, "NotSupportedError", "unknown key algorithm '%s'", name);
        return false;
    }
    key->kind = KEY_HMAC;
    JSValue hash =
        JS_IsObject(algorithm) ? JS_GetPropertyStr(context, algorithm, "hash") : JS_UNDEFINED;
    bool is_read = !JS_IsException(hash) && hash_of(context, hash, &key->hash);
    JS_FreeValue(context, hash);
    return is_read;
}

static bool is_raw(JSContext *context, JSValueConst format)
{
    nsl_bytes text = {0};
    const char *held = nsl_host_text(context, format, &text);
    if (held == NULL) {
        return false;
    }
    bool is_right = strcmp(held, "raw") == 0;
    JS_FreeCString(context, held);
    if (!is_right) {
        JS_ThrowDOMException(context, "NotSupportedError", "keys are imported as 'raw' only");
    }
    return is_right;
}

static JSValue key_from(JSContext *context, const struct key *facts, nsl_bytes bytes)
{
    bool is_aes_size = bytes.size == 16 || bytes.size == 24 || bytes.size == 32;
    if (facts->kind == KEY_AES_GCM ? !is_aes_size : bytes.size == 0) {
        return JS_ThrowDOMException(context, "DataError", "a key cannot have %zu bytes",
                                    bytes.size);
    }
    nsl_gas_charge(bytes.size / NSL_HOST_BYTES_subtle_import);
    struct key *key = js_malloc(context, sizeof(*key) + bytes.size);
    *key = *facts;
    key->size = (uint32_t)bytes.size;
    nsl_copy(key->bytes, bytes.size, bytes);
    JSValue object = JS_NewObjectClass(context, key_class);
    if (JS_IsException(object)) {
        return JS_EXCEPTION;
    }
    JS_SetOpaque(object, key);
    return object;
}

static JSValue import_key(JSContext *context, JSValueConst *arguments)
{
    struct key facts = {0};
    struct nsl_host_bytes bytes;
    if (!is_raw(context, arguments[0]) || !kind_of(context, arguments[2], &facts) ||
        !uses_of(context, arguments[4], &facts.uses) ||
        !nsl_host_bytes_read(context, arguments[1], NSL_HOST_BUFFERS_ONLY, &bytes)) {
        return JS_EXCEPTION;
    }
    return key_from(context, &facts, bytes.bytes);
}

static const struct key *key_for(JSContext *context, JSValueConst value, enum key_kind kind,
                                 enum key_use use)
{
    const struct key *key = JS_GetOpaque2(context, value, key_class);
    if (key == NULL) {
        return NULL;
    }
    if (key->kind != kind || (key->uses & (uint32_t)use) == 0) {
        JS_ThrowDOMException(context, "InvalidAccessError", "the key is not for this use");
        return NULL;
    }
    return key;
}

static bool hmac_code(JSContext *context, const struct key *key, nsl_bytes data,
                      uint8_t ret_code[NSL_HASH_MAX_SIZE])
{
    nsl_gas_charge(data.size / NSL_HOST_BYTES_subtle_sign);
    if (nsl_hmac_bytes(key->hash, nsl_bytes_of(key->bytes, key->size), data, ret_code) != NSL_OK) {
        JS_ThrowDOMException(context, "OperationError", "signing failed");
        return false;
    }
    return true;
}

static JSValue sign(JSContext *context, JSValueConst *arguments)
{
    struct nsl_host_bytes data;
    uint8_t code[NSL_HASH_MAX_SIZE];
    if (!is_named(context, arguments[0], "HMAC")) {
        return JS_EXCEPTION;
    }
    const struct key *key = key_for(context, arguments[1], KEY_HMAC, USE_SIGN);
    if (key == NULL || !nsl_host_bytes_read(context, arguments[2], NSL_HOST_BUFFERS_ONLY, &data) ||
        !hmac_code(context, key, data.bytes, code)) {
        return JS_EXCEPTION;
    }
    return JS_NewArrayBufferCopy(context, code, nsl_hash_size(key->hash));
}

static JSValue verify(JSContext *context, JSValueConst *arguments)
{
    struct nsl_host_bytes signature;
    struct nsl_host_bytes data;
    uint8_t code[NSL_HASH_MAX_SIZE];
    if (!is_named(context, arguments[0], "HMAC")) {
        return JS_EXCEPTION;
    }
    const struct key *key = key_for(context, arguments[1], KEY_HMAC, USE_VERIFY);
    if (key == NULL ||
        !nsl_host_bytes_read(context, arguments[2], NSL_HOST_BUFFERS_ONLY, &signature) ||
        !nsl_host_bytes_read(context, arguments[3], NSL_HOST_BUFFERS_ONLY, &data) ||
        !hmac_code(context, key, data.bytes, code)) {
        return JS_EXCEPTION;
    }
    nsl_bytes expected = nsl_bytes_of(code, nsl_hash_size(key->hash));
    return JS_NewBool(context, nsl_secret_equal(expected, signature.bytes));
}

/* The iv and associated data of { name: "AES-GCM", iv, additionalData }, held until done. */
struct gcm_parameters {
    JSValue iv;
    JSValue associated;
};

static void gcm_done(JSContext *context, struct gcm_parameters *parameters)
{
    JS_FreeValue(context, parameters->iv);
    JS_FreeValue(context, parameters->associated);
}

static bool gcm_read(JSContext *context, JSValueConst algorithm, struct gcm_parameters *ret)
{
    *ret = (struct gcm_parameters){.iv = JS_UNDEFINED, .associated = JS_UNDEFINED};
    if (!is_named(context, algorithm, "AES-GCM")) {
        return false;
    }
    int32_t tag_bits = 128;
    JSValue tag = JS_GetPropertyStr(context, algorithm, "tagLength");
    if (JS_IsException(tag) || (!JS_IsUndefined(tag) && JS_ToInt32(context, &tag_bits, tag) < 0)) {
        return false;
    }
    if (tag_bits != 128) {
        JS_ThrowDOMException(context, "NotSupportedError", "tagLength is 128");
        return false;
    }
    ret->iv = JS_GetPropertyStr(context, algorithm, "iv");
    ret->associated = JS_GetPropertyStr(context, algorithm, "additionalData");
    return !JS_IsException(ret->iv) && !JS_IsException(ret->associated);
}

/* Only now the bytes: nothing after it runs JavaScript until they are used. */
static bool gcm_bytes(JSContext *context, const struct gcm_parameters *parameters,
                      const struct key *key, struct nsl_gcm *ret_gcm)
{
    struct nsl_host_bytes iv;
    struct nsl_host_bytes associated = {0};
    if (!nsl_host_bytes_read(context, parameters->iv, NSL_HOST_BUFFERS_ONLY, &iv) ||
        (!JS_IsUndefined(parameters->associated) &&
         !nsl_host_bytes_read(context, parameters->associated, NSL_HOST_BUFFERS_ONLY,
                              &associated))) {
        return false;
    }
    nsl_gas_charge(associated.bytes.size / NSL_HOST_BYTES_subtle_encrypt);
    *ret_gcm = (struct nsl_gcm){
        .key = nsl_bytes_of(key->bytes, key->size), .iv = iv.bytes, .associated = associated.bytes};
    return true;
}

static JSValue gcm_answer(JSContext *context, nsl_err err, uint8_t *bytes, size_t size)
{
    JSValue answer = err == NSL_OK ? JS_NewArrayBufferCopy(context, bytes, size)
                                   : JS_ThrowDOMException(context, "OperationError",
                                                          "the data, the key or the iv is wrong");
    js_free(context, bytes);
    return answer;
}

static JSValue encrypt_with(JSContext *context, const struct gcm_parameters *parameters,
                            JSValueConst *arguments)
{
    struct nsl_gcm gcm;
    struct nsl_host_bytes data;
    const struct key *key = key_for(context, arguments[1], KEY_AES_GCM, USE_ENCRYPT);
    if (key == NULL || !gcm_bytes(context, parameters, key, &gcm) ||
        !nsl_host_bytes_read(context, arguments[2], NSL_HOST_BUFFERS_ONLY, &data)) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(data.bytes.size / NSL_HOST_BYTES_subtle_encrypt);
    size_t size = data.bytes.size + NSL_GCM_TAG_SIZE;
    uint8_t *sealed = js_malloc(context, size);
    return gcm_answer(context, nsl_gcm_seal(&gcm, data.bytes, sealed), sealed, size);
}

static JSValue decrypt_with(JSContext *context, const struct gcm_parameters *parameters,
                            JSValueConst *arguments)
{
    struct nsl_gcm gcm;
    struct nsl_host_bytes data;
    const struct key *key = key_for(context, arguments[1], KEY_AES_GCM, USE_DECRYPT);
    if (key == NULL || !gcm_bytes(context, parameters, key, &gcm) ||
        !nsl_host_bytes_read(context, arguments[2], NSL_HOST_BUFFERS_ONLY, &data)) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(data.bytes.size / NSL_HOST_BYTES_subtle_decrypt);
    size_t size = data.bytes.size < NSL_GCM_TAG_SIZE ? 0 : data.bytes.size - NSL_GCM_TAG_SIZE;
    uint8_t *text = js_malloc(context, size + 1);
    return gcm_answer(context, nsl_gcm_open(&gcm, data.bytes, text), text, size);
}

JSValue nsl_host_subtle_digest(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    return settled(context, digest(context, arguments));
}

JSValue nsl_host_subtle_import(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    return settled(context, import_key(context, arguments));
}

JSValue nsl_host_subtle_sign(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    return settled(context, sign(context, arguments));
}

JSValue nsl_host_subtle_verify(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    return settled(context, verify(context, arguments));
}

JSValue nsl_host_subtle_encrypt(JSContext *context, JSValueConst self, int argument_count,
                                JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct gcm_parameters parameters;
    JSValue answer = gcm_read(context, arguments[0], &parameters)
                         ? encrypt_with(context, &parameters, arguments)
                         : JS_EXCEPTION;
    gcm_done(context, &parameters);
    return settled(context, answer);
}

JSValue nsl_host_subtle_decrypt(JSContext *context, JSValueConst self, int argument_count,
                                JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct gcm_parameters parameters;
    JSValue answer = gcm_read(context, arguments[0], &parameters)
                         ? decrypt_with(context, &parameters, arguments)
                         : JS_EXCEPTION;
    gcm_done(context, &parameters);
    return settled(context, answer);
}

JSValue nsl_host_subtle_object(JSContext *context, const JSCFunctionListEntry *list, int count)
{
    JSRuntime *runtime = JS_GetRuntime(context);
    key_class = JS_INVALID_CLASS_ID;
    JS_NewClassID(runtime, &key_class);
    JSValue subtle = JS_NewObject(context);
    JSValue prototype = JS_NewObject(context);
    if (JS_NewClass(runtime, key_class, &key_definition) < 0 ||
        JS_SetPropertyFunctionList(context, subtle, list, count) < 0) {
        return JS_EXCEPTION;
    }
    JS_SetClassProto(context, key_class, prototype);
    return subtle;
}
