/*
 * What a fresh call costs inside one process: restore, JSON in, main, JSON out, scrub; against making
 * a runtime and a context for each call with the same engine, unhardened.
 *
 * Prints lines "name value unit" for people and one JSON object a line for the harness. All times are
 * medians of single calls, in microseconds.
 */
#include <inttypes.h>
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "enclave/crypto/primitives.h"
#include "enclave/engine/isolate.h"
#include "enclave/engine/meter.h"

enum { WARM_UP = 2000, CALLS = 40000, OTHERS = 3000, FUNCTIONS = 1000, ROUNDS = 5, CODE_MAX = 640 };

static const char readme[] = "function main(input) {\n"
                             "    // Access input values\n"
                             "    const value = input.value;\n"
                             "\n"
                             "    // Use provided API\n"
                             "    const apiKey = getSecret('API_KEY');\n"
                             "\n"
                             "    // Log securely\n"
                             "    log('Processing input: ' + value);\n"
                             "\n"
                             "    // Return result\n"
                             "    return {\n"
                             "        result: value * 2,\n"
                             "        processed: true\n"
                             "    };\n"
                             "}\n";
static const char readme_input[] = "{\"value\": 42}";
static const char readme_result[] = "{\"result\":84,\"processed\":true}";

static double samples[CALLS];

static void check(bool is_right, const char *what)
{
    if (!is_right) {
        fprintf(stderr, "fresh_call: %s\n", what);
        exit(1);
    }
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare_samples(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(size_t count)
{
    qsort(samples, count, sizeof(samples[0]), compare_samples);
    return samples[count / 2];
}

static void print_row(const char *name, double value, const char *unit, const char *against)
{
    printf("{\"name\":\"%s\",\"value\":%.4f,\"unit\":\"%s\",\"against\":\"%s\"}\n", name, value,
           unit, against);
}

static struct nsl_call make_call(const char *code, const char *input)
{
    static const struct nsl_secret_value secrets[] = {
        {{(const uint8_t *)"API_KEY", 7}, {(const uint8_t *)"test_key", 8}},
    };
    struct nsl_call call = {
        .call_id = 1,
        .code = nsl_bytes_text(code),
        .input_json = nsl_bytes_text(input),
        .function_id = NSL_TEXT("test_function"),
        .user_id = NSL_TEXT("test_user"),
        .request_id = NSL_TEXT("0123456789abcdef"),
        .start_ms = INT64_C(1700000000000),
        .secrets = secrets,
        .secret_count = 1,
        .limits = {.gas_units = 100000000,
                   .heap_bytes = 64 << 20,
                   .depth_units = NSL_DEPTH_DEFAULT,
                   .time_ms = 5000,
                   .result_bytes = 1 << 20,
                   .log_lines = 100,
                   .log_bytes = 65536,
                   .pending_jobs = 10000,
                   .pending_host_calls = 64},
    };
    check(nsl_hash_bytes(NSL_HASH_SHA256, call.code, call.code_hash) == NSL_OK, "hash");
    return call;
}

static double one_call(struct nsl_engine *engine, const struct nsl_call *call,
                       struct nsl_outcome *ret_outcome)
{
    double start = now_us();
    nsl_err err = nsl_engine_run(engine, call, ret_outcome);
    double taken = now_us() - start;
    check(err == NSL_OK && ret_outcome->kind == NSL_OUTCOME_DONE, "a call failed");
    return taken;
}

static double fresh_call(struct nsl_engine *engine)
{
    struct nsl_call call = make_call(readme, readme_input);
    struct nsl_outcome outcome;
    for (int i = 0; i < WARM_UP; i++) {
        (void)one_call(engine, &call, &outcome);
    }
    for (size_t i = 0; i < CALLS; i++) {
        samples[i] = one_call(engine, &call, &outcome);
    }
    check(nsl_bytes_equal(outcome.result_json, nsl_bytes_text(readme_result)), "wrong result");
    check(nsl_bytes_equal(outcome.logs, NSL_TEXT("[\"Processing input: 42\"]")), "wrong log");
    return median(CALLS);
}

/* --- The other way: a runtime and a context for each call. */

static JSValue plain_secret(JSContext *context, JSValueConst self, int count, JSValueConst *values)
{
    (void)self;
    (void)count;
    (void)values;
    return JS_NewString(context, "test_key");
}

static JSValue plain_log(JSContext *context, JSValueConst self, int count, JSValueConst *values)
{
    (void)self;
    (void)count;
    JS_FreeCString(context, JS_ToCString(context, values[0]));
    return JS_UNDEFINED;
}

static void plain_run(JSContext *context)
{
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "getSecret",
                      JS_NewCFunction(context, plain_secret, "getSecret", 1));
    JS_SetPropertyStr(context, global, "log", JS_NewCFunction(context, plain_log, "log", 1));
    JS_FreeValue(context, JS_Eval(context, readme, sizeof(readme) - 1, "function.js", 0));
    JSValue function = JS_GetPropertyStr(context, global, "main");
    JSValue input = JS_ParseJSON(context, readme_input, sizeof(readme_input) - 1, "<input>");
    JSValue result = JS_Call(context, function, JS_UNDEFINED, 1, &input);
    JSValue json = JS_JSONStringify(context, result, JS_UNDEFINED, JS_UNDEFINED);
    const char *text = JS_ToCString(context, json);
    check(text != NULL && strcmp(text, readme_result) == 0, "wrong result of the plain context");
    JS_FreeCString(context, text);
    JS_FreeValue(context, json);
    JS_FreeValue(context, result);
    JS_FreeValue(context, input);
    JS_FreeValue(context, function);
    JS_FreeValue(context, global);
}

/* Freeing is not counted: the comparison is generous. */
static double new_context_call(void)
{
    for (size_t i = 0; i < OTHERS; i++) {
        nsl_meter = (struct nsl_meter){.gas_limit = UINT64_MAX,
                                       .heap_limit = UINT64_MAX,
                                       .depth_limit = NSL_DEPTH_DEFAULT,
                                       .depth_fatal = UINT32_MAX,
                                       .jobs_limit = UINT32_MAX};
        double start = now_us();
        JSRuntime *runtime = JS_NewRuntime();
        JSContext *context = JS_NewContext(runtime);
        plain_run(context);
        samples[i] = now_us() - start;
        JS_FreeContext(context);
        JS_FreeRuntime(runtime);
    }
    return median(OTHERS);
}

/* --- A thousand functions in turn. */

static char codes[FUNCTIONS][CODE_MAX];

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    check(file != NULL && fscanf(file, "%*u %lu", &pages) == 1, "/proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The README's function a thousand times, each a little different. */
static double image_kib(struct nsl_engine *engine)
{
    struct nsl_outcome outcome;
    size_t before = 0;
    for (int i = -50; i < FUNCTIONS; i++) {
        char *code = codes[i < 0 ? 0 : i];
        snprintf(code, CODE_MAX, "%s// variant %d\n", readme, i);
        struct nsl_call call = make_call(code, readme_input);
        if (i == 0) {
            before = resident_bytes();
        }
        (void)one_call(engine, &call, &outcome);
    }
    return (double)(resident_bytes() - before) / FUNCTIONS / 1024;
}

static double thousand_functions(struct nsl_engine *engine)
{
    static struct nsl_call calls[FUNCTIONS];
    struct nsl_outcome outcome;
    for (int i = 0; i < FUNCTIONS; i++) {
        snprintf(codes[i], CODE_MAX,
                 "function main(input) {\n"
                 "    const bytes = new Uint8Array(1 << 20).fill(%d);\n"
                 "    return { result: input.value * 2, last: bytes[bytes.length - 1] };\n"
                 "}\n",
                 i & 255);
        snprintf(codes[i] + strlen(codes[i]), CODE_MAX - strlen(codes[i]), "// %d\n", i);
        calls[i] = make_call(codes[i], readme_input);
        (void)one_call(engine, &calls[i], &outcome);
    }
    size_t count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FUNCTIONS; i++) {
            samples[count++] = one_call(engine, &calls[i], &outcome);
            check(!outcome.image_was_cold, "an image was dropped");
            check(outcome.heap_peak_bytes >= 1 << 20, "the heap was not used");
        }
    }
    return median(count);
}

int main(void)
{
    struct nsl_engine *engine = NULL;
    double start = now_us();
    check(nsl_engine_new(UINT64_C(512) << 20, UINT64_C(64) << 20, &engine) == NSL_OK, "no engine");
    double made_us = now_us() - start;
    double call_us = fresh_call(engine);
    struct nsl_engine_statistics statistics;
    nsl_engine_statistics(engine, &statistics);
    double kib = image_kib(engine);
    double thousand_us = thousand_functions(engine);
    nsl_engine_free(engine);
    double context_us = new_context_call();
    printf("engine made in %.1f us\n", made_us);
    printf("base image %.1f KiB, of which a call restores %.1f KiB\n",
           (double)statistics.base_bytes / 1024, (double)statistics.restored_bytes / 1024);
    printf("fresh call %.2f us\n", call_us);
    printf("runtime + context + compile + call %.2f us: %.1f times as much\n", context_us,
           context_us / call_us);
    printf("1,000 functions in turn, 1 MiB of heap each, %.2f us a call\n", thousand_us);
    printf("resident for each idle function %.2f KiB\n", kib);
    print_row("engine.fresh_call_us", call_us, "us", "none");
    print_row("engine.fresh_call_1000_us", thousand_us, "us", "none");
    print_row("engine.fresh_vs_new_context", call_us / context_us, "x",
              "JS_NewRuntime + JS_NewContext + compile + call, same engine, unhardened");
    print_row("engine.image_kib", kib, "KiB", "none");
    return 0;
}
