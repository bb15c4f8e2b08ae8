"""The service's processes as the machine's owner sees them in /proc."""
import os
import select
import time


def read(pid, name, mode="r"):
    with open(f"/proc/{pid}/{name}", mode) as file:  # pylint: disable=unspecified-encoding
        return file.read()


def stat(pid):
    """(parent, state, start time)"""
    fields = read(pid, "stat").rpartition(")")[2].split()
    return int(fields[1]), fields[0], int(fields[19])


def status(pid):
    rows = (line.partition(":") for line in read(pid, "status").splitlines())
    return {key: value.strip() for key, _, value in rows}


def children(pid):
    """Living children, oldest first."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            parent, state, start = stat(int(name))
        except OSError:
            continue
        if parent == pid and state not in "ZX":
            found.append((start, int(name)))
    return [child for _, child in sorted(found)]


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def is_alive(pid):
    try:
        return stat(pid)[1] not in "ZX"
    except OSError:
        return False


def wait_ended(pid, seconds=10):
    """True once the process is gone; not necessarily a child of ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0]) or not is_alive(pid)
    finally:
        os.close(handle)


def eventually(check, seconds=10, what="the condition"):
    """Polls until check() is true: for states that nothing announces. Returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


class Roles:
    """The processes of the enclave below a host process, by role."""

    def __init__(self, host):
        outermost = children(host)
        if len(outermost) != 1:
            raise AssertionError(f"the host has the children {outermost}")
        self.outermost = outermost[0]
        self.init = children(self.outermost)[0]
        self.keeper = self.gateway = self.zygote = None
        self.runners = []
        for pid in children(self.init):
            role = read(pid, "cmdline").split("\0")[1]
            if role == "zygote" and self.zygote is not None:
                self.runners.append(pid)  # forked by the zygote, but init's child
            else:
                setattr(self, role, pid)

    def all(self):
        """Role name and process id of each."""
        return [("outermost", self.outermost), ("init", self.init), ("keeper", self.keeper),
                ("gateway", self.gateway), ("zygote", self.zygote),
                *(("runner", pid) for pid in self.runners)]
