#include "host/launcher/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/wire/control.h"

#define EXIT_NOT_EXECUTED 127 /* what shells use */

struct child_ends {
    int control_fd;
    int output_fd;
    int null_fd;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void close_from(int first)
{
    if (close_range((unsigned)first, ~0U, 0) == 0) {
        return;
    }
    long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < limit; fd++) {
        close(fd);
    }
}

/* The enclave holds every client's connection: it gets all the descriptors the system allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
}

/* Runs in the child. Standard output goes first: `ends` may hold the numbers 0 to 3 themselves only
 * when the host was started without standard descriptors, which its main() prevents. */
static void become_enclave(const char *path, struct child_ends ends, pid_t host)
    __attribute__((noreturn));
static void become_enclave(const char *path, struct child_ends ends, pid_t host)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != host) {
        _exit(EXIT_NOT_EXECUTED); /* the host died before the line above */
    }
    setsid();
    raise_descriptor_limit();
    dup2(ends.null_fd, STDIN_FILENO);
    dup2(ends.output_fd, STDOUT_FILENO);
    dup2(ends.output_fd, STDERR_FILENO);
    if (ends.control_fd == NSL_CONTROL_FD) {
        fcntl(NSL_CONTROL_FD, F_SETFD, 0);
    } else {
        dup2(ends.control_fd, NSL_CONTROL_FD);
    }
    close_from(NSL_CONTROL_FD + 1);
    reset_signals();
    char name[] = "nsl-enclave";
    char *argv[] = {name, NULL};
    char *envp[] = {NULL};
    execve(path, argv, envp);
    const char *reason = strerror(errno);
    (void)!write(STDERR_FILENO, reason, strlen(reason));
    _exit(EXIT_NOT_EXECUTED);
}

static nsl_err open_ends(struct child_ends *child, struct nsl_process *process)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return NSL_ERR_IO;
    }
    process->control_fd = pair[0];
    child->control_fd = pair[1];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return NSL_ERR_IO;
    }
    process->output_fd = pair[0];
    child->output_fd = pair[1];
    child->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (child->null_fd < 0 || fcntl(process->control_fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(process->output_fd, F_SETFL, O_NONBLOCK) != 0) {
        return NSL_ERR_IO;
    }
    return NSL_OK;
}

nsl_err nsl_process_start(const char *path, struct nsl_process *ret_process)
{
    if (access(path, X_OK) != 0) {
        return NSL_ERR_NOT_FOUND;
    }
    struct nsl_process process = NSL_PROCESS_NONE;
    struct child_ends child = {-1, -1, -1};
    pid_t host = getpid();
    nsl_err err = open_ends(&child, &process);
    if (err == NSL_OK) {
        process.pid = fork();
        if (process.pid == 0) {
            become_enclave(path, child, host);
        }
        if (process.pid < 0) {
            err = NSL_ERR_IO;
        }
    }
    close_fd(&child.control_fd);
    close_fd(&child.output_fd);
    close_fd(&child.null_fd);
    if (err != NSL_OK) {
        nsl_process_close_control(&process);
        nsl_process_close_output(&process);
        return err;
    }
    *ret_process = process;
    return NSL_OK;
}

void nsl_process_kill(const struct nsl_process *process)
{
    if (process->pid > 0) {
        kill(-process->pid, SIGKILL); /* fails while the child has not called setsid yet */
        kill(process->pid, SIGKILL);
    }
}

bool nsl_process_reap(struct nsl_process *process, int *ret_status)
{
    int status;
    if (process->pid <= 0 || waitpid(process->pid, &status, WNOHANG) != process->pid) {
        return false;
    }
    /* What it left behind in its session dies with it (a namespace of its own does it anyway). */
    kill(-process->pid, SIGKILL);
    process->pid = 0;
    *ret_status = status;
    return true;
}

void nsl_process_close_control(struct nsl_process *process)
{
    close_fd(&process->control_fd);
}

void nsl_process_close_output(struct nsl_process *process)
{
    close_fd(&process->output_fd);
}
