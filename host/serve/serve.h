/*
 * `nsl serve`: starts the enclave, accepts connections for it, starts it again when it crashes, and
 * stops in order. One thread, one epoll loop; every wait has a deadline.
 *
 *   enclave ended -> pause (restart.h) -> start -> READY within ready_ms or killed -> serving
 *   SIGINT, SIGTERM, SIGHUP: STOP, then SIGKILL after stop_ms; a second signal kills at once
 *
 * Listening begins before the first start and never ends while the enclave is being replaced:
 * clients wait in the backlog. Takes over the process: blocks signals, uses signalfd.
 */
#ifndef NSL_HOST_SERVE_SERVE_H
#define NSL_HOST_SERVE_SERVE_H

#include "common/base/bytes.h"
#include "common/base/error.h"

#define NSL_SERVE_OFF (-1)       /* as a port */
#define NSL_SERVE_STOP_MS 5000   /* default of stop_ms */
#define NSL_SERVE_MAX_RESTARTS 5 /* default of max_restarts */

struct nsl_serve_options {
    const char *enclave_path;   /* an executable, see nsl_find_enclave */
    const char *listen_address; /* numeric */
    int http_port;              /* 0 any, NSL_SERVE_OFF none */
    int https_port;
    unsigned max_restarts; /* in a row without READY */
    unsigned ready_ms;     /* NSL_CONTROL_READY_MS */
    unsigned stop_ms;
    nsl_bytes settings; /* encoded, for the enclave; borrowed */
    int announce_fd;    /* gets "listening on URL" lines, once */
    int log_fd;         /* gets what the enclave prints; the log (log.h) is the caller's to set */
};

enum nsl_serve_end {
    NSL_SERVE_STOPPED, /* in order, asked for by a signal */
    NSL_SERVE_KILLED,  /* asked for, but the enclave did not end in time */
    NSL_SERVE_GAVE_UP, /* the enclave never became ready */
};

struct nsl_serve_failure {
    const char *what; /* a literal */
    int number;       /* errno, 0: none */
};

/*
 * Runs until it is told to stop. IO, BAD_ARGUMENT: could not begin, *ret_failure (set only then)
 * says what; NOT_FOUND: no enclave program.
 */
NSL_MUST_USE nsl_err nsl_serve_run(const struct nsl_serve_options *options,
                                   enum nsl_serve_end *ret_end,
                                   struct nsl_serve_failure *ret_failure);

#endif
