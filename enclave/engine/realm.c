#include "enclave/engine/realm.h"

#include <string.h>

#include "enclave/engine/host.h"
#include "enclave/engine/meter.h"

static void *runtime_calloc(void *opaque, size_t count, size_t size)
{
    (void)opaque;
    return nsl_arena_alloc_zero(count * size); /* the engine has checked the product */
}

static void *runtime_malloc(void *opaque, size_t size)
{
    (void)opaque;
    return nsl_arena_alloc(size);
}

static void runtime_free(void *opaque, void *block)
{
    (void)opaque;
    nsl_arena_free(block);
}

static void *runtime_realloc(void *opaque, void *block, size_t size)
{
    (void)opaque;
    return nsl_arena_realloc(block, size);
}

static const JSMallocFunctions runtime_memory = {
    .js_calloc = runtime_calloc,
    .js_malloc = runtime_malloc,
    .js_free = runtime_free,
    .js_realloc = runtime_realloc,
    .js_malloc_usable_size = nsl_arena_usable,
};

static JSModuleDef *refuse_import(JSContext *context, const char *name, void *opaque,
                                  JSValueConst attributes)
{
    (void)opaque;
    (void)attributes;
    JS_ThrowReferenceError(context, "Cannot import '%s': a function is one file", name);
    return NULL;
}

/* Names are kept as written: there is nothing to resolve against. */
static char *keep_name(JSContext *context, const char *base, const char *name, void *opaque)
{
    (void)base;
    (void)opaque;
    return js_strdup(context, name);
}

/* Answers the script's main wherever it is declared, as var, function, let, const or class. */
static const char find_main_source[] = "typeof main === 'undefined' ? undefined : main";

static nsl_err compile_find_main(struct nsl_call_state *state)
{
    state->find_main = JS_Eval(state->context, find_main_source, sizeof(find_main_source) - 1,
                               "<main>", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    return JS_IsException(state->find_main) ? NSL_ERR_ENGINE : NSL_OK;
}

nsl_err nsl_realm_build(void)
{
    struct nsl_call_state *state = nsl_call_state();
    memset(state, 0, sizeof(*state));
    state->runtime = JS_NewRuntime2(&runtime_memory, NULL);
    state->context = state->runtime == NULL ? NULL : JS_NslNewRealm(state->runtime);
    if (state->context == NULL) {
        return NSL_ERR_ENGINE;
    }
    JS_SetModuleLoaderFunc2(state->runtime, keep_name, refuse_import, NULL, NULL);
    state->code = JS_UNDEFINED;
    state->main = JS_UNDEFINED;
    state->input = JS_UNDEFINED;
    state->promise = JS_UNDEFINED;
    NSL_TRY(compile_find_main(state));
    NSL_TRY(nsl_host_add(state->context));
    JS_NslSetCodeGeneration(state->context, false);
    JS_RunGC(state->runtime);
    JS_NslKeep(state->runtime);
    state->image_heap = nsl_meter.heap_used;
    state->start_heap = nsl_meter.heap_used;
    state->start_peak = nsl_meter.heap_used;
    return NSL_OK;
}
