"""Ours and workerd answering the same functions under the same load, in turns."""
import json
import math
import statistics
import time

from harness.load import drive, measured_round
from harness.machine import Failure, setting
from harness.report import print_columns, row
from harness.servers import Client, Ours, Workerd, result_of

CONNECTIONS, WORK_CONNECTIONS = 64, 4
WORK_MS = (0, 0.05, 1, 5, 20)
REGIONS = ("north", "east", "south", "west")

NOTE = """ours: a fresh realm for every request in a confined process of its own, code, input and secrets
in the request (the documented API). workerd: one isolate reused for all requests, code configured,
only the input in the request. Same function text, same input, answers of the same members."""


def orders():
    """200 records, 20 KB of JSON; the same on every run."""
    return {"orders": [
        {"id": i, "region": REGIONS[i * 7 % 4], "product": f"product-{i * 13 % 40}",
         "quantity": i * 11 % 9, "price": (i * 379 % 10000) / 100, "active": i % 5 != 0,
         "note": "n" * (i % 4)} for i in range(200)]}


def orders_result(value):
    """What http/functions/transform.js must make of it."""
    lines = [{"id": one["id"], "region": one["region"], "product": one["product"],
              "cents": int(one["quantity"] * one["price"] * 100 + 0.5)}
             for one in value["orders"] if one["active"] and one["quantity"] > 0]
    regions = {}
    for name in {line["region"] for line in lines}:
        part = [line for line in lines if line["region"] == name]
        regions[name] = {"count": len(part), "cents": sum(line["cents"] for line in part),
                         "largest": max(part, key=lambda line: line["cents"])}
    return {"count": len(lines), "cents": sum(line["cents"] for line in lines),
            "regions": regions}


def checker(expected, logs):
    def check(status, body):
        data = result_of(status, body)
        got = json.loads(data["result"]) if isinstance(data["result"], str) else data["result"]
        if got != expected or data["logs"] != logs:
            raise Failure(f"wrong answer: {body[:500].decode(errors='replace')}")
    return check


class Case:
    """One function with one input, on both servers."""

    def __init__(self, servers, title, function, value, check, scheme="http",
                 connections=CONNECTIONS):
        self.servers, self.title, self.check = servers, title, check
        self.function, self.scheme, self.connections = function, scheme, connections
        self.bodies = [server.body(function, value) for server in servers]
        self.rounds = [[], []]

    def sizes(self, index):
        with Client(self.servers[index].url(self.function, self.scheme)) as client:
            status, answer = client.post(self.bodies[index])
            self.check(status, answer)
            return len(self.bodies[index]), len(answer)

    def run(self, rounds, seconds):
        urls = [server.url(self.function, self.scheme) for server in self.servers]
        for url, body in zip(urls, self.bodies):
            drive(url, body, self.connections, 1, least_requests=0)
        for _ in range(rounds):
            for index, url in enumerate(urls):
                self.rounds[index].append(measured_round(url, self.bodies[index], self.check,
                                                         self.connections, seconds))
        return self

    def median(self, index, key):
        return statistics.median(found[key] for found in self.rounds[index])

    def ratio(self, key):
        return self.median(0, key) / self.median(1, key)

    def rate_text(self, index):
        rate = self.median(index, "rate")
        return f"{rate:.0f}" if rate >= 100 else f"{rate:.3g}"

    def cells(self):
        return [self.title, *(self.rate_text(i) for i in (0, 1)),
                f"{self.ratio('rate'):.2f}",
                *(f"{self.median(i, key) * 1e3:.2f}" for key in ("p50", "p99") for i in (0, 1)),
                f"{self.ratio('p99'):.2f}"]


def v8_seconds(workerd, rounds):
    """Seconds of V8 a call of http/functions/work.js with so many rounds takes, under load."""
    rates = [drive(workerd.url("work"), workerd.body("work", {"rounds": count}),
                   WORK_CONNECTIONS, 2)["rate"] for count in (0, rounds)]
    return 1 / rates[1] - 1 / rates[0]


def calibrate(workerd):
    """{milliseconds of V8 work: rounds that take about as long, compiled and warm}."""
    probe = 5000
    for _ in range(2):
        per_round = max(v8_seconds(workerd, probe), 1e-6) / probe
        probe = max(100, min(1000000, round(0.005 / per_round)))
    return {ms: round(ms * probe / 5) for ms in WORK_MS}


def work_case(servers, ms, rounds):
    """Both must give the same result: workerd's first answer is the expected one. Returns the case
    and how long a round must be for our interpreter to answer often enough."""
    value = {"rounds": rounds}
    with Client(servers[1].url("work")) as client:
        data = result_of(*client.post(servers[1].body("work", value)))
    case = Case(servers, f"work, {ms} ms of V8", "work", value, checker(data["result"], []),
                connections=WORK_CONNECTIONS)
    start = time.monotonic()
    case.sizes(0)
    return case, min(60, math.ceil(8 * (time.monotonic() - start)))


def work_measured(cases):
    """Names each case by the V8 work that it turned out to be; returns [(milliseconds, case)]."""
    base = 1 / cases[0].median(1, "rate")
    measured = [(1e3 * (1 / case.median(1, "rate") - base), case) for case in cases]
    for ms, case in measured:
        case.title = f"work, {ms:.2f} ms of V8"
    return measured


def crossover(measured):
    """Milliseconds of V8 work at which workerd begins to answer more requests per second."""
    gap = [(ms, 1 / case.median(0, "rate") - 1 / case.median(1, "rate")) for ms, case in measured]
    if gap[0][1] > 0:
        return "workerd is ahead from the least work on"
    for (ms, low), (next_ms, high) in zip(gap, gap[1:]):
        if high > 0:
            at = ms + (next_ms - ms) * -low / (high - low)
            return f"crossover to the JIT at about {1e3 * at:.0f} us of V8 work a call"
    return f"no crossover up to {gap[-1][0]:.1f} ms of V8 work a call"


def readme_case(servers, scheme="http"):
    check = checker({"result": 84, "processed": True}, ["Processing input: 42"])
    title = "README function" + (", TLS" if scheme == "https" else "")
    return Case(servers, title, "readme", {"value": 42}, check, scheme)


def transform_case(servers, scheme="http"):
    value = orders()
    size = len(Workerd.body("transform", value))
    if not 19000 <= size <= 21000:
        raise Failure(f"the transform's input is {size} bytes, not 20 KB")
    title = "20 KB transform" + (", TLS" if scheme == "https" else "")
    return Case(servers, title, "transform", value, checker(orders_result(value), []), scheme)


def settings():
    return setting("BENCH_ROUNDS", 3, 1, 20), setting("BENCH_SECONDS", 5, 1, 60)


def print_cases(cases, workerd):
    rounds, seconds = settings()
    print(f"\nwrk -t1 -c{cases[0].connections}, medians of {rounds} alternating rounds of at least "
          f"{seconds} s, {workerd.version}:")
    print_columns(["function", "ours 1/s", "workerd", "ratio", "p50 ms", "workerd", "p99 ms",
                   "workerd", "ratio"], [case.cells() for case in cases])


def compare():
    with Workerd() as workerd, Ours() as ours:
        servers = (ours, workerd)
        cases = [case.run(*settings()) for case in
                 (readme_case(servers), transform_case(servers),
                  readme_case(servers, "https"), transform_case(servers, "https"))]
        print_cases(cases, workerd)
        for case in cases[:2]:
            print(f"{case.title}: request and answer bytes {case.sizes(0)}, workerd "
                  f"{case.sizes(1)}")
        print(f"{NOTE}\n")
    readme, transform = cases[:2]
    return [
        row("http.exec_per_s", readme.median(0, "rate"), "README function, 64 connections"),
        row("http.exec_vs_workerd", readme.ratio("rate"),
            f"{workerd.version}, {readme.median(1, 'rate'):.0f}/s"),
        row("http.exec_p99_vs_workerd", readme.ratio("p99"),
            f"{workerd.version}, {readme.median(1, 'p99') * 1e3:.1f} ms"),
        row("http.transform_vs_workerd", transform.ratio("rate"),
            f"{workerd.version}, {transform.median(1, 'rate'):.0f}/s"),
    ]


def work():
    """Printed, not held against anything: how much a call must compute for a JIT to win."""
    rounds, seconds = settings()
    with Workerd() as workerd, Ours() as ours:
        cases = []
        for ms, count in calibrate(workerd).items():
            case, least_seconds = work_case((ours, workerd), ms, count)
            cases.append(case.run(rounds, max(seconds, least_seconds)))
        measured = work_measured(cases)
        print_cases(cases, workerd)
        print(f"{crossover(measured)}\n")
    return []


PARTS = (compare, work)
