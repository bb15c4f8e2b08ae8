#!/usr/bin/env python3
"""What happens when processes of the service are killed or stopped: one call fails, at most, or the
enclave starts again, and nothing hangs. Prints TAP."""
import os
import signal
import subprocess
import time

from support import processes, tap
from support.burst import Burst
from support.service import Service, call_body

CASES = tap.Cases()
SPIN = "function main() { let n = 0; for (let i = 0; i < 3e7; i++) n += i; return n }"
WAIT = """async function main(input) {
    const kept = 'kept ' + input;
    await new Promise(r => setTimeout(r, 1500)); return kept }"""
# Long calls need more gas and time than the defaults allow.
FUNCTIONS = {"Runners": 2, "GasLimit": 100000000000, "TimeLimitMs": 20000}


def start(**functions):
    service = Service({"Functions": {**FUNCTIONS, **functions}})
    CASES.defer(service.kill)
    return service


def cpu_ticks(pid):
    fields = processes.read(pid, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def busy_runner(service):
    """The runner that computes right now."""
    def find():
        before = {pid: cpu_ticks(pid) for pid in service.roles().runners}
        time.sleep(0.05)  # between two looks
        grown = [pid for pid in before if processes.is_alive(pid) and cpu_ticks(pid) > before[pid]]
        return grown[0] if grown else None
    return processes.eventually(find, what="a busy runner")


def runner_counts(service):
    return service.get("/health/enclave").json["runners"]


@CASES.case
def a_killed_runner_fails_its_call_and_no_other():
    service = start()
    burst = Burst(service)
    for number in range(10):
        burst.send(f"parked {number}", call_body(WAIT, user="a", input=number))
    processes.eventually(
        lambda: service.get("/health/enclave").json["calls"]["parked"] == 10, what="10 parked")
    burst.send("victim", call_body(SPIN, user="victim"))
    runner = busy_runner(service)
    for number in range(20):
        burst.send(f"queued {number}", call_body("function main(i) { return i }", user=f"q{number}",
                                                 input=number))
    os.kill(runner, signal.SIGKILL)
    answers = burst.gather()
    victim = answers.pop("victim")
    tap.equal(victim.status, 500, f"{victim}")
    tap.contains(victim.error["message"], "crashed")
    for key, answer in answers.items():
        kind, number = key.split()
        tap.equal(answer.result, f"kept {number}" if kind == "parked" else int(number), key)
    processes.eventually(lambda: runner_counts(service)["ready"] == 2, what="a fresh runner")
    tap.equal(runner_counts(service)["crashed"], 1, "crashes")
    tap.true(runner not in service.roles().runners, "another process")
    service.check_alive()
    tap.equal(service.stop(), 0, "exit status")


@CASES.case
def calls_behind_the_victim_run_on_a_fresh_runner():
    service = start(Runners=1)
    burst = Burst(service)
    # Short ones first, so that the tenant's calls are sent ahead of each other.
    for number in range(50):
        tap.equal(service.call("function main(i) { return i }", user="a", input=number).result,
                  number)
    burst.send("victim", call_body(SPIN, user="a"))
    for number in range(10):
        burst.send(number, call_body("function main(i) { return i }", user="a", input=number))
    runner = busy_runner(service)
    os.kill(runner, signal.SIGKILL)
    answers = burst.gather()
    tap.equal(answers.pop("victim").status, 500)
    for number, answer in answers.items():
        tap.equal(answer.result, number)
    tap.equal(service.stop(), 0, "exit status")


@CASES.case
def all_idle_runners_killed_are_replaced():
    service = start()
    for _ in range(5):
        for pid in service.roles().runners:
            os.kill(pid, signal.SIGKILL)
        service.check_alive()
    processes.eventually(lambda: runner_counts(service)["ready"] == 2, what="two runners")
    tap.true(runner_counts(service)["crashed"] >= 5, "crashes are counted")
    tap.equal(service.stop(), 0, "exit status")


@CASES.case
def the_enclave_starts_again_when_a_role_is_killed():
    service = start()
    for role in ("keeper", "gateway", "zygote", "init", "outermost"):
        before = dict(service.roles().all())
        at = service.log_position()
        os.kill(before[role], signal.SIGKILL)
        service.wait_log("event=enclave_ready", at)
        # The host keeps its ports; clients reconnect.
        processes.eventually(lambda: answers(service), 10, f"an answer after the {role} was killed")
        service.check_alive()
        for name, pid in before.items():
            tap.true(processes.wait_ended(pid, 5), f"{name} is left after the {role} was killed")
        tap.true(set(before.values()).isdisjoint(pid for _, pid in service.roles().all()),
                 "all processes are new")
    tap.contains(service.log(), "event=enclave_ended")
    tap.contains(service.log(), "event=enclave_restart")
    tap.equal(service.stop(), 0, "exit status")


def answers(service):
    try:
        service.check_alive()
        return True
    except (OSError, AssertionError):
        return False


@CASES.case
def open_calls_end_when_the_gateway_dies_and_new_ones_wait_for_the_next():
    service = start()
    lost = Burst(service)
    for number in range(5):
        lost.send(number, call_body(WAIT, user="a", input=number))
    processes.eventually(
        lambda: service.get("/health/enclave").json["calls"]["parked"] == 5, what="5 parked")
    os.kill(service.roles().gateway, signal.SIGKILL)
    begin = time.monotonic()
    for number in range(5):
        try:
            lost.selector.select(10)
            received = list(lost.selector.get_map().values())[number].fileobj.recv(4096)
            tap.equal(received, b"", "an end of the connection")
        except ConnectionError:
            pass
    # A connection made meanwhile waits in the backlog and is served.
    service.check_alive()
    tap.true(time.monotonic() - begin < 10, "in time")
    tap.equal(service.stop(), 0, "exit status")


@CASES.case
def a_stopped_runner_is_ended_by_the_watchdog():
    service = start(TimeLimitMs=500)
    for user in ("victim", "other"):
        tap.equal(service.call("function main() { return 1 }", user=user).result, 1)
    burst = Burst(service)
    burst.send("victim", call_body(SPIN, user="victim", gasLimit=90000000000))
    runner = busy_runner(service)
    os.kill(runner, signal.SIGSTOP)
    begin = time.monotonic()
    # Others go on meanwhile.
    for _ in range(10):
        service.check_alive()
    victim = burst.gather(10)["victim"]
    tap.equal(victim.status, 500, f"{victim}")
    tap.contains(victim.error["message"], "did not stop in time")
    tap.true(time.monotonic() - begin < 5, f"after {time.monotonic() - begin:.1f} s")
    tap.true(processes.wait_ended(runner, 5), "the stopped process is gone")
    processes.eventually(lambda: runner_counts(service)["ready"] == 2, what="a fresh runner")
    tap.equal(runner_counts(service)["killed"], 1, "killed")
    service.check_alive()
    tap.equal(service.stop(), 0, "exit status")


@CASES.case
def a_stopped_gateway_does_not_hang_the_host():
    service = start()
    gateway = service.roles().gateway
    os.kill(gateway, signal.SIGSTOP)
    begin = time.monotonic()
    service.stop()
    tap.true(time.monotonic() - begin < 15, f"took {time.monotonic() - begin:.1f} s")
    tap.contains(service.log(), "event=enclave_killed")
    tap.true(processes.wait_ended(gateway, 5), "the stopped gateway is gone")


@CASES.case
def sigterm_lets_open_calls_finish():
    service = start()
    burst = Burst(service)
    for number in range(20):
        burst.send(number, call_body(WAIT, user=f"u{number % 3}", input=number))
    processes.eventually(
        lambda: service.get("/health/enclave").json["calls"]["parked"] == 20, what="20 parked")
    roles = service.roles().all()
    service.process.send_signal(signal.SIGTERM)
    for number, answer in burst.gather().items():
        tap.equal(answer.result, f"kept {number}")
    tap.equal(service.process.wait(10), 0, "exit status")
    for name, pid in roles:
        tap.true(processes.wait_ended(pid, 5), f"{name} is left")


@CASES.case
def sigterm_ends_calls_that_take_too_long():
    service = start()
    burst = Burst(service)
    burst.send("long", call_body("async function main() {"
                                 " await new Promise(r => setTimeout(r, 60000)) }"))
    processes.eventually(
        lambda: service.get("/health/enclave").json["calls"]["parked"] == 1, what="parked")
    begin = time.monotonic()
    service.process.send_signal(signal.SIGINT)
    service.process.wait(15)
    tap.true(4 < time.monotonic() - begin < 12, f"took {time.monotonic() - begin:.1f} s")


@CASES.case
def a_second_signal_ends_at_once():
    service = start()
    burst = Burst(service)
    burst.send("long", call_body("async function main() {"
                                 " await new Promise(r => setTimeout(r, 60000)) }"))
    processes.eventually(
        lambda: service.get("/health/enclave").json["calls"]["parked"] == 1, what="parked")
    roles = service.roles().all()
    begin = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    service.process.send_signal(signal.SIGTERM)
    try:
        service.process.wait(3)
    except subprocess.TimeoutExpired:
        service.process.send_signal(signal.SIGTERM)  # two at once may have been one
        service.process.wait(3)
    tap.true(time.monotonic() - begin < 5, "at once")
    for name, pid in roles:
        tap.true(processes.wait_ended(pid, 5), f"{name} is left")


@CASES.case
def the_enclave_dies_with_its_host():
    service = start()
    roles = service.roles().all()
    os.kill(service.host, signal.SIGKILL)
    service.process.wait(10)
    for name, pid in roles:
        tap.true(processes.wait_ended(pid, 5), f"{name} is left")


if __name__ == "__main__":
    CASES.run()
