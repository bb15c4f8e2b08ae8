/*
 * The runner: executes calls of one tenant, one after the other, in the engine it inherited from the
 * zygote. The zygote: a confined process that holds a warm engine and forks runners of it.
 *
 * A runner's only contact is its pair of rings with the gateway. It holds the calls it was sent and
 * this tenant's images; nothing of another tenant, no key, no descriptor but one. It never
 * returns.
 */
#ifndef NSL_ENCLAVE_RUNNER_RUNNER_H
#define NSL_ENCLAVE_RUNNER_RUNNER_H

#include "common/wire/ring.h"
#include "enclave/engine/isolate.h"
#include "enclave/wire/init_messages.h"

/* The memory of a runner: two rings with large areas of this many bytes, requests first. */
static inline uint64_t nsl_runner_memory_size(uint64_t large_size)
{
    return 2 * nsl_ring_memory_size(large_size);
}

/* The zygote's main: descriptor init is the channel to init. Returns only on failure. */
NSL_MUST_USE nsl_err nsl_zygote_main(int init, uint32_t missing_walls);

/* The runner's main, in a forked child; owns the descriptors. Returns when it must end. */
NSL_MUST_USE nsl_err nsl_runner_main(struct nsl_engine *engine, const int fds[NSL_RUNNER_FD_COUNT],
                                     uint64_t large_size);

#endif
