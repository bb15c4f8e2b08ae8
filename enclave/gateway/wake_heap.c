#include "enclave/gateway/wake_heap.h"

#include <stdlib.h>

nsl_err nsl_wake_heap_init(struct nsl_wake_heap *heap, size_t capacity)
{
    struct nsl_job **jobs = calloc(capacity, sizeof(*jobs));
    if (jobs == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    *heap = (struct nsl_wake_heap){.jobs = jobs, .capacity = capacity};
    return NSL_OK;
}

void nsl_wake_heap_done(struct nsl_wake_heap *heap)
{
    free(heap->jobs);
    *heap = (struct nsl_wake_heap){0};
}

static bool is_before(const struct nsl_job *a, const struct nsl_job *b)
{
    return a->wake_ns != b->wake_ns ? a->wake_ns < b->wake_ns : a->id < b->id;
}

static void place(struct nsl_wake_heap *heap, size_t index, struct nsl_job *job)
{
    heap->jobs[index] = job;
    job->wake_index = index;
}

/* Finds job's place from index upwards, to where it is after its parent. */
static void rise(struct nsl_wake_heap *heap, size_t index, struct nsl_job *job)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!is_before(job, heap->jobs[parent])) {
            break;
        }
        place(heap, index, heap->jobs[parent]);
        index = parent;
    }
    place(heap, index, job);
}

/* Finds job's place from index downwards, to where it is before its children. */
static void sink(struct nsl_wake_heap *heap, size_t index, struct nsl_job *job)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && is_before(heap->jobs[child + 1], heap->jobs[child])) {
            child++;
        }
        if (!is_before(heap->jobs[child], job)) {
            break;
        }
        place(heap, index, heap->jobs[child]);
        index = child;
    }
    place(heap, index, job);
}

void nsl_wake_heap_push(struct nsl_wake_heap *heap, struct nsl_job *job)
{
    nsl_assert(heap->count < heap->capacity);
    rise(heap, heap->count++, job);
}

struct nsl_job *nsl_wake_heap_first(const struct nsl_wake_heap *heap)
{
    return heap->count == 0 ? NULL : heap->jobs[0];
}

void nsl_wake_heap_pop(struct nsl_wake_heap *heap)
{
    nsl_assert(heap->count > 0);
    nsl_wake_heap_remove(heap, heap->jobs[0]);
}

void nsl_wake_heap_remove(struct nsl_wake_heap *heap, const struct nsl_job *job)
{
    size_t index = job->wake_index;
    nsl_assert(index < heap->count && heap->jobs[index] == job);
    struct nsl_job *last = heap->jobs[--heap->count];
    if (last == job) {
        return;
    }
    if (index > 0 && is_before(last, heap->jobs[(index - 1) / 2])) {
        rise(heap, index, last);
    } else {
        sink(heap, index, last);
    }
}
