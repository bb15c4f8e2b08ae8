/* Shapes of functions, what goes in and out, errors, limits of sizes, images. */
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

static void main_may_be_declared_in_any_way(void **state)
{
    (void)state;
    assert_result("function main(i) { return i.a; }", "{\"a\":1}", "1");
    assert_result("async function main(i) { return i.a; }", "{\"a\":1}", "1");
    assert_result("const main = (i) => i.a;", "{\"a\":1}", "1");
    assert_result("let main = async (i) => { await null; return i.a; };", "{\"a\":1}", "1");
    assert_result("var main = function (i) { return i.a; };", "{\"a\":1}", "1");
    assert_result("globalThis.main = (i) => i.a;", "{\"a\":1}", "1");
    assert_result("export default (i) => i.a;", "{\"a\":1}", "1");
    assert_result("export default async function named(i) { return i.a; }", "{\"a\":1}", "1");
    assert_result("export function main(i) { return i.a; }", "{\"a\":1}", "1");
    assert_result("const f = (i) => i.a; export { f as default };", "{\"a\":1}", "1");
    assert_result("const x = await Promise.resolve(5); export default () => x;", "", "5");
    assert_result("#!/usr/bin/env nsl\nfunction main() { return 1; }", "", "1");
    assert_result("'use strict'; function main() { return this === undefined; }", "", "true");
}

static void a_text_that_speaks_of_modules_may_be_a_script(void **state)
{
    (void)state;
    assert_result("// export default\nfunction main() { return 'import x from y'; }", "",
                  "\"import x from y\"");
    assert_result("function main() { with ({ a: 1 }) { return a + ' export'; } }", "",
                  "\"1 export\"");
}

static void no_main_is_an_error(void **state)
{
    (void)state;
    static const char *const codes[] = {"",
                                        "const main = 5;",
                                        "let x;",
                                        "export const a = 1;",
                                        "export default 5;",
                                        "function Main() {}",
                                        "   // nothing"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct nsl_outcome outcome = assert_throws(codes[i], "", "Error", "");
        assert_bytes(outcome.error.message, "No main function defined");
    }
}

static void imports_are_refused_by_name(void **state)
{
    (void)state;
    assert_throws("import fs from 'fs'; export default () => 1;", "", "ReferenceError",
                  "Cannot import 'fs'");
    assert_throws("export * from './other.js'; export default () => 1;", "", "ReferenceError",
                  "./other.js");
    assert_throws("export default async () => { await import('os'); };", "", "ReferenceError",
                  "Cannot import 'os'");
    assert_throws("function main() { return import('function.js'); }", "", "ReferenceError",
                  "Cannot import");
}

static void strings_do_not_become_code(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "eval('1')",
        "(0, eval)('1')",
        "new Function('return 1')()",
        "Function('return 1')",
        "(async () => {}).constructor('return 1')",
        "(function* () {}).constructor('yield 1')",
        "(async function* () {}).constructor('yield 1')",
        "(() => {}).constructor.call(null, 'return 1')",
        "Reflect.construct(Function, ['return 1'])",
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char code[256];
        snprintf(code, sizeof(code), "function main() { return %s; }", ways[i]);
        assert_throws(code, "", "EvalError", "Code generation from strings is not allowed");
    }
    assert_throws("function main() { setTimeout('1', 0); }", "", "TypeError", "function");
}

static void results_are_json(void **state)
{
    (void)state;
    assert_result("function main() {}", "", "null");
    assert_result("function main() { return undefined; }", "", "null");
    assert_result("function main() { return () => 1; }", "", "null");
    assert_result("function main() { return Symbol('x'); }", "", "null");
    assert_result("function main() { return NaN; }", "", "null");
    assert_result("function main() { return 'a\\u2028\\ud800\"\\n'; }", "",
                  "\"a\xe2\x80\xa8\\ud800\\\"\\n\"");
    assert_result("function main() { return { toJSON: () => ({ x: 1 }) }; }", "", "{\"x\":1}");
    assert_result("function main() { return new Date(0); }", "", "\"1970-01-01T00:00:00.000Z\"");
    assert_result("function main() { return [undefined, { a: undefined, b: null }]; }", "",
                  "[null,{\"b\":null}]");
    assert_throws("function main() { return 1n; }", "", "TypeError", "BigInt");
    assert_throws("function main() { const a = {}; a.a = a; return a; }", "", "TypeError",
                  "circular");
    assert_throws("function main() { return { toJSON() { throw new RangeError('no'); } }; }", "",
                  "RangeError", "no");
}

static void input_is_json_and_the_same_everywhere(void **state)
{
    (void)state;
    assert_result("function main(i) { return [i, typeof i]; }", "", "[null,\"undefined\"]");
    assert_result("function main(i) { return i === input; }", "{\"a\":1}", "true");
    assert_result("function main(i) { return Object.keys(i); }", "{\"__proto__\":1,\"b\":2}",
                  "[\"__proto__\",\"b\"]");
    assert_throws("function main(i) { return i; }", "{\"a\":", "SyntaxError", "");
    assert_throws("function main(i) { return i; }", "nonsense", "SyntaxError", "");
}

static void the_context_names_the_call(void **state)
{
    (void)state;
    assert_result(
        "function main(i, context) { return [context, Object.isFrozen(context),"
        " context === globalThis.context]; }",
        "",
        "[{\"functionId\":\"function-1\",\"userId\":\"user-1\",\"requestId\":\"request-1\","
        "\"timestamp\":1700000000123},true,true]");
}

static void the_date_stands_still_at_the_calls_start(void **state)
{
    (void)state;
    assert_result(
        "async function main() { const a = Date.now();"
        " await new Promise((r) => setTimeout(r, 500));"
        " return [a, Date.now() - a, new Date().getTimezoneOffset(), typeof performance]; }",
        "", "[1700000000123,0,0,\"undefined\"]");
}

static void what_was_thrown_is_described(void **state)
{
    (void)state;
    assert_throws("function main() { throw { a: 1 }; }", "", "Error", "Uncaught {\"a\":1}");
    assert_throws("function main() { throw 'text'; }", "", "Error", "Uncaught text");
    assert_throws("function main() { throw null; }", "", "Error", "Uncaught null");
    assert_throws("function main() { throw undefined; }", "", "Error", "Uncaught undefined");
    assert_throws("function main() { throw Symbol('s'); }", "", "Error", "Uncaught ");
    assert_throws("class OwnError extends Error { get name() { return 'OwnError'; } }"
                  "function main() { throw new OwnError('mine'); }",
                  "", "OwnError", "mine");
    assert_throws("async function main() { await null; throw new TypeError('later'); }", "",
                  "TypeError", "later");
    assert_throws("export default () => 1; throw new Error('top');", "", "Error", "top");
    assert_throws("throw new Error('top'); function main() {}", "", "Error", "top");
    assert_throws("await null; throw new Error('top'); export default 1;", "", "Error", "top");
}

static void hostile_errors_cannot_break_out(void **state)
{
    (void)state;
    assert_throws("function main() { const e = new Error('a');"
                  " Object.defineProperty(e, 'message', { get() { throw 1; } }); throw e; }",
                  "", "Error", "");
    assert_throws("function main() { throw { toString() { throw 1; }, toJSON() { throw 2; } }; }",
                  "", "Error", "Uncaught ");
    struct nsl_call call =
        fixture_call("function main() { const e = new Error('a');"
                     " Object.defineProperty(e, 'name', { get() { for (;;) {} } }); throw e; }",
                     "");
    call.limits.gas_units = 1000000;
    assert_exhausted(&call, "GasLimitError");
    call = fixture_call("function main() { throw new Proxy(new Error('x'), {"
                        " get() { for (;;) {} }, has() { for (;;) {} } }); }",
                        "");
    call.limits.gas_units = 1000000;
    assert_exhausted(&call, "GasLimitError");
    assert_throws("function main() { Error.prepareStackTrace = () => { throw 1; };"
                  " throw new Error('kept'); }",
                  "", "Error", "kept");
    assert_clean();
}

static void a_syntax_error_names_line_and_column(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        assert_throws("function main() {\n  let a = ;\n}", "", "SyntaxError", "");
    assert_int_equal(outcome.error.line, 2);
    assert_int_equal(outcome.error.column, 11);
    outcome = assert_throws("export default () => {\n\n  return 1 +;\n};", "", "SyntaxError", "");
    assert_int_equal(outcome.error.line, 3);
    outcome = assert_throws("function main() { return\n/(/; }", "", "SyntaxError", "");
    assert_int_equal(outcome.error.line, 2);
    outcome = assert_throws("let a; let a; function main() {}", "", "SyntaxError", "");
    assert_int_equal(outcome.error.line, 1);
}

static void the_result_has_a_limit(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call("function main(n) { return 'x'.repeat(n); }", "98");
    call.limits.result_bytes = 100;
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_int_equal(outcome.result_json.size, 100);
    call.input_json = NSL_TEXT("99");
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_THROWN);
    assert_bytes(outcome.error.type, "RangeError");
    assert_contains(outcome.error.message, "101 bytes");
}

static void logs_have_limits(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call(
        "function main() { for (let i = 0; i < 10; i++) log('line ' + i); return 1; }", "");
    call.limits.log_lines = 3;
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_bytes(outcome.logs,
                 "[\"line 0\",\"line 1\",\"line 2\",\"... 7 more lines were dropped\"]");
    call.limits.log_lines = 100;
    call.limits.log_bytes = 20;
    fixture_run(&call, &outcome);
    assert_contains(outcome.logs, "more lines were dropped");
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    call = fixture_call("function main() { log('x'.repeat(1e6), 'y'.repeat(1e6)); log('short'); }",
                        "");
    call.limits.log_bytes = 1000;
    fixture_run(&call, &outcome);
    assert_bytes(outcome.logs, "[\"short\",\"... 1 more lines were dropped\"]");
}

static void logs_are_kept_when_the_call_fails(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        assert_throws("function main() { log('before'); null.x; }", "", "TypeError", "null");
    assert_bytes(outcome.logs, "[\"before\"]");
    struct nsl_call call = fixture_call("function main() { log('before'); for (;;) {} }", "");
    call.limits.gas_units = 100000;
    fixture_run(&call, &outcome);
    assert_bytes(outcome.logs, "[\"before\"]");
    assert_int_equal(outcome.gas_used, 100000);
    assert_bytes(outcome.error.message, "Gas limit exceeded: 100000 units");
}

static void the_heap_limit_counts_what_the_function_makes(void **state)
{
    (void)state;
    struct nsl_call call =
        fixture_call("function main(n) { return new Uint8Array(n).length; }", "900000");
    call.limits.heap_bytes = 1000000;
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_in_range(outcome.heap_peak_bytes, 900000, 1000000);
    call.input_json = NSL_TEXT("1000000");
    assert_exhausted(&call, "MemoryLimitError");
    assert_clean();
}

static void nothing_of_a_call_is_left_for_the_next(void **state)
{
    (void)state;
    assert_result("globalThis.leaked = 1; var leaked; function main() {"
                  " globalThis.count = (globalThis.count ?? 0) + 1;"
                  " try { Object.prototype.leaked = 1; } catch {}"
                  " try { Array.prototype.map = () => 'stolen'; } catch {}"
                  " return [count, [1].map((x) => x)]; }",
                  "", "[1,[1]]");
    assert_clean();
    static const char counter[] = "let n = 0; const seen = []; function main() { seen.push(++n);"
                                  " return seen; }";
    assert_result(counter, "", "[1]");
    assert_result(counter, "", "[1]");
}

static void the_top_level_sees_each_call(void **state)
{
    (void)state;
    static const char code[] =
        "const key = SECRETS.API_KEY; const at = Date.now(); const r = Math.random();"
        "log('top'); function main() { return [key, at, r]; }";
    struct nsl_call call = fixture_call(code, "");
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    char first[256] = {0};
    memcpy(first, outcome.result_json.data, outcome.result_json.size);
    assert_contains(outcome.result_json, "test_key");
    assert_bytes(outcome.logs, "[\"top\"]");
    call.start_ms++;
    memset(call.entropy, 9, sizeof(call.entropy));
    call.secret_count = 0;
    fixture_run(&call, &outcome);
    assert_contains(outcome.result_json, "null,1700000000124,");
    assert_null(memmem(outcome.result_json.data, outcome.result_json.size, first + 24, 10));
}

static void images_are_dropped_when_the_cache_is_full(void **state)
{
    (void)state;
    struct nsl_engine_statistics before;
    struct nsl_engine_statistics after;
    nsl_engine_set_budget(engine, 100000, 1 << 20);
    for (int i = 0; i < 60; i++) {
        char code[100];
        snprintf(code, sizeof(code), "function main() { return %d; }", i);
        struct nsl_outcome outcome = run_function(code, "");
        assert_true(outcome.image_was_cold);
        assert_kind(&outcome, NSL_OUTCOME_DONE);
    }
    nsl_engine_statistics(engine, &before);
    assert_true(before.cache_bytes <= 100000 && before.image_count >= 10);
    nsl_engine_set_budget(engine, 1000, 1 << 20);
    nsl_engine_statistics(engine, &after);
    assert_int_equal(after.image_count, 0);
    assert_result("function main() { return 1; }", "", "1");
    nsl_engine_set_budget(engine, 64 << 20, 64 << 20);
}

static void a_large_top_level_is_evaluated_by_each_call(void **state)
{
    (void)state;
    static const char code[] = "const big = new Array(200000).fill('x'); let n = 0;"
                               "function main() { return [big.length, ++n]; }";
    assert_result(code, "", "[200000,1]");
    assert_result(code, "", "[200000,1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_may_be_declared_in_any_way),
        cmocka_unit_test(a_text_that_speaks_of_modules_may_be_a_script),
        cmocka_unit_test(no_main_is_an_error),
        cmocka_unit_test(imports_are_refused_by_name),
        cmocka_unit_test(strings_do_not_become_code),
        cmocka_unit_test(results_are_json),
        cmocka_unit_test(input_is_json_and_the_same_everywhere),
        cmocka_unit_test(the_context_names_the_call),
        cmocka_unit_test(the_date_stands_still_at_the_calls_start),
        cmocka_unit_test(what_was_thrown_is_described),
        cmocka_unit_test(hostile_errors_cannot_break_out),
        cmocka_unit_test(a_syntax_error_names_line_and_column),
        cmocka_unit_test(the_result_has_a_limit),
        cmocka_unit_test(logs_have_limits),
        cmocka_unit_test(logs_are_kept_when_the_call_fails),
        cmocka_unit_test(the_heap_limit_counts_what_the_function_makes),
        cmocka_unit_test(nothing_of_a_call_is_left_for_the_next),
        cmocka_unit_test(the_top_level_sees_each_call),
        cmocka_unit_test(images_are_dropped_when_the_cache_is_full),
        cmocka_unit_test(a_large_top_level_is_evaluated_by_each_call),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
