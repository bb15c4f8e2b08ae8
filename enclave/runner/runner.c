#include "enclave/runner/runner.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/wipe.h"
#include "enclave/wire/run_messages.h"

/* How often the running call's time limit is looked at, in CPU time of this process. */
enum { TICK_MS = 5, ANSWER_RETRY_US = 200 };

struct runner {
    struct nsl_engine *engine;
    struct nsl_ring requests;
    struct nsl_ring answers;
    int wake_gateway;
    uint8_t *buffer; /* one message in, then one message out */
    size_t buffer_size;
    struct nsl_secret_value secrets[NSL_RUN_SECRETS_MAX];
};

static struct nsl_engine *ticked_engine;

static void on_tick(int signal_number)
{
    (void)signal_number;
    nsl_engine_tick(ticked_engine);
}

/* SA_NODEFER: the tick may leave the engine from inside the handler. CPU time: a runner that sleeps
 * is not woken. */
static nsl_err start_tick(struct nsl_engine *engine)
{
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_NODEFER | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct itimerspec period = {
        .it_interval = {.tv_nsec = TICK_MS * 1000000L},
        .it_value = {.tv_nsec = TICK_MS * 1000000L},
    };
    timer_t timer;
    ticked_engine = engine;
    if (sigaction(SIGALRM, &action, NULL) != 0 ||
        timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0 ||
        timer_settime(timer, 0, &period, NULL) != 0) {
        return NSL_ERR_IO;
    }
    return NSL_OK;
}

static nsl_err wake_gateway(struct runner *runner)
{
    uint64_t one = 1;
    if (!nsl_ring_must_wake(&runner->answers)) {
        return NSL_OK;
    }
    return write(runner->wake_gateway, &one, sizeof(one)) == sizeof(one) ? NSL_OK : NSL_ERR_IO;
}

/* Answers wait for room: the gateway reads them all the time, or ends this process. */
static nsl_err send_answer(struct runner *runner, uint16_t type, uint64_t id,
                           const nsl_bytes *parts, size_t part_count)
{
    const struct timespec pause = {.tv_nsec = ANSWER_RETRY_US * 1000L};
    nsl_err err = nsl_ring_write(&runner->answers, type, id, parts, part_count);
    while (err == NSL_ERR_FULL) {
        NSL_TRY(wake_gateway(runner));
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        err = nsl_ring_write(&runner->answers, type, id, parts, part_count);
    }
    NSL_TRY(err);
    return wake_gateway(runner);
}

static nsl_err send_failed(struct runner *runner, uint64_t id, nsl_err cause)
{
    uint8_t code[sizeof(uint32_t)];
    struct nsl_packet_writer writer = nsl_packet_writer_of(code, sizeof(code));
    nsl_packet_put_u32(&writer, (uint32_t)cause);
    const nsl_bytes part = nsl_bytes_of(code, sizeof(code));
    return send_answer(runner, NSL_RUN_FAILED, id, &part, 1);
}

static nsl_err send_outcome(struct runner *runner, uint64_t id, const struct nsl_outcome *outcome)
{
    nsl_bytes parts[2] = {0};
    nsl_err err = NSL_OK;
    if (outcome->kind == NSL_OUTCOME_PARKED) {
        err = nsl_engine_export(runner->engine, id, &parts[1]);
    }
    if (err == NSL_OK) {
        err = nsl_run_encode_outcome(outcome, parts[1].size, runner->buffer, runner->buffer_size,
                                     &parts[0]);
    }
    if (err == NSL_OK) {
        err = send_answer(runner, NSL_RUN_OUTCOME, id, parts, 2);
    }
    nsl_wipe(runner->buffer, parts[0].size);
    nsl_engine_forget(runner->engine);
    return err == NSL_ERR_TOO_LARGE ? send_failed(runner, id, err) : err;
}

static nsl_err finish(struct runner *runner, const struct nsl_ring_message *message,
                      nsl_err run_err, const struct nsl_outcome *outcome)
{
    nsl_wipe(runner->buffer, message->payload.size);
    return run_err == NSL_OK ? send_outcome(runner, message->id, outcome)
                             : send_failed(runner, message->id, run_err);
}

static nsl_err run_call(struct runner *runner, const struct nsl_ring_message *message)
{
    struct nsl_call call;
    struct nsl_outcome outcome = {0};
    NSL_TRY(nsl_run_decode_call(message->payload, message->id, runner->secrets, &call));
    nsl_err run_err = nsl_engine_run(runner->engine, &call, &outcome);
    return finish(runner, message, run_err, &outcome);
}

static nsl_err resume_call(struct runner *runner, const struct nsl_ring_message *message)
{
    struct nsl_call call;
    struct nsl_outcome outcome = {0};
    nsl_bytes record;
    nsl_bytes encoded_call;
    NSL_TRY(nsl_run_decode_resume(message->payload, &record, &encoded_call));
    NSL_TRY(nsl_run_decode_call(encoded_call, message->id, runner->secrets, &call));
    nsl_err run_err = nsl_engine_import(runner->engine, &call, record);
    if (run_err == NSL_OK) {
        run_err = nsl_engine_resume(runner->engine, message->id, &outcome);
    }
    return finish(runner, message, run_err, &outcome);
}

static nsl_err configure(struct runner *runner, nsl_bytes payload)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    uint64_t cache_bytes = nsl_packet_get_u64(&reader);
    uint64_t parked_bytes = nsl_packet_get_u64(&reader);
    NSL_TRY(nsl_packet_end(&reader));
    nsl_engine_set_budget(runner->engine, cache_bytes, parked_bytes);
    return NSL_OK;
}

static nsl_err handle(struct runner *runner, const struct nsl_ring_message *message)
{
    switch (message->type) {
    case NSL_RUN_CONFIGURE:
        return configure(runner, message->payload);
    case NSL_RUN_RUN:
        return run_call(runner, message);
    case NSL_RUN_RESUME:
        return resume_call(runner, message);
    default:
        return NSL_ERR_BAD_MESSAGE;
    }
}

/* Until the wait word is no longer 1; waking for nothing does no harm. */
static nsl_err sleep_until_woken(struct runner *runner)
{
    if (!nsl_ring_prepare_wait(&runner->requests)) {
        return NSL_OK;
    }
    long result =
        syscall(SYS_futex, nsl_ring_wait_word(&runner->requests), FUTEX_WAIT, 1, NULL, NULL, 0);
    bool is_fine = result == 0 || errno == EAGAIN || errno == EINTR;
    nsl_ring_cancel_wait(&runner->requests);
    return is_fine ? NSL_OK : NSL_ERR_IO;
}

static nsl_err loop(struct runner *runner)
{
    for (;;) {
        struct nsl_ring_message message;
        nsl_err err =
            nsl_ring_read(&runner->requests, runner->buffer, runner->buffer_size, &message);
        if (err == NSL_ERR_AGAIN) {
            err = sleep_until_woken(runner);
        } else if (err == NSL_OK) {
            err = handle(runner, &message);
        }
        NSL_TRY(err);
    }
}

nsl_err nsl_runner_main(struct nsl_engine *engine, const int fds[NSL_RUNNER_FD_COUNT],
                        uint64_t large_size)
{
    uint64_t memory_size = nsl_runner_memory_size(large_size);
    uint8_t *memory =
        mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[NSL_RUNNER_FD_MEMORY], 0);
    uint8_t *buffer =
        mmap(NULL, large_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || buffer == MAP_FAILED) {
        return NSL_ERR_NO_MEMORY;
    }
    (void)close(fds[NSL_RUNNER_FD_MEMORY]);
    struct runner runner = {
        .engine = engine,
        .requests = nsl_ring_of(memory, large_size),
        .answers = nsl_ring_of(memory + nsl_ring_memory_size(large_size), large_size),
        .wake_gateway = fds[NSL_RUNNER_FD_TO_GATEWAY],
        .buffer = buffer,
        .buffer_size = large_size,
    };
    NSL_TRY(start_tick(engine));
    NSL_TRY(nsl_confine_narrow(NSL_ROLE_RUNNER));
    return loop(&runner);
}
