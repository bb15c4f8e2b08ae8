#!/usr/bin/env python3
"""The walls as the machine's owner sees them in /proc, as root and as an ordinary user. Prints TAP.

From inside they are tried by tests/integration/confine_test.c.
"""
import ctypes
import errno
import os
import signal
import traceback

from support import processes, tap
from support.service import Service

CASES = tap.Cases()
RUNNING = {}
ORDINARY_USER = 65534
OUTER_ID_BASE = 64816  # enclave/confine/confine.c
INNER_IDS = {"init": 0, "keeper": 1, "gateway": 2, "zygote": 3, "runner": 3}
NAMESPACES = ("user", "pid", "net", "mnt", "ipc", "uts")
CAP_KILL = 1 << 5

# Exactly these descriptors: number -> what the link of /proc/PID/fd begins with. The gateway has
# more: connections, event descriptors of its runners, libmicrohttpd's own.
DESCRIPTORS = {
    "keeper": {0: "/dev/null", 1: "pipe:", 2: "pipe:", 3: "socket:", 4: "socket:"},
    "zygote": {0: "/dev/null", 1: "pipe:", 2: "pipe:", 3: "socket:"},
    "init": {0: "/dev/null", 1: "pipe:", 2: "pipe:"},
    "outermost": {0: "/dev/null", 1: "pipe:", 2: "pipe:"},
}
WALLS = ("user namespace", "process namespace", "network namespace", "file system namespace",
         "system call filter", "own user id")


def need_root():
    if os.geteuid() != 0:
        raise tap.Skip("only root may look into the roles")


def service(user=None):
    need_root()
    if user not in RUNNING:
        RUNNING[user] = Service(user=user)
        CASES.finally_do(lambda: tap.equal(RUNNING[user].stop(), 0, "exit status"))
        RUNNING[user].check_alive()
    return RUNNING[user]


def may_make_namespaces():
    """Whether this machine lets an ordinary user make a user namespace."""
    return as_user(ORDINARY_USER, lambda: int(
        ctypes.CDLL(None).unshare(0x10000000) != 0)) == 0  # CLONE_NEWUSER


def need_namespaces():
    """In a chroot, or where they are switched off, the kernel gives root no user namespace either: the
    service then says which walls are missing (without_namespaces_it_serves_and_says_so)."""
    need_root()
    if as_user(0, lambda: int(ctypes.CDLL(None).unshare(0x10000000) != 0)) != 0:
        raise tap.Skip("this machine gives no user namespace")


USERS = (None, ORDINARY_USER)


def each_process():
    need_root()
    for user in USERS if may_make_namespaces() else USERS[:1]:
        for role, pid in service(user).roles().all():
            yield f"{role} ({'root' if user is None else 'ordinary user'})", role, pid, user


@CASES.case
def every_role_has_its_filter_and_no_new_privileges():
    for name, _, pid, _ in each_process():
        status = processes.status(pid)
        tap.equal(status["Seccomp"], "2", f"{name}: Seccomp")
        tap.true(int(status["Seccomp_filters"]) >= 1, f"{name}: filters")
        tap.equal(status["NoNewPrivs"], "1", f"{name}: NoNewPrivs")
        tap.equal(status["Threads"], "1", f"{name}: Threads")
        tap.equal(status["TracerPid"], "0", f"{name}: TracerPid")


@CASES.case
def runners_have_a_filter_more_than_the_zygote():
    for user in USERS:
        roles = service(user).roles()
        filters = {pid: int(processes.status(pid)["Seccomp_filters"])
                   for pid in (roles.zygote, *roles.runners)}
        for pid in roles.runners:
            tap.equal(filters[pid], filters[roles.zygote] + 1, "filters")


@CASES.case
def no_role_has_a_capability():
    for name, role, pid, _ in each_process():
        status = processes.status(pid)
        kept = CAP_KILL if role == "init" else 0
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            want = kept if kind in ("CapPrm", "CapEff") else 0
            tap.equal(int(status[kind], 16), want, f"{name}: {kind}")


@CASES.case
def every_role_has_a_user_id_of_its_own():
    need_namespaces()
    roles = service().roles()
    for role, pid in roles.all():
        if role == "outermost":
            continue
        want = str(OUTER_ID_BASE + INNER_IDS[role])
        status = processes.status(pid)
        tap.equal(status["Uid"].split(), [want] * 4, f"{role}: Uid")
        tap.equal(status["Gid"].split(), [want] * 4, f"{role}: Gid")
        tap.equal(status["Groups"], "", f"{role}: Groups")


@CASES.case
def every_role_is_in_namespaces_of_the_enclave():
    need_namespaces()
    for name, role, pid, user in each_process():
        if role == "outermost":
            continue
        init = service(user).roles().init
        for kind in NAMESPACES:
            own = os.readlink(f"/proc/{pid}/ns/{kind}")
            host = os.readlink(f"/proc/{service(user).host}/ns/{kind}")
            tap.true(own != host, f"{name}: {kind} is the host's")
            if kind not in ("mnt",):
                tap.equal(own, os.readlink(f"/proc/{init}/ns/{kind}"), f"{name}: {kind}")
        # Each role has a file system of its own.
        inner = processes.status(pid)["NSpid"].split()
        tap.equal(len(inner), len(processes.status(service(user).host)["NSpid"].split()) + 1, name)
        if role == "init":
            tap.equal(inner[-1], "1", f"{name}: process id inside")


@CASES.case
def the_network_is_empty():
    for name, role, pid, _ in each_process():
        if role == "outermost":
            continue
        lines = processes.read(pid, "net/dev").splitlines()[2:]
        tap.equal([line.split(":")[0].strip() for line in lines], ["lo"], f"{name}: interfaces")
        tap.equal(processes.read(pid, "net/route").splitlines()[1:], [], f"{name}: routes")


@CASES.case
def the_file_system_is_empty_and_read_only():
    need_namespaces()
    for name, role, pid, _ in each_process():
        if role == "outermost":
            continue
        tap.equal(os.listdir(f"/proc/{pid}/root/"), [], f"{name}: root")
        tap.equal(os.readlink(f"/proc/{pid}/cwd"), "/", f"{name}: working directory")
        mounts = processes.read(pid, "mounts").splitlines()
        tap.equal(len(mounts), 1, f"{name}: mounts: {mounts}")
        fields = mounts[0].split()
        tap.equal(fields[1:3], ["/", "tmpfs"], name)
        for option in ("ro", "nosuid", "nodev", "noexec"):
            tap.true(option in fields[3].split(","), f"{name}: {option} in {fields[3]}")


@CASES.case
def no_role_has_an_environment():
    for name, _, pid, _ in each_process():
        tap.equal(processes.read(pid, "environ", "rb"), b"", f"{name}: environment")


@CASES.case
def roles_have_exactly_their_descriptors():
    for name, role, pid, _ in each_process():
        links = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{pid}/fd")}
        if role in ("init", "outermost"):
            # init: a channel to each role, and the signal descriptor; outermost: nothing more.
            extra = sorted(link.split(":")[0] + link.partition("[")[1]
                           for fd, link in links.items() if fd > 2)
            want = ["anon_inode[", "socket[", "socket[", "socket["] if role == "init" else []
            tap.equal(extra, want, f"{name}: {links}")
            links = {fd: link for fd, link in links.items() if fd <= 2}
        if role == "runner":
            tap.equal(sorted(links.values()), ["anon_inode:[eventfd]"], f"{name}: {links}")
        elif role == "gateway":
            check_gateway_descriptors(name, links)
        else:
            tap.equal(set(links), set(DESCRIPTORS[role]), f"{name}: {links}")
            for fd, begin in DESCRIPTORS[role].items():
                tap.true(links[fd].startswith(begin), f"{name}: {fd} is {links[fd]}")


def check_gateway_descriptors(name, links):
    for fd in (3, 4, 5):  # init, keeper, host
        tap.true(links[fd].startswith("socket:"), f"{name}: {fd} is {links[fd]}")
    kinds = {link.split(":[")[0] if link.startswith("anon_inode:[") else link.split(":")[0]
             for fd, link in links.items() if fd > 5}
    tap.true(kinds <= {"anon_inode", "socket"}, f"{name}: {links}")
    for link in links.values():
        if link.startswith("anon_inode:"):
            tap.true(link in ("anon_inode:[eventpoll]", "anon_inode:[eventfd]"), f"{name}: {link}")


@CASES.case
def no_role_can_be_dumped():
    for name, _, pid, _ in each_process():
        limit = next(line for line in processes.read(pid, "limits").splitlines()
                     if line.startswith("Max core file size"))
        tap.equal(limit.split()[4:6], ["0", "0"], f"{name}: core files")
        # Files of a process that is not dumpable belong to root of its user namespace.
        owner = os.stat(f"/proc/{pid}/mem").st_uid
        tap.true(owner in (0, OUTER_ID_BASE, ORDINARY_USER), f"{name}: /proc/PID/mem of {owner}")
    own = os.stat("/proc/self/environ").st_uid
    tap.equal(own, os.geteuid(), "this test's own")


def as_user(user, function):
    """Runs function in a child of that user; returns what it returned (a small number)."""
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            code = function()
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@CASES.case
def even_processes_with_a_roles_user_id_can_neither_trace_nor_read_it():
    libc = ctypes.CDLL(None, use_errno=True)
    roles = service().roles().all()

    def attempts():
        for _, pid in roles:
            for path in ("mem", "environ", "maps", "fd/3"):
                try:
                    with open(f"/proc/{pid}/{path}", "rb") as file:
                        if file.read(1):
                            return 1
                except OSError as error:
                    if error.errno not in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO,
                                           errno.ENXIO):
                        return 2
            if libc.ptrace(16, pid, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
                return 3
        return 0
    for user in (ORDINARY_USER, *(OUTER_ID_BASE + inner for inner in range(4))):
        tap.equal(as_user(user, attempts), 0,
                  f"as user {user} (1: read, 2: another error, 3: traced)")


@CASES.case
def other_users_cannot_signal_a_role():
    roles = service().roles().all()

    def attempts():
        for _, pid in roles:
            try:
                os.kill(pid, 0)
                return 1
            except PermissionError:
                pass
        return 0
    tap.equal(as_user(ORDINARY_USER, attempts), 0, "1: signalled")


@CASES.case
def health_tells_which_walls_stand():
    need_namespaces()
    tap.equal(service().get("/health/enclave").json["walls"], {wall: "up" for wall in WALLS})
    if not may_make_namespaces():
        return
    walls = service(ORDINARY_USER).get("/health/enclave").json["walls"]
    # One id is all that a user may map: the roles cannot have ids of their own.
    tap.equal(walls, {**{wall: "up" for wall in WALLS}, "own user id": "missing"})
    service(ORDINARY_USER).check_alive()


@CASES.case
def without_namespaces_it_serves_and_says_so():
    need_namespaces()
    need_root()
    limits = "/proc/sys/user"
    # In a user namespace of one's own the number of further namespaces can be set to none.
    script = (f"for kind in user pid net mnt ipc uts; do echo 0 > {limits}/max_${{kind}}_namespaces"
              " || exit 9; done; exec \"$@\"")
    bare = Service(wrap=["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"])
    CASES.defer(bare.kill)
    bare.check_alive()
    walls = bare.get("/health/enclave").json["walls"]
    tap.equal(walls, {**{wall: "missing" for wall in WALLS}, "system call filter": "up"})
    for role, pid in bare.roles().all():
        tap.equal(processes.status(pid)["Seccomp"], "2", f"{role}: Seccomp")
        tap.equal(processes.status(pid)["NoNewPrivs"], "1", f"{role}: NoNewPrivs")
        if role != "init":
            tap.equal(int(processes.status(pid)["CapEff"], 16), 0, f"{role}: CapEff")
    tap.contains(bare.log(), "event=wall_missing")
    tap.equal(bare.stop(), 0, "exit status")


@CASES.case
def a_crash_leaves_no_core_file():
    need_root()
    crashing = Service()
    CASES.defer(crashing.kill)
    before = set(os.listdir("/"))
    for runner in crashing.roles().runners:
        os.kill(runner, signal.SIGABRT)
        tap.true(processes.wait_ended(runner, 5), "the runner ends")
    crashing.check_alive()
    tap.equal(set(os.listdir("/")) - before, set(), "files in the host's working directory")


if __name__ == "__main__":
    CASES.run()
