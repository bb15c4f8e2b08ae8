/*
 * The engine: any bytes as a function's code, with small limits. Whatever it does, the engine answers
 * with an outcome, a waiting call can be resumed or cancelled, and the next call is as it always was.
 */
#include <stdlib.h>
#include <string.h>

#include "enclave/crypto/primitives.h"
#include "enclave/engine/isolate.h"

enum { CODE_MAX = 16384, WAKES = 4 };

static struct nsl_engine *engine;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct nsl_call call_of(nsl_bytes code)
{
    static const struct nsl_secret_value secrets[] = {
        {{(const uint8_t *)"KEY", 3}, {(const uint8_t *)"value", 5}},
    };
    struct nsl_call call = {
        .call_id = 1,
        .code = code,
        .input_json = NSL_TEXT("{\"a\":[1,2,{\"b\":\"c\"}],\"n\":1.5,\"s\":\"text\"}"),
        .function_id = NSL_TEXT("f"),
        .user_id = NSL_TEXT("u"),
        .request_id = NSL_TEXT("r"),
        .start_ms = 1700000000000,
        .secrets = secrets,
        .secret_count = 1,
        .limits = {.gas_units = 300000,
                   .heap_bytes = 2 << 20,
                   .depth_units = 400000,
                   .time_ms = 10000,
                   .result_bytes = 4096,
                   .log_lines = 8,
                   .log_bytes = 1024,
                   .pending_jobs = 64,
                   .pending_host_calls = 4},
    };
    require(nsl_hash_bytes(NSL_HASH_SHA256, code, call.code_hash) == NSL_OK);
    return call;
}

static void require_as_always(void)
{
    struct nsl_call call = call_of(NSL_TEXT("const seen = []; function main(i) { seen.push(i.n);"
                                            " return [seen, Object.keys(globalThis)]; }"));
    struct nsl_outcome outcome;
    require(nsl_engine_run(engine, &call, &outcome) == NSL_OK);
    require(nsl_bytes_equal(outcome.result_json, NSL_TEXT("[[1.5],[\"main\"]]")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > CODE_MAX) {
        return 0;
    }
    if (engine == NULL) {
        require(nsl_engine_new(1 << 20, 1 << 20, &engine) == NSL_OK);
    }
    struct nsl_call call = call_of(nsl_bytes_of(data, size));
    struct nsl_outcome outcome;
    require(nsl_engine_run(engine, &call, &outcome) == NSL_OK);
    for (int i = 0; i < WAKES && outcome.kind == NSL_OUTCOME_PARKED; i++) {
        require(nsl_engine_resume(engine, 1, &outcome) == NSL_OK);
    }
    nsl_engine_cancel(engine, 1);
    require_as_always();
    return 0;
}
