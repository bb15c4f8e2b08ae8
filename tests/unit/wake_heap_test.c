#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "enclave/gateway/wake_heap.h"

enum { JOBS = 5000 };

static struct nsl_job jobs[JOBS];

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static bool is_before(const struct nsl_job *a, const struct nsl_job *b)
{
    return a->wake_ns != b->wake_ns ? a->wake_ns < b->wake_ns : a->id < b->id;
}

static void an_empty_heap_has_no_first(void **state)
{
    struct nsl_wake_heap heap;
    (void)state;
    assert_int_equal(nsl_wake_heap_init(&heap, 1), NSL_OK);
    assert_null(nsl_wake_heap_first(&heap));
    nsl_wake_heap_push(&heap, &jobs[0]);
    assert_ptr_equal(nsl_wake_heap_first(&heap), &jobs[0]);
    nsl_wake_heap_pop(&heap);
    assert_null(nsl_wake_heap_first(&heap));
    assert_int_equal(heap.count, 0);
    nsl_wake_heap_done(&heap);
    nsl_wake_heap_done(&heap);
}

static void jobs_come_out_by_time_and_then_by_id(void **state)
{
    struct nsl_wake_heap heap;
    uint64_t seed = 7;
    (void)state;
    assert_int_equal(nsl_wake_heap_init(&heap, JOBS), NSL_OK);
    for (size_t index = 0; index < JOBS; index++) {
        jobs[index] = (struct nsl_job){.id = index + 1, .wake_ns = next_random(&seed) % 200};
        nsl_wake_heap_push(&heap, &jobs[index]);
    }
    const struct nsl_job *last = NULL;
    for (size_t index = 0; index < JOBS; index++) {
        const struct nsl_job *job = nsl_wake_heap_first(&heap);
        assert_non_null(job);
        assert_true(last == NULL || is_before(last, job));
        last = job;
        nsl_wake_heap_pop(&heap);
    }
    assert_null(nsl_wake_heap_first(&heap));
    nsl_wake_heap_done(&heap);
}

static void the_first_is_right_in_every_mix_of_pushes_pops_and_removals(void **state)
{
    struct nsl_wake_heap heap;
    static bool is_inside[JOBS];
    uint64_t seed = 99;
    (void)state;
    assert_int_equal(nsl_wake_heap_init(&heap, 64), NSL_OK);
    for (size_t round = 0; round < 20000; round++) {
        size_t pick = next_random(&seed) % 64;
        if (!is_inside[pick] && next_random(&seed) % 2 == 0) {
            jobs[pick] = (struct nsl_job){.id = round, .wake_ns = next_random(&seed) % 50};
            is_inside[pick] = true;
            nsl_wake_heap_push(&heap, &jobs[pick]);
        } else if (is_inside[pick]) {
            is_inside[pick] = false;
            nsl_wake_heap_remove(&heap, &jobs[pick]);
        } else if (heap.count > 0) {
            is_inside[nsl_wake_heap_first(&heap) - jobs] = false;
            nsl_wake_heap_pop(&heap);
        }
        const struct nsl_job *want = NULL;
        size_t count = 0;
        for (size_t index = 0; index < 64; index++) {
            if (is_inside[index]) {
                count++;
                want = want == NULL || is_before(&jobs[index], want) ? &jobs[index] : want;
            }
        }
        assert_int_equal(heap.count, count);
        assert_ptr_equal(nsl_wake_heap_first(&heap), want);
    }
    nsl_wake_heap_done(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_first),
        cmocka_unit_test(jobs_come_out_by_time_and_then_by_id),
        cmocka_unit_test(the_first_is_right_in_every_mix_of_pushes_pops_and_removals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
