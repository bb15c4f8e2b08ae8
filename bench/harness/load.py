"""The load: wrk, and a slow client beside it that reads and checks every answer it gets."""
import os
import re
import threading

from harness.machine import BENCH, WORK, Failure, run_tool
from harness.servers import Client

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
SAMPLE_S = 0.1


class Sampler(threading.Thread):
    """Asks ten times a second during a round and checks the answer."""

    def __init__(self, url, body, check):
        super().__init__(daemon=True)
        self.url, self.body, self.check = url, body, check
        self.stopping, self.failure, self.count = threading.Event(), None, 0

    def run(self):
        try:
            with Client(self.url) as client:
                while not self.stopping.wait(SAMPLE_S):
                    self.check(*client.post(self.body))
                    self.count += 1
        except (Failure, ValueError, KeyError) as error:
            self.failure = error

    def finish(self):
        self.stopping.set()
        self.join(90)
        if self.failure is not None:
            raise Failure(f"a wrong answer during the load: {self.failure}")
        if self.count == 0:
            raise Failure("no answer was checked during the load")


def parse_wrk(text, least_requests):
    """Returns {rate, p50, p99, requests}; rates in 1/s, times in seconds. Any error is a failure."""
    found = {}
    for key, pattern in (("rate", r"Requests/sec:\s+([\d.]+)()"),
                         ("p50", r"50%\s+([\d.]+)(us|ms|s|m)\b"),
                         ("p99", r"99%\s+([\d.]+)(us|ms|s|m)\b"),
                         ("requests", r"(\d+) requests in()")):
        match = re.search(r"^\s*" + pattern, text, re.MULTILINE)
        if match is None:
            raise Failure(f"wrk printed no {key}:\n{text}")
        found[key] = float(match[1]) * UNITS.get(match[2], 1.0)
    if found["requests"] < least_requests:
        raise Failure(f"only {found['requests']:.0f} requests in a round: set BENCH_SECONDS higher")
    for trouble in ("Socket errors", "Non-2xx"):
        match = re.search(rf"^\s*{trouble}.*$", text, re.MULTILINE)
        if match:
            raise Failure(f"wrk: {match[0].strip()} in {found['requests']:.0f} requests")
    return found


def drive(url, body, connections, seconds, least_requests=4):
    """One thread of wrk for so many seconds; fewer answers than least_requests tell nothing."""
    os.makedirs(WORK, exist_ok=True)
    path = f"{WORK}/body.json"
    with open(path, "wb") as file:
        file.write(body)
    return parse_wrk(run_tool(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency",
         "-s", f"{BENCH}/http/post.lua", url, "--", path], seconds + 60), least_requests)


def measured_round(url, body, check, connections, seconds):
    """A round whose answers are checked before and during it."""
    with Client(url) as client:
        check(*client.post(body))
    sampler = Sampler(url, body, check)
    sampler.start()
    try:
        found = drive(url, body, connections, seconds)
    finally:
        sampler.stopping.set()
    sampler.finish()
    return found
