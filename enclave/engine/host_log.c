/* log() and console.*: lines of the call's log. */
#include "enclave/engine/host.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/text.h"

void nsl_log_add(struct nsl_call_state *state, nsl_bytes prefix, nsl_bytes text)
{
    struct nsl_log *kept = &state->lines;
    size_t room =
        state->limits.log_bytes > kept->text.size ? state->limits.log_bytes - kept->text.size : 0;
    nsl_gas_charge((prefix.size + text.size) / NSL_HOST_BYTES_log_plain);
    if (kept->lines >= state->limits.log_lines || prefix.size + text.size > room) {
        kept->dropped++;
        return;
    }
    struct nsl_text line = {0};
    nsl_text_add(&line, prefix);
    nsl_text_add(&line, text);
    if (kept->lines > 0) {
        nsl_text_add(&kept->text, NSL_TEXT(","));
    }
    nsl_text_add_json(&kept->text, nsl_text_bytes(&line));
    nsl_arena_free(line.data);
    kept->lines++;
    kept->whole_bytes = kept->text.size;
}

/* What a logged value looks like: strings as they are, objects as JSON, errors as their text. */
static JSValue value_shown(JSContext *context, JSValueConst value)
{
    if (!JS_IsObject(value) || JS_IsError(value) || JS_IsFunction(context, value)) {
        return JS_IsSymbol(value) ? JS_NewString(context, "Symbol()") : JS_ToString(context, value);
    }
    JSValue json = JS_JSONStringify(context, value, JS_UNDEFINED, JS_UNDEFINED);
    if (JS_IsString(json)) {
        return json;
    }
    if (JS_IsException(json)) {
        JS_FreeValue(context, JS_GetException(context));
    }
    return JS_ToString(context, value);
}

static JSValue log_values(JSContext *context, nsl_bytes prefix, int count, JSValueConst *values)
{
    struct nsl_text line = {0};
    bool is_cut = false;
    for (int i = 0; i < count; i++) {
        JSValue shown = value_shown(context, values[i]);
        nsl_bytes text = {0};
        const char *held = JS_IsException(shown) ? NULL : nsl_host_text(context, shown, &text);
        JS_FreeValue(context, shown);
        if (held == NULL) {
            nsl_arena_free(line.data);
            return JS_EXCEPTION;
        }
        nsl_gas_charge(text.size / NSL_HOST_BYTES_log_plain);
        if (i > 0) {
            nsl_text_add(&line, NSL_TEXT(" "));
        }
        if (line.size + text.size <= nsl_call_state()->limits.log_bytes) {
            nsl_text_add(&line, text);
        } else {
            is_cut = true;
        }
        JS_FreeCString(context, held);
    }
    if (is_cut) {
        nsl_call_state()->lines.dropped++;
    } else {
        nsl_log_add(nsl_call_state(), prefix, nsl_text_bytes(&line));
    }
    nsl_arena_free(line.data);
    return JS_UNDEFINED;
}

JSValue nsl_host_log_plain(JSContext *context, JSValueConst self, int argument_count,
                           JSValueConst *arguments)
{
    (void)self;
    return log_values(context, NSL_TEXT(""), argument_count, arguments);
}

JSValue nsl_host_log_info(JSContext *context, JSValueConst self, int argument_count,
                          JSValueConst *arguments)
{
    (void)self;
    return log_values(context, NSL_TEXT("[INFO] "), argument_count, arguments);
}

JSValue nsl_host_log_warn(JSContext *context, JSValueConst self, int argument_count,
                          JSValueConst *arguments)
{
    (void)self;
    return log_values(context, NSL_TEXT("[WARN] "), argument_count, arguments);
}

JSValue nsl_host_log_error(JSContext *context, JSValueConst self, int argument_count,
                           JSValueConst *arguments)
{
    (void)self;
    return log_values(context, NSL_TEXT("[ERROR] "), argument_count, arguments);
}

JSValue nsl_host_log_debug(JSContext *context, JSValueConst self, int argument_count,
                           JSValueConst *arguments)
{
    (void)self;
    return log_values(context, NSL_TEXT("[DEBUG] "), argument_count, arguments);
}
