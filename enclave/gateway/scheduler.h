/*
 * The scheduler: which runner does which call, and when.
 *
 * A runner serves one tenant; before it serves another its process is replaced. A call waits in its
 * tenant's queue, travels to a runner, and comes back done or parked; a parked call is a record held
 * here until its time has come, so it occupies no runner. When a runner dies, the call it was in
 * fails and those behind it go back to the queue's front. A call that does not come back in its time
 * has its runner killed.
 *
 * Threads: one. Limits: settings; a full queue is NSL_ERR_FULL. Times are CLOCK_MONOTONIC, ns.
 */
#ifndef NSL_ENCLAVE_GATEWAY_SCHEDULER_H
#define NSL_ENCLAVE_GATEWAY_SCHEDULER_H

#include <sys/queue.h>

#include "common/settings/settings.h"
#include "enclave/engine/isolate.h"
#include "enclave/wire/init_messages.h"

struct nsl_scheduler_settings {
    enum nsl_runner_mode mode;
    uint32_t runner_count;
    uint32_t jobs_max;    /* queued, running and parked together */
    uint32_t parked_max;  /* of those, parked at once */
    uint64_t wait_max_ns; /* that one call may wait, all its waits together */
    uint64_t image_cache_bytes;
    uint64_t parked_bytes;  /* of all parked records together */
    uint64_t payload_bytes; /* of all open calls' requests together */
    size_t request_max;     /* bytes of the longest RUN payload */
    size_t outcome_max;     /* bytes of the longest OUTCOME payload without its record */
};

struct nsl_job;

/* Ends a job: err is NSL_OK with an outcome, or NSL_ERR_CLOSED (its runner died), NSL_ERR_TIMEOUT (its
 * runner was killed), NSL_ERR_TOO_LARGE, NSL_ERR_ENGINE, NSL_ERR_BAD_MESSAGE (runner misbehaved),
 * NSL_ERR_FULL (no room to wait), NSL_ERR_CANCELLED. The outcome is borrowed during the call only. The
 * job belongs to its owner again. */
typedef void (*nsl_job_done)(struct nsl_job *job, nsl_err err, const struct nsl_outcome *outcome);

enum nsl_job_place { NSL_JOB_QUEUED, NSL_JOB_SENT, NSL_JOB_PARKED };

/* One call as the scheduler knows it; lies inside its owner. */
struct nsl_job {
    /* Set by the owner, unchanged until done. */
    nsl_bytes payload; /* RUN, encoded */
    nsl_bytes tenant;  /* who it runs for; compared as bytes */
    uint32_t time_ms;  /* running time it may take */
    nsl_job_done done;

    /* The scheduler's own. */
    uint64_t id;
    struct nsl_tenant *owner_tenant;
    uint8_t *record; /* of a parked call, wiped when freed */
    size_t record_size;
    uint64_t wake_ns;   /* parked: go on at that time */
    uint64_t waited_ns; /* asked for so far, all waits together */
    size_t wake_index;  /* parked: where in the heap */
    enum nsl_job_place place;
    uint64_t sent_at;  /* sent: where in the runner's ring */
    uint32_t sends;    /* to how many runners so far */
    bool is_cancelled; /* while a runner has it: it ends when it would wait */
    TAILQ_ENTRY(nsl_job) link;
};

struct nsl_scheduler;

/* Made once ALL_READY is there; asks init for runners. Caller owns. */
NSL_MUST_USE nsl_err nsl_scheduler_new(int init, const struct nsl_scheduler_settings *settings,
                                       struct nsl_scheduler **ret_scheduler);
void nsl_scheduler_free(struct nsl_scheduler *scheduler);

/* NSL_ERR_FULL: try later; NSL_ERR_NO_MEMORY. On NSL_OK done is called exactly once, later. */
NSL_MUST_USE nsl_err nsl_scheduler_submit(struct nsl_scheduler *scheduler, struct nsl_job *job);

/* Nobody waits for the answer of this submitted job any more: one that waits itself is done at once
 * with NSL_ERR_CANCELLED, one that runs when it ends or would wait. */
void nsl_scheduler_cancel(struct nsl_scheduler *scheduler, struct nsl_job *job);

/* A message from init. */
NSL_MUST_USE nsl_err nsl_scheduler_note_init(struct nsl_scheduler *scheduler,
                                             const struct nsl_init_message *message);

/* Reads what runners answered, wakes parked calls, ends overdue ones, sends what can be sent. */
void nsl_scheduler_run(struct nsl_scheduler *scheduler, uint64_t now_ns);

/* Wakes the runners that were sent something; once a round, so that a batch costs one wake-up. */
void nsl_scheduler_flush(struct nsl_scheduler *scheduler);

/* When nsl_scheduler_run has something to do by itself; UINT64_MAX: never. */
uint64_t nsl_scheduler_next_ns(const struct nsl_scheduler *scheduler);

/* Around a sleep: false when an answer is there already. The runners' event descriptors are added to
 * and removed from this epoll descriptor, with data.ptr NULL. */
bool nsl_scheduler_prepare_wait(struct nsl_scheduler *scheduler);
void nsl_scheduler_finish_wait(struct nsl_scheduler *scheduler);
void nsl_scheduler_set_epoll(struct nsl_scheduler *scheduler, int epoll);

struct nsl_scheduler_state {
    size_t jobs;
    size_t parked;
    uint64_t parked_bytes;
    uint64_t payload_bytes;
    size_t runners_ready;
    uint64_t runners_started;
    uint64_t runners_crashed;
    uint64_t runners_killed;
};

struct nsl_scheduler_state nsl_scheduler_state(const struct nsl_scheduler *scheduler);

#endif
