#include "host/launcher/probe.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "host/launcher/channel.h"
#include "host/launcher/process.h"

enum { END_MS = 2000, TURN_MS = 5 };

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void drain(struct nsl_process *process)
{
    char chunk[4096];
    ssize_t size;
    do {
        size = read(process->output_fd, chunk, sizeof(chunk));
    } while (size > 0);
    if (size == 0) {
        nsl_process_close_output(process); /* poll ignores a negative descriptor */
    }
}

static nsl_err await_ready(struct nsl_process *process, uint64_t until_ms,
                           struct nsl_control_ready *ret_ready)
{
    for (uint64_t now = now_ms(); now < until_ms; now = now_ms()) {
        struct nsl_control_message message;
        struct pollfd fds[] = {{.fd = process->control_fd, .events = POLLIN},
                               {.fd = process->output_fd, .events = POLLIN}};
        (void)poll(fds, 2, (int)(until_ms - now));
        if (fds[1].fd >= 0 && fds[1].revents != 0) {
            drain(process);
        }
        nsl_err err = nsl_channel_receive(process->control_fd, &message);
        if (err == NSL_OK && message.type == NSL_CONTROL_READY) {
            *ret_ready = message.ready;
            return NSL_OK;
        }
        if (err != NSL_ERR_AGAIN) {
            return err == NSL_OK ? NSL_ERR_BAD_MESSAGE : err;
        }
    }
    return NSL_ERR_TIMEOUT;
}

static nsl_err converse(struct nsl_process *process, nsl_bytes settings, uint64_t until_ms,
                        struct nsl_control_ready *ret_ready)
{
    struct nsl_control_message first = {.type = NSL_CONTROL_SETTINGS, .settings = settings};
    struct nsl_control_message last = {.type = NSL_CONTROL_STOP, .stop_ms = END_MS};
    NSL_TRY(nsl_channel_send(process->control_fd, &first));
    NSL_TRY(await_ready(process, until_ms, ret_ready));
    return nsl_channel_send(process->control_fd, &last);
}

/* Waits for its end, which is by force when it takes too long. */
static void end(struct nsl_process *process, bool is_forced)
{
    uint64_t until_ms = now_ms() + (is_forced ? 0 : END_MS);
    bool is_killed = false;
    int status;
    while (!nsl_process_reap(process, &status) && now_ms() < until_ms + END_MS) {
        if (!is_killed && now_ms() >= until_ms) {
            nsl_process_kill(process);
            is_killed = true;
        }
        (void)poll(NULL, 0, TURN_MS);
        if (process->output_fd >= 0) {
            drain(process);
        }
    }
}

nsl_err nsl_probe_enclave(const char *path, nsl_bytes settings, unsigned timeout_ms,
                          struct nsl_control_ready *ret_ready)
{
    struct nsl_process process = NSL_PROCESS_NONE;
    struct nsl_control_ready ready = {0};
    NSL_TRY(nsl_process_start(path, &process));
    nsl_err err = converse(&process, settings, now_ms() + timeout_ms, &ready);
    end(&process, err != NSL_OK);
    nsl_process_close_control(&process);
    nsl_process_close_output(&process);
    if (err == NSL_OK) {
        *ret_ready = ready;
    }
    return err;
}
