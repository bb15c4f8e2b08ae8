/* An answer as the client reads it, and what `nsl run` checks and prints of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cli/run.h"
#include "cli/terminal.h"
#include "client/answer.h"

static const char good[] =
    "{\"success\":true,\"data\":{\"result\":{\"result\":84},\"gasUsed\":1273,"
    "\"executionTimeMs\":0.041,\"memoryUsed\":1344,\"codeHash\":\"ab\",\"functionId\":\"hello\","
    "\"logs\":[\"one\",\"two\\u001b\"]},\"metadata\":{\"requestId\":\"r1\",\"timestamp\":\"t\"}}";

static const char thrown[] =
    "{\"success\":false,\"error\":{\"code\":\"EXECUTION_FAILED\",\"error\":\"m\",\"type\":"
    "\"TypeError\","
    "\"message\":\"m\",\"stack\":\"at main\",\"lineNumber\":3,\"columnNumber\":5},"
    "\"data\":{\"gasUsed\":9,\"executionTimeMs\":0.1,\"codeHash\":\"ab\",\"functionId\":\"hello\","
    "\"logs\":[]},\"metadata\":{\"requestId\":\"r2\",\"timestamp\":\"t\"}}";

static const char refused[] =
    "{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\",\"message\":\"is missing\","
    "\"details\":{\"field\":\"code\"}},\"metadata\":{\"timestamp\":\"t\"}}";

static enum nsl_client_status read_sized(const char *text, size_t size, unsigned http_status,
                                         struct nsl_client_answer **ret_answer)
{
    struct nsl_buffer body;
    nsl_buffer_init(&body, 1 << 20, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append(&body, nsl_bytes_of(text, size)), NSL_OK);
    return nsl_answer_read(&body, http_status, 1234, ret_answer);
}

static enum nsl_client_status read_text(const char *text, unsigned http_status,
                                        struct nsl_client_answer **ret_answer)
{
    return read_sized(text, strlen(text), http_status, ret_answer);
}

static void assert_text(struct nsl_client_text text, const char *wanted)
{
    assert_int_equal(text.size, strlen(wanted));
    assert_memory_equal(text.data, wanted, text.size);
}

static void reads_every_field_of_a_result(void **state)
{
    (void)state;
    struct nsl_client_answer *answer = NULL;
    assert_int_equal(read_text(good, 200, &answer), NSL_CLIENT_OK);
    assert_true(answer->is_success);
    assert_int_equal(answer->http_status, 200);
    assert_int_equal(answer->round_trip_us, 1234);
    assert_text(answer->body, good);
    assert_text(answer->result, "{\"result\":84}");
    assert_int_equal(answer->gas_used, 1273);
    assert_int_equal(answer->memory_used, 1344);
    assert_text(answer->time_ms, "0.041");
    assert_text(answer->code_hash, "ab");
    assert_text(answer->function_id, "hello");
    assert_text(answer->request_id, "r1");
    assert_int_equal(answer->log_count, 2);
    assert_text(answer->logs[0], "one");
    assert_text(answer->logs[1], "two\x1b");
    assert_int_equal(answer->error_code.size, 0);
    nsl_client_answer_free(answer);
    nsl_client_answer_free(NULL);
}

static void reads_thrown_errors_and_refusals(void **state)
{
    (void)state;
    struct nsl_client_answer *answer = NULL;
    assert_int_equal(read_text(thrown, 422, &answer), NSL_CLIENT_OK);
    assert_false(answer->is_success);
    assert_text(answer->error_type, "TypeError");
    assert_text(answer->error_message, "m");
    assert_text(answer->error_stack, "at main");
    assert_int_equal(answer->error_line, 3);
    assert_int_equal(answer->error_column, 5);
    assert_int_equal(answer->gas_used, 9);
    nsl_client_answer_free(answer);
    assert_int_equal(read_text(refused, 400, &answer), NSL_CLIENT_OK);
    assert_text(answer->error_code, "VALIDATION_ERROR");
    assert_text(answer->error_field, "code");
    assert_int_equal(answer->error_type.size, 0);
    nsl_client_answer_free(answer);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    struct nsl_client_answer *answer = NULL;
    for (size_t size = 0; size < sizeof(good) - 1; size++) {
        assert_int_equal(read_sized(good, size, 200, &answer), NSL_CLIENT_BAD_ANSWER);
    }
    assert_null(answer);
}

static void survives_every_bit_flip(void **state)
{
    (void)state;
    char text[sizeof(good)];
    size_t refusals = 0;
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct nsl_client_answer *answer = NULL;
            snprintf(text, sizeof(text), "%s", good);
            text[at] = (char)(text[at] ^ (1 << bit));
            if (read_sized(text, sizeof(good) - 1, 200, &answer) == NSL_CLIENT_OK) {
                nsl_client_answer_free(answer);
            } else {
                refusals++;
            }
        }
    }
    assert_true(refusals > sizeof(good)); /* structure and known names cover that much */
}

static void refuses_lies_about_types_and_status(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned status;
    } cases[] = {
        {"", 200},
        {"null", 200},
        {"[]", 200},
        {"{}", 200},
        {"{\"success\":1}", 200},
        {"{\"success\":true}", 200},
        {"{\"success\":true,\"data\":{}}", 200},
        {"{\"success\":true,\"data\":[1]}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"gasUsed\":-1}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"gasUsed\":\"1\"}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"executionTimeMs\":\"1\"}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"logs\":{}}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"logs\":[1]}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1,\"codeHash\":7}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1},\"data\":{\"result\":2}}", 200},
        {"{\"success\":true,\"data\":{\"result\":1}}", 500},
        {"{\"success\":false}", 400},
        {"{\"success\":false,\"error\":{}}", 400},
        {"{\"success\":false,\"error\":\"x\"}", 400},
        {"{\"success\":false,\"error\":{\"code\":\"X\",\"details\":5}}", 400},
        {"{\"success\":false,\"error\":{\"code\":\"X\"}}", 200},
        {"<html>Bad Gateway</html>", 502},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct nsl_client_answer *answer = NULL;
        assert_int_equal(read_text(cases[i].text, cases[i].status, &answer), NSL_CLIENT_BAD_ANSWER);
        assert_null(answer);
    }
    struct nsl_client_answer *answer = NULL;
    assert_int_equal(
        read_text("{\"success\":true,\"data\":{\"result\":1},\"more\":[]}", 200, &answer),
        NSL_CLIENT_OK); /* a newer server may say more */
    nsl_client_answer_free(answer);
}

/* ---- What run checks. */

static struct nsl_run_checks check_good(struct nsl_run_inputs *inputs, const char *text,
                                        unsigned status)
{
    struct nsl_client_answer *answer = NULL;
    struct nsl_run_checks checks;
    assert_int_equal(read_text(text, status, &answer), NSL_CLIENT_OK);
    nsl_run_check(inputs, answer, &checks);
    nsl_client_answer_free(answer);
    return checks;
}

static void checks_fail_for_each_thing_that_differs(void **state)
{
    (void)state;
    struct nsl_run_inputs right = {.local_hash = "ab", .function_id = "hello", .gas_limit = 1273};
    nsl_buffer_init(&right.expected, 100, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_text(&right.expected, "{ \"result\" : 84 }\n"), NSL_OK);
    struct nsl_run_checks checks = check_good(&right, good, 200);
    assert_false(checks.is_wrong);
    assert_int_equal(checks.count, 5);
    struct nsl_run_inputs wrong = right;
    wrong.local_hash[0] = 'x';
    assert_true(check_good(&wrong, good, 200).is_wrong);
    assert_true(check_good(&wrong, thrown, 422).is_wrong);
    assert_false(check_good(&wrong, refused, 400).is_wrong); /* nothing ran */
    wrong = right;
    wrong.function_id[0] = 'x';
    assert_true(check_good(&wrong, good, 200).is_wrong);
    wrong = right;
    wrong.gas_limit = 1272;
    assert_true(check_good(&wrong, good, 200).is_wrong);
    nsl_buffer_clear(&right.expected);
    assert_int_equal(nsl_buffer_append_text(&right.expected, "{\"result\":85}"), NSL_OK);
    assert_true(check_good(&right, good, 200).is_wrong);
    nsl_buffer_done(&right.expected);
}

static void json_texts_are_equal_but_for_space_between_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool is_equal;
    } cases[] = {
        {"{\"a\":1}", " {\n\"a\" : 1 } ", true},
        {"\"a b\"", "\"a  b\"", false},
        {"\"a b\"", "\"ab\"", false},
        {"\"\\\" x\"", "\"\\\"x\"", false},
        {"[1,2]", "[1, 2]", true},
        {"[1,2]", "[1,2,3]", false},
        {"[1,2,3]", "[1,2]", false},
        {"\"\\\\\" ", "\"\\\\\"", true},
        {"", "", true},
        {"1", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            nsl_json_text_equal(nsl_bytes_text(cases[i].a), nsl_bytes_text(cases[i].b)),
            cases[i].is_equal);
    }
}

static void terminal_never_sees_what_it_would_obey(void **state)
{
    (void)state;
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");
    nsl_print_escaped(out, NSL_TEXT("a\x1b[31m\n\t\x7f\xc2\x9b"
                                    "31m \xc3\xa9 \xe2\x80\xae"
                                    "x\xef\xbb\xbf \xff\xe2\x82 \xf0\x9f\x98\x80"));
    fclose(out);
    assert_string_equal(text, "a\\x1b[31m\\x0a\\x09\\x7f\\u{009b}31m \xc3\xa9 \\u{202e}x\\u{feff} "
                              "\\xff\\xe2\\x82 \xf0\x9f\x98\x80");
}

static void addresses_are_taken_apart_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "127.0.0.1:80", "ftp://x",      "http://",     "http:///x",
        "http://a/b", "http://a?b",   "http://u:p@a", "https://a b", "file:///etc/passwd"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct nsl_client_options options = {.url = bad[i]};
        nsl_client *client = NULL;
        assert_int_equal(nsl_client_new(&options, &client), NSL_CLIENT_BAD_ARGUMENT);
        assert_null(client);
    }
    static const char *const fine[] = {"http://127.0.0.1:8080", "https://a/", "http://[::1]:1"};
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        struct nsl_client_options options = {.url = fine[i]};
        nsl_client *client = NULL;
        assert_int_equal(nsl_client_new(&options, &client), NSL_CLIENT_OK);
        assert_string_equal(nsl_client_error(client), "");
        nsl_client_free(client);
    }
    nsl_client_free(NULL);
}

static void sha256_is_the_standard_one(void **state)
{
    (void)state;
    char hex[65];
    struct nsl_client_text abc = {.data = "abc", .size = 3}; /* FIPS 180-4, example of one block */
    assert_int_equal(nsl_client_sha256(abc, hex), NSL_CLIENT_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_a_result),
        cmocka_unit_test(reads_thrown_errors_and_refusals),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_bit_flip),
        cmocka_unit_test(refuses_lies_about_types_and_status),
        cmocka_unit_test(checks_fail_for_each_thing_that_differs),
        cmocka_unit_test(json_texts_are_equal_but_for_space_between_tokens),
        cmocka_unit_test(terminal_never_sees_what_it_would_obey),
        cmocka_unit_test(addresses_are_taken_apart_strictly),
        cmocka_unit_test(sha256_is_the_standard_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
