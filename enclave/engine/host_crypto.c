/* crypto.* except subtle, generateRandomBytes() and Neo.*: random numbers and plain hashes. */
#include <string.h>

#include "common/base/wipe.h"
#include "enclave/crypto/primitives.h"
#include "enclave/engine/host_bytes.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/random.h"

enum { RANDOM_MAX = 65536 }; /* bytes at once, as on the web */

static uint8_t *random_bytes(JSContext *context, JSValueConst count, size_t *ret_size)
{
    uint64_t size = 0;
    if (!nsl_host_count(context, count, "the number of bytes", RANDOM_MAX, &size)) {
        return NULL;
    }
    nsl_gas_charge(size / NSL_HOST_BYTES_random_hex);
    uint8_t *bytes = js_malloc(context, size + 1);
    nsl_random_fill(nsl_call_state(), bytes, size);
    *ret_size = size;
    return bytes;
}

JSValue nsl_host_random_hex(JSContext *context, JSValueConst self, int argument_count,
                            JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    size_t size = 0;
    uint8_t *bytes = random_bytes(context, arguments[0], &size);
    if (bytes == NULL) {
        return JS_EXCEPTION;
    }
    JSValue text = nsl_host_hex(context, nsl_bytes_of(bytes, size));
    js_free(context, bytes);
    return text;
}

JSValue nsl_host_random_base64(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    size_t size = 0;
    uint8_t *bytes = random_bytes(context, arguments[0], &size);
    if (bytes == NULL) {
        return JS_EXCEPTION;
    }
    JSValue text = nsl_host_base64(context, nsl_bytes_of(bytes, size));
    js_free(context, bytes);
    return text;
}

/* crypto.getRandomValues(array): integer arrays only, filled in place. */
JSValue nsl_host_random_values(JSContext *context, JSValueConst self, int argument_count,
                               JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct nsl_host_bytes array;
    int type = JS_GetTypedArrayType(arguments[0]);
    if (type < 0 || type >= JS_TYPED_ARRAY_FLOAT16) {
        return JS_ThrowTypeError(context, "getRandomValues fills integer typed arrays");
    }
    if (!nsl_host_bytes_read(context, arguments[0], NSL_HOST_BUFFERS_ONLY, &array)) {
        return JS_EXCEPTION;
    }
    if (array.bytes.size > RANDOM_MAX) {
        return JS_ThrowRangeError(context, "getRandomValues fills at most %d bytes", RANDOM_MAX);
    }
    nsl_gas_charge(array.bytes.size / NSL_HOST_BYTES_random_values);
    nsl_random_fill(nsl_call_state(), array.writable, array.bytes.size);
    return JS_DupValue(context, arguments[0]);
}

/* RFC 9562 5.4 */
JSValue nsl_host_random_uuid(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    (void)arguments;
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    char text[36];
    nsl_random_fill(nsl_call_state(), bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    size_t to = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[to++] = '-';
        }
        text[to++] = digits[bytes[i] >> 4];
        text[to++] = digits[bytes[i] & 15];
    }
    return JS_NewStringLen(context, text, sizeof(text));
}

/* Neo.secureRandom(max): every number from 0 to max - 1 equally often. */
JSValue nsl_host_random_below(JSContext *context, JSValueConst self, int argument_count,
                              JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    uint64_t max = 0;
    if (!nsl_host_count(context, arguments[0], "max", UINT64_C(1) << 53, &max)) {
        return JS_EXCEPTION;
    }
    if (max == 0) {
        return JS_ThrowRangeError(context, "max must be at least 1");
    }
    uint64_t number = 0;
    uint64_t excess = (UINT64_MAX % max + 1) % max; /* 2^64 mod max: numbers above are refused */
    do {
        nsl_random_fill(nsl_call_state(), (uint8_t *)&number, sizeof(number));
    } while (excess != 0 && number >= UINT64_MAX - excess + 1);
    return JS_NewInt64(context, (int64_t)(number % max));
}

/* crypto.sha256(data): hexadecimal. */
JSValue nsl_host_sha256_hex(JSContext *context, JSValueConst self, int argument_count,
                            JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct nsl_host_bytes data;
    uint8_t digest[NSL_HASH_MAX_SIZE];
    if (!nsl_host_bytes_read(context, arguments[0], NSL_HOST_BUFFERS_OR_TEXT, &data)) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(data.bytes.size / NSL_HOST_BYTES_sha256_hex);
    nsl_err err = nsl_hash_bytes(NSL_HASH_SHA256, data.bytes, digest);
    nsl_host_bytes_done(context, &data);
    if (err != NSL_OK) {
        return JS_ThrowInternalError(context, "hashing failed");
    }
    return nsl_host_hex(context, nsl_bytes_of(digest, nsl_hash_size(NSL_HASH_SHA256)));
}

/* crypto.timingSafeEqual(a, b): false at once for different sizes, which are not secret. */
JSValue nsl_host_equal_bytes(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    struct nsl_host_bytes a;
    struct nsl_host_bytes b = {0};
    JSValue answer = JS_EXCEPTION;
    JSValue left = nsl_host_bytes_prepare(context, arguments[0]);
    JSValue right =
        JS_IsException(left) ? JS_EXCEPTION : nsl_host_bytes_prepare(context, arguments[1]);
    if (!JS_IsException(right) &&
        nsl_host_bytes_read(context, left, NSL_HOST_BUFFERS_OR_TEXT, &a)) {
        if (nsl_host_bytes_read(context, right, NSL_HOST_BUFFERS_OR_TEXT, &b)) {
            nsl_gas_charge((a.bytes.size + b.bytes.size) / NSL_HOST_BYTES_equal_bytes);
            answer = JS_NewBool(context, nsl_secret_equal(a.bytes, b.bytes));
            nsl_host_bytes_done(context, &b);
        }
        nsl_host_bytes_done(context, &a);
    }
    JS_FreeValue(context, left);
    JS_FreeValue(context, right);
    return answer;
}
