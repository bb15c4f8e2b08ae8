/*
 * Roles: how one program becomes several processes. Each role is this program executed again, so
 * that no two share an address space layout, with an empty environment and exactly the descriptors
 * it is meant to have, from 3 on. (Runners are forked by the zygote: they must share addresses.)
 */
#ifndef NSL_ENCLAVE_ROLE_H
#define NSL_ENCLAVE_ROLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"

enum { NSL_ROLE_FIRST_FD = 3 };

/* Starts a role; the child's descriptors 3.. are copies of fds, everything else but 0 to 2 is
 * closed. NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_role_spawn(int program, const char *name, uint32_t missing_walls,
                                    const int *fds, size_t fd_count, pid_t *ret_pid);

/* Blocks SIGCHLD and makes a descriptor that is readable when one is there. Caller owns. */
NSL_MUST_USE nsl_err nsl_role_child_signal(int *ret_fd);

#endif
