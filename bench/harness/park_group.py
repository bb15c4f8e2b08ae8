"""Ten thousand calls waiting at once: all answer, and what the enclave holds meanwhile."""
import os
import re
import subprocess
import threading
import urllib.parse

from harness.machine import ROOT, Failure, build_target, setting
from harness.report import row
from harness.servers import Ours

WAIT_MS, LIMIT_S, SAMPLE_S = 2000, 120, 0.2


def memory_bytes(pids):
    """Sum of PSS. Fails rather than leave a process out; one that just ended counts nothing."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                match = re.search(r"^Pss:\s+(\d+) kB", file.read(), re.MULTILINE)
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError as error:
            raise Failure("the enclave's memory can be read by root only: use sudo") from error
        total += int(match[1]) * 1024 if match else 0
    return total


class Peak(threading.Thread):
    """The most memory that the enclave's processes held together, looked at five times a second."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.stopping = server, threading.Event()
        self.bytes, self.samples, self.failure = 0, 0, None

    def run(self):
        try:
            while not self.stopping.wait(SAMPLE_S):
                self.bytes = max(self.bytes, memory_bytes(self.server.enclave_processes()))
                self.samples += 1
        except Failure as failure:
            self.failure = failure

    def finish(self):
        self.stopping.set()
        self.join(30)
        if self.failure is not None:
            raise self.failure
        if self.samples < 5 or self.bytes == 0:
            raise Failure("the enclave's memory was not seen during the load")
        return self.bytes


def run_load(program, server, count):
    """Returns what park_load printed."""
    head, tail = (part.decode() for part in
                  server.body("wait", {"wait": WAIT_MS, "value": 1928374650}).split(b"1928374650"))
    port = urllib.parse.urlsplit(server.url("wait")).port
    try:
        done = subprocess.run([program, str(port), str(count), str(WAIT_MS), str(LIMIT_S), head,
                               tail], cwd=ROOT, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S + 30)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{program}: not done after {LIMIT_S + 30} s") from error
    if done.returncode != 0:
        raise Failure(f"{os.path.basename(program)}: {done.stderr.strip()[-2000:]}")
    return dict(line.split("=") for line in done.stdout.split())


def park():
    program = build_target("bench/park_load")
    count = setting("BENCH_PARKED", 10000, 1, 20000)
    with Ours() as server:
        run_load(program, server, 1)
        before = memory_bytes(server.enclave_processes())
        peak = Peak(server)
        peak.start()
        try:
            found = run_load(program, server, count)
        finally:
            peak.stopping.set()
        most = peak.finish()
    if int(found["answered"]) != count:
        raise Failure(f"{found['answered']} of {count} calls answered")
    overlap = float(found["overlap"])
    print(f"\n{count} calls waiting {WAIT_MS} ms at once, a connection each: all answered right, "
          f"in {found['all']} s\nconnecting {found['opened']} s, sending {found['sending']} s, "
          f"first answer {abs(overlap):.3f} s {'after' if overlap >= 0 else 'BEFORE'} the last "
          f"call was sent, longest call {found['longest']} s\nenclave memory (PSS of its "
          f"processes): {before / 2**20:.0f} MiB before, {most / 2**20:.0f} MiB at the peak, "
          f"{(most - before) / count / 1024:.1f} KiB a call\n")
    return [row("park.enclave_mib_10k", most / 2**20,
                f"{count} calls on a {WAIT_MS / 1000:g} s timer, all answered in "
                f"{found['all']} s; {before / 2**20:.0f} MiB before")]


PARTS = (park,)
