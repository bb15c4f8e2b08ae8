/* structuredClone, TextEncoder and TextDecoder, from WinterTC's minimum common API. The engine itself
 * has queueMicrotask, atob and btoa. */
#include <string.h>

#include "common/base/utf8.h"
#include "common/base/wipe.h"
#include "enclave/engine/host_bytes.h"
#include "enclave/engine/host_web.h"
#include "enclave/engine/meter.h"

/* Through the engine's own writer and reader: plain data, dates, maps, buffers; no functions. */
JSValue nsl_host_clone(JSContext *context, JSValueConst self, int argument_count,
                       JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    size_t size = 0;
    uint8_t *written = JS_WriteObject(context, &size, arguments[0], JS_WRITE_OBJ_REFERENCE);
    if (written == NULL) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(size / NSL_HOST_BYTES_clone);
    JSValue copy = JS_ReadObject(context, written, size, JS_READ_OBJ_REFERENCE);
    js_free(context, written);
    return copy;
}

JSValue nsl_host_text_encode(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)self;
    (void)argument_count;
    nsl_bytes text = {0};
    if (JS_IsUndefined(arguments[0])) {
        return JS_NewUint8ArrayCopy(context, NULL, 0);
    }
    const char *held = nsl_host_text(context, arguments[0], &text);
    if (held == NULL) {
        return JS_EXCEPTION;
    }
    nsl_gas_charge(text.size / NSL_HOST_BYTES_text_encode);
    JSValue bytes = JS_NewUint8ArrayCopy(context, text.data, text.size);
    JS_FreeCString(context, held);
    return bytes;
}

static JSClassID decoder_class; /* the same in every engine */

/* What a TextDecoder was made with, as its opaque pointer's bits. */
enum decoder_flags { DECODER_FATAL = 1, DECODER_KEEP_BOM = 2 };

static const JSClassDef decoder_definition = {.class_name = "TextDecoder"};

static bool read_flag(JSContext *context, JSValueConst options, const char *name, int flag,
                      uintptr_t *flags)
{
    JSValue value = JS_IsObject(options) ? JS_GetPropertyStr(context, options, name) : JS_UNDEFINED;
    if (JS_IsException(value)) {
        return false;
    }
    *flags |= JS_ToBool(context, value) > 0 ? (uintptr_t)flag : 0;
    JS_FreeValue(context, value);
    return true;
}

static bool is_utf8_label(JSContext *context, JSValueConst label)
{
    if (JS_IsUndefined(label)) {
        return true;
    }
    nsl_bytes text = {0};
    const char *held = nsl_host_text(context, label, &text);
    if (held == NULL) {
        return false;
    }
    bool is_known = strcasecmp(held, "utf-8") == 0 || strcasecmp(held, "utf8") == 0 ||
                    strcasecmp(held, "unicode-1-1-utf-8") == 0;
    if (!is_known) {
        JS_ThrowRangeError(context, "TextDecoder decodes utf-8 only, not '%s'", held);
    }
    JS_FreeCString(context, held);
    return is_known;
}

static JSValue decoder_new(JSContext *context, JSValueConst target, int count,
                           JSValueConst *arguments)
{
    (void)count;
    uintptr_t flags = 0;
    if (!is_utf8_label(context, arguments[0]) ||
        !read_flag(context, arguments[1], "fatal", DECODER_FATAL, &flags) ||
        !read_flag(context, arguments[1], "ignoreBOM", DECODER_KEEP_BOM, &flags)) {
        return JS_EXCEPTION;
    }
    JSValue prototype = JS_GetPropertyStr(context, target, "prototype");
    JSValue decoder = JS_NewObjectProtoClass(context, prototype, decoder_class);
    JS_FreeValue(context, prototype);
    if (!JS_IsException(decoder)) {
        JS_SetOpaque(decoder, (void *)(flags << 1 | 1));
    }
    return decoder;
}

static JSValue encoder_new(JSContext *context, JSValueConst target, int count,
                           JSValueConst *arguments)
{
    (void)count;
    (void)arguments;
    JSValue prototype = JS_GetPropertyStr(context, target, "prototype");
    JSValue encoder = JS_NewObjectProto(context, prototype);
    JS_FreeValue(context, prototype);
    return encoder;
}

static bool decoder_has(JSValueConst self, int flag)
{
    uintptr_t opaque = (uintptr_t)JS_GetOpaque(self, decoder_class);
    return (opaque >> 1 & (uintptr_t)flag) != 0;
}

static JSValue decoder_flag(JSContext *context, JSValueConst self, int flag)
{
    return JS_NewBool(context, decoder_has(self, flag));
}

static JSValue encoding_name(JSContext *context, JSValueConst self)
{
    (void)self;
    return JS_NewString(context, "utf-8");
}

/* UTF-8 with each malformed part replaced (WHATWG Encoding 4.9.1: U+FFFD for each maximal start). */
static JSValue decode_lossy(JSContext *context, nsl_bytes bytes)
{
    uint8_t *text = js_malloc(context, bytes.size * 3 + 1);
    size_t to = 0;
    size_t from = 0;
    while (from < bytes.size) {
        nsl_bytes rest = nsl_bytes_of(bytes.data + from, bytes.size - from);
        size_t valid = nsl_utf8_valid_size(rest);
        if (valid > 0) {
            nsl_copy(text + to, bytes.size * 3 - to, nsl_bytes_of(rest.data, valid));
            to += valid;
            from += valid;
            continue;
        }
        nsl_copy(text + to, bytes.size * 3 - to, NSL_TEXT("\xef\xbf\xbd"));
        to += 3;
        from += nsl_host_malformed_size(rest);
    }
    JSValue value = JS_NewStringLen(context, (const char *)text, to);
    js_free(context, text);
    return value;
}

size_t nsl_host_malformed_size(nsl_bytes text)
{
    uint8_t first = text.data[0];
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    size_t needed = first >= 0xc2 && first <= 0xdf   ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 1;
    size_t size = 1;
    while (size < needed && size < text.size && text.data[size] >= low && text.data[size] <= high) {
        size++;
        low = 0x80;
        high = 0xbf;
    }
    return size;
}

JSValue nsl_host_text_decode(JSContext *context, JSValueConst self, int argument_count,
                             JSValueConst *arguments)
{
    (void)argument_count;
    struct nsl_host_bytes source;
    if (JS_IsUndefined(arguments[0])) {
        return JS_NewString(context, "");
    }
    if (!nsl_host_bytes_read(context, arguments[0], NSL_HOST_BUFFERS_ONLY, &source)) {
        return JS_EXCEPTION;
    }
    nsl_bytes bytes = source.bytes;
    nsl_gas_charge(bytes.size / NSL_HOST_BYTES_text_decode);
    bool is_valid = nsl_utf8_is_valid(bytes);
    if (!is_valid && decoder_has(self, DECODER_FATAL)) {
        return JS_ThrowTypeError(context, "The encoded data is not valid utf-8");
    }
    if (!decoder_has(self, DECODER_KEEP_BOM) && bytes.size >= 3 &&
        nsl_bytes_equal(nsl_bytes_of(bytes.data, 3), NSL_TEXT("\xef\xbb\xbf"))) {
        bytes = nsl_bytes_of(bytes.data + 3, bytes.size - 3);
    }
    return is_valid ? JS_NewStringLen(context, (const char *)bytes.data, bytes.size)
                    : decode_lossy(context, bytes);
}

static const JSCFunctionListEntry encoder_extra[] = {
    JS_CGETSET_DEF("encoding", encoding_name, NULL),
};

static const JSCFunctionListEntry decoder_extra[] = {
    JS_CGETSET_DEF("encoding", encoding_name, NULL),
    JS_CGETSET_MAGIC_DEF("fatal", decoder_flag, NULL, DECODER_FATAL),
    JS_CGETSET_MAGIC_DEF("ignoreBOM", decoder_flag, NULL, DECODER_KEEP_BOM),
};

static JSValue class_make(JSContext *context, const char *name, JSCFunction *make, int length,
                          JSValue prototype)
{
    JSValue constructor = JS_NewCFunction2(context, make, name, length, JS_CFUNC_constructor, 0);
    JS_SetConstructor(context, constructor, prototype);
    JS_FreeValue(context, prototype);
    return constructor;
}

JSValue nsl_host_encoder_class(JSContext *context, JSValue prototype)
{
    JS_SetPropertyFunctionList(context, prototype, encoder_extra, 1);
    return class_make(context, "TextEncoder", encoder_new, 0, prototype);
}

JSValue nsl_host_decoder_class(JSContext *context, JSValue prototype)
{
    JSRuntime *runtime = JS_GetRuntime(context);
    decoder_class = JS_INVALID_CLASS_ID;
    JS_NewClassID(runtime, &decoder_class);
    if (JS_NewClass(runtime, decoder_class, &decoder_definition) < 0) {
        return JS_EXCEPTION;
    }
    JS_SetPropertyFunctionList(context, prototype, decoder_extra, 3);
    return class_make(context, "TextDecoder", decoder_new, 2, prototype);
}
