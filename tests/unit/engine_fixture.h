/* An engine for a test program, and one line to run a function in it. */
#ifndef NSL_TESTS_ENGINE_FIXTURE_H
#define NSL_TESTS_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "enclave/crypto/primitives.h"
#include "enclave/engine/isolate.h"

static struct nsl_engine *engine;

static inline int engine_setup(void **state)
{
    (void)state;
    return nsl_engine_new(UINT64_C(64) << 20, UINT64_C(64) << 20, &engine) == NSL_OK ? 0 : -1;
}

static inline int engine_teardown(void **state)
{
    (void)state;
    nsl_engine_free(engine);
    engine = NULL;
    return 0;
}

static const struct nsl_secret_value fixture_secrets[] = {
    {{(const uint8_t *)"API_KEY", 7}, {(const uint8_t *)"test_key", 8}},
    {{(const uint8_t *)"OTHER", 5}, {(const uint8_t *)"\xc3\xa9", 2}},
};

/* A call with generous limits; the code's text must outlive it. */
static inline struct nsl_call fixture_call(const char *code, const char *input)
{
    struct nsl_call call = {
        .call_id = 1,
        .code = nsl_bytes_text(code),
        .input_json = nsl_bytes_text(input),
        .function_id = nsl_bytes_text("function-1"),
        .user_id = nsl_bytes_text("user-1"),
        .request_id = nsl_bytes_text("request-1"),
        .start_ms = INT64_C(1700000000123),
        .secrets = fixture_secrets,
        .secret_count = 2,
        .limits = {.gas_units = 100000000,
                   .heap_bytes = 64 << 20,
                   .depth_units = 4000000,
                   .time_ms = 20000,
                   .result_bytes = 1 << 20,
                   .log_lines = 100,
                   .log_bytes = 65536,
                   .pending_jobs = 10000,
                   .pending_host_calls = 64},
    };
    nsl_engine_take_signal(engine); /* cmocka has it by now */
    memset(call.entropy, 7, sizeof(call.entropy));
    assert_int_equal(nsl_primitives_setup(), NSL_OK);
    assert_int_equal(nsl_hash_bytes(NSL_HASH_SHA256, call.code, call.code_hash), NSL_OK);
    return call;
}

static inline void fixture_run(const struct nsl_call *call, struct nsl_outcome *ret_outcome)
{
    assert_int_equal(nsl_engine_run(engine, call, ret_outcome), NSL_OK);
}

/* Runs to the end, resuming at once whatever waits. */
static inline struct nsl_outcome run_function(const char *code, const char *input)
{
    struct nsl_call call = fixture_call(code, input);
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    for (int wakes = 0; outcome.kind == NSL_OUTCOME_PARKED && wakes < 1000; wakes++) {
        assert_int_equal(nsl_engine_resume(engine, call.call_id, &outcome), NSL_OK);
    }
    return outcome;
}

static inline void assert_bytes(nsl_bytes bytes, const char *expected)
{
    if (!nsl_bytes_equal(bytes, nsl_bytes_text(expected))) {
        fail_msg("expected %s\n         got %.*s", expected, (int)bytes.size,
                 (const char *)bytes.data);
    }
}

static inline void assert_contains(nsl_bytes bytes, const char *part)
{
    if (memmem(bytes.data, bytes.size, part, strlen(part)) == NULL) {
        fail_msg("%.*s does not contain %s", (int)bytes.size, (const char *)bytes.data, part);
    }
}

static inline void assert_kind(const struct nsl_outcome *outcome, enum nsl_outcome_kind kind)
{
    if (outcome->kind != kind) {
        fail_msg("kind %d instead of %d: %.*s: %.*s", (int)outcome->kind, (int)kind,
                 (int)outcome->error.type.size, (const char *)outcome->error.type.data,
                 (int)outcome->error.message.size, (const char *)outcome->error.message.data);
    }
}

static inline void assert_result(const char *code, const char *input, const char *expected)
{
    struct nsl_outcome outcome = run_function(code, input);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_bytes(outcome.result_json, expected);
}

static inline struct nsl_outcome assert_throws(const char *code, const char *input,
                                               const char *type, const char *message)
{
    struct nsl_outcome outcome = run_function(code, input);
    assert_kind(&outcome, NSL_OUTCOME_THROWN);
    assert_bytes(outcome.error.type, type);
    assert_contains(outcome.error.message, message);
    return outcome;
}

static inline void assert_exhausted(const struct nsl_call *call, const char *type)
{
    struct nsl_outcome outcome;
    fixture_run(call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_EXHAUSTED);
    assert_bytes(outcome.error.type, type);
}

/* The engine is as good as new: a call gives what it always gave, and saw nothing of the last one. */
static inline void assert_clean(void)
{
    assert_result(
        "function main() { return [typeof leaked, typeof globalThis.leaked, ({}).leaked ?? 0,"
        " [1, 2].map((x) => x * 2), Object.keys(globalThis).length]; }",
        "", "[\"undefined\",\"undefined\",0,[2,4],1]");
}

#endif
