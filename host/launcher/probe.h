/* Asks the enclave program what it is: starts it, waits for READY, and stops it again. */
#ifndef NSL_HOST_LAUNCHER_PROBE_H
#define NSL_HOST_LAUNCHER_PROBE_H

#include "common/wire/control.h"

/*
 * NOT_FOUND: no such program; TIMEOUT: not ready within timeout_ms; CLOSED: it ended before;
 * BAD_MESSAGE: it said something else. What it prints is dropped. SIGPIPE is not raised.
 */
NSL_MUST_USE nsl_err nsl_probe_enclave(const char *path, nsl_bytes settings, unsigned timeout_ms,
                                       struct nsl_control_ready *ret_ready);

#endif
