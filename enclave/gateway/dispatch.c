#include "enclave/gateway/state.h"

enum {
    BUSY_NS = 2000000,    /* a runner whose call runs longer than this gets no more */
    SHORT_NS = 250000,    /* calls of tenants below this average are sent ahead, */
    SHORT_DEPTH = 32,     /* this many: it keeps a runner busy between wake-ups */
    RETRY_NS = 1000000,   /* a full ring is tried again after */
    TENURE_NS = 20000000, /* a tenant keeps a busy runner this long while another has none */
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

enum leaving { LEAVING_STAYS, LEAVING_GOES };

static struct nsl_runner *least_loaded(struct nsl_scheduler *scheduler,
                                       const struct nsl_tenant *tenant, enum leaving leaving)
{
    struct nsl_runner *best = NULL;
    size_t depth = depth_of(scheduler, tenant);
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->state != NSL_RUNNER_BOUND || runner->tenant != tenant ||
            runner->in_flight_count >= depth || runner->is_full || is_stuck(scheduler, runner) ||
            (runner->is_leaving && leaving == LEAVING_GOES)) {
            continue;
        }
        if (best == NULL || runner->in_flight_count < best->in_flight_count) {
            best = runner;
        }
    }
    return best;
}

/* True when another tenant has calls and no runner: spares are for those first. */
static bool has_orphan(const struct nsl_scheduler *scheduler, const struct nsl_tenant *tenant)
{
    const struct nsl_tenant *other = NULL;
    TAILQ_FOREACH(other, &scheduler->ready, ready_link)
    {
        if (other != tenant && other->runner_count == 0 && !TAILQ_EMPTY(&other->queue)) {
            return true;
        }
    }
    return false;
}

/* The tenant goes to the end of the list, so that the next spare is another one's. */
static struct nsl_runner *bind_spare(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->state == NSL_RUNNER_SPARE) {
            runner->state = NSL_RUNNER_BOUND;
            runner->tenant = tenant;
            runner->idle_since_ns = scheduler->now_ns;
            runner->bound_since_ns = scheduler->now_ns;
            tenant->runner_count++;
            TAILQ_REMOVE(&scheduler->ready, tenant, ready_link);
            TAILQ_INSERT_TAIL(&scheduler->ready, tenant, ready_link);
            return runner;
        }
    }
    return NULL;
}

/* Two runners of other tenants: has the first one more claim to stay than the second? */
static bool stays_before(const struct nsl_runner *first, const struct nsl_runner *second)
{
    size_t first_has = first->tenant->runner_count;
    size_t second_has = second->tenant->runner_count;
    return first_has != second_has ? first_has < second_has
                                   : first->bound_since_ns > second->bound_since_ns;
}

/* No runner is idle: a busy one is sent nothing more, so that it will be. */
static void make_leave(struct nsl_scheduler *scheduler, struct nsl_runner *busy)
{
    uint64_t due_ns = busy->bound_since_ns + TENURE_NS;
    if (due_ns <= scheduler->now_ns) {
        busy->is_leaving = true;
    } else if (due_ns < scheduler->retry_ns) {
        scheduler->retry_ns = due_ns;
    }
}

/* Has a runner of another tenant replaced, unless a new one is on its way already: the longest idle
 * one or, for a tenant without any runner, the one with the least claim to stay. */
static void make_room(struct nsl_scheduler *scheduler, const struct nsl_tenant *tenant)
{
    struct nsl_runner *idle = NULL;
    struct nsl_runner *busy = NULL;
    bool is_one_leaving = false;
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->id != 0 && runner->state == NSL_RUNNER_ABSENT) {
            return;
        }
        if (runner->state != NSL_RUNNER_BOUND || runner->tenant == tenant) {
            continue;
        }
        is_one_leaving = is_one_leaving || runner->is_leaving;
        if (runner->in_flight_count != 0) {
            busy = busy == NULL || stays_before(busy, runner) ? runner : busy;
        } else if (idle == NULL || runner->idle_since_ns < idle->idle_since_ns) {
            idle = runner;
        }
    }
    if (idle != NULL) {
        nsl_workers_spend(scheduler, idle, NSL_ERR_CLOSED);
    } else if (busy != NULL && !is_one_leaving && tenant->runner_count == 0) {
        make_leave(scheduler, busy);
    }
}

/* A tenant takes a further runner only while no other one waits without any. */
static struct nsl_runner *choose(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    bool is_one_waiting = has_orphan(scheduler, tenant);
    struct nsl_runner *runner =
        least_loaded(scheduler, tenant, is_one_waiting ? LEAVING_GOES : LEAVING_STAYS);
    if (runner != NULL) {
        runner->is_leaving = false; /* nobody waits for it any more */
        return runner;
    }
    if (tenant->runner_count != 0 && is_one_waiting) {
        return NULL;
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
