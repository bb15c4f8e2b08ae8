/*
 * The walls from inside: a process that locks itself up as each role does, and then tries everything.
 *
 * Every system call number is made once, except those that the role is meant to have, which are
 * listed here again so that widening the filter needs a second thought. Each must fail with EPERM.
 * What the role needs must work. Done as root, as a user who is not, and without any namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/wire/control.h"
#include "enclave/boundary/channel.h"
#include "enclave/confine/confine.h"
#include "tests/unit/sanitizer.h"

enum {
    SYSCALL_NUMBERS = 1024, /* far beyond the last one there is */
    DEADLINE_MS = 20000,
    ORDINARY_USER = 65534,
    FINDINGS_MAX = 64,
};

/* What a child found, in memory shared with the parent. */
struct findings {
    int at; /* the system call being tried: told when the child does not come back */
    int count;
    char text[FINDINGS_MAX][160];
    int is_finished;
    int confine_err;
    uint32_t missing;
    int tried;
};

static struct findings *findings;
static int case_count;
static int failed_count;

#define FOUND(...)                                                                                 \
    do {                                                                                           \
        if (findings->count < FINDINGS_MAX) {                                                      \
            (void)snprintf(findings->text[findings->count++], sizeof(findings->text[0]),           \
                           __VA_ARGS__);                                                           \
        }                                                                                          \
    } while (0)

/* ---- What each role is meant to have ---- */

#define EVERY_ROLE                                                                                 \
    "read write close munmap madvise mremap brk futex clock_gettime getrandom exit exit_group "    \
    "rt_sigreturn rt_sigprocmask rt_sigaction sigaltstack restart_syscall getpid gettid mmap "     \
    "mprotect "

static const char *const meant[] = {
    [NSL_ROLE_INIT] = EVERY_ROLE "recvmsg sendmsg ppoll poll wait4 waitid kill memfd_create "
                                 "ftruncate fcntl eventfd2 ",
    [NSL_ROLE_KEEPER] = EVERY_ROLE "recvmsg sendmsg ",
    [NSL_ROLE_GATEWAY] = EVERY_ROLE "recvmsg sendmsg epoll_create1 epoll_ctl epoll_wait "
                                    "epoll_pwait recvfrom sendto writev readv shutdown setsockopt "
                                    "getsockopt getsockname getpeername fcntl eventfd2 "
                                    "gettimeofday getrusage ",
    [NSL_ROLE_ZYGOTE] = EVERY_ROLE "recvmsg sendmsg memfd_create ftruncate fcntl mincore "
                                   "clock_nanosleep timer_create timer_settime timer_delete "
                                   "seccomp prctl set_robust_list getppid clone ",
    [NSL_ROLE_RUNNER] = EVERY_ROLE "memfd_create ftruncate fcntl mincore clock_nanosleep "
                                   "timer_create timer_settime timer_delete ",
};

static const char *const role_names[] = {"init", "keeper", "gateway", "zygote", "runner"};

static void resolve_meant(enum nsl_role role, bool ret_is_meant[SYSCALL_NUMBERS])
{
    char names[1024];
    char *rest = NULL;
    (void)snprintf(names, sizeof(names), "%s", meant[role]);
    for (char *name = strtok_r(names, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        int number = seccomp_syscall_resolve_name(name);
        if (number < 0 || number >= SYSCALL_NUMBERS) {
            FOUND("the test names %s, which does not exist", name);
            continue;
        }
        ret_is_meant[number] = true;
    }
}

/* ---- Attempts, inside ---- */

static const char *name_of(int number)
{
    static char text[64];
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    (void)snprintf(text, sizeof(text), "%s (%d)", name == NULL ? "no name" : name, number);
    free(name);
    return text;
}

static void expect(const char *what, long result, int want)
{
    int got = result == -1 ? errno : 0;
    findings->tried++;
    if (got != want) {
        FOUND("%s: errno %d instead of %d", what, got, want);
    }
}

/* uretprobe and uprobe of x86-64: Linux passes them by the filter, because only its own trampolines
 * can make them; anybody else gets SIGILL or ENXIO. */
static bool is_past_filter(int number)
{
#ifdef __x86_64__
    return number == 335 || number == 336;
#else
    (void)number;
    return false;
#endif
}

/* Numbers only: no argument is one with which the call could do something. */
static void try_every_other_call(const bool is_meant[SYSCALL_NUMBERS])
{
    for (int number = 0; number < SYSCALL_NUMBERS; number++) {
        findings->at = number;
        if (is_meant[number] || is_past_filter(number)) {
            continue;
        }
        long result = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
        if (result != -1 || errno != EPERM) {
            int got = errno;
            FOUND("%s was let through: result %ld, errno %d", name_of(number), result, got);
        }
        findings->tried++;
    }
    findings->at = -1;
}

/* The well-known ways out, with arguments that would work outside. */
static void try_ways_out(enum nsl_role role)
{
    const char *const arguments[] = {"/bin/true", NULL};
    char byte = 0;
    struct iovec part = {&byte, 1};
    expect("openat", syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY), EPERM);
    expect("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, &byte, O_RDONLY), EPERM);
    for (int family = 0; family < AF_MAX; family++) {
        expect("socket", syscall(SYS_socket, family, SOCK_STREAM, 0), EPERM);
        expect("socket", syscall(SYS_socket, family, SOCK_DGRAM, 0), EPERM);
        expect("socket", syscall(SYS_socket, family, SOCK_RAW, 0), EPERM);
    }
    int pair[2];
    expect("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EPERM);
    expect("connect", connect(0, (struct sockaddr *)&(struct sockaddr){0}, sizeof(struct sockaddr)),
           EPERM);
    expect("bind", bind(0, (struct sockaddr *)&(struct sockaddr){0}, sizeof(struct sockaddr)),
           EPERM);
    expect("execve", syscall(SYS_execve, "/bin/true", arguments, arguments + 1), EPERM);
    expect("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, arguments + 1, 0),
           EPERM);
    expect("ptrace", syscall(SYS_ptrace, 16L /* PTRACE_ATTACH */, 1L, 0L, 0L), EPERM);
    expect("process_vm_readv",
           syscall(SYS_process_vm_readv, (long)getpid(), &part, 1L, &part, 1L, 0L), EPERM);
    expect("fork", syscall(SYS_fork), EPERM);
    expect("clone", syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), EPERM);
    expect("clone of a thread",
           syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, NULL, NULL, NULL, NULL),
           EPERM);
    expect("clone into a namespace",
           syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL), EPERM);
    expect("clone into a namespace of a parent's child",
           syscall(SYS_clone, CLONE_PARENT | CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL),
           EPERM);
    expect("unshare", unshare(CLONE_NEWUSER), EPERM);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect("mmap of memory to write", page == MAP_FAILED ? -1 : 0, 0);
    expect("mprotect to run", mprotect(page, 4096, PROT_READ | PROT_EXEC), EPERM);
    expect("mprotect to write and run", mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC),
           EPERM);
    expect("mprotect to read", mprotect(page, 4096, PROT_READ), 0);
    expect("mmap to run",
           mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0,
           EPERM);
    expect("mmap to read and run",
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0,
           EPERM);
    if (role != NSL_ROLE_INIT) {
        expect("kill of process 1", kill(1, 0), EPERM);
        expect("kill of its own group", kill(0, 0), EPERM);
        expect("kill of itself", kill(getpid(), 0), EPERM);
    }
}

/* What the role's work is made of. */
static void try_what_is_needed(enum nsl_role role, const int channel[2])
{
    uint8_t random[16];
    struct timespec now;
    struct nsl_channel_packet packet;
    char buffer[8];
    expect("getrandom", syscall(SYS_getrandom, random, sizeof(random), 0), 0);
    expect("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), 0);
    expect("write", write(channel[0], "x", 1), 0);
    expect("read", read(channel[1], buffer, sizeof(buffer)), 0);
    if (role != NSL_ROLE_RUNNER) {
        nsl_err err = nsl_channel_send(channel[0], NSL_TEXT("hello"), NULL, 0);
        expect("sending a packet", err == NSL_OK ? 0 : -1, 0);
        err = nsl_channel_receive(channel[1], NSL_CHANNEL_POLL, buffer, sizeof(buffer), &packet);
        expect("receiving a packet", err == NSL_OK ? 0 : -1, 0);
    }
    if (role == NSL_ROLE_INIT) {
        int memory = memfd_create("test", MFD_ALLOW_SEALING);
        expect("memfd_create", memory, 0);
        expect("ftruncate", ftruncate(memory, 4096), 0);
        expect("sealing", fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
        expect("eventfd", eventfd(0, 0), 0);
        struct pollfd polled = {.fd = channel[0], .events = POLLOUT};
        expect("poll", poll(&polled, 1, 0), 0);
    }
    if (role == NSL_ROLE_GATEWAY) {
        int epoll = epoll_create1(0);
        struct epoll_event event = {.events = EPOLLOUT};
        int size = 0;
        socklen_t size_size = sizeof(size);
        expect("epoll_create1", epoll, 0);
        expect("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, channel[0], &event), 0);
        expect("epoll_wait", epoll_wait(epoll, &event, 1, 0), 0);
        expect("getsockopt", getsockopt(channel[0], SOL_SOCKET, SO_TYPE, &size, &size_size), 0);
        expect("send", send(channel[0], "x", 1, MSG_DONTWAIT), 0);
        expect("recv", recv(channel[1], buffer, 1, MSG_DONTWAIT), 0);
    }
}

/* init: may end and reap the children it had before, and nothing else. */
static void try_reaping(pid_t child)
{
    siginfo_t info = {0};
    expect("kill of a child", kill(child, SIGKILL), 0);
    expect("waitid of a child", waitid(P_PID, (id_t)child, &info, WEXITED), 0);
    if (info.si_status != SIGKILL) {
        FOUND("the child ended by %d, not by the signal", info.si_status);
    }
}

/* As the zygote does: a child that becomes its parent's, with the narrower filter. */
static void become_runner(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid != 0) {
        if (pid < 0) {
            FOUND("the zygote could not fork: errno %d", errno);
        }
        _exit(pid < 0 ? 1 : 0);
    }
    if (nsl_confine_narrow(NSL_ROLE_RUNNER) != NSL_OK) {
        FOUND("the runner's filter could not be loaded");
        _exit(1);
    }
}

static void be_role(enum nsl_role role, uint32_t missing, pid_t child)
{
    bool is_meant[SYSCALL_NUMBERS] = {false};
    int channel[2];
    resolve_meant(role, is_meant);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) != 0) {
        _exit(1);
    }
    findings->missing = missing;
    findings->confine_err =
        (int)nsl_confine_role(role == NSL_ROLE_RUNNER ? NSL_ROLE_ZYGOTE : role, &findings->missing);
    if (findings->confine_err != NSL_OK) {
        _exit(1);
    }
    if (role == NSL_ROLE_RUNNER) {
        become_runner();
    }
    if (nsl_confine_try_walls(role) != NSL_OK) {
        FOUND("nsl_confine_try_walls is not content");
    }
    try_what_is_needed(role, channel);
    try_ways_out(role);
    try_every_other_call(is_meant);
    if (role == NSL_ROLE_INIT) {
        try_reaping(child);
    }
    findings->is_finished = 1;
    _exit(0);
}

/* ---- Outside ---- */

enum setting { AS_ROOT, AS_USER, WITHOUT_NAMESPACES };
static const char *const setting_names[] = {"as root", "as an ordinary user", "without namespaces"};

/* init of the namespaces, or of none: roles are its children, a runner is too in the end. */
static void be_init(enum nsl_role role, uint32_t missing)
{
    pid_t child = fork();
    if (child == 0 && role == NSL_ROLE_INIT) {
        for (;;) {
            (void)pause();
        }
    }
    if (role == NSL_ROLE_INIT) {
        be_role(role, missing, child);
    }
    if (child == 0) {
        be_role(role, missing, 0);
    }
    while (waitpid(-1, NULL, 0) > 0) {
    }
    _exit(0);
}

static void be_outermost(enum nsl_role role, enum setting setting)
{
    pid_t init = 0;
    uint32_t missing = NSL_WALL_USER_NAMESPACE | NSL_WALL_PID_NAMESPACE |
                       NSL_WALL_NETWORK_NAMESPACE | NSL_WALL_MOUNT_NAMESPACE;
    if (setting == AS_USER && geteuid() == 0 &&
        (setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) != 0 ||
         setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) != 0)) {
        _exit(1);
    }
    if (nsl_confine_harden() != NSL_OK) { /* as main() begins */
        _exit(1);
    }
    if (setting != WITHOUT_NAMESPACES && nsl_confine_fork(&init, &missing) != NSL_OK) {
        _exit(1);
    }
    if (init == 0) {
        be_init(role, missing);
    }
    (void)waitpid(init, NULL, 0);
    _exit(0);
}

static bool wait_until(pid_t pid, int limit_ms)
{
    int status = 0;
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd polled = {.fd = handle, .events = POLLIN};
    bool has_ended = handle >= 0 && poll(&polled, 1, limit_ms) == 1;
    if (!has_ended) {
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL);
    }
    (void)waitpid(pid, &status, 0);
    (void)close(handle);
    return has_ended;
}

static void report(bool is_fine, const char *text)
{
    case_count++;
    failed_count += is_fine ? 0 : 1;
    (void)printf("%s %d - %s\n", is_fine ? "ok" : "not ok", case_count, text);
    for (int index = 0; index < findings->count; index++) {
        (void)printf("# %s\n", findings->text[index]);
    }
    (void)fflush(stdout);
}

static void check_role(enum nsl_role role, enum setting setting)
{
    char text[160];
    *findings = (struct findings){.at = -1, .confine_err = -1};
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        be_outermost(role, setting);
    }
    bool has_ended = wait_until(pid, DEADLINE_MS);
    if (!has_ended) {
        FOUND("did not end; the last system call tried was %s", name_of(findings->at));
    }
    if (findings->confine_err != NSL_OK) {
        FOUND("the role could not be confined: %s",
              findings->confine_err < 0 ? "it never began"
                                        : nsl_err_name((nsl_err)findings->confine_err));
    } else if (findings->is_finished == 0 && has_ended) {
        FOUND("ended early; the last system call tried was %s", name_of(findings->at));
    }
    (void)snprintf(text, sizeof(text), "%s_%s_is_refused_everything_else", role_names[role],
                   setting_names[setting]);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == ' ' ? '_' : *at;
    }
    report(findings->is_finished == 1 && findings->count == 0, text);
    (void)printf("# %d attempts, missing walls 0x%02x\n", findings->tried, findings->missing);
}

/* The other two ways into the kernel on this machine: the call must end the process. */
static void check_other_abi(const char *text, void (*attempt)(void))
{
    *findings = (struct findings){.at = -1};
    pid_t pid = fork();
    if (pid == 0) {
        uint32_t missing = NSL_WALL_MOUNT_NAMESPACE;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            nsl_confine_role(NSL_ROLE_KEEPER, &missing) != NSL_OK) {
            _exit(9);
        }
        attempt();
        _exit(0);
    }
    int status = 0;
    (void)waitpid(pid, &status, 0);
    bool is_ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    if (!is_ended) {
        FOUND("wait status 0x%x", (unsigned)status);
    }
    report(is_ended, text);
}

#ifdef __x86_64__
static void call_as_i386(void)
{
    long result = 20; /* getpid of i386 */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    (void)result;
}

static void call_as_x32(void)
{
    (void)syscall(0x40000000L | SYS_getpid);
}
#endif

static void check_hardening(void)
{
    *findings = (struct findings){.at = -1};
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {1, 1};
        int parent_death = 0;
        findings->confine_err = (int)nsl_confine_harden();
        expect("RLIMIT_CORE", getrlimit(RLIMIT_CORE, &limit), 0);
        expect("PR_GET_PDEATHSIG", prctl(PR_GET_PDEATHSIG, &parent_death), 0);
        if (findings->confine_err != NSL_OK || prctl(PR_GET_DUMPABLE) != 0 || limit.rlim_cur != 0 ||
            limit.rlim_max != 0 || parent_death != SIGKILL) {
            FOUND("dumpable %d, core limit %ld, parent-death signal %d", prctl(PR_GET_DUMPABLE),
                  (long)limit.rlim_max, parent_death);
        }
        _exit(0);
    }
    (void)waitpid(pid, NULL, 0);
    report(findings->count == 0, "hardening_forbids_core_dumps_and_tracing");
}

/* Sanitizers and valgrind make system calls of their own, which the filter refuses. */
static bool is_instrumented(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return is_sanitized || (preload != NULL && strstr(preload, "valgrind") != NULL);
}

int main(void)
{
    if (is_instrumented()) {
        (void)printf("1..0 # SKIP not under instrumentation\n");
        return 0;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    findings =
        mmap(NULL, sizeof(*findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (findings == MAP_FAILED) {
        return 1;
    }
    for (int setting = AS_ROOT; setting <= WITHOUT_NAMESPACES; setting++) {
        if (setting == AS_ROOT && geteuid() != 0) {
            continue;
        }
        for (int role = NSL_ROLE_INIT; role <= NSL_ROLE_RUNNER; role++) {
            check_role((enum nsl_role)role, (enum setting)setting);
        }
    }
    check_hardening();
#ifdef __x86_64__
    check_other_abi("an_i386_system_call_ends_the_role", call_as_i386);
    check_other_abi("an_x32_system_call_ends_the_role", call_as_x32);
#endif
    (void)printf("1..%d\n", case_count);
    return failed_count == 0 ? 0 : 1;
}
