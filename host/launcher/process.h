/*
 * The enclave as a child process, simulation only: started with an empty environment, no file but
 * the control channel (descriptor NSL_CONTROL_FD) and the pipe its output goes to, in a session of
 * its own, killed by the kernel when the host dies.
 *
 * Protects the enclave from nothing: a host is free to start it otherwise. The enclave checks its
 * own surroundings. One thread only: PR_SET_PDEATHSIG follows the thread that forked.
 */
#ifndef NSL_HOST_LAUNCHER_PROCESS_H
#define NSL_HOST_LAUNCHER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/error.h"

struct nsl_process {
    pid_t pid;      /* 0: none, or reaped */
    int control_fd; /* ours, non-blocking; -1: closed */
    int output_fd;  /* reads what it prints, non-blocking; -1: closed */
};

#define NSL_PROCESS_NONE ((struct nsl_process){.pid = 0, .control_fd = -1, .output_fd = -1})

/*
 * Starts the program at path. NOT_FOUND: no such executable; IO: no process, descriptor or socket
 * left. A program that the kernel then refuses exits with 127 and says why on its output.
 */
NSL_MUST_USE nsl_err nsl_process_start(const char *path, struct nsl_process *ret_process);

/* SIGKILL to the process and its group. Nothing when there is no process. */
void nsl_process_kill(const struct nsl_process *process);

/* True once, when the process has ended: *ret_status is waitpid's. Never waits. */
bool nsl_process_reap(struct nsl_process *process, int *ret_status);

void nsl_process_close_control(struct nsl_process *process);
void nsl_process_close_output(struct nsl_process *process);

#endif
