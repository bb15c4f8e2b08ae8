#include "enclave/engine/script.h"

#include <string.h>

#include "common/base/wipe.h"

static const char file_name[] = "function.js";

/* True when the text has a token that only a module has: `export` or a static `import` at the start
 * of a statement. Decides by compiling, so comments, strings and patterns cannot mislead. */
static JSValue compile_as(struct nsl_call_state *state, const char *text, int type)
{
    return JS_Eval(state->context, text, state->code_text.size, file_name,
                   type | JS_EVAL_FLAG_COMPILE_ONLY);
}

/* Finds the words without regard to where they stand: a quick "surely a script". */
static bool may_be_module(nsl_bytes code)
{
    return memmem(code.data, code.size, "export", 6) != NULL ||
           memmem(code.data, code.size, "import", 6) != NULL ||
           memmem(code.data, code.size, "await", 5) != NULL;
}

/* A script unless it only compiles as a module. When neither compiles, the error is the module's if
 * the text exports something, else the script's. */
static JSValue compile_detecting(struct nsl_call_state *state, const char *text)
{
    JSValue code = compile_as(state, text, JS_EVAL_TYPE_GLOBAL);
    state->is_module = 0;
    if (!JS_IsException(code) || !may_be_module(state->code_text)) {
        return code;
    }
    JSValue script_error = JS_GetException(state->context);
    code = compile_as(state, text, JS_EVAL_TYPE_MODULE);
    bool exports = memmem(text, state->code_text.size, "export", 6) != NULL;
    if (!JS_IsException(code) || exports) {
        JS_FreeValue(state->context, script_error);
        state->is_module = 1;
        return code;
    }
    JS_FreeValue(state->context, JS_GetException(state->context));
    JS_Throw(state->context, script_error);
    return JS_EXCEPTION;
}

bool nsl_script_compile(struct nsl_call_state *state)
{
    char *text = nsl_arena_alloc(state->code_text.size + 1);
    nsl_copy(text, state->code_text.size, state->code_text);
    text[state->code_text.size] = '\0';
    JSValue code = compile_detecting(state, text);
    memset(text, 0, state->code_text.size);
    nsl_arena_free(text);
    state->code_text = (nsl_bytes){0};
    if (JS_IsException(code)) {
        return false;
    }
    state->code = code;
    return true;
}

/* A module without an await is done, or has thrown, when its evaluation returns. */
static bool keep_module_promise(struct nsl_call_state *state, JSValue promise)
{
    JSContext *context = state->context;
    switch (JS_PromiseState(context, promise)) {
    case JS_PROMISE_PENDING:
        state->promise = promise;
        return true;
    case JS_PROMISE_REJECTED:
        JS_PromiseMarkAsHandled(context, promise);
        JS_Throw(context, JS_PromiseResult(context, promise));
        JS_FreeValue(context, promise);
        return false;
    default:
        JS_FreeValue(context, promise);
        return true;
    }
}

bool nsl_script_start(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    if (state->is_module) {
        JSValue promise = JS_EvalFunction(context, JS_DupValue(context, state->code));
        return !JS_IsException(promise) && keep_module_promise(state, promise);
    }
    JSValue code = state->code;
    state->code = JS_UNDEFINED;
    JSValue result = JS_EvalFunction(context, code);
    if (JS_IsException(result)) {
        return false;
    }
    JS_FreeValue(context, result);
    return true;
}

static JSValue module_default(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    JSValue exports = JS_GetModuleNamespace(context, JS_VALUE_GET_PTR(state->code));
    JSValue found = JS_GetPropertyStr(context, exports, "default");
    if (!JS_IsException(found) && !JS_IsFunction(context, found)) {
        JS_FreeValue(context, found);
        found = JS_GetPropertyStr(context, exports, "main");
    }
    JS_FreeValue(context, exports);
    return found;
}

bool nsl_script_find_main(struct nsl_call_state *state)
{
    JSContext *context = state->context;
    JSValue found = state->is_module
                        ? module_default(state)
                        : JS_EvalFunction(context, JS_DupValue(context, state->find_main));
    if (JS_IsException(found)) {
        return false;
    }
    if (!JS_IsFunction(context, found)) {
        JS_FreeValue(context, found);
        JS_ThrowPlainError(context, "No main function defined");
        return false;
    }
    state->main = found;
    return true;
}
