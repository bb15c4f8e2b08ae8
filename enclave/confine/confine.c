#include "enclave/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/wire/control.h"
#include "enclave/confine/filter.h"

/* Outer user ids of the roles when the enclave is started by root: a range that Debian leaves free
 * (Debian Policy 9.2.2: 60000-64999 is globally allocated on demand). Inner ids are 0 to 7. */
enum { OUTER_ID_BASE = 64816, ID_COUNT = 8 };

enum { NAMESPACES = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS };

nsl_err nsl_confine_harden(void)
{
    struct rlimit none = {0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return NSL_ERR_IO;
    }
    return NSL_OK;
}

static nsl_err set_dumpable(int is_dumpable)
{
    return prctl(PR_SET_DUMPABLE, is_dumpable, 0, 0, 0) == 0 ? NSL_OK : NSL_ERR_IO;
}

static nsl_err write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return NSL_ERR_IO;
    }
    size_t size = strlen(text);
    bool is_written = write(file, text, size) == (ssize_t)size;
    (void)close(file);
    return is_written ? NSL_OK : NSL_ERR_IO;
}

/* Gives the child's user namespace its ids: a range when we are root, our own id otherwise. */
static nsl_err map_ids(pid_t child)
{
    char path[64];
    char map[64];
    bool is_root = geteuid() == 0;
    const char *kinds[] = {"gid_map", "uid_map"};
    if (!is_root) {
        (void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)child);
        NSL_TRY(write_text(path, "deny"));
    }
    for (size_t index = 0; index < 2; index++) {
        unsigned own = index == 0 ? getegid() : geteuid();
        (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)child, kinds[index]);
        (void)snprintf(map, sizeof(map), "0 %u %d", is_root ? (unsigned)OUTER_ID_BASE : own,
                       is_root ? (int)ID_COUNT : 1);
        NSL_TRY(write_text(path, map));
    }
    return NSL_OK;
}

/* A raw clone: the only way to ask for namespaces and a fork at once. The child waits on the pipe
 * until its ids are mapped. */
static pid_t clone_into(unsigned long flags, int gate[2])
{
    if (pipe2(gate, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid < 0) {
        (void)close(gate[0]);
        (void)close(gate[1]);
    }
    return pid;
}

static bool pass_gate(pid_t pid, unsigned long flags, int gate[2])
{
    char go = 0;
    if (pid == 0) {
        (void)close(gate[1]);
        bool is_open = read(gate[0], &go, 1) == 1;
        (void)close(gate[0]);
        if (!is_open) {
            _exit(1);
        }
        return true;
    }
    (void)close(gate[0]);
    bool is_mapped = (flags & CLONE_NEWUSER) == 0 || map_ids(pid) == NSL_OK;
    if (is_mapped) {
        is_mapped = write(gate[1], "", 1) == 1;
    }
    (void)close(gate[1]);
    if (!is_mapped) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    return is_mapped;
}

/* In the child: becomes id 0 of its namespace, so that a program it starts keeps its capabilities
 * there, and sets again what changing ids forgets. */
static bool take_ids(unsigned long flags)
{
    if ((flags & CLONE_NEWUSER) != 0 && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)) {
        return false;
    }
    return nsl_confine_harden() == NSL_OK;
}

static uint32_t walls_missing(unsigned long flags)
{
    uint32_t missing = 0;
    missing |= (flags & CLONE_NEWUSER) == 0 ? NSL_WALL_USER_NAMESPACE : 0;
    missing |= (flags & CLONE_NEWPID) == 0 ? NSL_WALL_PID_NAMESPACE : 0;
    missing |= (flags & CLONE_NEWNET) == 0 ? NSL_WALL_NETWORK_NAMESPACE : 0;
    missing |= (flags & CLONE_NEWNS) == 0 ? NSL_WALL_MOUNT_NAMESPACE : 0;
    return missing;
}

nsl_err nsl_confine_fork(pid_t *ret_pid, uint32_t *ret_missing)
{
    const unsigned long attempts[] = {CLONE_NEWUSER | NAMESPACES, NAMESPACES, 0};
    for (size_t index = 0; index < sizeof(attempts) / sizeof(attempts[0]); index++) {
        int gate[2];
        /* An ordinary user may write the id maps of a dumpable child only. Neither holds a secret yet,
         * and both are hardened again before they go on. */
        NSL_TRY(set_dumpable(geteuid() == 0 ? 0 : 1));
        pid_t pid = clone_into(attempts[index], gate);
        bool has_passed = pid >= 0 && pass_gate(pid, attempts[index], gate);
        NSL_TRY(set_dumpable(0));
        if (!has_passed) {
            continue;
        }
        if (pid == 0 && !take_ids(attempts[index])) {
            _exit(1);
        }
        *ret_pid = pid;
        *ret_missing = walls_missing(attempts[index]);
        return NSL_OK;
    }
    return NSL_ERR_IO;
}

/* An empty tmpfs becomes the root, read-only; the old one is gone. */
static nsl_err empty_root(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("nsl", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=0555") != 0 ||
        chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0 ||
        mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) !=
            0) {
        return NSL_ERR_IO;
    }
    return NSL_OK;
}

/* Init keeps user id 0 of its namespace, to signal the others; each role has an id of its own. */
static nsl_err change_user(enum nsl_role role, uint32_t missing)
{
    /* Without a namespace the small ids are the system's own users. */
    bool is_outside = (missing & NSL_WALL_USER_NAMESPACE) != 0;
    uid_t id = (uid_t)role + (is_outside ? (uid_t)OUTER_ID_BASE : 0);
    if (role == NSL_ROLE_INIT) {
        return getuid() == 0 ? NSL_OK : NSL_ERR_IO;
    }
    if (setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) {
        return NSL_ERR_IO;
    }
    /* Changing ids makes a process dumpable again and forgets its parent-death signal. */
    return nsl_confine_harden();
}

static nsl_err drop_capabilities(enum nsl_role role)
{
    for (int capability = 0; capability <= 63; capability++) {
        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    uint32_t kept = role == NSL_ROLE_INIT ? 1U << CAP_KILL : 0;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held;
    struct __user_cap_data_struct data[2] = {0};
    struct __user_cap_data_struct now[2] = {0};
    if (syscall(SYS_capget, &head, now) != 0) {
        return NSL_ERR_IO;
    }
    held = now[0];
    data[0].effective = kept & held.permitted;
    data[0].permitted = kept & held.permitted;
    return syscall(SYS_capset, &head, data) == 0 ? NSL_OK : NSL_ERR_IO;
}

nsl_err nsl_confine_role(enum nsl_role role, uint32_t *missing)
{
    if ((*missing & NSL_WALL_MOUNT_NAMESPACE) != 0 || empty_root() != NSL_OK) {
        *missing |= NSL_WALL_MOUNT_NAMESPACE;
    }
    if (change_user(role, *missing) != NSL_OK) {
        *missing |= NSL_WALL_USER_CHANGE;
    }
    NSL_TRY(drop_capabilities(role));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return NSL_ERR_UNSUPPORTED;
    }
    NSL_TRY(nsl_filter_load(role));
    return nsl_confine_try_walls(role);
}

nsl_err nsl_confine_bystander(void)
{
    NSL_TRY(drop_capabilities(NSL_ROLE_RUNNER));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return NSL_ERR_UNSUPPORTED;
    }
    return nsl_filter_load(NSL_ROLE_INIT);
}

nsl_err nsl_confine_narrow(enum nsl_role role)
{
    NSL_TRY(nsl_filter_load(role));
    return nsl_confine_try_walls(role);
}

static bool is_refused(long result)
{
    return result == -1 && errno == EPERM;
}

nsl_err nsl_confine_try_walls(enum nsl_role role)
{
    const char *const nothing[] = {NULL};
    bool is_walled = is_refused(open("/", O_RDONLY | O_CLOEXEC)) &&
                     is_refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) &&
                     is_refused(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) &&
                     is_refused(syscall(SYS_execve, "/", nothing, nothing)) &&
                     is_refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) &&
                     is_refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)) &&
                     is_refused(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0)) &&
                     is_refused(syscall(SYS_bpf, 0, NULL, 0));
    if (role != NSL_ROLE_INIT) {
        is_walled = is_walled && is_refused(kill(1, 0));
    }
    return is_walled ? NSL_OK : NSL_ERR_UNSUPPORTED;
}
