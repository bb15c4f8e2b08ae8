#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "enclave/engine/arena.h"
#include "enclave/engine/arena_guard.h"
#include "enclave/engine/stack.h"

enum { SLOTS = 512, ROUNDS = 40000 };

static int map_arena(void **state)
{
    (void)state;
    return nsl_arena_map() == NSL_OK && nsl_stack_map() == NSL_OK ? 0 : -1;
}

static int unmap_arena(void **state)
{
    (void)state;
    nsl_arena_unmap();
    nsl_stack_unmap();
    return 0;
}

static int empty_arena(void **state)
{
    (void)state;
    nsl_arena_zero_from(0);
    nsl_arena_init(100);
    return 0;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void assert_filled(const uint8_t *block, uint8_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(block[i], value);
    }
}

static void blocks_keep_their_bytes_through_random_use(void **state)
{
    (void)state;
    static uint8_t *blocks[SLOTS];
    static size_t sizes[SLOTS];
    memset(blocks, 0, sizeof(blocks));
    uint32_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t slot = next_random(&seed) % SLOTS;
        size_t size = 1 + next_random(&seed) % (next_random(&seed) % 16 == 0 ? 70000 : 300);
        if (blocks[slot] == NULL) {
            blocks[slot] = nsl_arena_alloc(size);
        } else {
            size_t kept = sizes[slot] < size ? sizes[slot] : size;
            assert_filled(blocks[slot], (uint8_t)slot, sizes[slot] < 64 ? sizes[slot] : 64);
            if (next_random(&seed) % 2 == 0) {
                nsl_arena_free(blocks[slot]);
                blocks[slot] = NULL;
                continue;
            }
            blocks[slot] = nsl_arena_realloc(blocks[slot], size);
            assert_filled(blocks[slot], (uint8_t)slot, kept);
        }
        assert_true(nsl_arena_usable(blocks[slot]) >= size);
        sizes[slot] = size;
        memset(blocks[slot], (int)(uint8_t)slot, size);
        if (round % 500 == 0) {
            assert_true(nsl_arena_is_sound());
        }
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        nsl_arena_free(blocks[slot]);
    }
    assert_true(nsl_arena_is_sound());
    uint64_t top = nsl_arena_state()->top;
    nsl_arena_zero_from(0);
    nsl_arena_init(100);
    assert_int_equal(top, nsl_arena_state()->top); /* everything was given back */
}

static void the_same_requests_give_the_same_addresses(void **state)
{
    (void)state;
    void *first[64];
    for (size_t i = 0; i < 64; i++) {
        first[i] = nsl_arena_alloc(i * 37 + 1);
    }
    nsl_arena_zero_from(0);
    nsl_arena_init(100);
    for (size_t i = 0; i < 64; i++) {
        assert_ptr_equal(nsl_arena_alloc(i * 37 + 1), first[i]);
    }
}

static void zeroed_blocks_are_zero_where_memory_was_used_before(void **state)
{
    (void)state;
    uint8_t *dirty = nsl_arena_alloc(5000);
    memset(dirty, 0xff, 5000);
    nsl_arena_free(dirty);
    uint8_t *zeroed = nsl_arena_alloc_zero(20000);
    assert_filled(zeroed, 0, 20000);
}

static void a_block_grows_in_place_when_there_is_room(void **state)
{
    (void)state;
    uint8_t *block = nsl_arena_alloc(100);
    assert_ptr_equal(nsl_arena_realloc(block, 100000), block);
    uint8_t *next = nsl_arena_alloc(100);
    uint8_t *moved = nsl_arena_realloc(block, 200000);
    assert_ptr_not_equal(moved, block);
    assert_ptr_equal(nsl_arena_alloc(90000), block); /* what it left is used again */
    nsl_arena_free(next);
    assert_true(nsl_arena_is_sound());
}

static void settling_leaves_nothing_of_what_was_freed(void **state)
{
    (void)state;
    uint8_t *freed = nsl_arena_alloc(400);
    uint8_t *kept = nsl_arena_alloc(16);
    uint8_t *last = nsl_arena_alloc(400);
    memset(freed, 0xaa, 400);
    memset(last, 0xaa, 400);
    nsl_arena_free(freed);
    nsl_arena_free(last);
    size_t top = nsl_arena_settle();
    assert_true((uintptr_t)kept - NSL_ARENA_BASE < top);
    assert_filled(freed + 8, 0, 380);
    assert_filled(last, 0, 400);
}

static void ask_for_too_much(void *size)
{
    (void)nsl_arena_alloc(*(size_t *)size);
}

static void running_out_leaves_instead_of_returning(void **state)
{
    (void)state;
    size_t sizes[] = {NSL_ARENA_COLD, SIZE_MAX, SIZE_MAX - 8};
    for (size_t i = 0; i < 3; i++) {
        assert_int_not_equal(nsl_stack_run(ask_for_too_much, &sizes[i]), 0);
        assert_true(nsl_arena_is_sound());
    }
}

static void sanitized_builds_see_the_blocks(void **state)
{
    (void)state;
    if (NSL_ARENA_RED_ZONE == 0) {
        print_message("skipped: not a sanitized build\n");
        skip();
    }
    uint8_t *before = nsl_arena_alloc(100);
    nsl_arena_guard();
    uint8_t *freed = nsl_arena_alloc(400);
    uint8_t *used = nsl_arena_alloc(40);
    uint8_t *shrunk = nsl_arena_realloc(nsl_arena_alloc(500), 100);
    nsl_arena_free(freed);
    for (size_t i = 0; i < 40; i++) {
        assert_false(nsl_is_poisoned(used + i));
        assert_false(nsl_is_poisoned(shrunk + i));
        assert_false(nsl_is_poisoned(before + i));
    }
    assert_true(nsl_is_poisoned(freed + 16));
    assert_true(nsl_is_poisoned(freed + 399));
    assert_true(nsl_is_poisoned(used + nsl_arena_usable(used)));
    assert_true(nsl_is_poisoned(before + nsl_arena_usable(before)));
    assert_true(nsl_is_poisoned(shrunk + nsl_arena_usable(shrunk)));
    assert_true(nsl_is_poisoned(shrunk + 300));
    nsl_arena_unguard();
    assert_false(nsl_is_poisoned(freed + 16));
    assert_true(nsl_arena_is_sound());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(blocks_keep_their_bytes_through_random_use, empty_arena),
        cmocka_unit_test_setup(the_same_requests_give_the_same_addresses, empty_arena),
        cmocka_unit_test_setup(zeroed_blocks_are_zero_where_memory_was_used_before, empty_arena),
        cmocka_unit_test_setup(a_block_grows_in_place_when_there_is_room, empty_arena),
        cmocka_unit_test_setup(settling_leaves_nothing_of_what_was_freed, empty_arena),
        cmocka_unit_test_setup(sanitized_builds_see_the_blocks, empty_arena),
        cmocka_unit_test_setup(running_out_leaves_instead_of_returning, empty_arena),
    };
    return cmocka_run_group_tests(tests, map_arena, unmap_arena);
}
