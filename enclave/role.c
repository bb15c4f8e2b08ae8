#include "enclave/role.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 4, SAFE_FD = 64 };

/* Moves the descriptors out of the way first, because targets and sources may overlap. */
static nsl_err place_fds(const int *fds, size_t fd_count, int *program)
{
    int moved[FDS_MAX];
    for (size_t index = 0; index < fd_count; index++) {
        moved[index] = fcntl(fds[index], F_DUPFD, SAFE_FD);
        if (moved[index] < 0) {
            return NSL_ERR_IO;
        }
    }
    int program_moved = fcntl(*program, F_DUPFD_CLOEXEC, SAFE_FD);
    int first_unused = NSL_ROLE_FIRST_FD + (int)fd_count;
    for (size_t index = 0; index < fd_count; index++) {
        if (dup2(moved[index], NSL_ROLE_FIRST_FD + (int)index) < 0) {
            return NSL_ERR_IO;
        }
    }
    if (program_moved < 0 ||
        close_range((unsigned)first_unused, (unsigned)program_moved - 1, 0) != 0 ||
        close_range((unsigned)program_moved + 1, ~0U, 0) != 0) {
        return NSL_ERR_IO;
    }
    *program = program_moved;
    return NSL_OK;
}

static void become(int program, const char *name, uint32_t missing_walls, const int *fds,
                   size_t fd_count)
{
    char walls[16];
    sigset_t none;
    (void)snprintf(walls, sizeof(walls), "%u", missing_walls);
    const char *const arguments[] = {"nsl-enclave", name, walls, NULL};
    const char *const environment[] = {NULL};
    (void)sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 &&
        place_fds(fds, fd_count, &program) == NSL_OK) {
        (void)syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    }
    _exit(127);
}

nsl_err nsl_role_spawn(int program, const char *name, uint32_t missing_walls, const int *fds,
                       size_t fd_count, pid_t *ret_pid)
{
    nsl_assert(fd_count <= FDS_MAX);
    pid_t pid = fork();
    if (pid < 0) {
        return NSL_ERR_IO;
    }
    if (pid == 0) {
        become(program, name, missing_walls, fds, fd_count);
    }
    *ret_pid = pid;
    return NSL_OK;
}

nsl_err nsl_role_child_signal(int *ret_fd)
{
    sigset_t set;
    if (sigemptyset(&set) != 0 || sigaddset(&set, SIGCHLD) != 0 ||
        sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return NSL_ERR_IO;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return NSL_ERR_IO;
    }
    *ret_fd = fd;
    return NSL_OK;
}
