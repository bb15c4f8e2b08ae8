#include "host/serve/serve.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "host/serve/loop.h"

#define EVENTS_PER_TURN 16
#define ACCEPT_PAUSE_MS 100 /* after the machine ran out of descriptors or memory */
#define LEAVE_MS 2000       /* a process the kernel cannot kill is left behind after that */

uint64_t nsl_loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NSL_NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* ---- What epoll watches. */

void nsl_loop_watch(struct nsl_loop *loop, int fd, unsigned tag, unsigned events)
{
    struct epoll_event event = {.events = events, .data = {.u32 = tag}};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0) {
        nsl_assert(errno == ENOENT);
        int added = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
        nsl_assert(added == 0);
    }
}

void nsl_loop_unwatch(struct nsl_loop *loop, int fd)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static bool may_accept(const struct nsl_loop *loop)
{
    return loop->control.phase == NSL_CONTROL_PHASE_SERVING && !loop->control.is_full &&
           loop->enclave.control_fd >= 0 && !loop->is_control_full && !loop->is_stopping &&
           loop->ingress.count == 0 && loop->accept_at_ns == 0;
}

/* Watches exactly what can be acted upon, so that the loop sleeps otherwise. */
static void update_watches(struct nsl_loop *loop)
{
    bool is_accepting = may_accept(loop);
    for (unsigned i = 0; i < NSL_LISTENER_COUNT && is_accepting != loop->is_accepting; i++) {
        if (loop->listeners[i].fd >= 0) {
            nsl_loop_watch(loop, loop->listeners[i].fd, TAG_LISTENER + i,
                           is_accepting ? EPOLLIN : 0);
        }
    }
    loop->is_accepting = is_accepting;
    unsigned events = loop->is_control_full ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (loop->enclave.control_fd >= 0 && events != loop->control_events) {
        nsl_loop_watch(loop, loop->enclave.control_fd, TAG_CONTROL, events);
        loop->control_events = events;
    }
}

/* ---- Stopping. */

static void begin_stop(struct nsl_loop *loop)
{
    uint64_t now = nsl_loop_now();
    loop->is_stopping = true;
    loop->start_at_ns = 0;
    for (size_t i = 0; i < NSL_LISTENER_COUNT; i++) {
        nsl_listener_close(&loop->listeners[i]);
    }
    nsl_ingress_done(&loop->ingress);
    if (loop->enclave.pid == 0) {
        loop->end = NSL_SERVE_STOPPED;
        loop->is_done = true;
        return;
    }
    loop->kill_at_ns = now + loop->options->stop_ms * NSL_NS_PER_MS;
    if (loop->enclave.control_fd >= 0) {
        nsl_loop_send_stop(loop);
    }
}

static void kill_stopping(struct nsl_loop *loop, const char *reason)
{
    loop->kill_at_ns = 0;
    loop->leave_at_ns = nsl_loop_now() + LEAVE_MS * NSL_NS_PER_MS;
    nsl_loop_kill_enclave(loop, reason);
}

static void on_signal(struct nsl_loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            nsl_loop_on_child(loop);
        } else if (!loop->is_stopping) {
            nsl_log(NSL_EVENT_stop, NSL_LOG_TEXT("reason", "signal"),
                    NSL_LOG_U64("signal", info.ssi_signo));
            begin_stop(loop);
        } else if (loop->leave_at_ns == 0) {
            kill_stopping(loop, "second_signal");
        }
    }
}

/* ---- Accepting. */

static void on_listener(struct nsl_loop *loop, unsigned index)
{
    if (index >= NSL_LISTENER_COUNT || loop->listeners[index].fd < 0 || !may_accept(loop)) {
        return;
    }
    if (nsl_ingress_accept(&loop->ingress, &loop->listeners[index]) != NSL_OK) {
        nsl_log(NSL_EVENT_accept_paused, NSL_LOG_U64("pause_ms", ACCEPT_PAUSE_MS));
        loop->accept_at_ns = nsl_loop_now() + ACCEPT_PAUSE_MS * NSL_NS_PER_MS;
    }
    nsl_loop_pass(loop);
}

/* ---- The loop. */

static bool is_due(uint64_t *deadline_ns, uint64_t now)
{
    if (*deadline_ns == 0 || *deadline_ns > now) {
        return false;
    }
    *deadline_ns = 0;
    return true;
}

static void run_deadlines(struct nsl_loop *loop)
{
    uint64_t now = nsl_loop_now();
    if (is_due(&loop->start_at_ns, now)) {
        nsl_loop_start_enclave(loop);
    }
    if (is_due(&loop->ready_until_ns, now)) {
        nsl_loop_kill_enclave(loop, "not_ready_in_time");
    }
    if (is_due(&loop->end_until_ns, now)) {
        nsl_loop_kill_enclave(loop, "control_closed");
    }
    if (is_due(&loop->accept_at_ns, now)) {
        nsl_loop_pass(loop);
    }
    if (is_due(&loop->kill_at_ns, now)) {
        kill_stopping(loop, "not_stopped_in_time");
    }
    if (is_due(&loop->leave_at_ns, now)) {
        loop->end = NSL_SERVE_KILLED;
        loop->is_done = true;
    }
}

/* Milliseconds until the next deadline, rounded up; -1: none. */
static int next_timeout_ms(const struct nsl_loop *loop)
{
    const uint64_t deadlines[] = {loop->start_at_ns,  loop->ready_until_ns, loop->end_until_ns,
                                  loop->accept_at_ns, loop->kill_at_ns,     loop->leave_at_ns};
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        if (deadlines[i] != 0 && deadlines[i] < first) {
            first = deadlines[i];
        }
    }
    uint64_t now = nsl_loop_now();
    if (first == UINT64_MAX) {
        return -1;
    }
    return first <= now ? 0 : (int)((first - now + NSL_NS_PER_MS - 1) / NSL_NS_PER_MS);
}

static void dispatch(struct nsl_loop *loop, unsigned tag)
{
    if (tag == TAG_SIGNAL) {
        on_signal(loop);
    } else if (tag == TAG_CONTROL) {
        nsl_loop_on_control(loop);
    } else if (tag == TAG_OUTPUT) {
        nsl_loop_on_output(loop);
    } else {
        on_listener(loop, tag - TAG_LISTENER);
    }
}

static nsl_err run_loop(struct nsl_loop *loop)
{
    nsl_loop_start_enclave(loop);
    while (!loop->is_done) {
        struct epoll_event events[EVENTS_PER_TURN];
        update_watches(loop);
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, next_timeout_ms(loop));
        if (count < 0 && errno != EINTR) {
            return NSL_ERR_IO;
        }
        for (int i = 0; i < count && !loop->is_done; i++) {
            dispatch(loop, events[i].data.u32);
        }
        if (!loop->is_done) {
            run_deadlines(loop);
        }
    }
    return NSL_OK;
}

/* ---- Begin and end. */

static nsl_err fail(struct nsl_serve_failure *ret_failure, nsl_err err, const char *what)
{
    *ret_failure = (struct nsl_serve_failure){.what = what, .number = errno};
    return err;
}

static nsl_err open_listeners(struct nsl_loop *loop, struct nsl_serve_failure *ret_failure)
{
    const struct {
        enum nsl_control_kind kind;
        int port;
        const char *what;
    } wanted[NSL_LISTENER_COUNT] = {
        {NSL_CONTROL_HTTP, loop->options->http_port, "listen for HTTP"},
        {NSL_CONTROL_HTTPS, loop->options->https_port, "listen for HTTPS"},
    };
    struct nsl_address address;
    errno = 0;
    nsl_err err = nsl_address_parse(loop->options->listen_address, &address);
    if (err != NSL_OK) {
        return fail(ret_failure, err, "read the listen address");
    }
    for (size_t i = 0; i < NSL_LISTENER_COUNT; i++) {
        int number;
        if (wanted[i].port == NSL_SERVE_OFF) {
            continue;
        }
        err = nsl_listener_open(&loop->listeners[i], wanted[i].kind, &address,
                                (uint16_t)wanted[i].port, &number);
        if (err != NSL_OK) {
            errno = number;
            return fail(ret_failure, err, wanted[i].what);
        }
    }
    return NSL_OK;
}

static nsl_err open_signals(struct nsl_loop *loop)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD,
           SIG_DFL); /* whoever started us may have ignored it, and then nothing is reaped */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return NSL_ERR_IO;
    }
    loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0) {
        return NSL_ERR_IO;
    }
    nsl_loop_watch(loop, loop->signal_fd, TAG_SIGNAL, EPOLLIN);
    return NSL_OK;
}

/* Descriptors on their way to the enclave count against our limit too. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void close_loop(struct nsl_loop *loop)
{
    nsl_process_kill(&loop->enclave); /* only when the loop itself failed */
    nsl_process_close_control(&loop->enclave);
    nsl_process_close_output(&loop->enclave);
    nsl_ingress_done(&loop->ingress);
    for (size_t i = 0; i < NSL_LISTENER_COUNT; i++) {
        nsl_listener_close(&loop->listeners[i]);
    }
    if (loop->signal_fd >= 0) {
        close(loop->signal_fd);
    }
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
}

static nsl_err open_and_run(struct nsl_loop *loop, struct nsl_serve_failure *ret_failure)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0 || open_signals(loop) != NSL_OK) {
        return fail(ret_failure, NSL_ERR_IO, "set up the event loop");
    }
    NSL_TRY(open_listeners(loop, ret_failure));
    if (access(loop->options->enclave_path, X_OK) != 0) {
        return fail(ret_failure, NSL_ERR_NOT_FOUND, "find the enclave program");
    }
    if (run_loop(loop) != NSL_OK) {
        return fail(ret_failure, NSL_ERR_IO, "wait for events");
    }
    return NSL_OK;
}

nsl_err nsl_serve_run(const struct nsl_serve_options *options, enum nsl_serve_end *ret_end,
                      struct nsl_serve_failure *ret_failure)
{
    struct nsl_loop loop = {
        .options = options,
        .epoll_fd = -1,
        .signal_fd = -1,
        .listeners = {{.fd = -1}, {.fd = -1}},
        .enclave = NSL_PROCESS_NONE,
        .restart = nsl_restart_of(options->max_restarts),
    };
    raise_descriptor_limit();
    nsl_err err = open_and_run(&loop, ret_failure);
    close_loop(&loop);
    if (err == NSL_OK) {
        *ret_end = loop.end;
    }
    return err;
}
