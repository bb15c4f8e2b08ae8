#include "common/base/wipe.h"
#include "enclave/gateway/state.h"
#include "enclave/wire/run_messages.h"

enum {
    AVERAGE_WEIGHT = 8,     /* of the past, when a run time is averaged in */
    SENDS_MAX = 4,          /* runners that a call may be sent to before it fails */
    FAILED_STARTS_MAX = 16, /* runners in a row that ended unused: something is wrong with all */
};

nsl_err nsl_workers_ask(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (runner->id != 0) {
            continue;
        }
        struct nsl_init_message order = {
            .type = NSL_INIT_START_RUNNER,
            .runner_id = ++scheduler->last_runner_id,
        };
        NSL_TRY(nsl_init_send(scheduler->init, &order));
        runner->id = order.runner_id;
        runner->state = NSL_RUNNER_ABSENT;
        return NSL_OK;
    }
    return NSL_ERR_FULL;
}

static struct nsl_runner *find_runner(struct nsl_scheduler *scheduler, uint32_t id)
{
    for (size_t index = 0; index < NSL_RUNNERS_MAX; index++) {
        if (scheduler->runners[index].id == id) {
            return &scheduler->runners[index];
        }
    }
    return NULL;
}

void nsl_workers_spend(struct nsl_scheduler *scheduler, struct nsl_runner *runner, nsl_err why)
{
    if (runner->state == NSL_RUNNER_SPENT) {
        return;
    }
    struct nsl_init_message order = {.type = NSL_INIT_KILL_RUNNER, .runner_id = runner->id};
    runner->state = NSL_RUNNER_SPENT;
    runner->doom = why;
    if (nsl_init_send(scheduler->init, &order) != NSL_OK || nsl_workers_ask(scheduler) != NSL_OK) {
        scheduler->retry_ns = scheduler->now_ns; /* init is going: the enclave ends with it */
    }
}

/* A call that the runner never took is sent again, but not for ever. */
static bool can_repeat(const struct nsl_job *job, uint64_t consumed)
{
    return consumed <= job->sent_at && job->sends < SENDS_MAX;
}

/* The runner is gone: of its calls the one it was in fails, the others go back to their queue. */
static void bury_runner(struct nsl_scheduler *scheduler, struct nsl_runner *runner)
{
    struct nsl_job *job = NULL;
    struct nsl_job_list left;
    struct nsl_tenant *tenant = runner->tenant;
    nsl_err why = runner->doom == NSL_OK ? NSL_ERR_CLOSED : runner->doom;
    uint64_t consumed = runner->memory == NULL ? 0 : nsl_ring_consumed(&runner->requests);
    TAILQ_INIT(&left);
    TAILQ_CONCAT(&left, &runner->in_flight, link);
    nsl_runner_detach(runner, scheduler->epoll);
    while ((job = TAILQ_LAST(&left, nsl_job_list)) != NULL) {
        TAILQ_REMOVE(&left, job, link);
        if (job->is_cancelled) {
            nsl_job_finish(scheduler, job, NSL_ERR_CANCELLED, NULL);
        } else if (can_repeat(job, consumed)) {
            nsl_tenant_enqueue(scheduler, job, NSL_QUEUE_FRONT);
        } else {
            nsl_job_finish(scheduler, job, why, NULL);
        }
    }
    if (tenant != NULL) {
        tenant->runner_count--;
        nsl_tenant_release(scheduler, tenant);
    }
}

nsl_err nsl_scheduler_note_init(struct nsl_scheduler *scheduler,
                                const struct nsl_init_message *message)
{
    struct nsl_runner *runner = find_runner(scheduler, message->runner_id);
    if (runner == NULL || message->runner_id == 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (message->type == NSL_INIT_RUNNER_STARTED) {
        NSL_TRY(nsl_runner_attach(runner, message, scheduler->epoll));
        scheduler->state.runners_started++;
        return nsl_runner_configure(runner, scheduler->settings.image_cache_bytes,
                                    scheduler->settings.parked_bytes);
    }
    if (runner->state == NSL_RUNNER_BOUND) {
        nsl_workers_read(scheduler, runner); /* what it answered before it ended is done */
    }
    if (runner->state != NSL_RUNNER_SPENT) {
        bool was_used = runner->state == NSL_RUNNER_BOUND;
        scheduler->failed_starts = was_used ? 0 : scheduler->failed_starts + 1;
        if (scheduler->failed_starts > FAILED_STARTS_MAX) {
            return NSL_ERR_UNSUPPORTED;
        }
        scheduler->state.runners_crashed++;
        NSL_TRY(nsl_workers_ask(scheduler));
    }
    bury_runner(scheduler, runner);
    return NSL_OK;
}

/* ---- Answers ---- */

static void note_run_time(struct nsl_tenant *tenant, uint64_t run_ns)
{
    uint64_t capped = run_ns < 60000 * NSL_MS_NS ? run_ns : 60000 * NSL_MS_NS;
    tenant->average_run_ns =
        (tenant->average_run_ns * (AVERAGE_WEIGHT - 1) + capped) / AVERAGE_WEIGHT;
}

static void take_outcome(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_bytes payload)
{
    struct nsl_outcome outcome;
    nsl_bytes record;
    nsl_err err = nsl_run_decode_outcome(payload, &outcome, &record);
    if (err == NSL_OK) {
        note_run_time(job->owner_tenant, outcome.run_ns);
    }
    if (err == NSL_OK && outcome.kind == NSL_OUTCOME_PARKED) {
        nsl_job_park(scheduler, job, &outcome, record);
        return;
    }
    nsl_job_finish(scheduler, job, err, err == NSL_OK ? &outcome : NULL);
}

static void take_failed(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_bytes payload)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    uint32_t code = nsl_packet_get_u32(&reader);
    bool is_too_large = nsl_packet_end(&reader) == NSL_OK && code == (uint32_t)NSL_ERR_TOO_LARGE;
    nsl_job_finish(scheduler, job, is_too_large ? NSL_ERR_TOO_LARGE : NSL_ERR_ENGINE, NULL);
}

/* Answers come in the order of the questions; anything else is a runner that was taken over. */
static nsl_err take_answer(struct nsl_scheduler *scheduler, struct nsl_runner *runner,
                           const struct nsl_ring_message *message)
{
    struct nsl_job *job = TAILQ_FIRST(&runner->in_flight);
    bool is_outcome = message->type == NSL_RUN_OUTCOME;
    if (job == NULL || job->id != message->id || (!is_outcome && message->type != NSL_RUN_FAILED)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    TAILQ_REMOVE(&runner->in_flight, job, link);
    runner->in_flight_count--;
    runner->first_since_ns = scheduler->now_ns;
    runner->idle_since_ns = scheduler->now_ns;
    runner->is_full = false;
    if (is_outcome) {
        take_outcome(scheduler, job, message->payload);
    } else {
        take_failed(scheduler, job, message->payload);
    }
    return NSL_OK;
}

void nsl_workers_read(struct nsl_scheduler *scheduler, struct nsl_runner *runner)
{
    nsl_err err = NSL_OK;
    while (err == NSL_OK && runner->state == NSL_RUNNER_BOUND) {
        struct nsl_ring_message message;
        err = nsl_ring_read(&runner->answers, scheduler->buffer, scheduler->buffer_size, &message);
        if (err == NSL_OK) {
            err = take_answer(scheduler, runner, &message);
            nsl_wipe(scheduler->buffer, message.payload.size);
        }
        if (err == NSL_OK && scheduler->settings.mode == NSL_RUNNER_INVOCATION) {
            nsl_workers_spend(scheduler, runner, NSL_ERR_CLOSED);
        }
    }
    if (err != NSL_OK && err != NSL_ERR_AGAIN) {
        nsl_workers_spend(scheduler, runner, NSL_ERR_BAD_MESSAGE);
    }
}
