#include "enclave/gateway/pool.h"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enclave/runner/runner.h"
#include "enclave/wire/run_messages.h"

nsl_err nsl_runner_attach(struct nsl_runner *runner, const struct nsl_init_message *started,
                          int epoll)
{
    uint64_t large_size = started->value;
    uint64_t size = nsl_runner_memory_size(large_size);
    uint8_t *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, started->fds[NSL_RUNNER_FD_MEMORY], 0);
    (void)close(started->fds[NSL_RUNNER_FD_MEMORY]);
    runner->wake_gateway = started->fds[NSL_RUNNER_FD_TO_GATEWAY];
    if (memory == MAP_FAILED) {
        return NSL_ERR_NO_MEMORY;
    }
    /* Edge-triggered: each signal is one event, and nobody has to read the counter. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, runner->wake_gateway, &event) != 0) {
        (void)munmap(memory, size);
        return NSL_ERR_IO;
    }
    runner->memory = memory;
    runner->requests = nsl_ring_of(memory, large_size);
    runner->answers = nsl_ring_of(memory + nsl_ring_memory_size(large_size), large_size);
    runner->state = NSL_RUNNER_SPARE;
    return NSL_OK;
}

void nsl_runner_detach(struct nsl_runner *runner, int epoll)
{
    if (runner->memory != NULL) {
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, runner->wake_gateway, NULL);
        (void)close(runner->wake_gateway);
        (void)munmap(runner->memory, nsl_runner_memory_size(runner->requests.large_size));
    }
    *runner = (struct nsl_runner){0};
    TAILQ_INIT(&runner->in_flight);
}

nsl_err nsl_runner_configure(struct nsl_runner *runner, uint64_t image_cache_bytes,
                             uint64_t parked_bytes)
{
    uint8_t payload[2 * sizeof(uint64_t)];
    struct nsl_packet_writer writer = nsl_packet_writer_of(payload, sizeof(payload));
    nsl_packet_put_u64(&writer, image_cache_bytes);
    nsl_packet_put_u64(&writer, parked_bytes);
    const nsl_bytes part = nsl_bytes_of(payload, sizeof(payload));
    runner->was_written = true;
    return nsl_ring_write(&runner->requests, NSL_RUN_CONFIGURE, 0, &part, 1);
}

nsl_err nsl_runner_send(struct nsl_runner *runner, struct nsl_job *job)
{
    uint8_t head[NSL_RUN_RESUME_HEAD_SIZE];
    uint64_t sent_at = runner->requests.own;
    if (job->record == NULL) {
        NSL_TRY(nsl_ring_write(&runner->requests, NSL_RUN_RUN, job->id, &job->payload, 1));
    } else {
        nsl_run_encode_resume_head(job->record_size, head);
        const nsl_bytes parts[] = {
            nsl_bytes_of(head, sizeof(head)),
            nsl_bytes_of(job->record, job->record_size),
            job->payload,
        };
        NSL_TRY(nsl_ring_write(&runner->requests, NSL_RUN_RESUME, job->id, parts, 3));
    }
    runner->was_written = true;
    job->place = NSL_JOB_SENT;
    job->sent_at = sent_at;
    job->sends++;
    TAILQ_INSERT_TAIL(&runner->in_flight, job, link);
    runner->in_flight_count++;
    return NSL_OK;
}

void nsl_runner_flush(struct nsl_runner *runner)
{
    if (runner->was_written) {
        runner->was_written = false;
        if (nsl_ring_must_wake(&runner->requests)) {
            (void)syscall(SYS_futex, nsl_ring_wait_word(&runner->requests), FUTEX_WAKE, 1, NULL,
                          NULL, 0);
        }
    }
}
