#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <time.h>

#include "enclave/api/response.h"

static void assert_timestamp(int64_t time_ms, const char *want)
{
    char text[NSL_TIMESTAMP_SIZE + 1];
    text[NSL_TIMESTAMP_SIZE] = '\0';
    nsl_timestamp_format(time_ms, text);
    assert_string_equal(text, want);
}

static void timestamps_have_the_known_values(void **state)
{
    (void)state;
    assert_timestamp(0, "1970-01-01T00:00:00.000Z");
    assert_timestamp(-1, "1970-01-01T00:00:00.000Z");
    assert_timestamp(951782399999, "2000-02-28T23:59:59.999Z");
    assert_timestamp(951782400000, "2000-02-29T00:00:00.000Z");
    assert_timestamp(951868800000, "2000-03-01T00:00:00.000Z");
    assert_timestamp(1709164799001, "2024-02-28T23:59:59.001Z");
    assert_timestamp(4107542400000, "2100-03-01T00:00:00.000Z");
    assert_timestamp(253402300799999, "9999-12-31T23:59:59.999Z");
}

/* Every day for 230 years against the C library. */
static void timestamps_agree_with_gmtime(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 230 * 366; day++) {
        time_t seconds = (time_t)(day * 86400 + (day * 7919) % 86400);
        struct tm parts;
        char want[64];
        assert_non_null(gmtime_r(&seconds, &parts));
        (void)snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                       parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                       parts.tm_min, parts.tm_sec, (int)(day % 1000));
        assert_timestamp((int64_t)seconds * 1000 + day % 1000, want);
    }
}

static void ids_are_hex_and_never_the_same(void **state)
{
    char ids[64][NSL_REQUEST_ID_SIZE];
    (void)state;
    for (size_t index = 0; index < 64; index++) {
        nsl_response_new_id(ids[index]);
        for (size_t at = 0; at < NSL_REQUEST_ID_SIZE; at++) {
            assert_non_null(strchr("0123456789abcdef", ids[index][at]));
        }
        for (size_t other = 0; other < index; other++) {
            assert_memory_not_equal(ids[index], ids[other], NSL_REQUEST_ID_SIZE);
        }
    }
}

static void every_status_has_its_word(void **state)
{
    static const struct {
        uint16_t status;
        const char *word;
    } words[] = {
        {400, "VALIDATION_ERROR"},
        {404, "NOT_FOUND"},
        {405, "METHOD_NOT_ALLOWED"},
        {408, "TIMEOUT"},
        {409, "CONFLICT"},
        {413, "PAYLOAD_TOO_LARGE"},
        {415, "UNSUPPORTED_MEDIA_TYPE"},
        {422, "EXECUTION_FAILED"},
        {503, "SERVICE_UNAVAILABLE"},
        {500, "INTERNAL_SERVER_ERROR"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(words) / sizeof(words[0]); index++) {
        assert_string_equal(nsl_response_code(words[index].status), words[index].word);
    }
}

static void assert_error_body(nsl_bytes field, nsl_bytes message, nsl_bytes id, const char *want)
{
    struct nsl_buffer body;
    nsl_buffer_init(&body, 4096, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_response_write_error(400, field, message, id, &body), NSL_OK);
    /* The timestamp is the only part that changes: it is cut out, with the end behind it. */
    static const char key[] = "\"timestamp\":\"";
    size_t tail = sizeof(key) - 1 + NSL_TIMESTAMP_SIZE + 3;
    assert_true(body.size > tail);
    assert_memory_equal(body.data + body.size - tail, key, sizeof(key) - 1);
    assert_memory_equal(body.data + body.size - 3, "\"}}", 3);
    assert_int_equal(body.size - tail, strlen(want));
    assert_memory_equal(body.data, want, strlen(want));
    nsl_buffer_done(&body);
}

static void error_bodies_have_the_documented_form(void **state)
{
    (void)state;
    assert_error_body(NSL_TEXT("code"), NSL_TEXT("is missing"), NSL_TEXT("abc"),
                      "{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\",\"message\":"
                      "\"is missing\",\"details\":{\"field\":\"code\"}},\"metadata\":{"
                      "\"requestId\":\"abc\",");
    assert_error_body((nsl_bytes){0}, NSL_TEXT("no \"quotes\"\n"), (nsl_bytes){0},
                      "{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\",\"message\":"
                      "\"no \\\"quotes\\\"\\n\"},\"metadata\":{");
}

static void error_bodies_that_do_not_fit_are_an_error(void **state)
{
    struct nsl_buffer body;
    (void)state;
    nsl_buffer_init(&body, 50, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_response_write_error(400, NSL_TEXT("code"), NSL_TEXT("is missing"),
                                              (nsl_bytes){0}, &body),
                     NSL_ERR_TOO_LARGE);
    nsl_buffer_done(&body);
    nsl_buffer_init(&body, 4096, NSL_BUFFER_PLAIN);
    assert_int_equal(
        nsl_response_write_error(400, NSL_TEXT("\xff"), NSL_TEXT("x"), (nsl_bytes){0}, &body),
        NSL_ERR_BAD_UTF8);
    nsl_buffer_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_have_the_known_values),
        cmocka_unit_test(timestamps_agree_with_gmtime),
        cmocka_unit_test(ids_are_hex_and_never_the_same),
        cmocka_unit_test(every_status_has_its_word),
        cmocka_unit_test(error_bodies_have_the_documented_form),
        cmocka_unit_test(error_bodies_that_do_not_fit_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
