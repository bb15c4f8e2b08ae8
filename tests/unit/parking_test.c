/* Calls that wait: saved, resumed in any order, forgotten, limited. */
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

static const char waiting[] =
    "async function main(input) { const start = Date.now(); log('before ' + input);"
    " const value = await new Promise((resolve) => setTimeout(resolve, 2000, input * 2));"
    " log('after ' + value); return [value, Date.now() - start, getSecret('API_KEY'),"
    " context.requestId, globalThis.input]; }";

static struct nsl_outcome start(uint64_t call_id, const char *code, const char *input)
{
    struct nsl_call call = fixture_call(code, input);
    struct nsl_outcome outcome;
    call.call_id = call_id;
    fixture_run(&call, &outcome);
    return outcome;
}

static struct nsl_outcome resume(uint64_t call_id)
{
    struct nsl_outcome outcome;
    assert_int_equal(nsl_engine_resume(engine, call_id, &outcome), NSL_OK);
    return outcome;
}

static uint64_t parked_bytes(void)
{
    struct nsl_engine_statistics statistics;
    nsl_engine_statistics(engine, &statistics);
    return statistics.parked_bytes;
}

static void a_call_waits_and_goes_on(void **state)
{
    (void)state;
    struct nsl_outcome outcome = start(7, waiting, "21");
    assert_kind(&outcome, NSL_OUTCOME_PARKED);
    assert_int_equal(outcome.wait_ns, UINT64_C(2000000000));
    assert_in_range(parked_bytes(), 500, 20000);
    uint64_t gas_before = outcome.gas_used;
    assert_clean();
    outcome = resume(7);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_bytes(outcome.result_json, "[42,0,\"test_key\",\"request-1\",21]");
    assert_bytes(outcome.logs, "[\"before 21\",\"after 42\"]");
    assert_true(outcome.gas_used > gas_before + 1000);
    assert_int_equal(parked_bytes(), 0);
    assert_int_equal(nsl_engine_resume(engine, 7, &outcome), NSL_ERR_NOT_FOUND);
}

static void many_calls_wait_at_once_and_answer_in_any_order(void **state)
{
    (void)state;
    enum { CALLS = 500 };
    for (uint64_t id = 0; id < CALLS; id++) {
        char input[16];
        snprintf(input, sizeof(input), "%d", (int)id);
        struct nsl_outcome outcome = start(id, waiting, input);
        assert_kind(&outcome, NSL_OUTCOME_PARKED);
    }
    assert_true(parked_bytes() < CALLS * 20000);
    for (uint64_t i = 0; i < CALLS; i++) {
        uint64_t id = i * 211 % CALLS;
        char expected[64];
        snprintf(expected, sizeof(expected), "[%d,0,\"test_key\",\"request-1\",%d]", (int)id * 2,
                 (int)id);
        struct nsl_outcome outcome = resume(id);
        assert_bytes(outcome.result_json, expected);
    }
    assert_int_equal(parked_bytes(), 0);
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    (void)state;
    assert_result(
        "const seen = []; async function main() {"
        " setTimeout(() => seen.push('c'), 30); setTimeout(() => seen.push('a'), 10);"
        " setTimeout(() => seen.push('b1'), 20); setTimeout(() => seen.push('b2'), 20);"
        " const gone = setTimeout(() => seen.push('never'), 15); clearTimeout(gone);"
        " setTimeout(() => seen.push('zero'), 0); queueMicrotask(() => seen.push('micro'));"
        " await new Promise((r) => setTimeout(r, 40)); return seen; }",
        "", "[\"micro\",\"zero\",\"a\",\"b1\",\"b2\",\"c\"]");
}

static void an_interval_repeats_until_cleared(void **state)
{
    (void)state;
    assert_result("async function main() { let n = 0; await new Promise((resolve) => {"
                  " const id = setInterval((step) => { n += step; if (n >= 6) { clearInterval(id);"
                  " resolve(); } }, 100, 2); }); return n; }",
                  "", "6");
}

static void a_wait_of_nothing_does_not_park(void **state)
{
    (void)state;
    struct nsl_outcome outcome = start(1,
                                       "async function main() { for (let i = 0; i < 5; i++)"
                                       " await new Promise((r) => setTimeout(r)); return 1; }",
                                       "");
    assert_kind(&outcome, NSL_OUTCOME_DONE);
}

static void timers_left_over_are_dropped(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        start(1, "function main() { setTimeout(() => log('late'), 5); return 1; }", "");
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_bytes(outcome.result_json, "1");
    assert_bytes(outcome.logs, "[]");
}

static void a_call_that_nothing_can_wake_is_an_error(void **state)
{
    (void)state;
    assert_throws("function main() { return new Promise(() => {}); }", "", "TypeError",
                  "Function never completed");
    assert_throws("await new Promise(() => {}); export default () => 1;", "", "TypeError",
                  "Function never completed");
}

static void a_modules_top_level_may_wait(void **state)
{
    (void)state;
    assert_result("const v = await new Promise((r) => setTimeout(r, 50, 5));"
                  " export default (i) => v + i;",
                  "1", "6");
}

static void a_timer_that_throws_ends_the_call(void **state)
{
    (void)state;
    assert_throws("async function main() { setTimeout(() => { throw new RangeError('late'); }, 10);"
                  " await new Promise((r) => setTimeout(r, 20)); return 1; }",
                  "", "RangeError", "late");
}

static void a_microtask_that_throws_ends_the_call(void **state)
{
    (void)state;
    assert_throws("async function main() { queueMicrotask(() => { throw new RangeError('soon'); });"
                  " await null; await null; return 1; }",
                  "", "RangeError", "soon");
}

static void a_rejection_that_nobody_handles_is_ignored(void **state)
{
    (void)state;
    assert_result("async function main() { Promise.reject(new Error('x')); await null; return 1; }",
                  "", "1");
}

static void timers_are_limited_and_refused(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(
        "function main() { for (let i = 0; i < 5; i++) setTimeout(() => {}, 1000); return 1; }",
        "");
    struct nsl_outcome outcome;
    call.limits.pending_host_calls = 4;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_THROWN);
    assert_bytes(outcome.error.message, "Too many timers: at most 4 may be pending");
    assert_throws("function main() { setTimeout(); }", "", "TypeError", "function");
    assert_result("function main() { clearTimeout(); clearTimeout(99); clearTimeout('x');"
                  " clearTimeout({ valueOf() { throw 1; } }); return setTimeout(() => {}, -5); }",
                  "", "1");
}

static void waiting_costs_gas_so_that_it_ends(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(
        "async function main() { for (;;) await new Promise((r) => setTimeout(r, 1)); }", "");
    struct nsl_outcome outcome;
    call.limits.gas_units = 100000;
    fixture_run(&call, &outcome);
    int wakes = 0;
    while (outcome.kind == NSL_OUTCOME_PARKED) {
        assert_true(wakes++ < 100);
        outcome = resume(1);
    }
    assert_kind(&outcome, NSL_OUTCOME_EXHAUSTED);
    assert_bytes(outcome.error.type, "GasLimitError");
}

static void limits_hold_over_all_slices(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(
        "const kept = []; async function main() { for (let i = 0; i < 100; i++) {"
        " kept.push(new Uint8Array(100000)); await new Promise((r) => setTimeout(r, 1)); } }",
        "");
    struct nsl_outcome outcome;
    call.limits.heap_bytes = 1 << 20;
    fixture_run(&call, &outcome);
    int wakes = 0;
    for (; outcome.kind == NSL_OUTCOME_PARKED; wakes++) {
        outcome = resume(1);
    }
    assert_in_range(wakes, 9, 11);
    assert_bytes(outcome.error.type, "MemoryLimitError");
    assert_clean();
}

static void a_parked_calls_data_come_back_whole(void **state)
{
    (void)state;
    assert_result("async function main() { const a = new Uint32Array(3000).map((_, i) => i * 7);"
                  " const m = new Map(); for (let i = 0; i < 300; i++) m.set('k' + i, { i });"
                  " let s = ''; for (let i = 0; i < 500; i++) s += i; const re = /k(\\d+)/g;"
                  " re.lastIndex = 3; const big = 3n ** 200n; function* g() { yield 1; yield 2; }"
                  " const it = g(); it.next(); const r1 = Math.random(); const b1 ="
                  " crypto.randomBytes(8);"
                  " for (let i = 0; i < 5; i++) await new Promise((r) => setTimeout(r, 10));"
                  " return [a.every((x, i) => x === i * 7), m.size, m.get('k299').i, s.length,"
                  " re.lastIndex, String(big).length, it.next().value, r1 !== Math.random(),"
                  " b1 !== crypto.randomBytes(8)]; }",
                  "", "[true,300,299,1390,3,96,2,true,true]");
}

static void a_cancelled_call_is_forgotten(void **state)
{
    (void)state;
    struct nsl_outcome outcome = start(5, waiting, "1");
    assert_kind(&outcome, NSL_OUTCOME_PARKED);
    nsl_engine_cancel(engine, 5);
    nsl_engine_cancel(engine, 5);
    assert_int_equal(parked_bytes(), 0);
    assert_int_equal(nsl_engine_resume(engine, 5, &outcome), NSL_ERR_NOT_FOUND);
}

static void parked_calls_have_a_budget(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(waiting, "1");
    struct nsl_outcome outcome;
    int parked = 0;
    nsl_err err = NSL_OK;
    nsl_engine_set_budget(engine, 64 << 20, 50000);
    for (; err == NSL_OK && parked < 1000; parked++) {
        call.call_id = (uint64_t)parked;
        err = nsl_engine_run(engine, &call, &outcome);
    }
    assert_int_equal(err, NSL_ERR_FULL);
    assert_in_range(parked, 3, 100);
    assert_true(parked_bytes() <= 50000);
    assert_clean();
    for (int id = 0; id < parked - 1; id++) {
        outcome = resume((uint64_t)id);
        assert_kind(&outcome, NSL_OUTCOME_DONE);
    }
    nsl_engine_set_budget(engine, 64 << 20, 64 << 20);
}

static void a_parked_call_outlives_its_image_in_the_cache(void **state)
{
    (void)state;
    struct nsl_outcome outcome = start(9, waiting, "4");
    nsl_engine_set_budget(engine, 0, 64 << 20);
    assert_clean();
    outcome = resume(9);
    assert_bytes(outcome.result_json, "[8,0,\"test_key\",\"request-1\",4]");
    nsl_engine_set_budget(engine, 64 << 20, 64 << 20);
    assert_clean();
}

static void a_parked_call_moves_as_bytes(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(waiting, "6");
    struct nsl_outcome outcome;
    nsl_bytes record;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_PARKED);
    assert_int_equal(nsl_engine_export(engine, 1, &record), NSL_OK);
    uint8_t *copy = malloc(record.size);
    assert_non_null(copy);
    memcpy(copy, record.data, record.size);
    nsl_bytes held = nsl_bytes_of(copy, record.size);
    assert_int_equal(nsl_engine_resume(engine, 1, &outcome), NSL_ERR_NOT_FOUND);
    nsl_engine_set_budget(engine, 0, 64 << 20); /* as in another runner: the image is not there */
    nsl_engine_set_budget(engine, 64 << 20, 64 << 20);
    assert_int_equal(nsl_engine_import(engine, &call, held), NSL_OK);
    outcome = resume(1);
    assert_bytes(outcome.result_json, "[12,0,\"test_key\",\"request-1\",6]");
    nsl_bytes cut = nsl_bytes_of(copy, record.size - 8);
    assert_int_equal(nsl_engine_import(engine, &call, cut), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_engine_import(engine, &call, nsl_bytes_of(copy, 5)), NSL_ERR_BAD_MESSAGE);
    free(copy);
    assert_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_waits_and_goes_on),
        cmocka_unit_test(many_calls_wait_at_once_and_answer_in_any_order),
        cmocka_unit_test(timers_fire_in_the_order_of_their_times),
        cmocka_unit_test(an_interval_repeats_until_cleared),
        cmocka_unit_test(a_wait_of_nothing_does_not_park),
        cmocka_unit_test(timers_left_over_are_dropped),
        cmocka_unit_test(a_call_that_nothing_can_wake_is_an_error),
        cmocka_unit_test(a_modules_top_level_may_wait),
        cmocka_unit_test(a_timer_that_throws_ends_the_call),
        cmocka_unit_test(a_microtask_that_throws_ends_the_call),
        cmocka_unit_test(a_rejection_that_nobody_handles_is_ignored),
        cmocka_unit_test(timers_are_limited_and_refused),
        cmocka_unit_test(waiting_costs_gas_so_that_it_ends),
        cmocka_unit_test(limits_hold_over_all_slices),
        cmocka_unit_test(a_parked_calls_data_come_back_whole),
        cmocka_unit_test(a_cancelled_call_is_forgotten),
        cmocka_unit_test(parked_calls_have_a_budget),
        cmocka_unit_test(a_parked_call_outlives_its_image_in_the_cache),
        cmocka_unit_test(a_parked_call_moves_as_bytes),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
