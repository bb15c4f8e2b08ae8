/* Inside the gateway: the runners' processes, rings and what they are at work on. */
#ifndef NSL_ENCLAVE_GATEWAY_POOL_H
#define NSL_ENCLAVE_GATEWAY_POOL_H

#include "common/wire/ring.h"
#include "enclave/gateway/scheduler.h"

enum nsl_runner_state {
    NSL_RUNNER_ABSENT, /* asked for */
    NSL_RUNNER_SPARE,  /* never used */
    NSL_RUNNER_BOUND,  /* serves tenant */
    NSL_RUNNER_SPENT,  /* to be killed, takes no more */
};

TAILQ_HEAD(nsl_job_list, nsl_job);

struct nsl_runner {
    uint32_t id; /* 0: the slot is empty */
    enum nsl_runner_state state;
    uint8_t *memory;
    struct nsl_ring requests;
    struct nsl_ring answers;
    int wake_gateway;
    bool was_written; /* since the last flush */
    bool is_full;     /* its ring took no more; until its next answer */
    struct nsl_tenant *tenant;
    struct nsl_job_list in_flight; /* in the order sent; the first is the one running */
    size_t in_flight_count;
    uint64_t first_since_ns; /* since when the first one is first */
    uint64_t idle_since_ns;
    uint64_t bound_since_ns;
    bool is_leaving; /* finishes what it was sent, then another tenant gets its place */
    nsl_err doom;    /* why it is being killed: what its running call is told */
};

/* A tenant: those with queued jobs or bound runners. */
struct nsl_tenant {
    nsl_bytes name; /* owned */
    struct nsl_job_list queue;
    size_t job_count; /* queued, in flight and parked */
    size_t runner_count;
    uint64_t average_run_ns; /* of its calls, the recent ones weigh more */
    bool is_ready;           /* in the scheduler's list of tenants with queued jobs */
    struct nsl_tenant *next_in_bucket;
    TAILQ_ENTRY(nsl_tenant) ready_link;
};

/* Maps what init sent; takes over the descriptors. NSL_ERR_NO_MEMORY, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_runner_attach(struct nsl_runner *runner,
                                       const struct nsl_init_message *started, int epoll);
/* Unmaps and closes; the slot is empty after. */
void nsl_runner_detach(struct nsl_runner *runner, int epoll);

NSL_MUST_USE nsl_err nsl_runner_configure(struct nsl_runner *runner, uint64_t image_cache_bytes,
                                          uint64_t parked_bytes);

/* Sends RUN or, when the job has a record, RESUME. NSL_ERR_FULL: later; others: give the runner up. */
NSL_MUST_USE nsl_err nsl_runner_send(struct nsl_runner *runner, struct nsl_job *job);

/* Signals the runner if it sleeps. */
void nsl_runner_flush(struct nsl_runner *runner);

#endif
