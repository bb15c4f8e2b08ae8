/*
 * Inside the gateway: the scheduler's state, and what its files do to it.
 *
 * tenants.c: who calls are for, and their queues. jobs.c: how a call ends or parks. workers.c: the
 * runners' processes and what they answer. dispatch.c: which call goes to which runner. scheduler.c:
 * the interface, and what happens by time.
 */
#ifndef NSL_ENCLAVE_GATEWAY_STATE_H
#define NSL_ENCLAVE_GATEWAY_STATE_H

#include "enclave/gateway/pool.h"
#include "enclave/gateway/wake_heap.h"

enum {
    NSL_TENANT_BUCKETS = 1024,
    NSL_RUNNERS_MAX = 128, /* slots: those in use and those dying */
};

#define NSL_MS_NS UINT64_C(1000000)
#define NSL_NEVER UINT64_MAX

struct nsl_scheduler {
    int init;
    int epoll;
    struct nsl_scheduler_settings settings;
    struct nsl_runner runners[NSL_RUNNERS_MAX];
    uint32_t last_runner_id;
    struct nsl_tenant *buckets[NSL_TENANT_BUCKETS];
    TAILQ_HEAD(, nsl_tenant) ready; /* tenants with queued jobs, served in turn */
    struct nsl_wake_heap parked;
    uint8_t *buffer; /* one answer */
    size_t buffer_size;
    uint64_t last_job_id;
    uint64_t now_ns;
    uint64_t retry_ns; /* something could not be sent: try again then */
    uint32_t failed_starts;
    struct nsl_scheduler_state state;
};

/* ---- tenants.c ---- */

/* The tenant of that name, made when there is none. NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_tenant_find(struct nsl_scheduler *scheduler, nsl_bytes name,
                                     struct nsl_tenant **ret_tenant);
/* Forgets a tenant that has neither jobs nor runners. */
void nsl_tenant_release(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant);

enum nsl_queue_end { NSL_QUEUE_FRONT, NSL_QUEUE_BACK };
void nsl_tenant_enqueue(struct nsl_scheduler *scheduler, struct nsl_job *job,
                        enum nsl_queue_end end);

/* ---- jobs.c ---- */

/* Gives a job that is in no list back to its owner. */
void nsl_job_finish(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_err err,
                    const struct nsl_outcome *outcome);
/* Keeps a waiting call's record until its time has come, or finishes the job. */
void nsl_job_park(struct nsl_scheduler *scheduler, struct nsl_job *job,
                  const struct nsl_outcome *outcome, nsl_bytes record);

/* ---- workers.c ---- */

/* Asks init for one more runner. NSL_ERR_FULL, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_workers_ask(struct nsl_scheduler *scheduler);
/* Has the process replaced. Its slot stays until init has told of its end. */
void nsl_workers_spend(struct nsl_scheduler *scheduler, struct nsl_runner *runner, nsl_err why);
/* Takes everything a runner has answered. */
void nsl_workers_read(struct nsl_scheduler *scheduler, struct nsl_runner *runner);

/* ---- dispatch.c ---- */

/* Sends what can be sent: each tenant in turn one call, until nothing moves. */
void nsl_dispatch(struct nsl_scheduler *scheduler);

#endif
