/* The JavaScript cases that the originals' own tests have: what a function may rely on. */
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

static void value_is_doubled(void **state)
{
    (void)state;
    assert_result("function main(input) { return { result: input.value * 2 }; }", "{\"value\": 42}",
                  "{\"result\":84}");
}

static void numbers_are_summed(void **state)
{
    (void)state;
    assert_result("function main() { let sum = 0; for (let i = 0; i < 1000; i++) sum += i;"
                  " return { sum }; }",
                  "", "{\"sum\":499500}");
}

static const char operation[] =
    "function main(input) {\n"
    "    if (input.op !== 'add') throw new Error('Unknown operation: ' + input.op);\n"
    "    return { result: input.a + input.b, key: SECRETS.API_KEY };\n"
    "}\n";

static void an_operation_uses_a_secret(void **state)
{
    (void)state;
    assert_result(operation, "{\"op\":\"add\",\"a\":5,\"b\":7}",
                  "{\"result\":12,\"key\":\"test_key\"}");
}

static void an_unknown_operation_throws(void **state)
{
    (void)state;
    assert_throws(operation, "{\"op\":\"power\"}", "Error", "Unknown operation: power");
}

static void fibonacci_of_ten(void **state)
{
    (void)state;
    assert_result("function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }"
                  "function main() { return fib(10); }",
                  "", "55");
}

static void an_array_is_aggregated(void **state)
{
    (void)state;
    assert_result(
        "function main(input) {"
        " const d = input.map((x) => x * 2); const sum = d.reduce((a, b) => a + b, 0);"
        " return { sum, average: sum / d.length, min: Math.min(...d), max: Math.max(...d) };"
        " }",
        "[10,20,30,40,50]", "{\"sum\":300,\"average\":60,\"min\":20,\"max\":100}");
}

static void a_missing_brace_is_a_syntax_error_with_its_place(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        assert_throws("function main() {\n  return 1;\n", "", "SyntaxError", "");
    assert_int_equal(outcome.error.line, 3);
    assert_true(outcome.error.column >= 1);
}

static void an_undefined_name_is_named(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        assert_throws("function main() {\n  return undefinedVariable + 1;\n}", "", "ReferenceError",
                      "undefinedVariable");
    assert_int_equal(outcome.error.line, 2);
    assert_int_equal(outcome.error.column, 10);
    assert_contains(outcome.error.stack, "main (function.js:2:10)");
}

static void a_property_of_null_is_a_type_error(void **state)
{
    (void)state;
    assert_throws("function main() { const a = null; return a.b; }", "", "TypeError", "null");
}

static void a_thousand_items_go_in_and_out(void **state)
{
    (void)state;
    char input[16384] = "[";
    size_t size = 1;
    for (int i = 0; i < 1000; i++) {
        size += (size_t)snprintf(input + size, sizeof(input) - size, "%s{\"id\":%d}",
                                 i == 0 ? "" : ",", i);
    }
    snprintf(input + size, sizeof(input) - size, "]");
    assert_result("function main(input) { return input; }", input, input);
}

static void a_compiled_function_gives_the_same_again(void **state)
{
    (void)state;
    static const char code[] = "function main(input) { return [input.a * 3, Math.sqrt(16)]; }";
    assert_result(code, "{\"a\":14}", "[42,4]");
    struct nsl_outcome outcome = run_function(code, "{\"a\":14}");
    assert_false(outcome.image_was_cold);
    assert_bytes(outcome.result_json, "[42,4]");
}

static void an_endless_loop_ends(void **state)
{
    (void)state;
    struct nsl_call call = fixture_call("function main() { while (true) {} }", "");
    call.limits.gas_units = 1000000;
    assert_exhausted(&call, "GasLimitError");
    assert_clean();
}

static void a_billion_elements_are_refused(void **state)
{
    (void)state;
    struct nsl_call call =
        fixture_call("function main() { return new Array(1e9).fill(0).length; }", "");
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_EXHAUSTED);
    assert_clean();
}

static void deep_recursion_is_caught(void **state)
{
    (void)state;
    assert_result("function deep(n) { return deep(n + 1) + 1; }"
                  "function main() { try { deep(0); } catch (e) { return [e.name, e.message]; } }",
                  "", "[\"RangeError\",\"Maximum call stack size exceeded\"]");
    assert_throws("function main() { return main(); }", "", "RangeError", "call stack");
}

static void a_million_iterations_and_elements_complete(void **state)
{
    (void)state;
    assert_result("function main() { let n = 0; for (let i = 0; i < 1e6; i++) n += i; return n; }",
                  "", "499999500000");
    assert_result("function main() { const a = []; for (let i = 0; i < 1e6; i++) a.push(i);"
                  " return a.length; }",
                  "", "1000000");
}

static void node_is_not_there(void **state)
{
    (void)state;
    assert_result("function main() { return [typeof process, typeof require, typeof module,"
                  " typeof fetch, typeof XMLHttpRequest, typeof WebSocket]; }",
                  "",
                  "[\"undefined\",\"undefined\",\"undefined\",\"undefined\",\"undefined\","
                  "\"undefined\"]");
    assert_throws("function main() { return require('fs'); }", "", "ReferenceError",
                  "require is not defined");
}

static void one_users_secrets_are_not_anothers(void **state)
{
    (void)state;
    static const char code[] = "function main() { return [SECRETS.API_KEY, secrets.names()]; }";
    assert_result(code, "", "[\"test_key\",[\"API_KEY\",\"OTHER\"]]");
    struct nsl_call call = fixture_call(code, "");
    call.secret_count = 0;
    call.user_id = NSL_TEXT("user-2");
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_bytes(outcome.result_json, "[null,[]]");
}

static void parsing_and_arithmetic_of_the_enclave_tests(void **state)
{
    (void)state;
    assert_result("function main() { return Math.sqrt(16); }", "", "4");
    assert_result("function main(data) { return JSON.parse(data).value * 2; }",
                  "\"{\\\"value\\\":21}\"", "42");
}

static void a_missing_main_is_named(void **state)
{
    (void)state;
    struct nsl_outcome outcome = assert_throws("const x = 1;", "", "Error", "");
    assert_bytes(outcome.error.message, "No main function defined");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_doubled),
        cmocka_unit_test(numbers_are_summed),
        cmocka_unit_test(an_operation_uses_a_secret),
        cmocka_unit_test(an_unknown_operation_throws),
        cmocka_unit_test(fibonacci_of_ten),
        cmocka_unit_test(an_array_is_aggregated),
        cmocka_unit_test(a_missing_brace_is_a_syntax_error_with_its_place),
        cmocka_unit_test(an_undefined_name_is_named),
        cmocka_unit_test(a_property_of_null_is_a_type_error),
        cmocka_unit_test(a_thousand_items_go_in_and_out),
        cmocka_unit_test(a_compiled_function_gives_the_same_again),
        cmocka_unit_test(an_endless_loop_ends),
        cmocka_unit_test(a_billion_elements_are_refused),
        cmocka_unit_test(deep_recursion_is_caught),
        cmocka_unit_test(a_million_iterations_and_elements_complete),
        cmocka_unit_test(node_is_not_there),
        cmocka_unit_test(one_users_secrets_are_not_anothers),
        cmocka_unit_test(parsing_and_arithmetic_of_the_enclave_tests),
        cmocka_unit_test(a_missing_main_is_named),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
