#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/arithmetic.h"
#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/wipe.h"

static void equality_looks_at_size_and_every_byte(void **state)
{
    (void)state;
    assert_true(nsl_bytes_equal(NSL_TEXT("abc"), nsl_bytes_text("abc")));
    assert_false(nsl_bytes_equal(NSL_TEXT("abc"), NSL_TEXT("abd")));
    assert_false(nsl_bytes_equal(NSL_TEXT("abc"), NSL_TEXT("ab")));
    assert_true(nsl_bytes_equal((nsl_bytes){0}, NSL_TEXT("")));
    assert_true(nsl_bytes_equal(NSL_TEXT("a\0b"), nsl_bytes_of("a\0b", 3)));
    assert_false(nsl_bytes_equal(NSL_TEXT("a\0b"), NSL_TEXT("a\0c")));
}

static void a_literal_has_its_size_without_the_nul(void **state)
{
    (void)state;
    assert_int_equal(NSL_TEXT("four").size, 4);
    assert_int_equal(NSL_TEXT("a\0b").size, 3);
    assert_int_equal(nsl_bytes_text("").size, 0);
}

static void add_and_multiply_refuse_overflow_and_leave_the_result(void **state)
{
    (void)state;
    size_t result = 7;
    assert_int_equal(nsl_add(SIZE_MAX, 1, &result), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_mul(SIZE_MAX / 2 + 1, 2, &result), NSL_ERR_TOO_LARGE);
    assert_int_equal(result, 7);
    assert_int_equal(nsl_add(SIZE_MAX, 0, &result), NSL_OK);
    assert_true(result == SIZE_MAX);
    assert_int_equal(nsl_mul(SIZE_MAX / 2, 2, &result), NSL_OK);
    assert_true(result == SIZE_MAX - 1);
    assert_int_equal(nsl_mul(0, SIZE_MAX, &result), NSL_OK);
    assert_int_equal(result, 0);
}

struct thing {
    int *ended;
};

static void thing_done(struct thing *thing)
{
    if (thing->ended != NULL) {
        (*thing->ended)++;
    }
}

static void thing_free(struct thing *thing)
{
    if (thing != NULL) {
        thing_done(thing);
    }
}

NSL_DEFINE_AUTO(thing, thing_done);
NSL_DEFINE_AUTO_PTR(thing, thing_free);

static void scope_end_runs_the_clean_up_once(void **state)
{
    (void)state;
    int ended = 0;
    {
        NSL_AUTO(thing) thing = {.ended = &ended};
        assert_int_equal(*thing.ended, 0);
    }
    assert_int_equal(ended, 1);
}

static void a_taken_pointer_is_not_freed(void **state)
{
    (void)state;
    int ended = 0;
    struct thing object = {.ended = &ended};
    struct thing *given = NULL;
    {
        NSL_AUTO_PTR(thing) thing = &object;
        given = nsl_take(&thing);
        assert_null(thing);
    }
    assert_ptr_equal(given, &object);
    assert_int_equal(ended, 0);
    {
        NSL_AUTO_PTR(thing) thing = given;
        assert_non_null(thing);
    }
    assert_int_equal(ended, 1);
}

static const uint8_t *wiped_at;
static size_t wiped_size;

/* Stands in for libc's, also in its fortified form, to see what is wiped and that it had content. */
void explicit_bzero(void *data, size_t size)
{
    wiped_at = data;
    wiped_size = size;
    for (volatile uint8_t *at = data; size > 0; size--) {
        *at++ = 0;
    }
}

void __explicit_bzero_chk(void *data, size_t size, size_t object_size);
void __explicit_bzero_chk(void *data, size_t size, size_t object_size)
{
    (void)object_size;
    explicit_bzero(data, size);
}

static void a_wiped_variable_is_zeroed_when_its_scope_ends(void **state)
{
    (void)state;
    const uint8_t *place = NULL;
    {
        uint8_t key[32] = {1, 2, 3};
        NSL_WIPE(key);
        place = key;
        assert_int_equal(key[2], 3);
    }
    assert_ptr_equal(wiped_at, place);
    assert_int_equal(wiped_size, 32);
}

static void copy_fits_exactly(void **state)
{
    (void)state;
    char text[4] = "xxx";
    nsl_copy(text, 3, NSL_TEXT("abc"));
    assert_string_equal(text, "abc");
    nsl_copy(text, 0, (nsl_bytes){0});
    assert_string_equal(text, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_size_and_every_byte),
        cmocka_unit_test(a_literal_has_its_size_without_the_nul),
        cmocka_unit_test(add_and_multiply_refuse_overflow_and_leave_the_result),
        cmocka_unit_test(scope_end_runs_the_clean_up_once),
        cmocka_unit_test(a_taken_pointer_is_not_freed),
        cmocka_unit_test(a_wiped_variable_is_zeroed_when_its_scope_ends),
        cmocka_unit_test(copy_fits_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
