/* Inside the gateway: parked jobs by the time at which they go on, then by id. A binary heap. */
#ifndef NSL_ENCLAVE_GATEWAY_WAKE_HEAP_H
#define NSL_ENCLAVE_GATEWAY_WAKE_HEAP_H

#include "enclave/gateway/scheduler.h"

struct nsl_wake_heap {
    struct nsl_job **jobs;
    size_t count;
    size_t capacity; /* fixed at init */
};

NSL_MUST_USE nsl_err nsl_wake_heap_init(struct nsl_wake_heap *heap, size_t capacity);
void nsl_wake_heap_done(struct nsl_wake_heap *heap);
/* The caller keeps count below capacity. */
void nsl_wake_heap_push(struct nsl_wake_heap *heap, struct nsl_job *job);
/* The first to wake, or NULL. */
struct nsl_job *nsl_wake_heap_first(const struct nsl_wake_heap *heap);
void nsl_wake_heap_pop(struct nsl_wake_heap *heap);
/* Takes out a job that is in the heap. */
void nsl_wake_heap_remove(struct nsl_wake_heap *heap, const struct nsl_job *job);

#endif
