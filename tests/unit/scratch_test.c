#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/scratch.h"

static bool is_zero(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

static uint8_t *get(struct nsl_scratch *scratch, size_t size)
{
    void *memory = NULL;
    assert_int_equal(nsl_scratch_alloc(scratch, size, &memory), NSL_OK);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 16, 0);
    assert_true(is_zero(memory, size));
    return memory;
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 4096), NSL_OK);
    uint8_t *first = get(&scratch, 1);
    uint8_t *second = get(&scratch, 17);
    uint8_t *third = get(&scratch, 32);
    assert_true(second >= first + 1);
    assert_true(third >= second + 17);
}

static void the_cap_is_exact_and_refusals_change_nothing(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 4096), NSL_OK);
    size_t capacity = scratch.capacity;
    get(&scratch, capacity - 16);
    void *memory = &scratch;
    assert_int_equal(nsl_scratch_alloc(&scratch, 17, &memory), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_scratch_alloc(&scratch, SIZE_MAX, &memory), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_scratch_alloc(&scratch, SIZE_MAX - 15, &memory), NSL_ERR_TOO_LARGE);
    assert_ptr_equal(memory, &scratch);
    get(&scratch, 16);
    assert_int_equal(scratch.used, capacity);
    assert_int_equal(nsl_scratch_alloc(&scratch, 1, &memory), NSL_ERR_TOO_LARGE);
}

static void reset_zeroes_all_that_was_used(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 4096, 1024 * 1024 - 16, 1024 * 1024, 5 * 1024 * 1024 + 77};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        NSL_AUTO(nsl_scratch) scratch = {0};
        assert_int_equal(nsl_scratch_init(&scratch, 8 * 1024 * 1024), NSL_OK);
        for (int round = 0; round < 3; round++) {
            uint8_t *memory = get(&scratch, sizes[i]);
            assert_ptr_equal(memory, scratch.memory);
            memset(memory, 0xaa, sizes[i]);
            nsl_scratch_reset(&scratch);
            assert_int_equal(scratch.used, 0);
            assert_true(is_zero(memory, sizes[i]));
        }
    }
}

static void release_zeroes_down_to_the_mark_only(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 4096), NSL_OK);
    uint8_t *kept = get(&scratch, 16);
    memset(kept, 1, 16);
    size_t mark = nsl_scratch_mark(&scratch);
    uint8_t *given_back = get(&scratch, 64);
    memset(given_back, 2, 64);
    nsl_scratch_release(&scratch, mark);
    assert_int_equal(kept[15], 1);
    assert_true(is_zero(given_back, 64));
    assert_ptr_equal(get(&scratch, 64), given_back);
}

static void a_copy_is_its_own(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 1), NSL_OK);
    char text[] = "text";
    nsl_bytes copy = {0};
    assert_int_equal(nsl_scratch_copy(&scratch, nsl_bytes_text(text), &copy), NSL_OK);
    text[0] = 'n';
    assert_true(nsl_bytes_equal(copy, NSL_TEXT("text")));
    assert_int_equal(nsl_scratch_copy(&scratch, (nsl_bytes){0}, &copy), NSL_OK);
    assert_int_equal(copy.size, 0);
}

static void a_size_no_machine_has_is_refused_at_init(void **state)
{
    (void)state;
    struct nsl_scratch scratch = {.used = 5};
    assert_int_equal(nsl_scratch_init(&scratch, SIZE_MAX), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_scratch_init(&scratch, SIZE_MAX / 4), NSL_ERR_NO_MEMORY);
    assert_int_equal(scratch.used, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_cap_is_exact_and_refusals_change_nothing),
        cmocka_unit_test(reset_zeroes_all_that_was_used),
        cmocka_unit_test(release_zeroes_down_to_the_mark_only),
        cmocka_unit_test(a_copy_is_its_own),
        cmocka_unit_test(a_size_no_machine_has_is_refused_at_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
