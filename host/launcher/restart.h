/*
 * When to start a crashed enclave again: the pause doubles from 100 ms to 5 s and falls back after
 * 30 s of health; so many starts in a row without READY, and the host gives up. Pure: the caller
 * brings the monotonic time in nanoseconds.
 */
#ifndef NSL_HOST_LAUNCHER_RESTART_H
#define NSL_HOST_LAUNCHER_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define NSL_RESTART_FIRST_MS 100
#define NSL_RESTART_LONGEST_MS 5000
#define NSL_RESTART_HEALTHY_MS 30000

struct nsl_restart {
    unsigned max_restarts;   /* in a row without READY */
    unsigned failed_starts;  /* in a row without READY */
    unsigned pause_ms;       /* before the next start; 0: the first */
    uint64_t ready_since_ns; /* 0: not ready */
};

static inline struct nsl_restart nsl_restart_of(unsigned max_restarts)
{
    return (struct nsl_restart){.max_restarts = max_restarts};
}

/* The enclave said READY. */
void nsl_restart_ready(struct nsl_restart *restart, uint64_t now_ns);

/* The enclave ended. False: give up. True: start again *ret_pause_ms from now. */
bool nsl_restart_ended(struct nsl_restart *restart, uint64_t now_ns, unsigned *ret_pause_ms);

#endif
