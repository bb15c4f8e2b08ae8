#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/codec/hex.h"
#include "enclave/api/execute_request.h"

static struct nsl_settings settings;
static struct nsl_scratch scratch;

static int make_scratch(void **state)
{
    (void)state;
    nsl_settings_init(&settings);
    return nsl_scratch_init(&scratch, 64 << 20) == NSL_OK ? 0 : -1;
}

static int free_scratch(void **state)
{
    (void)state;
    nsl_scratch_done(&scratch);
    return 0;
}

static int reset_all(void **state)
{
    (void)state;
    nsl_settings_init(&settings);
    nsl_scratch_reset(&scratch);
    return 0;
}

static void assert_text(nsl_bytes got, const char *want)
{
    assert_int_equal(got.size, strlen(want));
    assert_true(nsl_bytes_equal(got, nsl_bytes_text(want)));
}

static struct nsl_execute_request accept(const char *body)
{
    struct nsl_execute_request request;
    struct nsl_execute_refusal refusal = {0};
    if (!nsl_execute_request_read(&settings, nsl_bytes_text(body), &scratch, &request, &refusal)) {
        fail_msg("refused: %.*s: %s", (int)refusal.field.size, (const char *)refusal.field.data,
                 refusal.message);
    }
    return request;
}

static void refuse_bytes(nsl_bytes body, uint16_t status, const char *field, const char *message)
{
    struct nsl_execute_request request = {.gas_limit = 4711};
    struct nsl_execute_refusal refusal = {0};
    assert_false(nsl_execute_request_read(&settings, body, &scratch, &request, &refusal));
    assert_int_equal(refusal.status, status);
    assert_text(refusal.field, field);
    if (strstr(refusal.message, message) == NULL) {
        fail_msg("the message is '%s', not '%s'", refusal.message, message);
    }
    assert_int_equal(request.gas_limit, 4711);
    nsl_scratch_reset(&scratch);
}

static void refuse(const char *body, uint16_t status, const char *field, const char *message)
{
    refuse_bytes(nsl_bytes_text(body), status, field, message);
}

#define HEAD "{\"code\":\"c\",\"functionId\":\"f\",\"userId\":\"u\""

static void the_least_request_gets_the_settings_limits(void **state)
{
    (void)state;
    struct nsl_execute_request request = accept(HEAD "}");
    assert_text(request.code, "c");
    assert_text(request.function_id, "f");
    assert_text(request.user_id, "u");
    assert_int_equal(request.input_json.size, 0);
    assert_int_equal(request.secret_count, 0);
    assert_int_equal(request.gas_limit, settings.functions_gas_limit);
    assert_int_equal(request.time_ms, nsl_settings_time_limit_ms(&settings));
    char hex[65] = {0};
    assert_int_equal(nsl_hex_encode(nsl_bytes_of(request.code_hash, 32), hex, 64), NSL_OK);
    /* printf c | sha256sum */
    assert_string_equal(hex, "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6");
}

/* spec/002 sends input and secrets as JSON text; values work alike. */
static void input_and_secrets_come_as_text_or_as_values(void **state)
{
    (void)state;
    static const char *const forms[] = {
        HEAD
        ",\"input\":\"{\\\"a\\\": [1, \\\"\\\\u00e9\\\"]}\",\"secrets\":\"{\\\"K\\\":\\\"v\\\"}\"}",
        HEAD ",\"input\":{\"a\": [1, \"\\u00e9\"]},\"secrets\":{\"K\":\"v\"}}",
    };
    for (size_t index = 0; index < 2; index++) {
        struct nsl_execute_request request = accept(forms[index]);
        assert_text(request.input_json, "{\"a\": [1, \"\\u00e9\"]}");
        assert_int_equal(request.secret_count, 1);
        assert_text(request.secrets[0].name, "K");
        assert_text(request.secrets[0].value, "v");
    }
}

static void every_json_value_may_be_the_input(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "true", "1.5e3", "[]", "{}"};
    for (size_t index = 0; index < sizeof(values) / sizeof(values[0]); index++) {
        char body[256];
        (void)snprintf(body, sizeof(body), HEAD ",\"input\":%s}", values[index]);
        assert_text(accept(body).input_json, values[index]);
        (void)snprintf(body, sizeof(body), HEAD ",\"input\":\"%s\"}", values[index]);
        assert_text(accept(body).input_json, values[index]);
    }
    assert_text(accept(HEAD ",\"input\":\"\\\"text\\\"\"}").input_json, "\"text\"");
    assert_int_equal(accept(HEAD ",\"secrets\":null}").secret_count, 0);
}

static void escapes_in_code_and_ids_are_taken_apart(void **state)
{
    (void)state;
    struct nsl_execute_request request =
        accept("{\"co\\u0064e\":\"a\\n\\u20ac\\ud83d\\ude00\",\"functionId\":\"f\\u0031\","
               "\"userId\":\"\\u00fc\"}");
    assert_text(request.code, "a\n\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_text(request.function_id, "f1");
    assert_text(request.user_id, "\xc3\xbc");
}

static void limits_may_be_lowered_and_not_raised(void **state)
{
    char body[256];
    (void)state;
    struct nsl_execute_request request = accept(HEAD ",\"gasLimit\":1,\"timeoutMs\":1}");
    assert_int_equal(request.gas_limit, 1);
    assert_int_equal(request.time_ms, 1);
    (void)snprintf(body, sizeof(body), HEAD ",\"gasLimit\":%lld}",
                   (long long)settings.functions_gas_limit);
    assert_int_equal(accept(body).gas_limit, settings.functions_gas_limit);
    (void)snprintf(body, sizeof(body), HEAD ",\"gasLimit\":%lld}",
                   (long long)settings.functions_gas_limit + 1);
    refuse(body, 400, "gasLimit", "must be a whole number from 1 to 100000000");
    static const char *const wrong[] = {"0", "-1", "1.5", "1e3", "99999999999999999999999"};
    for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++) {
        (void)snprintf(body, sizeof(body), HEAD ",\"gasLimit\":%s}", wrong[index]);
        refuse(body, 400, "gasLimit", "must be a whole number");
        (void)snprintf(body, sizeof(body), HEAD ",\"timeoutMs\":%s}", wrong[index]);
        refuse(body, 400, "timeoutMs", "must be a whole number from 1 to 5000");
    }
}

static void missing_unknown_and_wrong_fields_are_named(void **state)
{
    (void)state;
    refuse("{\"functionId\":\"f\",\"userId\":\"u\"}", 400, "code", "is missing");
    refuse("{\"code\":\"c\",\"userId\":\"u\"}", 400, "functionId", "is missing");
    refuse("{\"code\":\"c\",\"functionId\":\"f\"}", 400, "userId", "is missing");
    refuse(HEAD ",\"extra\":1}", 400, "extra", "is not known");
    refuse(HEAD ",\"Code\":\"c\"}", 400, "Code", "is not known");
    static const char *const fields[] = {"code", "functionId", "userId", "codeHash"};
    for (size_t index = 0; index < 4; index++) {
        static const char *const values[] = {"1", "null", "true", "[]", "{}"};
        for (size_t value = 0; value < 5; value++) {
            char body[256];
            (void)snprintf(body, sizeof(body), "{\"%s\":%s}", fields[index], values[value]);
            refuse(body, 400, fields[index], "has the wrong type");
        }
    }
    refuse(HEAD ",\"secrets\":[]}", 400, "secrets", "has the wrong type");
    refuse(HEAD ",\"secrets\":1}", 400, "secrets", "has the wrong type");
    refuse(HEAD ",\"gasLimit\":\"1\"}", 400, "gasLimit", "has the wrong type");
    refuse(HEAD ",\"timeoutMs\":null}", 400, "timeoutMs", "has the wrong type");
}

static void a_long_unknown_key_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t first = 0; first < 2; first++) { /* U+00FC over and over, once behind an x */
        char key[400] = {0};
        char body[1024];
        size_t size = 0;
        if (first == 1) {
            key[size++] = 'x';
        }
        while (size < 300) {
            key[size++] = '\xc3';
            key[size++] = '\xbc';
        }
        (void)snprintf(body, sizeof(body), HEAD ",\"%s\":1}", key);
        key[first == 1 ? 127 : 128] = '\0';
        refuse(body, 400, key, "is not known");
    }
}

static void empty_texts_are_named(void **state)
{
    (void)state;
    refuse("{\"code\":\"\",\"functionId\":\"f\",\"userId\":\"u\"}", 400, "code",
           "Empty code provided");
    refuse("{\"code\":\"c\",\"functionId\":\"\",\"userId\":\"u\"}", 400, "functionId",
           "Empty function ID provided");
    refuse("{\"code\":\"c\",\"functionId\":\"f\",\"userId\":\"\"}", 400, "userId",
           "Empty user ID provided");
}

static void bodies_that_are_not_a_json_object_say_where(void **state)
{
    (void)state;
    refuse("", 400, "", "the body is empty");
    refuse("[]", 400, "", "is not an object");
    refuse("1", 400, "", "is not an object");
    refuse("{", 400, "", "line 1, column 2");
    refuse("{\n  \"code\": x}", 400, "", "line 2, column 11");
    refuse("{}x", 400, "", "line 1, column 3");
    refuse(HEAD ",\"code\":\"again\"}", 400, "", "invalid JSON at line 1");
    refuse(HEAD ",\"cod\\u0065\":\"again\"}", 400, "", "invalid JSON at line 1");
    refuse("{\"code\":\"\xff\"}", 400, "", "line 1, column 10");
    refuse("{\"code\":\"\\ud800\"}", 400, "", "line 1");
    refuse("{\"code\":\"\x01\"}", 400, "", "line 1, column 10");
    refuse_bytes(nsl_bytes_of("{\"code\":\"a\0b\"}", 14), 400, "", "line 1, column 11");
}

static void json_inside_texts_is_checked_as_strictly(void **state)
{
    (void)state;
    refuse(HEAD ",\"input\":\"\"}", 400, "input", "invalid JSON at line 1, column 1");
    refuse(HEAD ",\"input\":\"{\"}", 400, "input", "invalid JSON at line 1, column 2");
    refuse(HEAD ",\"input\":\"plain\"}", 400, "input", "invalid JSON");
    refuse(HEAD ",\"input\":\"{\\\"a\\\":1,\\\"a\\\":2}\"}", 400, "input", "invalid JSON");
    refuse(HEAD ",\"input\":\"\\\"\\\\ud800\\\"\"}", 400, "input", "invalid JSON");
    refuse(HEAD ",\"secrets\":\"[]\"}", 400, "secrets", "must be an object");
    refuse(HEAD ",\"secrets\":\"\"}", 400, "secrets", "invalid JSON");
    refuse(HEAD ",\"secrets\":\"{\\\"a\\\":\\\"1\\\",\\\"a\\\":\\\"2\\\"}\"}", 400, "secrets",
           "invalid JSON");
}

static void nul_and_control_characters_are_refused_where_they_do_harm(void **state)
{
    (void)state;
    refuse("{\"code\":\"a\\u0000b\",\"functionId\":\"f\",\"userId\":\"u\"}", 400, "code",
           "holds a NUL character");
    refuse("{\"code\":\"c\",\"functionId\":\"a\\u0000\",\"userId\":\"u\"}", 400, "functionId",
           "holds a control character");
    refuse("{\"code\":\"c\",\"functionId\":\"f\",\"userId\":\"a\\n\"}", 400, "userId",
           "holds a control character");
    refuse(HEAD ",\"secrets\":{\"a\\u0000\":\"v\"}}", 400, "secrets", "a secret's name");
    refuse(HEAD ",\"secrets\":{\"\":\"v\"}}", 400, "secrets", "a secret's name");
    /* A secret's value is any text. */
    struct nsl_execute_request request = accept(HEAD ",\"secrets\":{\"K\":\"a\\u0000b\"}}");
    assert_int_equal(request.secrets[0].value.size, 3);
}

static void secrets_must_be_texts(void **state)
{
    (void)state;
    static const char *const values[] = {"1", "null", "true", "[]", "{}"};
    for (size_t index = 0; index < 5; index++) {
        char body[256];
        (void)snprintf(body, sizeof(body), HEAD ",\"secrets\":{\"A\":\"v\",\"K\":%s}}",
                       values[index]);
        refuse(body, 400, "secrets", "every secret's value must be a string");
    }
}

static void code_hashes_are_compared(void **state)
{
    (void)state;
#define HASH "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc"
    assert_text(accept(HEAD ",\"codeHash\":\"" HASH "6\"}").code, "c");
    refuse(HEAD ",\"codeHash\":\"" HASH "7\"}", 409, "codeHash", "nothing was run");
    refuse(HEAD ",\"codeHash\":\"" HASH "\"}", 400, "codeHash", "not a SHA-256");
    refuse(HEAD ",\"codeHash\":\"" HASH "6a\"}", 400, "codeHash", "not a SHA-256");
    refuse(HEAD ",\"codeHash\":\"" HASH "g\"}", 400, "codeHash", "not a SHA-256");
    refuse(HEAD ",\"codeHash\":\"\"}", 400, "codeHash", "not a SHA-256");
}

/* before + fill * count + after, NUL-terminated. */
static char *filled(const char *before, char fill, size_t count, const char *after)
{
    size_t head = strlen(before);
    char *text = malloc(head + count + strlen(after) + 1);
    assert_non_null(text);
    for (size_t index = 0; index < head; index++) {
        text[index] = before[index];
    }
    for (size_t index = 0; index < count; index++) {
        text[head + index] = fill;
    }
    (void)snprintf(text + head + count, strlen(after) + 1, "%s", after);
    return text;
}

static void sizes_end_exactly_at_their_limits(void **state)
{
    (void)state;
    settings.functions_max_code_bytes = 2000;
    settings.functions_max_input_bytes = 3000;
    settings.functions_max_secret_bytes = 40;
    const struct {
        const char *before;
        const char *after;
        size_t max;
        const char *field;
        const char *message;
        uint16_t status;
    } rows[] = {
        {"{\"code\":\"", "\",\"functionId\":\"f\",\"userId\":\"u\"}", 2000, "code",
         "is above Functions.MaxCodeBytes, which is 2000", 413},
        {HEAD ",\"input\":[1", "]}", 2997, "input",
         "is above Functions.MaxInputBytes, which is 3000", 413},
        {HEAD ",\"secrets\":{\"K\":\"", "\"}}", 40, "secrets",
         "is above Functions.MaxSecretBytes, which is 40", 413},
        {HEAD ",\"secrets\":{\"", "\":\"v\"}}", 128, "secrets",
         "a secret's name must have 1 to 128 bytes", 400},
        {"{\"code\":\"c\",\"functionId\":\"f\",\"userId\":\"", "\"}", 256, "userId",
         "is longer than 256 bytes", 400},
        {"{\"code\":\"c\",\"userId\":\"u\",\"functionId\":\"", "\"}", 256, "functionId",
         "is longer than 256 bytes", 400},
    };
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        char *text = filled(rows[index].before, '1', rows[index].max, rows[index].after);
        (void)accept(text);
        free(text);
        text = filled(rows[index].before, '1', rows[index].max + 1, rows[index].after);
        refuse(text, rows[index].status, rows[index].field, rows[index].message);
        free(text);
    }
}

static void the_number_of_secrets_ends_at_its_limit(void **state)
{
    (void)state;
    settings.functions_max_secrets = 2;
    assert_int_equal(accept(HEAD ",\"secrets\":{\"A\":\"1\",\"B\":\"2\"}}").secret_count, 2);
    refuse(HEAD ",\"secrets\":{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}}", 413, "secrets",
           "is above Functions.MaxSecrets, which is 2");
    settings.functions_max_secrets = 0;
    assert_int_equal(accept(HEAD ",\"secrets\":{}}").secret_count, 0);
    refuse(HEAD ",\"secrets\":{\"A\":\"1\"}}", 413, "secrets", "is above Functions.MaxSecrets");
}

static void nesting_ends_at_its_limit(void **state)
{
    (void)state;
    char *open = filled(HEAD ",\"input\":", '[', NSL_EXECUTE_DEPTH_MAX - 1, "");
    char *text = filled(open, ']', NSL_EXECUTE_DEPTH_MAX - 1, "}");
    (void)accept(text);
    free(open);
    free(text);
    open = filled(HEAD ",\"input\":", '[', NSL_EXECUTE_DEPTH_MAX, "");
    text = filled(open, ']', NSL_EXECUTE_DEPTH_MAX, "}");
    refuse(text, 400, "", "invalid JSON at line 1");
    free(open);
    free(text);
    text = filled("", '[', 1000000, "");
    refuse(text, 400, "", "invalid JSON at line 1");
    free(text);
}

static void a_scratch_that_is_too_small_refuses_and_never_overflows(void **state)
{
    (void)state;
    struct nsl_scratch small;
    char *text = filled(HEAD ",\"input\":\"[1", '1', 60000, "]\"}");
    char *escaped =
        filled("{\"code\":\"\\n", 'x', 60000, "\",\"functionId\":\"f\",\"userId\":\"u\"}");
    for (size_t pages = 1; pages < 64; pages++) {
        struct nsl_execute_request request;
        struct nsl_execute_refusal refusal = {0};
        assert_int_equal(nsl_scratch_init(&small, pages * 4096), NSL_OK);
        if (!nsl_execute_request_read(&settings, nsl_bytes_text(text), &small, &request,
                                      &refusal)) {
            assert_int_equal(refusal.status, 413);
        }
        nsl_scratch_reset(&small);
        if (!nsl_execute_request_read(&settings, nsl_bytes_text(escaped), &small, &request,
                                      &refusal)) {
            assert_int_equal(refusal.status, 413);
        }
        nsl_scratch_done(&small);
    }
    (void)accept(text);
    (void)accept(escaped);
    free(text);
    free(escaped);
}

#define TEST(name) cmocka_unit_test_setup(name, reset_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_least_request_gets_the_settings_limits),
        TEST(input_and_secrets_come_as_text_or_as_values),
        TEST(every_json_value_may_be_the_input),
        TEST(escapes_in_code_and_ids_are_taken_apart),
        TEST(limits_may_be_lowered_and_not_raised),
        TEST(missing_unknown_and_wrong_fields_are_named),
        TEST(a_long_unknown_key_is_cut_between_characters),
        TEST(empty_texts_are_named),
        TEST(bodies_that_are_not_a_json_object_say_where),
        TEST(json_inside_texts_is_checked_as_strictly),
        TEST(nul_and_control_characters_are_refused_where_they_do_harm),
        TEST(secrets_must_be_texts),
        TEST(code_hashes_are_compared),
        TEST(sizes_end_exactly_at_their_limits),
        TEST(the_number_of_secrets_ends_at_its_limit),
        TEST(nesting_ends_at_its_limit),
        TEST(a_scratch_that_is_too_small_refuses_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, make_scratch, free_scratch);
}
