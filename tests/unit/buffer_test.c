#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/buffer.h"
#include "tests/unit/sanitizer.h"

static size_t wipe_count;
static size_t wiped_content_count; /* wipes of memory that began with the test's secret */
static size_t wiped_size;          /* of the last one */

__attribute__((noinline)) static void wipe(uintptr_t address, size_t size)
{
    volatile uint8_t *at = (volatile uint8_t *)address;
    wipe_count++;
    wiped_content_count += size > 0 && at[0] == 'S';
    wiped_size = size;
    for (size_t i = 0; i < size; i++) {
        at[i] = 0;
    }
}

/* Stands in for libc's: looks at what is wiped before doing it. (libc declares that it only writes,
 * hence the number and the function of its own.) */
void explicit_bzero(void *data, size_t size)
{
    wipe((uintptr_t)data, size);
}

void __explicit_bzero_chk(void *data, size_t size, size_t object_size);
void __explicit_bzero_chk(void *data, size_t size, size_t object_size)
{
    (void)object_size;
    explicit_bzero(data, size);
}

static void assert_content(const struct nsl_buffer *buffer, const char *text)
{
    assert_int_equal(buffer->size, strlen(text));
    assert_memory_equal(buffer->data, text, buffer->size);
}

static void it_holds_its_maximum_and_not_one_byte_more(void **state)
{
    (void)state;
    for (size_t max = 0; max < 1200; max += 13) {
        NSL_AUTO(nsl_buffer) buffer;
        nsl_buffer_init(&buffer, max, NSL_BUFFER_PLAIN);
        for (size_t i = 0; i < max; i++) {
            assert_int_equal(nsl_buffer_append_byte(&buffer, (uint8_t)i), NSL_OK);
        }
        assert_int_equal(nsl_buffer_append_byte(&buffer, 0), NSL_ERR_TOO_LARGE);
        assert_int_equal(buffer.size, max);
        assert_true(buffer.capacity <= max);
        for (size_t i = 0; i < max; i++) {
            assert_int_equal(buffer.data[i], (uint8_t)i);
        }
    }
}

static void a_refused_append_changes_nothing(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) buffer;
    nsl_buffer_init(&buffer, 5, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_text(&buffer, "abc"), NSL_OK);
    assert_int_equal(nsl_buffer_append_text(&buffer, "def"), NSL_ERR_TOO_LARGE);
    assert_content(&buffer, "abc");
    assert_int_equal(nsl_buffer_append_text(&buffer, "de"), NSL_OK);
    assert_content(&buffer, "abcde");
}

static void a_size_that_overflows_is_too_large(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) buffer;
    nsl_buffer_init(&buffer, SIZE_MAX, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_byte(&buffer, 1), NSL_OK);
    assert_int_equal(nsl_buffer_reserve(&buffer, SIZE_MAX), NSL_ERR_TOO_LARGE);
    assert_int_equal(buffer.size, 1);
    assert_int_equal(buffer.data[0], 1);
}

/* More than an address space has: malloc refuses it on every machine. */
static void memory_that_is_refused_changes_nothing(void **state)
{
    (void)state;
    for (int kind = NSL_BUFFER_PLAIN; kind <= NSL_BUFFER_WIPE && !is_sanitized; kind++) {
        NSL_AUTO(nsl_buffer) buffer;
        nsl_buffer_init(&buffer, SIZE_MAX, (enum nsl_buffer_kind)kind);
        assert_int_equal(nsl_buffer_append_text(&buffer, "kept"), NSL_OK);
        assert_int_equal(nsl_buffer_reserve(&buffer, (size_t)1 << 47), NSL_ERR_NO_MEMORY);
        assert_content(&buffer, "kept");
        assert_int_equal(nsl_buffer_append_byte(&buffer, '!'), NSL_OK);
        assert_content(&buffer, "kept!");
    }
}

static void numbers_are_written_in_decimal(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) buffer;
    nsl_buffer_init(&buffer, 256, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_u64(&buffer, 0), NSL_OK);
    assert_int_equal(nsl_buffer_append_byte(&buffer, ' '), NSL_OK);
    assert_int_equal(nsl_buffer_append_u64(&buffer, UINT64_MAX), NSL_OK);
    assert_int_equal(nsl_buffer_append_byte(&buffer, ' '), NSL_OK);
    assert_int_equal(nsl_buffer_append_i64(&buffer, INT64_MIN), NSL_OK);
    assert_int_equal(nsl_buffer_append_byte(&buffer, ' '), NSL_OK);
    assert_int_equal(nsl_buffer_append_i64(&buffer, INT64_MAX), NSL_OK);
    assert_int_equal(nsl_buffer_append_byte(&buffer, ' '), NSL_OK);
    assert_int_equal(nsl_buffer_append_i64(&buffer, -10), NSL_OK);
    assert_content(&buffer, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -10");
}

static void little_endian_numbers_have_their_width(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) buffer;
    nsl_buffer_init(&buffer, 64, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_le(&buffer, 0x0102, 2), NSL_OK);
    assert_int_equal(nsl_buffer_append_le(&buffer, 0x0102030405060708, 8), NSL_OK);
    assert_int_equal(nsl_buffer_append_le(&buffer, 0xff, 1), NSL_OK);
    assert_int_equal(buffer.size, 11);
    assert_memory_equal(buffer.data, "\2\1\10\7\6\5\4\3\2\1\377", 11);
}

static void growing_a_secret_buffer_wipes_the_old_memory(void **state)
{
    (void)state;
    wipe_count = 0;
    wiped_content_count = 0;
    struct nsl_buffer buffer;
    nsl_buffer_init(&buffer, 4096, NSL_BUFFER_WIPE);
    for (size_t i = 0; i < 257; i++) {
        assert_int_equal(nsl_buffer_append_byte(&buffer, 'S'), NSL_OK);
    }
    assert_int_equal(wiped_content_count, 1);
    assert_int_equal(wiped_size, 256);
    assert_int_equal(buffer.data[0], 'S');
    assert_int_equal(buffer.data[256], 'S');
    size_t capacity = buffer.capacity;
    nsl_buffer_done(&buffer);
    assert_int_equal(wiped_content_count, 2);
    assert_int_equal(wiped_size, capacity);
    assert_null(buffer.data);
}

static void clearing_a_secret_buffer_zeroes_its_memory(void **state)
{
    (void)state;
    NSL_AUTO(nsl_buffer) buffer;
    nsl_buffer_init(&buffer, 64, NSL_BUFFER_WIPE);
    assert_int_equal(nsl_buffer_append_text(&buffer, "SSSS"), NSL_OK);
    nsl_buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_memory_equal(buffer.data, "\0\0\0\0", 4);
}

static void a_plain_buffer_is_not_wiped_and_keeps_its_memory_when_cleared(void **state)
{
    (void)state;
    wipe_count = 0;
    struct nsl_buffer buffer;
    nsl_buffer_init(&buffer, 64, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_buffer_append_text(&buffer, "text"), NSL_OK);
    const uint8_t *data = buffer.data;
    nsl_buffer_clear(&buffer);
    assert_int_equal(nsl_buffer_append_text(&buffer, "more"), NSL_OK);
    assert_ptr_equal(buffer.data, data);
    nsl_buffer_done(&buffer);
    assert_int_equal(wipe_count, 0);
}

static void an_empty_or_zeroed_buffer_can_be_done_twice(void **state)
{
    (void)state;
    struct nsl_buffer buffer = {0};
    nsl_buffer_done(&buffer);
    nsl_buffer_done(&buffer);
    nsl_buffer_done(NULL);
    assert_int_equal(nsl_buffer_append_byte(&buffer, 1), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_buffer_append(&buffer, (nsl_bytes){0}), NSL_OK);
    assert_int_equal(buffer.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_its_maximum_and_not_one_byte_more),
        cmocka_unit_test(a_refused_append_changes_nothing),
        cmocka_unit_test(a_size_that_overflows_is_too_large),
        cmocka_unit_test(memory_that_is_refused_changes_nothing),
        cmocka_unit_test(numbers_are_written_in_decimal),
        cmocka_unit_test(little_endian_numbers_have_their_width),
        cmocka_unit_test(growing_a_secret_buffer_wipes_the_old_memory),
        cmocka_unit_test(clearing_a_secret_buffer_zeroes_its_memory),
        cmocka_unit_test(a_plain_buffer_is_not_wiped_and_keeps_its_memory_when_cleared),
        cmocka_unit_test(an_empty_or_zeroed_buffer_can_be_done_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
