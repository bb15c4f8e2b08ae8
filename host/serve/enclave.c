#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "host/serve/loop.h"

#define OUTPUT_CHUNK_BYTES 4096
#define OUTPUT_CHUNKS_PER_TURN 16 /* so that a chatty enclave does not starve the clients */
#define END_MS 200                /* between the end of the channel and that of the process */
#define LOG_EVERY_MS 1000
#define PAUSE_MS 20 /* after the machine ran out of something */

/* ---- What the enclave prints. */

static void write_line(void *context, nsl_bytes line)
{
    struct nsl_loop *loop = context;
    struct pollfd out = {.fd = loop->options->log_fd, .events = POLLOUT};
    /* Whoever reads our log may have stopped reading: a line is lost then, the service goes on. */
    if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) {
        loop->lines_dropped++;
        return;
    }
    if (loop->lines_dropped > 0) {
        nsl_log(NSL_EVENT_log_lines_lost, NSL_LOG_U64("lines", loop->lines_dropped));
        loop->lines_dropped = 0;
    }
    (void)!write(out.fd, line.data, line.size);
}

void nsl_loop_on_output(struct nsl_loop *loop)
{
    uint8_t chunk[OUTPUT_CHUNK_BYTES];
    for (int i = 0; i < OUTPUT_CHUNKS_PER_TURN && loop->enclave.output_fd >= 0; i++) {
        ssize_t size = read(loop->enclave.output_fd, chunk, sizeof(chunk));
        if (size < 0) {
            return;
        }
        if (size == 0) {
            nsl_loop_unwatch(loop, loop->enclave.output_fd);
            nsl_process_close_output(&loop->enclave);
            return;
        }
        nsl_output_push(&loop->output, nsl_bytes_of(chunk, (size_t)size), write_line, loop);
    }
}

/* ---- Start and end. */

static void close_control(struct nsl_loop *loop)
{
    if (loop->enclave.control_fd >= 0) {
        nsl_loop_unwatch(loop, loop->enclave.control_fd);
        nsl_process_close_control(&loop->enclave);
    }
    loop->is_control_full = false;
    loop->is_stop_unsent = false;
}

void nsl_loop_kill_enclave(struct nsl_loop *loop, const char *reason)
{
    if (loop->enclave.pid > 0 && !loop->is_killed) {
        nsl_log(NSL_EVENT_enclave_killed, NSL_LOG_I64("pid", loop->enclave.pid),
                NSL_LOG_TEXT("reason", reason));
        nsl_process_kill(&loop->enclave);
        loop->is_killed = true;
    }
    close_control(loop);
    loop->ready_until_ns = 0;
}

static nsl_err send_settings(struct nsl_loop *loop)
{
    struct nsl_control_message settings = {.type = NSL_CONTROL_SETTINGS,
                                           .settings = loop->options->settings};
    NSL_TRY(nsl_channel_send(loop->enclave.control_fd, &settings));
    nsl_channel_narrow(loop->enclave.control_fd);
    return nsl_control_advance(&loop->control, NSL_CONTROL_SETTINGS, 0);
}

/* Plans the next start, or ends the service. */
static void start_later(struct nsl_loop *loop)
{
    unsigned pause_ms;
    uint64_t now = nsl_loop_now();
    if (!nsl_restart_ended(&loop->restart, now, &pause_ms)) {
        nsl_log(NSL_EVENT_enclave_given_up, NSL_LOG_U64("starts", loop->restart.failed_starts));
        loop->end = NSL_SERVE_GAVE_UP;
        loop->is_done = true;
        return;
    }
    loop->attempt++;
    nsl_log(NSL_EVENT_enclave_restart, NSL_LOG_U64("attempt", loop->attempt),
            NSL_LOG_U64("after_ms", pause_ms));
    loop->start_at_ns = now + pause_ms * NSL_NS_PER_MS;
}

void nsl_loop_start_enclave(struct nsl_loop *loop)
{
    loop->start_at_ns = 0;
    loop->control = (struct nsl_control_state){0};
    loop->is_killed = false;
    nsl_err err = nsl_process_start(loop->options->enclave_path, &loop->enclave);
    if (err != NSL_OK) {
        nsl_log(NSL_EVENT_enclave_not_started, NSL_LOG_TEXT("path", loop->options->enclave_path),
                NSL_LOG_TEXT("error", nsl_err_name(err)));
        start_later(loop);
        return;
    }
    loop->started_ns = nsl_loop_now();
    loop->ready_until_ns = loop->started_ns + loop->options->ready_ms * NSL_NS_PER_MS;
    nsl_log(NSL_EVENT_enclave_started, NSL_LOG_I64("pid", loop->enclave.pid),
            NSL_LOG_TEXT("backend", "simulation"));
    loop->control_events = EPOLLIN;
    nsl_loop_watch(loop, loop->enclave.control_fd, TAG_CONTROL, loop->control_events);
    nsl_loop_watch(loop, loop->enclave.output_fd, TAG_OUTPUT, EPOLLIN);
    if (send_settings(loop) != NSL_OK) {
        nsl_loop_kill_enclave(loop, "settings_not_sent");
    }
}

static void log_end(const struct nsl_loop *loop, pid_t pid, int status)
{
    char text[32];
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
    } else {
        snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
    }
    uint64_t after_ms = (nsl_loop_now() - loop->started_ns) / NSL_NS_PER_MS;
    bool is_orderly = loop->control.phase == NSL_CONTROL_PHASE_STOPPED ||
                      (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (loop->is_stopping && is_orderly && !loop->is_killed) {
        nsl_log(NSL_EVENT_enclave_stopped, NSL_LOG_I64("pid", pid),
                NSL_LOG_U64("after_ms", after_ms));
        return;
    }
    nsl_log(NSL_EVENT_enclave_ended, NSL_LOG_I64("pid", pid), NSL_LOG_TEXT("status", text),
            NSL_LOG_U64("after_ms", after_ms));
}

void nsl_loop_on_child(struct nsl_loop *loop)
{
    int status;
    pid_t pid = loop->enclave.pid;
    if (!nsl_process_reap(&loop->enclave, &status)) {
        return;
    }
    nsl_loop_on_control(loop); /* its last words */
    nsl_loop_on_output(loop);
    nsl_output_end(&loop->output, write_line, loop);
    if (loop->enclave.output_fd >= 0) {
        nsl_loop_unwatch(loop, loop->enclave.output_fd);
        nsl_process_close_output(&loop->enclave);
    }
    close_control(loop);
    loop->ready_until_ns = 0;
    loop->end_until_ns = 0;
    log_end(loop, pid, status);
    if (loop->is_stopping) {
        loop->end = loop->leave_at_ns != 0 ? NSL_SERVE_KILLED : NSL_SERVE_STOPPED;
        loop->is_done = true;
        return;
    }
    start_later(loop);
}

/* ---- The control channel. */

static void announce(struct nsl_loop *loop)
{
    if (loop->is_announced) {
        return;
    }
    loop->is_announced = true;
    for (size_t i = 0; i < NSL_LISTENER_COUNT; i++) {
        if (loop->listeners[i].fd >= 0) {
            dprintf(loop->options->announce_fd, "listening on %s\n", loop->listeners[i].url);
            nsl_log(NSL_EVENT_listen, NSL_LOG_TEXT("url", loop->listeners[i].url));
        }
    }
}

static void on_ready(struct nsl_loop *loop, const struct nsl_control_ready *ready)
{
    uint64_t now = nsl_loop_now();
    loop->ready_until_ns = 0;
    nsl_restart_ready(&loop->restart, now);
    nsl_log(NSL_EVENT_enclave_ready, NSL_LOG_TEXT("engine", ready->engine_version),
            NSL_LOG_U64("gas_version", ready->gas_version),
            NSL_LOG_U64("after_ms", (now - loop->started_ns) / NSL_NS_PER_MS));
    for (uint32_t bit = 1; bit <= NSL_WALL_ALL; bit <<= 1) {
        if ((ready->missing_walls & bit) != 0) {
            nsl_log(NSL_EVENT_wall_missing, NSL_LOG_TEXT("wall", nsl_wall_text(bit)));
        }
    }
    if (!loop->is_stopping) {
        announce(loop);
        nsl_loop_pass(loop);
    }
}

/* A busy service is full and has room again many times a second: one line a second says so. */
static void note_full(struct nsl_loop *loop)
{
    uint64_t now = nsl_loop_now();
    if (loop->full_logged_ns == 0 || now - loop->full_logged_ns >= LOG_EVERY_MS * NSL_NS_PER_MS) {
        nsl_log(NSL_EVENT_full, NSL_LOG_TEXT("queue", "connections"));
        loop->full_logged_ns = now;
    }
}

/* False: the enclave was killed for what it said. */
static bool on_message(struct nsl_loop *loop, const struct nsl_control_message *message)
{
    if (nsl_control_advance(&loop->control, message->type, 0) != NSL_OK) {
        nsl_loop_kill_enclave(loop, "message_out_of_turn");
        return false;
    }
    if (message->type == NSL_CONTROL_READY) {
        on_ready(loop, &message->ready);
    } else if (message->type == NSL_CONTROL_RESUME) {
        nsl_loop_pass(loop);
    } else if (message->type == NSL_CONTROL_FULL) {
        note_full(loop);
    }
    return loop->enclave.control_fd >= 0;
}

static void on_closed(struct nsl_loop *loop)
{
    /* It has most likely ended, and the news of that is on its way. */
    close_control(loop);
    loop->ready_until_ns = 0;
    if (!loop->is_stopping) {
        loop->end_until_ns = nsl_loop_now() + END_MS * NSL_NS_PER_MS;
    }
}

void nsl_loop_send_stop(struct nsl_loop *loop)
{
    struct nsl_control_message stop = {.type = NSL_CONTROL_STOP, .stop_ms = loop->options->stop_ms};
    nsl_err err = nsl_channel_send(loop->enclave.control_fd, &stop);
    loop->is_stop_unsent = err == NSL_ERR_AGAIN || err == NSL_ERR_FULL;
    loop->is_control_full = loop->is_stop_unsent;
    if (err == NSL_OK && nsl_control_advance(&loop->control, NSL_CONTROL_STOP, 0) != NSL_OK) {
        nsl_loop_kill_enclave(loop, "stop_out_of_turn");
    }
}

void nsl_loop_pass(struct nsl_loop *loop)
{
    if (loop->control.phase != NSL_CONTROL_PHASE_SERVING || loop->control.is_full ||
        loop->enclave.control_fd < 0) {
        return;
    }
    nsl_err err = nsl_ingress_flush(&loop->ingress, loop->enclave.control_fd);
    loop->is_control_full = err == NSL_ERR_AGAIN;
    if (err == NSL_ERR_FULL) {
        loop->accept_at_ns = nsl_loop_now() + PAUSE_MS * NSL_NS_PER_MS;
    } else if (err != NSL_OK && err != NSL_ERR_AGAIN) {
        on_closed(loop);
    }
}

static void on_writable(struct nsl_loop *loop)
{
    loop->is_control_full = false;
    if (loop->is_stop_unsent) {
        nsl_loop_send_stop(loop);
    } else {
        nsl_loop_pass(loop);
    }
}

void nsl_loop_on_control(struct nsl_loop *loop)
{
    for (int i = 0; i < NSL_CHANNEL_BATCH && loop->enclave.control_fd >= 0; i++) {
        struct nsl_control_message message;
        nsl_err err = nsl_channel_receive(loop->enclave.control_fd, &message);
        if (err == NSL_ERR_AGAIN || err == NSL_ERR_FULL) {
            break;
        }
        if (err == NSL_ERR_CLOSED) {
            on_closed(loop);
            return;
        }
        if (err != NSL_OK) {
            nsl_log(NSL_EVENT_message_refused, NSL_LOG_TEXT("from", "enclave"),
                    NSL_LOG_TEXT("error", nsl_err_name(err)));
            nsl_loop_kill_enclave(loop, "message_refused");
            return;
        }
        if (!on_message(loop, &message)) {
            return;
        }
    }
    if (loop->is_control_full && loop->enclave.control_fd >= 0) {
        on_writable(loop);
    }
}
