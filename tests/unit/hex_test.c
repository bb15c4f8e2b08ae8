#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/hex.h"

static void every_byte_survives_there_and_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t back[256] = {0};
    char text[512];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(nsl_hex_encode(nsl_bytes_of(bytes, 256), text, sizeof text), NSL_OK);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_int_equal(nsl_hex_decode(nsl_bytes_of(text, 512), back, 256), NSL_OK);
    assert_memory_equal(bytes, back, 256);
}

static void upper_case_is_read_and_lower_case_written(void **state)
{
    (void)state;
    uint8_t bytes[2] = {0};
    char text[4];
    assert_int_equal(nsl_hex_decode(NSL_TEXT("aBFf"), bytes, 2), NSL_OK);
    assert_int_equal(nsl_hex_encode(nsl_bytes_of(bytes, 2), text, 4), NSL_OK);
    assert_memory_equal(text, "abff", 4);
}

static void too_little_room_is_refused(void **state)
{
    (void)state;
    char text[4] = "xxx";
    assert_int_equal(nsl_hex_encode(NSL_TEXT("ab"), text, 3), NSL_ERR_TOO_LARGE);
    assert_string_equal(text, "xxx");
    assert_int_equal(nsl_hex_encode((nsl_bytes){0}, text, 0), NSL_OK);
}

static void wrong_lengths_and_characters_are_refused_without_writing(void **state)
{
    (void)state;
    uint8_t bytes[2] = {7, 7};
    static const char *const bad[] = {"",     "0",     "000",  "00000", "0g00",
                                      "000 ", " 0000", "0x00", "00-1",  "00\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(nsl_hex_decode(nsl_bytes_text(bad[i]), bytes, 2), NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(bytes[0], 7);
        assert_int_equal(bytes[1], 7);
    }
}

static void a_digit_is_a_digit_for_exactly_22_characters(void **state)
{
    (void)state;
    size_t count = 0;
    for (int i = 0; i < 256; i++) {
        int digit = nsl_hex_digit((uint8_t)i);
        assert_true(digit >= -1 && digit <= 15);
        count += digit >= 0;
        assert_int_equal(digit >= 0, i != 0 && strchr("0123456789abcdefABCDEF", i) != NULL);
    }
    assert_int_equal(count, 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_survives_there_and_back),
        cmocka_unit_test(upper_case_is_read_and_lower_case_written),
        cmocka_unit_test(too_little_room_is_refused),
        cmocka_unit_test(wrong_lengths_and_characters_are_refused_without_writing),
        cmocka_unit_test(a_digit_is_a_digit_for_exactly_22_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
