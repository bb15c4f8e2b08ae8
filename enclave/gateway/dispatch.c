#include "enclave/gateway/state.h"

enum {
    BUSY_NS = 2000000,  /* a runner whose call runs longer than this gets no more */
    SHORT_NS = 250000,  /* calls of tenants below this average are sent ahead, */
    SHORT_DEPTH = 32,   /* this many: it keeps a runner busy between wake-ups */
    RETRY_NS = 1000000, /* a full ring is tried again after */
};

/* Calls that may be on their way to one runner. Long ones wait here, where any runner can take them. */
static size_t depth_of(const struct nsl_scheduler *scheduler, const struct nsl_tenant *tenant)
{
    bool is_short = tenant->average_run_ns < SHORT_NS;
    return is_short && scheduler->settings.mode != NSL_RUNNER_INVOCATION ? SHORT_DEPTH : 1;
}

static bool is_stuck(const struct nsl_scheduler *scheduler, const struct nsl_runner *runner)
{
    return runner->in_flight_count != 0 && scheduler->now_ns - runner->first_since_ns > BUSY_NS;
}

static struct nsl_runner *least_loaded(struct nsl_scheduler *scheduler,
                                       const struct nsl_tenant *tenant)
{
    struct nsl_runner *best = NULL;
    size_t depth = depth_of(scheduler, tenant);
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->state != NSL_RUNNER_BOUND || runner->tenant != tenant ||
            runner->in_flight_count >= depth || runner->is_full || is_stuck(scheduler, runner)) {
            continue;
        }
        if (best == NULL || runner->in_flight_count < best->in_flight_count) {
            best = runner;
        }
    }
    return best;
}

static struct nsl_runner *bind_spare(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->state == NSL_RUNNER_SPARE) {
            runner->state = NSL_RUNNER_BOUND;
            runner->tenant = tenant;
            runner->idle_since_ns = scheduler->now_ns;
            tenant->runner_count++;
            return runner;
        }
    }
    return NULL;
}

/* Has the longest idle runner of another tenant replaced, unless a new one is on its way already. */
static void make_room(struct nsl_scheduler *scheduler, const struct nsl_tenant *tenant)
{
    struct nsl_runner *oldest = NULL;
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->id != 0 && runner->state == NSL_RUNNER_ABSENT) {
            return;
        }
        if (runner->state == NSL_RUNNER_BOUND && runner->tenant != tenant &&
            runner->in_flight_count == 0 &&
            (oldest == NULL || runner->idle_since_ns < oldest->idle_since_ns)) {
            oldest = runner;
        }
    }
    if (oldest != NULL) {
        nsl_workers_spend(scheduler, oldest, NSL_ERR_CLOSED);
    }
}

/* A busy tenant takes a second runner only while none of another tenant's calls waits for it. */
static struct nsl_runner *choose(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    struct nsl_runner *runner = least_loaded(scheduler, tenant);
    if (runner != NULL) {
        return runner;
    }
    runner = bind_spare(scheduler, tenant);
    if (runner == NULL) {
        make_room(scheduler, tenant);
    }
    return runner;
}

static void send_first(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant,
                       struct nsl_runner *runner)
{
    struct nsl_job *job = TAILQ_FIRST(&tenant->queue);
    TAILQ_REMOVE(&tenant->queue, job, link);
    if (runner->in_flight_count == 0) {
        runner->first_since_ns = scheduler->now_ns;
    }
    nsl_err err = nsl_runner_send(runner, job);
    if (err == NSL_ERR_FULL) {
        TAILQ_INSERT_HEAD(&tenant->queue, job, link);
        runner->is_full = true;
        scheduler->retry_ns = scheduler->now_ns + RETRY_NS;
    } else if (err == NSL_ERR_TOO_LARGE) {
        nsl_job_finish(scheduler, job, err, NULL);
    } else if (err != NSL_OK) {
        TAILQ_INSERT_HEAD(&tenant->queue, job, link);
        nsl_workers_spend(scheduler, runner, err);
    }
}

void nsl_dispatch(struct nsl_scheduler *scheduler)
{
    bool is_moving = true;
    if (scheduler->retry_ns <= scheduler->now_ns) {
        for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
            scheduler->runners[index].is_full = false;
        }
    }
    scheduler->retry_ns = NSL_NEVER;
    while (is_moving) {
        struct nsl_tenant *tenant = NULL;
        struct nsl_tenant *next = NULL;
        is_moving = false;
        for (tenant = TAILQ_FIRST(&scheduler->ready); tenant != NULL; tenant = next) {
            next = TAILQ_NEXT(tenant, ready_link);
            if (TAILQ_EMPTY(&tenant->queue)) {
                tenant->is_ready = false;
                TAILQ_REMOVE(&scheduler->ready, tenant, ready_link);
                continue;
            }
            struct nsl_runner *runner = choose(scheduler, tenant);
            if (runner != NULL) {
                send_first(scheduler, tenant, runner);
                is_moving = true;
            }
        }
    }
}
