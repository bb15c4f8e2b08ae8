#include "enclave/engine/host_bytes.h"

/* The part of a buffer a view shows, never more than the buffer has. */
static bool read_part(JSContext *context, JSValueConst buffer, uint64_t offset, uint64_t length,
                      struct nsl_host_bytes *ret_bytes)
{
    size_t size = 0;
    uint8_t *data = JS_GetArrayBuffer(context, &size, buffer);
    if (data == NULL && size == 0 && JS_HasException(context)) {
        return false;
    }
    if (offset > size) {
        offset = size;
    }
    if (length > size - offset) {
        length = size - offset;
    }
    ret_bytes->writable = data == NULL ? NULL : data + offset;
    ret_bytes->bytes = nsl_bytes_of(ret_bytes->writable, (size_t)length);
    return true;
}

static bool read_typed_array(JSContext *context, JSValueConst value,
                             struct nsl_host_bytes *ret_bytes)
{
    size_t offset = 0;
    size_t length = 0;
    JSValue buffer = JS_GetTypedArrayBuffer(context, value, &offset, &length, NULL);
    if (JS_IsException(buffer)) {
        return false;
    }
    bool is_read = read_part(context, buffer, offset, length, ret_bytes);
    JS_FreeValue(context, buffer); /* the view holds it */
    return is_read;
}

/* What the prototype's own getter says: a native, which own properties of the view cannot replace. */
static JSValue view_get(JSContext *context, JSValueConst view, const char *name)
{
    JSValue prototype = JS_GetClassProto(context, JS_GetClassID(view));
    JSAtom atom = JS_NewAtom(context, name);
    JSPropertyDescriptor descriptor;
    JSValue value = JS_UNDEFINED;
    if (JS_GetOwnProperty(context, &descriptor, prototype, atom) > 0) {
        value = JS_Call(context, descriptor.getter, view, 0, NULL);
        JS_FreeValue(context, descriptor.value);
        JS_FreeValue(context, descriptor.getter);
        JS_FreeValue(context, descriptor.setter);
    }
    JS_FreeAtom(context, atom);
    JS_FreeValue(context, prototype);
    return value;
}

static bool view_get_number(JSContext *context, JSValueConst view, const char *name,
                            uint64_t *ret_number)
{
    JSValue value = view_get(context, view, name);
    int64_t number = 0;
    bool is_read = JS_IsNumber(value) && JS_ToInt64(context, &number, value) == 0;
    JS_FreeValue(context, value);
    *ret_number = number < 0 ? 0 : (uint64_t)number;
    return is_read;
}

static bool read_data_view(JSContext *context, JSValueConst value, struct nsl_host_bytes *ret_bytes)
{
    uint64_t offset = 0;
    uint64_t length = 0;
    if (!view_get_number(context, value, "byteOffset", &offset) ||
        !view_get_number(context, value, "byteLength", &length)) {
        return false;
    }
    JSValue buffer = view_get(context, value, "buffer");
    bool is_read = !JS_IsException(buffer) && read_part(context, buffer, offset, length, ret_bytes);
    JS_FreeValue(context, buffer);
    return is_read;
}

JSValue nsl_host_bytes_prepare(JSContext *context, JSValueConst value)
{
    if (JS_IsArrayBuffer(value) || JS_GetTypedArrayType(value) >= 0 || JS_IsDataView(value)) {
        return JS_DupValue(context, value);
    }
    return JS_ToString(context, value);
}

bool nsl_host_bytes_read(JSContext *context, JSValueConst value, enum nsl_host_bytes_kinds kinds,
                         struct nsl_host_bytes *ret_bytes)
{
    *ret_bytes = (struct nsl_host_bytes){0};
    if (JS_IsArrayBuffer(value)) {
        return read_part(context, value, 0, UINT64_MAX, ret_bytes);
    }
    if (JS_GetTypedArrayType(value) >= 0) {
        return read_typed_array(context, value, ret_bytes);
    }
    if (JS_IsDataView(value)) {
        return read_data_view(context, value, ret_bytes);
    }
    if (kinds == NSL_HOST_BUFFERS_ONLY) {
        JS_ThrowTypeError(context, "expected an ArrayBuffer, a typed array or a DataView");
        return false;
    }
    ret_bytes->text = nsl_host_text(context, value, &ret_bytes->bytes);
    return ret_bytes->text != NULL;
}

void nsl_host_bytes_done(JSContext *context, struct nsl_host_bytes *bytes)
{
    if (bytes->text != NULL) {
        JS_FreeCString(context, bytes->text);
    }
    *bytes = (struct nsl_host_bytes){0};
}

JSValue nsl_host_hex(JSContext *context, nsl_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = js_malloc(context, bytes.size * 2 + 1);
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    JSValue value = JS_NewStringLen(context, text, bytes.size * 2);
    js_free(context, text);
    return value;
}

JSValue nsl_host_base64(JSContext *context, nsl_bytes bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (bytes.size + 2) / 3 * 4;
    char *text = js_malloc(context, size + 1);
    for (size_t i = 0, to = 0; i < bytes.size; i += 3, to += 4) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        text[to] = digits[group >> 18];
        text[to + 1] = digits[group >> 12 & 63];
        text[to + 2] = left > 1 ? digits[group >> 6 & 63] : '=';
        text[to + 3] = left > 2 ? digits[group & 63] : '=';
    }
    JSValue value = JS_NewStringLen(context, text, size);
    js_free(context, text);
    return value;
}

bool nsl_host_count(JSContext *context, JSValueConst value, const char *what, uint64_t max,
                    uint64_t *ret_count)
{
    double number = 0;
    if (JS_ToFloat64(context, &number, value) < 0) {
        return false;
    }
    if (!(number >= 0 && number <= (double)max) || number != (double)(uint64_t)number) {
        JS_ThrowRangeError(context, "%s must be a whole number from 0 to %llu", what,
                           (unsigned long long)max);
        return false;
    }
    *ret_count = (uint64_t)number;
    return true;
}
