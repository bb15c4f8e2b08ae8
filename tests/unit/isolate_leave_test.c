/*
 * A limit ends a call at once, wherever it is: no handler, reaction, iterator or finally block of the
 * function runs afterwards. Each case puts endless work at one place and a way to survive around it;
 * whatever survives would log. Gas, memory and time leave by the same way.
 */
#include "tests/unit/engine_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

/* WORK is replaced by the endless work. SURVIVED must never be reached. */
static const struct place {
    const char *name;
    const char *code;
} places[] = {
    {"loop", "function main() { WORK; SURVIVED }"},
    {"finally", "function main() { try { WORK } catch (e) { SURVIVED } finally { SURVIVED } }"},
    {"executor", "function main() { return new Promise(() => { WORK }).then(() => { SURVIVED },"
                 " () => { SURVIVED }); }"},
    {"executor catch", "async function main() { try { await new Promise(() => { WORK }); }"
                       " catch { SURVIVED } finally { SURVIVED } }"},
    {"thenable", "async function main() { try { await { then() { WORK } }; } catch { SURVIVED }"
                 " SURVIVED }"},
    {"reaction", "function main() { return Promise.resolve().then(() => { WORK })"
                 ".catch(() => { SURVIVED }).finally(() => { SURVIVED }); }"},
    {"job",
     "async function main() { queueMicrotask(() => { WORK }); try { await null; await null; }"
     " finally { SURVIVED } }"},
    {"iterator return",
     "function main() { const it = { [Symbol.iterator]() { return this; },"
     " next() { return { done: false, value: 1 }; }, return() { SURVIVED return {};"
     " } }; try { for (const x of it) { WORK } } catch { SURVIVED } }"},
    {"Array.from",
     "function main() { const it = { [Symbol.iterator]() { return this; },"
     " next() { return { done: false, value: 1 }; }, return() { SURVIVED return {}; } };"
     " try { Array.from(it, () => { WORK }); } catch { SURVIVED } }"},
    {"inside return()", "function main() { const it = { [Symbol.iterator]() { return this; },"
                        " next() { return { done: false }; }, return() { WORK } };"
                        " try { for (const x of it) break; } catch { SURVIVED } SURVIVED }"},
    {"generator", "function* g() { try { yield 1; WORK } finally { SURVIVED } }"
                  "function main() { try { for (const x of g()); } catch { SURVIVED } }"},
    {"async generator", "async function* g() { try { yield 1; WORK } finally { SURVIVED } }"
                        "async function main() { try { for await (const x of g()); }"
                        " catch { SURVIVED } }"},
    {"sort", "function main() { try { [3, 1, 2].sort(() => { WORK }); } catch { SURVIVED } }"},
    {"proxy", "function main() { const p = new Proxy({}, { get() { WORK }, has() { SURVIVED } });"
              " try { p.x; } catch { SURVIVED } }"},
    {"proxy ownKeys",
     "function main() { try { Object.keys(new Proxy({}, { ownKeys() { WORK } })); }"
     " catch { SURVIVED } }"},
    {"replacer", "function main() { try { JSON.stringify({ a: 1 }, () => { WORK }); }"
                 " catch { SURVIVED } }"},
    {"reviver",
     "function main() { try { JSON.parse('[1]', () => { WORK }); } catch { SURVIVED } }"},
    {"toJSON of the result", "function main() { return { toJSON() { WORK } }; }"},
    {"getter", "function main() { try { ({ get a() { WORK } }).a; } catch { SURVIVED } }"},
    {"getter of the result", "function main() { return { get a() { WORK } }; }"},
    {"toString", "function main() { try { `${{ toString() { WORK } }}`; } catch { SURVIVED } }"},
    {"toPrimitive", "function main() { try { +{ [Symbol.toPrimitive]() { WORK } }; }"
                    " catch { SURVIVED } }"},
    {"replace", "function main() { try { 'a'.replace(/a/, () => { WORK }); } catch { SURVIVED } }"},
    {"prepareStackTrace", "function main() { Error.prepareStackTrace = () => { WORK };"
                          " try { new Error('x').stack; null.x; } catch { SURVIVED } SURVIVED }"},
    {"logged value", "function main() { try { log({ toJSON() { WORK } }); } catch { SURVIVED } }"},
    {"secret name", "function main() { try { getSecret({ toString() { WORK } }); }"
                    " catch { SURVIVED } }"},
    {"timer", "async function main() { setTimeout(() => { WORK }, 5);"
              " try { await new Promise((r) => setTimeout(r, 10)); } finally { SURVIVED } }"},
    {"class field", "class A { x = (() => { WORK })(); } function main() { try { new A(); }"
                    " catch { SURVIVED } }"},
    {"top level", "try { WORK } finally { SURVIVED } function main() {}"},
    {"module top level", "try { await null; WORK } finally { SURVIVED } export default () => 1;"},
    {"using", "function main() { { using a = { [Symbol.dispose]() { SURVIVED } }; WORK } }"},
    {"Map.forEach", "function main() { try { new Map([[1, 2]]).forEach(() => { WORK }); }"
                    " catch { SURVIVED } }"},
    {"Reflect.apply", "function main() { try { Reflect.apply(() => { WORK }, null, []); }"
                      " catch { SURVIVED } }"},
    {"tagged template", "function main() { try { (() => { WORK })`x`; } catch { SURVIVED } }"},
};

static const char endless[] = "for (;;) {}";
static const char pattern[] = "/^(a+)+$/.test('a'.repeat(40) + 'b');";
static const char greedy[] = "let all = []; for (;;) all.push(new Array(1000).fill(all));";

static void put_in(char *code, size_t capacity, const char *template, const char *work)
{
    static const char survived[] = "log('survived');";
    code[0] = '\0';
    size_t size = 0;
    for (const char *at = template; *at != '\0';) {
        const char *piece = at;
        size_t piece_size = 1;
        if (strncmp(at, "WORK", 4) == 0) {
            piece = work;
            piece_size = strlen(work);
            at += 4;
        } else if (strncmp(at, "SURVIVED", 8) == 0) {
            piece = survived;
            piece_size = sizeof(survived) - 1;
            at += 8;
        } else {
            at++;
        }
        assert_true(size + piece_size < capacity);
        memcpy(code + size, piece, piece_size);
        size += piece_size;
        code[size] = '\0';
    }
}

static void run_to_the_end(const struct nsl_call *call, struct nsl_outcome *ret_outcome)
{
    fixture_run(call, ret_outcome);
    while (ret_outcome->kind == NSL_OUTCOME_PARKED) {
        assert_int_equal(nsl_engine_resume(engine, call->call_id, ret_outcome), NSL_OK);
    }
}

static void leave_everywhere(const char *work, uint64_t gas_units, const char *type)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char code[2048];
        put_in(code, sizeof(code), places[i].code, work);
        struct nsl_call call = fixture_call(code, "");
        call.limits.gas_units = gas_units;
        call.limits.heap_bytes = 8 << 20;
        struct nsl_outcome outcome;
        run_to_the_end(&call, &outcome);
        if (outcome.kind != NSL_OUTCOME_EXHAUSTED ||
            !nsl_bytes_equal(outcome.error.type, nsl_bytes_text(type)) ||
            !nsl_bytes_equal(outcome.logs, NSL_TEXT("[]"))) {
            fail_msg("%s: kind %d, %.*s, logs %.*s", places[i].name, (int)outcome.kind,
                     (int)outcome.error.type.size, (const char *)outcome.error.type.data,
                     (int)outcome.logs.size, (const char *)outcome.logs.data);
        }
    }
    assert_clean();
}

static void gas_ends_a_call_wherever_it_is(void **state)
{
    (void)state;
    leave_everywhere(endless, 300000, "GasLimitError");
}

static void a_pattern_that_backtracks_is_ended_by_gas(void **state)
{
    (void)state;
    leave_everywhere(pattern, 2000000, "GasLimitError");
}

static void memory_ends_a_call_wherever_it_is(void **state)
{
    (void)state;
    leave_everywhere(greedy, 100000000, "MemoryLimitError");
}

static void strings_that_grow_are_ended_by_memory(void **state)
{
    (void)state;
    struct nsl_call call =
        fixture_call("function main() { try { let s = 'ab'; for (;;) { s += s + 'x';"
                     " s.charCodeAt(s.length >> 1); } } catch (e) { return e.name; } }",
                     "");
    struct nsl_outcome outcome;
    call.limits.heap_bytes = 4 << 20;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_EXHAUSTED);
    assert_clean();
}

static void on_alarm(int signal)
{
    (void)signal;
    nsl_engine_tick(engine);
}

static void time_ends_a_call_wherever_it_is(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval every = {.it_interval = {.tv_usec = 1000},
                                    .it_value = {.tv_usec = 1000}};
    const struct itimerval never = {0};
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char code[2048];
        put_in(code, sizeof(code), places[i].code, endless);
        struct nsl_call call = fixture_call(code, "");
        call.limits.gas_units = UINT64_MAX / 2;
        call.limits.time_ms = 2;
        struct nsl_outcome outcome;
        run_to_the_end(&call, &outcome);
        if (outcome.kind != NSL_OUTCOME_EXHAUSTED ||
            !nsl_bytes_equal(outcome.error.type, NSL_TEXT("TimeLimitError"))) {
            fail_msg("%s: kind %d, %.*s", places[i].name, (int)outcome.kind,
                     (int)outcome.error.type.size, (const char *)outcome.error.type.data);
        }
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_clean();
}

static void a_tick_between_calls_does_nothing(void **state)
{
    (void)state;
    nsl_engine_tick(engine);
    assert_clean();
    nsl_engine_tick(engine);
    assert_clean();
}

static void too_many_jobs_end_a_call(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call("function main() { try { for (let i = 0; i < 101; i++)"
                                        " Promise.resolve().then(() => {}); }"
                                        " catch { log('survived'); } return 1; }",
                                        "");
    struct nsl_outcome outcome;
    call.limits.pending_jobs = 101;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    call.limits.pending_jobs = 100;
    assert_exhausted(&call, "JobLimitError");
    assert_clean();
}

static const char *const deep_ways[] = {
    "function f() { f(); } f();",
    "const f = () => [1].map(f); f();",
    "let a = []; for (let i = 0; i < 200000; i++) a = [a]; JSON.stringify(a);",
    "JSON.parse('['.repeat(200000));",
    "JSON.parse('{\"a\":'.repeat(200000));",
    "let p = {}; for (let i = 0; i < 200000; i++) p = new Proxy(p, {}); p.x;",
    "new RegExp('('.repeat(200000) + ')'.repeat(200000));",
    "let a = []; for (let i = 0; i < 200000; i++) a = [a]; a.flat(Infinity);",
    ("let f = () => 1; for (let i = 0; i < 30000; i++) { f = f.bind(null);"
     " Object.defineProperty(f, 'name', { value: '' }); } f();"),
    "const o = { toString() { return '' + o; } }; '' + o;",
    "const a = []; a[0] = a; class A { get x() { return new A().x; } } new A().x;",
    "function* g() { yield* g(); } g().next();",
    "let a = []; for (let i = 0; i < 200000; i++) a = [a]; structuredClone(a);",
};

static void recursion_too_deep_can_be_caught(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(deep_ways) / sizeof(deep_ways[0]); i++) {
        char code[512];
        snprintf(code, sizeof(code),
                 "function main() { try { %s return 'none'; } catch (e) { return e.name; } }",
                 deep_ways[i]);
        struct nsl_call call = fixture_call(code, "");
        struct nsl_outcome outcome;
        call.limits.gas_units = UINT64_C(2000000000); /* JSON looks for cycles level by level */
        fixture_run(&call, &outcome);
        if (outcome.kind != NSL_OUTCOME_DONE ||
            (!nsl_bytes_equal(outcome.result_json, NSL_TEXT("\"RangeError\"")) &&
             !nsl_bytes_equal(outcome.result_json, NSL_TEXT("\"SyntaxError\"")))) {
            fail_msg("%s: kind %d %.*s %.*s", deep_ways[i], (int)outcome.kind,
                     (int)outcome.result_json.size, (const char *)outcome.result_json.data,
                     (int)outcome.error.message.size, (const char *)outcome.error.message.data);
        }
    }
    assert_clean();
}

static void code_nested_too_deep_is_refused(void **state)
{
    (void)state;
    enum { LEVELS = 200000 };
    char *code = malloc(2 * LEVELS + 64);
    assert_non_null(code);
    memset(code, '(', LEVELS);
    code[LEVELS] = '1';
    memset(code + LEVELS + 1, ')', LEVELS);
    strcpy(code + 2 * LEVELS + 1, "; function main() {}");
    struct nsl_outcome outcome = run_function(code, "");
    assert_true(outcome.kind == NSL_OUTCOME_THROWN || outcome.kind == NSL_OUTCOME_EXHAUSTED);
    free(code);
    assert_clean();
}

static void a_result_nested_too_deep_is_refused(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(
        "function main() { let a = 1; for (let i = 0; i < 100000; i++) a = [a]; return a; }", "");
    struct nsl_outcome outcome;
    call.limits.gas_units = UINT64_C(2000000000);
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_THROWN);
    assert_bytes(outcome.error.type, "RangeError");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gas_ends_a_call_wherever_it_is),
        cmocka_unit_test(a_pattern_that_backtracks_is_ended_by_gas),
        cmocka_unit_test(memory_ends_a_call_wherever_it_is),
        cmocka_unit_test(strings_that_grow_are_ended_by_memory),
        cmocka_unit_test(time_ends_a_call_wherever_it_is),
        cmocka_unit_test(a_tick_between_calls_does_nothing),
        cmocka_unit_test(too_many_jobs_end_a_call),
        cmocka_unit_test(recursion_too_deep_can_be_caught),
        cmocka_unit_test(code_nested_too_deep_is_refused),
        cmocka_unit_test(a_result_nested_too_deep_is_refused),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
