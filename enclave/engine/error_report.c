#include "enclave/engine/error_report.h"

#include <string.h>

#include "enclave/engine/host.h"
#include "enclave/engine/text.h"

enum { TEXT_MAX = 16384 }; /* bytes of message and of stack that are kept */

/* Cuts at a character's start. */
static nsl_bytes cut(nsl_bytes text)
{
    if (text.size <= TEXT_MAX) {
        return text;
    }
    size_t size = TEXT_MAX;
    while (size > 0 && (text.data[size] & 0xc0) == 0x80) {
        size--;
    }
    return nsl_bytes_of(text.data, size);
}

/* Adds the value's text; nothing when converting throws. */
static void add_value(JSContext *context, JSValueConst value, struct nsl_text *text)
{
    nsl_bytes bytes = {0};
    const char *held = NULL;
    if (!JS_IsSymbol(value)) {
        held = nsl_host_text(context, value, &bytes);
    }
    if (held == NULL) {
        JS_FreeValue(context, JS_GetException(context));
        return;
    }
    nsl_text_add(text, cut(bytes));
    JS_FreeCString(context, held);
}

static void add_property(JSContext *context, JSValueConst object, const char *name,
                         struct nsl_text *text)
{
    JSValue value = JS_GetPropertyStr(context, object, name);
    if (JS_IsException(value)) {
        JS_FreeValue(context, JS_GetException(context));
        return;
    }
    if (!JS_IsUndefined(value)) {
        add_value(context, value, text);
    }
    JS_FreeValue(context, value);
}

/* The digits at `at`, and where they end. */
static const char *read_number(const char *at, const char *end, uint32_t *ret_number)
{
    uint32_t number = 0;
    while (at < end && *at >= '0' && *at <= '9' && number < 100000000) {
        number = number * 10 + (uint32_t)(*at++ - '0');
    }
    *ret_number = number;
    return at;
}

/* The position in the function's own file that the stack names first. */
static void find_position(struct nsl_call_error *error)
{
    static const char mark[] = "function.js:";
    const char *end = error->stack.data + error->stack.size;
    const char *at = error->stack.size == 0
                         ? NULL
                         : memmem(error->stack.data, error->stack.size, mark, sizeof(mark) - 1);
    if (at == NULL) {
        return;
    }
    at = read_number(at + sizeof(mark) - 1, end, &error->line);
    if (at < end && *at == ':') {
        read_number(at + 1, end, &error->column);
    }
}

static void report_error(JSContext *context, JSValueConst thrown, struct nsl_call_error *error)
{
    add_property(context, thrown, "name", &error->type);
    add_property(context, thrown, "message", &error->message);
    add_property(context, thrown, "stack", &error->stack);
    if (error->type.size == 0) {
        nsl_text_add(&error->type, NSL_TEXT("Error"));
    }
}

/* Something else was thrown: as JSON when it is an object, else as text. */
static void report_value(JSContext *context, JSValueConst thrown, struct nsl_call_error *error)
{
    nsl_text_add(&error->type, NSL_TEXT("Error"));
    nsl_text_add(&error->message, NSL_TEXT("Uncaught "));
    if (JS_IsObject(thrown)) {
        JSValue json = JS_JSONStringify(context, thrown, JS_UNDEFINED, JS_UNDEFINED);
        if (JS_IsString(json)) {
            add_value(context, json, &error->message);
            JS_FreeValue(context, json);
            return;
        }
        JS_FreeValue(context, JS_GetException(context));
        JS_FreeValue(context, json);
    }
    add_value(context, thrown, &error->message);
}

static bool has_text(JSContext *context, JSValueConst object, const char *name)
{
    JSValue value = JS_GetPropertyStr(context, object, name);
    if (JS_IsException(value)) {
        JS_FreeValue(context, JS_GetException(context));
        return false;
    }
    bool is_text = JS_IsString(value);
    JS_FreeValue(context, value);
    return is_text;
}

/* An Error, or what looks like one: DOMException is not an Error to the engine. */
static bool is_error_like(JSContext *context, JSValueConst thrown)
{
    return JS_IsError(thrown) || (JS_IsObject(thrown) && has_text(context, thrown, "name") &&
                                  has_text(context, thrown, "message"));
}

void nsl_error_report(JSContext *context, struct nsl_call_error *ret_error)
{
    JSValue thrown = JS_GetException(context);
    *ret_error = (struct nsl_call_error){0};
    if (is_error_like(context, thrown)) {
        report_error(context, thrown, ret_error);
    } else {
        report_value(context, thrown, ret_error);
    }
    find_position(ret_error);
    JS_FreeValue(context, thrown);
}
