#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/base64.h"

static void assert_encodes(const char *bytes, enum nsl_base64_form form, const char *expected)
{
    char text[64];
    size_t size = 0;
    nsl_bytes from = nsl_bytes_text(bytes);
    assert_int_equal(nsl_base64_encode(from, form, text, sizeof text, &size), NSL_OK);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
    uint8_t back[64];
    size_t back_size = 0;
    assert_int_equal(nsl_base64_decode(nsl_bytes_of(text, size), form, back, from.size, &back_size),
                     NSL_OK);
    assert_int_equal(back_size, from.size);
    assert_memory_equal(back, bytes, back_size);
}

/* RFC 4648 section 10. */
static void the_vectors_of_the_rfc_hold(void **state)
{
    (void)state;
    assert_encodes("", NSL_BASE64_STANDARD, "");
    assert_encodes("f", NSL_BASE64_STANDARD, "Zg==");
    assert_encodes("fo", NSL_BASE64_STANDARD, "Zm8=");
    assert_encodes("foo", NSL_BASE64_STANDARD, "Zm9v");
    assert_encodes("foob", NSL_BASE64_STANDARD, "Zm9vYg==");
    assert_encodes("fooba", NSL_BASE64_STANDARD, "Zm9vYmE=");
    assert_encodes("foobar", NSL_BASE64_STANDARD, "Zm9vYmFy");
}

static void the_url_form_has_its_own_two_letters_and_no_padding(void **state)
{
    (void)state;
    assert_encodes("\xfb\xff\xbe", NSL_BASE64_STANDARD, "+/++");
    assert_encodes("\xfb\xff\xbe", NSL_BASE64_URL, "-_--");
    assert_encodes("f", NSL_BASE64_URL, "Zg");
    assert_encodes("fo", NSL_BASE64_URL, "Zm8");
    assert_encodes("foobar", NSL_BASE64_URL, "Zm9vYmFy");
}

static void assert_refused(const char *text, enum nsl_base64_form form)
{
    uint8_t bytes[64];
    size_t size = 99;
    assert_int_equal(nsl_base64_decode(nsl_bytes_text(text), form, bytes, sizeof bytes, &size),
                     NSL_ERR_BAD_ARGUMENT);
    assert_int_equal(size, 99);
}

static void there_is_one_text_for_one_value(void **state)
{
    (void)state;
    static const char *const standard[] = {
        "Z",    "Zg",    "Zg=",    "Zg===", "=",        "==",       "===",      "====",
        "Z===", "Zh==",  "Zm9=",   "Zm8",   "Zm9v=",    "Zm9v====", "Zg==Zg==", "Z=g=",
        "=Zg=", "Zm 8=", "Zm8=\n", "-_--",  "Zm9v\xff", "Zm9vZ",    "Zg=A",     "AA=A",
    };
    for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++) {
        assert_refused(standard[i], NSL_BASE64_STANDARD);
    }
    static const char *const url[] = {"Z",    "Zg==", "Zg=",   "Zh", "Zm9",
                                      "+/++", "Zm8=", "Zm9vZ", "Z g"};
    for (size_t i = 0; i < sizeof url / sizeof url[0]; i++) {
        assert_refused(url[i], NSL_BASE64_URL);
    }
}

static void all_lengths_survive_there_and_back(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 151 + 7);
    }
    for (size_t size = 0; size <= sizeof bytes; size++) {
        for (int form = NSL_BASE64_STANDARD; form <= NSL_BASE64_URL; form++) {
            char text[300];
            uint8_t back[200];
            size_t text_size = 0;
            size_t back_size = 0;
            enum nsl_base64_form as = (enum nsl_base64_form)form;
            assert_int_equal(
                nsl_base64_encode(nsl_bytes_of(bytes, size), as, text, sizeof text, &text_size),
                NSL_OK);
            assert_int_equal(
                nsl_base64_decode(nsl_bytes_of(text, text_size), as, back, size, &back_size),
                NSL_OK);
            assert_int_equal(back_size, size);
            assert_memory_equal(back, bytes, size);
        }
    }
}

static void too_little_room_is_refused(void **state)
{
    (void)state;
    char text[8];
    uint8_t bytes[2];
    size_t size = 99;
    assert_int_equal(nsl_base64_encode(NSL_TEXT("foo"), NSL_BASE64_STANDARD, text, 3, &size),
                     NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_base64_decode(NSL_TEXT("Zm9v"), NSL_BASE64_STANDARD, bytes, 2, &size),
                     NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_base64_encoded_size(SIZE_MAX, NSL_BASE64_STANDARD, &size),
                     NSL_ERR_TOO_LARGE);
    assert_int_equal(size, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(the_url_form_has_its_own_two_letters_and_no_padding),
        cmocka_unit_test(there_is_one_text_for_one_value),
        cmocka_unit_test(all_lengths_survive_there_and_back),
        cmocka_unit_test(too_little_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
