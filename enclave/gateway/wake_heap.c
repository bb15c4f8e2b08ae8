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

void nsl_wake_heap_push(struct nsl_wake_heap *heap, struct nsl_job *job)
{
    nsl_assert(heap->count < heap->capacity);
    size_t index = heap->count++;
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!is_before(job, heap->jobs[parent])) {
            break;
        }
        heap->jobs[index] = heap->jobs[parent];
        index = parent;
    }
    heap->jobs[index] = job;
}

struct nsl_job *nsl_wake_heap_first(const struct nsl_wake_heap *heap)
{
    return heap->count == 0 ? NULL : heap->jobs[0];
}

void nsl_wake_heap_pop(struct nsl_wake_heap *heap)
{
    nsl_assert(heap->count > 0);
    struct nsl_job *last = heap->jobs[--heap->count];
    size_t index = 0;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && is_before(heap->jobs[child + 1], heap->jobs[child])) {
            child++;
        }
        if (!is_before(heap->jobs[child], last)) {
            break;
        }
        heap->jobs[index] = heap->jobs[child];
        index = child;
    }
    heap->jobs[index] = last;
}
