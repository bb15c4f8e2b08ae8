#!/usr/bin/env python3
"""No tenant keeps another one waiting for long, however many calls it has. Prints TAP."""
import json
import threading
import time

from support import tap
from support.service import PATH, Service, call_body

CASES = tap.Cases()
SHORT = "function main() { return 1 }"
LONG = "function main() { let sum = 0; for (let i = 0; i < 1e6; i++) { sum += i } return sum }"


class Load:
    """Connections of one tenant that never stop asking."""

    def __init__(self, service, user, code, connections):
        self.service, self.body = service, json.dumps(call_body(code, user=user))
        self.stopping, self.answered, self.failure = threading.Event(), 0, None
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        connection = self.service.connection()
        try:
            while not self.stopping.is_set():
                answer = self.service.post(self.body, path=PATH, connection=connection)
                tap.equal(answer.status, 200, "status")
                self.answered += 1
        except (AssertionError, OSError) as error:
            self.failure = error
        finally:
            connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        if self.failure is not None:
            raise AssertionError(f"the load failed: {self.failure}")


def others_are_served(runners, code, connections, others):
    """Each of the other tenants gets its answer while the load goes on for ten times as long."""
    service = Service({"Functions": {"Runners": runners}})
    try:
        load = Load(service, "greedy", code, connections)
        while load.answered < 20 and load.failure is None:
            time.sleep(0.01)
        for number in range(others):
            begin, before = time.monotonic(), load.answered
            tap.equal(service.call(SHORT, user=f"other-{number}").result, 1)
            waited = time.monotonic() - begin
            tap.true(waited < 10, f"tenant {number} waited {waited:.1f} s; {load.answered - before} "
                     "calls of the greedy one were answered meanwhile")
        before = load.answered
        deadline = time.monotonic() + 20
        while load.answered == before and time.monotonic() < deadline:
            time.sleep(0.01)
        tap.true(load.answered > before, "the greedy tenant is served too")
        load.stop()
    finally:
        service.stop()


@CASES.case
def long_calls_of_one_tenant_leave_a_runner_for_others():
    others_are_served(2, LONG, 8, 5)


@CASES.case
def short_calls_of_one_tenant_leave_a_runner_for_others():
    others_are_served(2, SHORT, 64, 5)


@CASES.case
def tenants_share_a_single_runner():
    others_are_served(1, LONG, 4, 3)


if __name__ == "__main__":
    CASES.run()
