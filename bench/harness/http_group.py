"""Ours and workerd answering the same functions under the same load, in turns."""
import json
import statistics

from harness.load import drive, measured_round
from harness.machine import Failure, setting
from harness.report import print_columns, row
from harness.servers import Client, Ours, Workerd, result_of

CONNECTIONS, WORK_CONNECTIONS = 64, 4
WORK_MS = (0, 1, 5, 20)
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
    lines = [{"id": one["id"], "region": one["region"], "product": one["product"].upper(),
              "cents": int(one["quantity"] * one["price"] * 100 + 0.5)}
             for one in value["orders"] if one["active"] and one["quantity"] > 0]
    regions = [{"region": name, "count": len(part), "cents": sum(one["cents"] for one in part)}
               for name in sorted(REGIONS)
               for part in [[one for one in lines if one["region"] == name]] if part]
    lines.sort(key=lambda one: (-one["cents"], one["id"]))
    return {"count": len(lines), "cents": sum(one["cents"] for one in lines), "regions": regions,
            "top": lines[:10]}


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
            drive(url, body, self.connections, 1)
        for _ in range(rounds):
            for index, url in enumerate(urls):
                self.rounds[index].append(measured_round(url, self.bodies[index], self.check,
                                                         self.connections, seconds))
        return self

    def median(self, index, key):
        return statistics.median(found[key] for found in self.rounds[index])

    def ratio(self, key):
        return self.median(0, key) / self.median(1, key)

    def cells(self):
        return [self.title, *(f"{self.median(i, 'rate'):.0f}" for i in (0, 1)),
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
    """Both must give the same result: workerd's first answer is the expected one."""
    value = {"rounds": rounds}
    with Client(servers[1].url("work")) as client:
        data = result_of(*client.post(servers[1].body("work", value)))
    return Case(servers, f"work, {ms} ms of V8", "work", value, checker(data["result"], []),
                connections=WORK_CONNECTIONS)


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
            return f"crossover to the JIT at about {at:.2f} ms of V8 work a call"
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


def compare():
    rounds, seconds = setting("BENCH_ROUNDS", 3, 1, 20), setting("BENCH_SECONDS", 5, 1, 60)
    with Workerd() as workerd, Ours() as ours:
        servers = (ours, workerd)
        readme = readme_case(servers).run(rounds, seconds)
        transform = transform_case(servers).run(rounds, seconds)
        others = [case.run(rounds, seconds) for case in
                  (readme_case(servers, "https"), transform_case(servers, "https"))]
        work = work_measured([work_case(servers, ms, count).run(rounds, max(seconds, ms // 2))
                              for ms, count in calibrate(workerd).items()])
        print(f"\nwrk -t1, {CONNECTIONS} connections ({WORK_CONNECTIONS} for work), medians of "
              f"{rounds} alternating rounds of {seconds} s, {workerd.version}:")
        print_columns(["function", "ours 1/s", "workerd", "ratio", "p50 ms", "workerd", "p99 ms",
                       "workerd", "ratio"],
                      [case.cells() for case in (readme, transform, *others,
                                                 *(case for _, case in work))])
        for case in (readme, transform):
            print(f"{case.title}: request and answer bytes {case.sizes(0)}, workerd "
                  f"{case.sizes(1)}")
        print(f"{crossover(work)}\n{NOTE}\n")
        against = f"{workerd.version}, {readme.median(1, 'rate'):.0f}/s"
        return [
            row("http.exec_per_s", readme.median(0, "rate"), "README function, 64 connections"),
            row("http.exec_vs_workerd", readme.ratio("rate"), against),
            row("http.exec_p99_vs_workerd", readme.ratio("p99"),
                f"{workerd.version}, {readme.median(1, 'p99') * 1e3:.1f} ms"),
            row("http.transform_vs_workerd", transform.ratio("rate"),
                f"{workerd.version}, {transform.median(1, 'rate'):.0f}/s"),
        ]


PARTS = (compare,)
