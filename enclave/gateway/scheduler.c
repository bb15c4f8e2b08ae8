#include "enclave/gateway/scheduler.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "enclave/gateway/state.h"

enum {
    WATCHDOG_GRACE_MS = 1000,
    RECORD_MAX =
        96 * 1024 * 1024, /* bytes of a parked call; above every heap it can have dirtied */
};

/* ---- Time ---- */

static void wake_parked(struct nsl_scheduler *scheduler)
{
    struct nsl_job *job = nsl_wake_heap_first(&scheduler->parked);
    while (job != NULL && job->wake_ns <= scheduler->now_ns) {
        nsl_wake_heap_pop(&scheduler->parked);
        nsl_tenant_enqueue(scheduler, job, NSL_QUEUE_BACK);
        job = nsl_wake_heap_first(&scheduler->parked);
    }
}

static uint64_t overdue_ns(const struct nsl_runner *runner)
{
    const struct nsl_job *job = TAILQ_FIRST(&runner->in_flight);
    if (job == NULL || runner->state != NSL_RUNNER_BOUND) {
        return NSL_NEVER;
    }
    return runner->first_since_ns + (job->time_ms + (uint64_t)WATCHDOG_GRACE_MS) * NSL_MS_NS;
}

static void kill_overdue(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (overdue_ns(runner) <= scheduler->now_ns) {
            scheduler->state.runners_killed++;
            nsl_workers_spend(scheduler, runner, NSL_ERR_TIMEOUT);
        }
    }
}

/* ---- Public ---- */

static bool buffers_init(struct nsl_scheduler *scheduler)
{
    const struct nsl_scheduler_settings *settings = &scheduler->settings;
    size_t longest = settings->request_max > settings->outcome_max ? settings->request_max
                                                                   : settings->outcome_max;
    scheduler->buffer_size = longest + RECORD_MAX;
    void *buffer = mmap(NULL, scheduler->buffer_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer == MAP_FAILED) {
        return false;
    }
    scheduler->buffer = buffer;
    return nsl_wake_heap_init(&scheduler->parked, settings->jobs_max) == NSL_OK;
}

nsl_err nsl_scheduler_new(int init, const struct nsl_scheduler_settings *settings,
                          struct nsl_scheduler **ret_scheduler)
{
    struct nsl_scheduler *scheduler = calloc(1, sizeof(*scheduler));
    if (scheduler == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    scheduler->init = init;
    scheduler->epoll = -1;
    scheduler->settings = *settings;
    scheduler->retry_ns = NSL_NEVER;
    TAILQ_INIT(&scheduler->ready);
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        TAILQ_INIT(&scheduler->runners[index].in_flight);
    }
    if (!buffers_init(scheduler)) {
        nsl_scheduler_free(scheduler);
        return NSL_ERR_NO_MEMORY;
    }
    struct nsl_init_message size = {
        .type = NSL_INIT_LARGE_SIZE,
        .value = (uint32_t)scheduler->buffer_size,
    };
    nsl_err err = nsl_init_send(init, &size);
    for (uint32_t count = 0; err == NSL_OK && count < settings->runner_count; count++) {
        err = nsl_workers_ask(scheduler);
    }
    if (err != NSL_OK) {
        nsl_scheduler_free(scheduler);
        return err;
    }
    *ret_scheduler = scheduler;
    return NSL_OK;
}

void nsl_scheduler_free(struct nsl_scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    if (scheduler->buffer != NULL) {
        (void)munmap(scheduler->buffer, scheduler->buffer_size);
    }
    nsl_wake_heap_done(&scheduler->parked);
    free(scheduler);
}

void nsl_scheduler_set_epoll(struct nsl_scheduler *scheduler, int epoll)
{
    scheduler->epoll = epoll;
}

nsl_err nsl_scheduler_submit(struct nsl_scheduler *scheduler, struct nsl_job *job)
{
    if (scheduler->state.jobs >= scheduler->settings.jobs_max ||
        scheduler->state.payload_bytes + job->payload.size > scheduler->settings.payload_bytes) {
        return NSL_ERR_FULL;
    }
    NSL_TRY(nsl_tenant_find(scheduler, job->tenant, &job->owner_tenant));
    job->id = ++scheduler->last_job_id;
    job->record = NULL;
    job->record_size = 0;
    job->waited_ns = 0;
    job->sends = 0;
    job->is_cancelled = false;
    job->owner_tenant->job_count++;
    scheduler->state.jobs++;
    scheduler->state.payload_bytes += job->payload.size;
    nsl_tenant_enqueue(scheduler, job, NSL_QUEUE_BACK);
    return NSL_OK;
}

void nsl_scheduler_cancel(struct nsl_scheduler *scheduler, struct nsl_job *job)
{
    if (job->place == NSL_JOB_SENT) {
        job->is_cancelled = true;
        return;
    }
    if (job->place == NSL_JOB_PARKED) {
        nsl_wake_heap_remove(&scheduler->parked, job);
    } else {
        TAILQ_REMOVE(&job->owner_tenant->queue, job, link);
    }
    nsl_job_finish(scheduler, job, NSL_ERR_CANCELLED, NULL);
}

void nsl_scheduler_run(struct nsl_scheduler *scheduler, uint64_t now_ns)
{
    scheduler->now_ns = now_ns;
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        if (scheduler->runners[index].state == NSL_RUNNER_BOUND) {
            nsl_workers_read(scheduler, &scheduler->runners[index]);
        }
    }
    wake_parked(scheduler);
    kill_overdue(scheduler);
    nsl_dispatch(scheduler);
}

void nsl_scheduler_flush(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        if (scheduler->runners[index].was_written) {
            nsl_runner_flush(&scheduler->runners[index]);
        }
    }
}

uint64_t nsl_scheduler_next_ns(const struct nsl_scheduler *scheduler)
{
    const struct nsl_job *first = nsl_wake_heap_first(&scheduler->parked);
    uint64_t next = first == NULL ? NSL_NEVER : first->wake_ns;
    next = scheduler->retry_ns < next ? scheduler->retry_ns : next;
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        const struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->in_flight_count != 0) {
            uint64_t overdue = overdue_ns(runner);
            next = overdue < next ? overdue : next;
        }
    }
    return next;
}

bool nsl_scheduler_prepare_wait(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->in_flight_count != 0 && runner->state == NSL_RUNNER_BOUND &&
            !nsl_ring_prepare_wait(&runner->answers)) {
            return false;
        }
    }
    return true;
}

void nsl_scheduler_finish_wait(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->in_flight_count != 0 && runner->state == NSL_RUNNER_BOUND) {
            nsl_ring_cancel_wait(&runner->answers);
        }
    }
}

struct nsl_scheduler_state nsl_scheduler_state(const struct nsl_scheduler *scheduler)
{
    struct nsl_scheduler_state state = scheduler->state;
    state.parked = scheduler->parked.count;
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        enum nsl_runner_state runner = scheduler->runners[index].state;
        bool is_ready = runner == NSL_RUNNER_SPARE || runner == NSL_RUNNER_BOUND;
        state.runners_ready += is_ready ? 1 : 0;
    }
    return state;
}
