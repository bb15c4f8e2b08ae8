#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/json.h"

static void assert_content(const struct nsl_buffer *buffer, const char *text)
{
    assert_int_equal(buffer->size, strlen(text));
    assert_memory_equal(buffer->data, text, buffer->size);
}

static void a_document_gets_its_commas(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 4096, NSL_BUFFER_PLAIN);
    struct nsl_json_writer writer;
    nsl_json_writer_init(&writer, &out);
    nsl_json_begin_object(&writer);
    nsl_json_put_key(&writer, NSL_TEXT("text"));
    nsl_json_put_text(&writer, NSL_TEXT("a\"b"));
    nsl_json_put_key(&writer, NSL_TEXT("list"));
    nsl_json_begin_array(&writer);
    nsl_json_put_u64(&writer, UINT64_MAX);
    nsl_json_put_i64(&writer, INT64_MIN);
    nsl_json_begin_object(&writer);
    nsl_json_end_object(&writer);
    nsl_json_begin_array(&writer);
    nsl_json_end_array(&writer);
    nsl_json_put_null(&writer);
    nsl_json_end_array(&writer);
    nsl_json_put_key(&writer, NSL_TEXT(""));
    nsl_json_put_bool(&writer, true);
    nsl_json_put_key(&writer, NSL_TEXT("raw"));
    nsl_json_put_raw(&writer, NSL_TEXT("{\"x\": 1}"));
    nsl_json_put_key(&writer, NSL_TEXT("no"));
    nsl_json_put_bool(&writer, false);
    nsl_json_end_object(&writer);
    assert_int_equal(nsl_json_finish(&writer), NSL_OK);
    assert_content(&out, "{\"text\":\"a\\\"b\",\"list\":[18446744073709551615,-9223372036854775808,"
                         "{},[],null],\"\":true,\"raw\":{\"x\": 1},\"no\":false}");
}

static void assert_string(nsl_bytes text, const char *expected)
{
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 4096, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_json_append_string(&out, text), NSL_OK);
    assert_content(&out, expected);
}

static void strings_escape_what_they_must_and_nothing_else(void **state)
{
    (void)state;
    assert_string(NSL_TEXT(""), "\"\"");
    assert_string((nsl_bytes){0}, "\"\"");
    assert_string(NSL_TEXT("plain / text"), "\"plain / text\"");
    assert_string(NSL_TEXT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    assert_string(NSL_TEXT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    assert_string(NSL_TEXT("\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80"),
                  "\"\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\"");
}

/* Every character, at every place of a block, comes back from the reader. */
static void every_string_reads_back_as_it_was(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 65536), NSL_OK);
    const struct nsl_json_options options = {.depth = 0};
    for (int byte = 0; byte < 0x80; byte++) {
        for (size_t size = 1; size < 36; size++) {
            uint8_t text[36];
            memset(text, 'x', sizeof text);
            text[size / 2] = (uint8_t)byte;
            text[size - 1] = (uint8_t)byte;
            NSL_AUTO(nsl_buffer) out;
            nsl_buffer_init(&out, 4096, NSL_BUFFER_PLAIN);
            assert_int_equal(nsl_json_append_string(&out, nsl_bytes_of(text, size)), NSL_OK);
            struct nsl_json_doc doc;
            assert_int_equal(nsl_json_check(nsl_buffer_bytes(&out), &options, &scratch, &doc, NULL),
                             NSL_OK);
            nsl_bytes back = {0};
            assert_int_equal(nsl_json_text(&doc.root, &scratch, &back), NSL_OK);
            assert_true(nsl_bytes_equal(back, nsl_bytes_of(text, size)));
            nsl_scratch_reset(&scratch);
        }
    }
}

static void bytes_that_are_not_utf8_are_refused_whole(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 4096, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_text(&out, "before"), NSL_OK);
    assert_int_equal(nsl_json_append_string(&out, NSL_TEXT("good \xff")), NSL_ERR_BAD_UTF8);
    assert_int_equal(nsl_json_append_string(&out, NSL_TEXT("cut \xc3")), NSL_ERR_BAD_UTF8);
    assert_int_equal(nsl_json_append_string(&out, NSL_TEXT("\xed\xa0\x80")), NSL_ERR_BAD_UTF8);
    assert_content(&out, "before");
}

/* Whatever the maximum, the writer stops at it and says so. */
static void the_first_error_sticks_at_every_maximum(void **state)
{
    (void)state;
    static const char whole[] = "{\"key\":[1,\"\\n\",true]}";
    for (size_t max = 0; max <= sizeof whole; max++) {
        NSL_AUTO(nsl_buffer) out;
        nsl_buffer_init(&out, max, NSL_BUFFER_PLAIN);
        struct nsl_json_writer writer;
        nsl_json_writer_init(&writer, &out);
        nsl_json_begin_object(&writer);
        nsl_json_put_key(&writer, NSL_TEXT("key"));
        nsl_json_begin_array(&writer);
        nsl_json_put_u64(&writer, 1);
        nsl_json_put_text(&writer, NSL_TEXT("\n"));
        nsl_json_put_bool(&writer, true);
        nsl_json_end_array(&writer);
        nsl_json_end_object(&writer);
        bool fits = max >= sizeof whole - 1;
        assert_int_equal(nsl_json_finish(&writer), fits ? NSL_OK : NSL_ERR_TOO_LARGE);
        assert_true(out.size <= max);
        assert_memory_equal(whole, fits ? (const char *)out.data : whole, fits ? out.size : 1);
    }
}

static void a_bad_text_stops_the_writer_for_good(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 64, NSL_BUFFER_PLAIN);
    struct nsl_json_writer writer;
    nsl_json_writer_init(&writer, &out);
    nsl_json_begin_array(&writer);
    nsl_json_put_text(&writer, NSL_TEXT("\xff"));
    nsl_json_put_u64(&writer, 1);
    nsl_json_end_array(&writer);
    assert_int_equal(nsl_json_finish(&writer), NSL_ERR_BAD_UTF8);
    assert_content(&out, "[");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_gets_its_commas),
        cmocka_unit_test(strings_escape_what_they_must_and_nothing_else),
        cmocka_unit_test(every_string_reads_back_as_it_was),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused_whole),
        cmocka_unit_test(the_first_error_sticks_at_every_maximum),
        cmocka_unit_test(a_bad_text_stops_the_writer_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
