/*
 * Shared by the files of serve/ alone: the loop's state. serve.c owns the loop, the listeners and
 * the signals; enclave.c the enclave's life.
 */
#ifndef NSL_HOST_SERVE_LOOP_H
#define NSL_HOST_SERVE_LOOP_H

#include "host/ingress/ingress.h"
#include "host/launcher/output.h"
#include "host/launcher/process.h"
#include "host/launcher/restart.h"
#include "host/serve/serve.h"

#define NSL_LISTENER_COUNT 2
#define NSL_NS_PER_MS 1000000ULL

enum nsl_loop_tag { TAG_SIGNAL, TAG_CONTROL, TAG_OUTPUT, TAG_LISTENER };

struct nsl_loop {
    const struct nsl_serve_options *options;
    int epoll_fd;
    int signal_fd;
    struct nsl_listener listeners[NSL_LISTENER_COUNT];
    bool is_accepting; /* the listeners are watched */
    struct nsl_ingress ingress;

    struct nsl_process enclave;
    struct nsl_control_state control;
    struct nsl_output output;
    struct nsl_restart restart;
    unsigned attempt;
    unsigned control_events; /* what is watched on the control channel */
    bool is_control_full;    /* wait until it can be written */
    bool is_stop_unsent;
    bool is_announced;
    uint64_t full_logged_ns; /* when it was last said; 0: never */
    uint64_t lines_dropped;  /* nobody read our log */

    bool is_stopping;
    bool is_killed; /* SIGKILL was sent to this enclave, once is enough */
    bool is_done;
    enum nsl_serve_end end;

    /* Deadlines, monotonic; 0: none. */
    uint64_t started_ns;     /* when the enclave was started (no deadline) */
    uint64_t start_at_ns;    /* start the enclave */
    uint64_t ready_until_ns; /* READY must have come */
    uint64_t end_until_ns;   /* the channel is closed: the process must have ended */
    uint64_t kill_at_ns;     /* stopping: SIGKILL */
    uint64_t leave_at_ns;    /* stopping: not even SIGKILL helped */
    uint64_t accept_at_ns;   /* accept again */
};

uint64_t nsl_loop_now(void);

/* Adds, changes or removes (events 0) what epoll watches on fd. */
void nsl_loop_watch(struct nsl_loop *loop, int fd, unsigned tag, unsigned events);
void nsl_loop_unwatch(struct nsl_loop *loop, int fd);

void nsl_loop_start_enclave(struct nsl_loop *loop);
/* Something arrived on, or can be written to, the control channel. */
void nsl_loop_on_control(struct nsl_loop *loop);
void nsl_loop_on_output(struct nsl_loop *loop);
void nsl_loop_on_child(struct nsl_loop *loop);
/* Passes queued connections on, as far as the enclave takes them. */
void nsl_loop_pass(struct nsl_loop *loop);
/* SIGKILL; what follows is nsl_loop_on_child. reason is a literal for the log. */
void nsl_loop_kill_enclave(struct nsl_loop *loop, const char *reason);
void nsl_loop_send_stop(struct nsl_loop *loop);

#endif
