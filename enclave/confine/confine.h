/*
 * Confinement: how the roles of the simulation back end are locked up on Linux.
 *
 * The walls, from outside in: own user, process, network, mount, IPC and host-name namespaces; an
 * empty read-only root; an own user id per role where ids can be mapped; no capability; no new
 * privileges; a system call allow-list (syscalls.def) that answers everything else with EPERM; no
 * core dump, no ptrace. Where the kernel refuses a namespace the enclave still starts and says which
 * wall is missing; without the system call filter it does not start.
 *
 * Does NOT protect: the owner of the machine reads and changes everything (this is a simulation).
 * Threads: call before any thread exists.
 */
#ifndef NSL_ENCLAVE_CONFINE_CONFINE_H
#define NSL_ENCLAVE_CONFINE_CONFINE_H

#include <sys/types.h>

#include "common/base/error.h"

enum nsl_role {
    NSL_ROLE_INIT,
    NSL_ROLE_KEEPER,
    NSL_ROLE_GATEWAY,
    NSL_ROLE_ZYGOTE,
    NSL_ROLE_RUNNER,
};

/* First lines of every main: no core dump, not traceable, dies with its parent. NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_confine_harden(void);

/* Forks a child that is process 1 of new namespaces, as many as the kernel gives. Returns in both:
 * *ret_pid is 0 in the child. *ret_missing: bits of common/wire/walls.def. NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_confine_fork(pid_t *ret_pid, uint32_t *ret_missing);

/* Locks this process up for its role, for good. Adds to *missing the walls it could not raise.
 * NSL_ERR_UNSUPPORTED: no system call filter, the role must not go on; NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_confine_role(enum nsl_role role, uint32_t *missing);

/* For the process outside the namespaces that only waits for init: no capability, init's filter.
 * NSL_ERR_UNSUPPORTED, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_confine_bystander(void);

/* From a confined zygote's child: the runner's narrower system call filter. */
NSL_MUST_USE nsl_err nsl_confine_narrow(enum nsl_role role);

/* Tries what the walls must refuse: opening a file, a socket, starting a program, tracing, signalling
 * another process. NSL_ERR_UNSUPPORTED when one of them was not refused. */
NSL_MUST_USE nsl_err nsl_confine_try_walls(enum nsl_role role);

#endif
