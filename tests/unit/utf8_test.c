#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/utf8.h"

static void every_code_point_is_one_character_but_surrogates_are_none(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10ffff; code_point++) {
        uint8_t bytes[4];
        size_t size = nsl_utf8_put(code_point, bytes);
        size_t expected = code_point < 0x80      ? 1
                          : code_point < 0x800   ? 2
                          : code_point < 0x10000 ? 3
                                                 : 4;
        assert_int_equal(size, expected);
        bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
        assert_int_equal(nsl_utf8_char_size(nsl_bytes_of(bytes, size)), is_surrogate ? 0 : size);
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(nsl_utf8_char_size(nsl_bytes_of(bytes, cut)), 0);
        }
    }
}

/* As many sequences are accepted as there are characters, so none is accepted twice. */
static void no_other_sequence_of_three_bytes_is_accepted(void **state)
{
    (void)state;
    size_t ones = 0;
    size_t twos = 0;
    size_t threes = 0;
    for (uint32_t i = 0; i < 1U << 24; i++) {
        const uint8_t bytes[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        size_t size = nsl_utf8_char_size(nsl_bytes_of(bytes, 3));
        ones += size == 1;
        twos += size == 2;
        threes += size == 3;
        assert_true(size <= 3);
    }
    assert_int_equal(ones, 0x80 * 65536);
    assert_int_equal(twos, (0x800 - 0x80) * 256);
    assert_int_equal(threes, 0x10000 - 0x800 - 0x800);
}

static void no_other_sequence_of_four_bytes_is_accepted(void **state)
{
    (void)state;
    static const uint8_t tails[] = {0x00, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xff};
    size_t accepted = 0;
    for (uint32_t i = 0; i < 16U << 8; i++) {
        for (size_t j = 0; j < sizeof tails; j++) {
            for (size_t k = 0; k < sizeof tails; k++) {
                const uint8_t bytes[4] = {(uint8_t)(0xf0 + (i >> 8)), (uint8_t)i, tails[j],
                                          tails[k]};
                accepted += nsl_utf8_char_size(nsl_bytes_of(bytes, 4)) == 4;
            }
        }
    }
    /* 0x100000 characters, 64 * 64 tails each of which 3 * 3 were tried. */
    assert_int_equal(accepted, 0x100000 / (64 * 64) * 9);
}

static void the_valid_start_ends_at_the_first_bad_byte(void **state)
{
    (void)state;
    char text[64];
    for (size_t at = 0; at < sizeof text; at++) {
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = 'a';
        }
        text[at] = (char)0xff;
        assert_int_equal(nsl_utf8_valid_size(nsl_bytes_of(text, sizeof text)), at);
        assert_false(nsl_utf8_is_valid(nsl_bytes_of(text, sizeof text)));
        assert_true(nsl_utf8_is_valid(nsl_bytes_of(text, at)));
    }
}

static void mixed_text_is_valid_and_its_cuts_are_not(void **state)
{
    (void)state;
    nsl_bytes text = NSL_TEXT("plain \xc3\xa9 \xe4\xb8\x96 \xf0\x9f\x98\x80 \0 end");
    assert_true(nsl_utf8_is_valid(text));
    assert_int_equal(nsl_utf8_valid_size(nsl_bytes_of(text.data, 7)), 6);
    assert_int_equal(nsl_utf8_valid_size(nsl_bytes_of(text.data, 11)), 9);
    assert_int_equal(nsl_utf8_valid_size(nsl_bytes_of(text.data, 16)), 13);
    assert_true(nsl_utf8_is_valid((nsl_bytes){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_one_character_but_surrogates_are_none),
        cmocka_unit_test(no_other_sequence_of_three_bytes_is_accepted),
        cmocka_unit_test(no_other_sequence_of_four_bytes_is_accepted),
        cmocka_unit_test(the_valid_start_ends_at_the_first_bad_byte),
        cmocka_unit_test(mixed_text_is_valid_and_its_cuts_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
