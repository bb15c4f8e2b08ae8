#include "enclave/gateway/scheduler.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "common/base/wipe.h"
#include "enclave/gateway/pool.h"
#include "enclave/gateway/wake_heap.h"
#include "enclave/wire/run_messages.h"

enum {
    BUCKETS = 1024,
    RUNNERS_MAX = 128, /* slots: those in use and those dying */
    WATCHDOG_GRACE_MS = 1000,
    BUSY_NS = 2000000,   /* a runner whose call runs longer than this gets no more */
    SHORT_NS = 250000,   /* calls of tenants below this average are sent ahead, */
    SHORT_DEPTH = 32,    /* this many: it keeps a runner busy between wake-ups */
    AVERAGE_WEIGHT = 8,
    RETRY_NS = 1000000,  /* a full ring is tried again after */
    FAILED_STARTS_MAX = 16, /* runners in a row that ended unused: something is wrong with all */
    RECORD_MAX = 96 * 1024 * 1024,
};

#define MS_NS UINT64_C(1000000)
#define NEVER UINT64_MAX

struct nsl_scheduler {
    int init;
    int epoll;
    struct nsl_scheduler_settings settings;
    struct nsl_runner runners[RUNNERS_MAX];
    uint32_t last_runner_id;
    struct nsl_tenant *buckets[BUCKETS];
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

/* ---- Tenants ---- */

static uint64_t hash_name(nsl_bytes name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t index = 0; index < name.size; index++) {
        hash = (hash ^ name.data[index]) * UINT64_C(1099511628211);
    }
    return hash;
}

static nsl_err make_tenant(nsl_bytes name, struct nsl_tenant **bucket, struct nsl_tenant **ret)
{
    struct nsl_tenant *tenant = calloc(1, sizeof(*tenant));
    uint8_t *copy = malloc(name.size + 1);
    if (tenant == NULL || copy == NULL) {
        free(tenant);
        free(copy);
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(copy, name.size + 1, name);
    tenant->name = nsl_bytes_of(copy, name.size);
    TAILQ_INIT(&tenant->queue);
    tenant->next_in_bucket = *bucket;
    *bucket = tenant;
    *ret = tenant;
    return NSL_OK;
}

static nsl_err find_tenant(struct nsl_scheduler *scheduler, nsl_bytes name,
                           struct nsl_tenant **ret_tenant)
{
    if (scheduler->settings.mode == NSL_RUNNER_SHARED) {
        name = NSL_TEXT("");
    }
    struct nsl_tenant **bucket = &scheduler->buckets[hash_name(name) % BUCKETS];
    for (struct nsl_tenant *tenant = *bucket; tenant != NULL; tenant = tenant->next_in_bucket) {
        if (nsl_bytes_equal(tenant->name, name)) {
            *ret_tenant = tenant;
            return NSL_OK;
        }
    }
    return make_tenant(name, bucket, ret_tenant);
}

/* Forgets a tenant that has neither jobs nor runners. */
static void release_tenant(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    if (tenant->job_count != 0 || tenant->runner_count != 0) {
        return;
    }
    struct nsl_tenant **link = &scheduler->buckets[hash_name(tenant->name) % BUCKETS];
    while (*link != tenant) {
        link = &(*link)->next_in_bucket;
    }
    *link = tenant->next_in_bucket;
    if (tenant->is_ready) {
        TAILQ_REMOVE(&scheduler->ready, tenant, ready_link);
    }
    free((void *)(uintptr_t)tenant->name.data);
    free(tenant);
}

enum queue_end { QUEUE_FRONT, QUEUE_BACK };

static void enqueue(struct nsl_scheduler *scheduler, struct nsl_job *job, enum queue_end end)
{
    struct nsl_tenant *tenant = job->owner_tenant;
    job->place = NSL_JOB_QUEUED;
    if (end == QUEUE_FRONT) {
        TAILQ_INSERT_HEAD(&tenant->queue, job, link);
    } else {
        TAILQ_INSERT_TAIL(&tenant->queue, job, link);
    }
    if (!tenant->is_ready) {
        tenant->is_ready = true;
        TAILQ_INSERT_TAIL(&scheduler->ready, tenant, ready_link);
    }
}

/* ---- Ends of jobs ---- */

static void drop_record(struct nsl_scheduler *scheduler, struct nsl_job *job)
{
    if (job->record != NULL) {
        scheduler->state.parked_bytes -= job->record_size;
        nsl_wipe(job->record, job->record_size);
        free(job->record);
        job->record = NULL;
        job->record_size = 0;
    }
}

static void finish_job(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_err err,
                       const struct nsl_outcome *outcome)
{
    struct nsl_tenant *tenant = job->owner_tenant;
    drop_record(scheduler, job);
    scheduler->state.jobs--;
    scheduler->state.payload_bytes -= job->payload.size;
    tenant->job_count--;
    release_tenant(scheduler, tenant);
    job->done(job, err, outcome);
}

static nsl_err park_job(struct nsl_scheduler *scheduler, struct nsl_job *job,
                        const struct nsl_outcome *outcome, nsl_bytes record)
{
    drop_record(scheduler, job);
    if (job->is_cancelled) {
        return NSL_ERR_CANCELLED;
    }
    if (scheduler->state.parked_bytes + record.size > scheduler->settings.parked_bytes ||
        scheduler->parked.count >= scheduler->settings.parked_max) {
        return NSL_ERR_FULL;
    }
    uint8_t *copy = malloc(record.size);
    if (copy == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(copy, record.size, record);
    job->record = copy;
    job->record_size = record.size;
    job->wake_ns = scheduler->now_ns + outcome->wait_ns;
    job->place = NSL_JOB_PARKED;
    scheduler->state.parked_bytes += record.size;
    nsl_wake_heap_push(&scheduler->parked, job);
    return NSL_OK;
}

/* ---- Runners ---- */

static nsl_err ask_runner(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
        if (scheduler->runners[index].id == id) {
            return &scheduler->runners[index];
        }
    }
    return NULL;
}

/* Has the process replaced. Its slot stays until init has told of its end. */
static void spend_runner(struct nsl_scheduler *scheduler, struct nsl_runner *runner, nsl_err why)
{
    if (runner->state == NSL_RUNNER_SPENT) {
        return;
    }
    struct nsl_init_message order = {.type = NSL_INIT_KILL_RUNNER, .runner_id = runner->id};
    runner->state = NSL_RUNNER_SPENT;
    runner->doom = why;
    if (nsl_init_send(scheduler->init, &order) != NSL_OK || ask_runner(scheduler) != NSL_OK) {
        scheduler->retry_ns = scheduler->now_ns; /* init is going: the enclave ends with it */
    }
}

static void read_runner(struct nsl_scheduler *scheduler, struct nsl_runner *runner);

static void bury_runner(struct nsl_scheduler *scheduler, struct nsl_runner *runner)
{
    struct nsl_job *job = NULL;
    struct nsl_job_list left;
    struct nsl_tenant *tenant = runner->tenant;
    nsl_err why = runner->doom == NSL_OK ? NSL_ERR_CLOSED : runner->doom;
    TAILQ_INIT(&left);
    TAILQ_CONCAT(&left, &runner->in_flight, link);
    nsl_runner_detach(runner, scheduler->epoll);
    struct nsl_job *running = TAILQ_FIRST(&left);
    while ((job = TAILQ_LAST(&left, nsl_job_list)) != NULL) {
        TAILQ_REMOVE(&left, job, link);
        if (job == running || job->is_cancelled) {
            finish_job(scheduler, job, job->is_cancelled ? NSL_ERR_CANCELLED : why, NULL);
        } else {
            enqueue(scheduler, job, QUEUE_FRONT);
        }
    }
    if (tenant != NULL) {
        tenant->runner_count--;
        release_tenant(scheduler, tenant);
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
        read_runner(scheduler, runner); /* what it answered before it ended is done */
    }
    if (runner->state != NSL_RUNNER_SPENT) {
        bool was_used = runner->state == NSL_RUNNER_BOUND;
        scheduler->failed_starts = was_used ? 0 : scheduler->failed_starts + 1;
        if (scheduler->failed_starts > FAILED_STARTS_MAX) {
            return NSL_ERR_UNSUPPORTED;
        }
        scheduler->state.runners_crashed++;
        NSL_TRY(ask_runner(scheduler));
    }
    bury_runner(scheduler, runner);
    return NSL_OK;
}

/* ---- Answers ---- */

static void note_run_time(struct nsl_tenant *tenant, uint64_t run_ns)
{
    uint64_t capped = run_ns < 60000 * MS_NS ? run_ns : 60000 * MS_NS;
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
        err = park_job(scheduler, job, &outcome, record);
        if (err == NSL_OK) {
            return;
        }
    }
    finish_job(scheduler, job, err, err == NSL_OK ? &outcome : NULL);
}

static void take_failed(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_bytes payload)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    uint32_t code = nsl_packet_get_u32(&reader);
    bool is_too_large = nsl_packet_end(&reader) == NSL_OK && code == (uint32_t)NSL_ERR_TOO_LARGE;
    finish_job(scheduler, job, is_too_large ? NSL_ERR_TOO_LARGE : NSL_ERR_ENGINE, NULL);
}

/* Answers come in the order of the questions; anything else is a runner that was taken over. */
static nsl_err take_answer(struct nsl_scheduler *scheduler, struct nsl_runner *runner,
                           const struct nsl_ring_message *message)
{
    struct nsl_job *job = TAILQ_FIRST(&runner->in_flight);
    bool is_outcome = message->type == NSL_RUN_OUTCOME;
    if (job == NULL || job->id != message->id ||
        (!is_outcome && message->type != NSL_RUN_FAILED)) {
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

static void read_runner(struct nsl_scheduler *scheduler, struct nsl_runner *runner)
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
            spend_runner(scheduler, runner, NSL_ERR_CLOSED);
        }
    }
    if (err != NSL_OK && err != NSL_ERR_AGAIN) {
        spend_runner(scheduler, runner, NSL_ERR_BAD_MESSAGE);
    }
}

/* ---- Choice ---- */

/* Calls that may be on their way to one runner. Long ones wait here, where any runner can take them. */
static size_t depth_of(const struct nsl_scheduler *scheduler, const struct nsl_tenant *tenant)
{
    bool is_short = tenant->average_run_ns < SHORT_NS;
    return is_short && scheduler->settings.mode != NSL_RUNNER_INVOCATION ? SHORT_DEPTH : 1;
}

static bool is_stuck(const struct nsl_scheduler *scheduler, const struct nsl_runner *runner)
{
    return runner->in_flight_count != 0 &&
           scheduler->now_ns - runner->first_since_ns > BUSY_NS;
}

static struct nsl_runner *least_loaded(struct nsl_scheduler *scheduler,
                                       const struct nsl_tenant *tenant)
{
    struct nsl_runner *best = NULL;
    size_t depth = depth_of(scheduler, tenant);
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
        spend_runner(scheduler, oldest, NSL_ERR_CLOSED);
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
        finish_job(scheduler, job, err, NULL);
    } else if (err != NSL_OK) {
        TAILQ_INSERT_HEAD(&tenant->queue, job, link);
        spend_runner(scheduler, runner, err);
    }
}

/* One round: each tenant in turn sends one call, until nothing can be sent. */
static void pump(struct nsl_scheduler *scheduler)
{
    bool is_moving = true;
    if (scheduler->retry_ns <= scheduler->now_ns) {
        for (size_t index = 0; index < RUNNERS_MAX; index++) {
            scheduler->runners[index].is_full = false;
        }
    }
    scheduler->retry_ns = NEVER;
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

/* ---- Time ---- */

static void wake_parked(struct nsl_scheduler *scheduler)
{
    struct nsl_job *job = nsl_wake_heap_first(&scheduler->parked);
    while (job != NULL && job->wake_ns <= scheduler->now_ns) {
        nsl_wake_heap_pop(&scheduler->parked);
        enqueue(scheduler, job, QUEUE_BACK);
        job = nsl_wake_heap_first(&scheduler->parked);
    }
}

static uint64_t overdue_ns(const struct nsl_runner *runner)
{
    const struct nsl_job *job = TAILQ_FIRST(&runner->in_flight);
    if (job == NULL || runner->state != NSL_RUNNER_BOUND) {
        return NEVER;
    }
    return runner->first_since_ns + (job->time_ms + (uint64_t)WATCHDOG_GRACE_MS) * MS_NS;
}

static void kill_overdue(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
        struct nsl_runner *runner = &scheduler->runners[index];
        if (overdue_ns(runner) <= scheduler->now_ns) {
            scheduler->state.runners_killed++;
            spend_runner(scheduler, runner, NSL_ERR_TIMEOUT);
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
    scheduler->retry_ns = NEVER;
    TAILQ_INIT(&scheduler->ready);
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    /* One more than asked for: a spare is ready when a runner must be replaced. */
    for (uint32_t count = 0; err == NSL_OK && count < settings->runner_count; count++) {
        err = ask_runner(scheduler);
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
    NSL_TRY(find_tenant(scheduler, job->tenant, &job->owner_tenant));
    job->id = ++scheduler->last_job_id;
    job->record = NULL;
    job->record_size = 0;
    job->is_cancelled = false;
    job->owner_tenant->job_count++;
    scheduler->state.jobs++;
    scheduler->state.payload_bytes += job->payload.size;
    enqueue(scheduler, job, QUEUE_BACK);
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
    finish_job(scheduler, job, NSL_ERR_CANCELLED, NULL);
}

void nsl_scheduler_run(struct nsl_scheduler *scheduler, uint64_t now_ns)
{
    scheduler->now_ns = now_ns;
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
        if (scheduler->runners[index].state == NSL_RUNNER_BOUND) {
            read_runner(scheduler, &scheduler->runners[index]);
        }
    }
    wake_parked(scheduler);
    kill_overdue(scheduler);
    pump(scheduler);
}

void nsl_scheduler_flush(struct nsl_scheduler *scheduler)
{
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
        if (scheduler->runners[index].was_written) {
            nsl_runner_flush(&scheduler->runners[index]);
        }
    }
}

uint64_t nsl_scheduler_next_ns(const struct nsl_scheduler *scheduler)
{
    const struct nsl_job *first = nsl_wake_heap_first(&scheduler->parked);
    uint64_t next = first == NULL ? NEVER : first->wake_ns;
    next = scheduler->retry_ns < next ? scheduler->retry_ns : next;
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
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
    for (size_t index = 0; index < RUNNERS_MAX; index++) {
        enum nsl_runner_state runner = scheduler->runners[index].state;
        bool is_ready = runner == NSL_RUNNER_SPARE || runner == NSL_RUNNER_BOUND;
        state.runners_ready += is_ready ? 1 : 0;
    }
    return state;
}
