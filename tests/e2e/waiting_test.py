#!/usr/bin/env python3
"""Calls that wait, and calls of many users side by side on few runners. Prints TAP."""
import concurrent.futures
import json
import time

from support import processes, tap
from support.burst import Burst
from support.service import JSON_TYPE, PATH, Service, call_body

CASES = tap.Cases()
RUNNING = {}


def service(name="two", **functions):
    if name not in RUNNING:
        RUNNING[name] = Service({"Functions": functions or {"Runners": 2}})
        CASES.finally_do(lambda: tap.equal(RUNNING[name].stop(), 0, "exit status"))
    return RUNNING[name]


def one_runner():
    return service("one", Runners=1)


def wait_code(ms):
    return f"""async function main(input) {{
        const kept = {{ text: 'kept ' + input, list: [1, 2, 3] }};
        await new Promise(resolve => setTimeout(resolve, {ms}));
        return kept.text + kept.list.length }}"""


@CASES.case
def two_hundred_calls_wait_at_once_and_another_is_served_meanwhile():
    burst = Burst(service())
    begin = time.monotonic()
    for number in range(200):
        burst.send(number, call_body(wait_code(300), user=f"u{number % 10}", input=number))
    service().check_alive()
    served_after = time.monotonic() - begin
    answers = burst.gather()
    for number, answer in answers.items():
        tap.equal(answer.result, f"kept {number}3")
    tap.equal(len(answers), 200, "answers")
    # One after the other they would take a minute.
    tap.true(time.monotonic() - begin < 20, f"took {time.monotonic() - begin:.1f} s")
    tap.true(served_after < 10, f"the other call came after {served_after:.1f} s")
    tap.equal(service().get("/health/enclave").json["calls"],
              {"open": 0, "parked": 0, "parkedBytes": 0})


@CASES.case
def waiting_does_not_count_as_running_time_or_gas():
    code = "async function main(ms) { await new Promise(r => setTimeout(r, ms)); return 'waited' }"
    short = service().call(code, input=1001).data
    long = service().call(code, input=1999, timeoutMs=1000).data
    tap.equal(long["gasUsed"], short["gasUsed"], "gas")
    tap.true(long["executionTimeMs"] < 500, f"{long['executionTimeMs']} ms")


@CASES.case
def a_call_may_wait_many_times_and_keeps_its_state():
    code = """async function main(input) {
        const seen = [];
        for (let i = 0; i < 30; i++) {
            await new Promise(r => setTimeout(r, i % 3));
            seen.push(i * input);
        }
        return [seen.reduce((a, b) => a + b), Math.random() !== Math.random(), secrets.get('S')]
    }"""
    burst = Burst(service())
    for number in range(40):
        burst.send(number, call_body(code, user=f"u{number % 3}", input=number,
                                     secrets={"S": f"secret {number}"}))
    for number, answer in burst.gather().items():
        tap.equal(answer.result, [435 * number, True, f"secret {number}"])


@CASES.case
def timers_fire_in_the_order_of_their_times():
    code = """async function main() {
        const seen = [];
        const at = (ms) => new Promise(r => setTimeout(() => { seen.push(ms); r() }, ms));
        const stopped = setTimeout(() => seen.push('stopped'), 5);
        clearTimeout(stopped);
        await Promise.all([at(60), at(20), at(40), at(0)]);
        return seen }"""
    tap.equal(service().call(code).result, [0, 20, 40, 60])


@CASES.case
def a_waiting_tenant_does_not_keep_another_from_the_only_runner():
    burst = Burst(one_runner())
    burst.send("waits", call_body(wait_code(4000), user="a", input=0))
    processes.eventually(
        lambda: one_runner().get("/health/enclave").json["calls"]["parked"] == 1, what="parked")
    for number in range(20):
        tap.equal(one_runner().call("function main(i) { return i }", user=f"b{number % 2}",
                                    input=number).result, number)
    tap.equal(one_runner().get("/health/enclave").json["calls"]["parked"], 1, "still waiting")
    tap.equal(burst.gather()["waits"].result, "kept 03")


@CASES.case
def a_busy_tenant_does_not_starve_another():
    code = "function main() { let n = 0; for (let i = 0; i < 2e6; i++) n += i; return n }"
    burst = Burst(one_runner())
    for number in range(20):
        burst.send(number, call_body(code, user="busy"))
    begin = time.monotonic()
    tap.equal(one_runner().call("function main() { return 1 }", user="other").result, 1)
    seconds = time.monotonic() - begin
    done_before = len([1 for answer in burst.gather().values() if answer.result == 1999999000000])
    tap.equal(done_before, 20, "the busy tenant's calls")
    tap.true(seconds < 10, f"the other waited {seconds:.1f} s")


CANARY_CODE = """
globalThis.counter = (globalThis.counter || 0) + 1;
let own = 0;
function main(input) {
    const found = Object.getOwnPropertyNames(globalThis).filter(n => n.startsWith('left_'));
    own++;
    globalThis['left_' + input.user] = input.canary;
    Array.left = input.canary;
    try { Object.prototype.left = input.canary } catch (e) { }
    const probe = new Uint8Array(4096), words = new Array(64);
    return { found, own, counter: globalThis.counter, secret: secrets.get('CANARY'),
             dirty: probe.some(b => b !== 0) || words.some(w => w !== undefined),
             inherited: ({}).left === undefined && Array.left === input.canary,
             user: input.user }
}"""


@CASES.case
def fifty_users_on_two_runners_see_nothing_of_each_other():
    def round_of(user):
        connection = service().connection()
        try:
            for turn in range(6):
                canary = f"canary-{user}-{turn}"
                answer = service().call(CANARY_CODE, connection, user=f"user{user}",
                                        input={"user": user, "canary": canary},
                                        secrets={"CANARY": canary})
                result = answer.result
                tap.equal((result["found"], result["own"], result["counter"], result["dirty"]),
                          ([], 1, 1, False), f"user {user}: something was left")
                tap.equal((result["secret"], result["user"]), (canary, user))
        finally:
            connection.close()
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        tap.equal(list(pool.map(round_of, range(50))), [True] * 50)


@CASES.case
def the_same_user_sees_nothing_of_its_own_last_call_either():
    connection = service().connection()
    for turn in range(200):
        result = service().call(CANARY_CODE, connection, user="same", secrets={"CANARY": str(turn)},
                                input={"user": 0, "canary": str(turn)}).result
        tap.equal((result["found"], result["own"], result["counter"], result["dirty"],
                   result["secret"]), ([], 1, 1, False, str(turn)))
    connection.close()


@CASES.case
def every_mode_of_runners_serves_the_same():
    for mode in ("invocation", "shared"):
        other = service(mode, RunnerMode=mode, Runners=2)
        burst = Burst(other)
        for number in range(30):
            code = wait_code(20) if number % 2 else "function main(i) { return 'kept ' + i + 3 }"
            burst.send(number, call_body(code, user=f"u{number % 4}", input=number))
        for number, answer in burst.gather().items():
            tap.equal(answer.result, f"kept {number}3")
        counts = other.get("/health/enclave").json["runners"]
        tap.true(counts["started"] > 30 if mode == "invocation" else counts["started"] == 2,
                 f"{mode}: {counts}")
        tap.equal(counts["crashed"], 0, "crashes")


@CASES.case
def too_many_waiting_calls_are_refused_and_the_rest_answered():
    small = service("small", Runners=1, MaxParkedCalls=10)
    burst = Burst(small)
    for number in range(60):
        burst.send(number, call_body(wait_code(1500), user="a", input=number))
    refused = 0
    for number, answer in burst.gather().items():
        if answer.status == 200:
            tap.equal(answer.result, f"kept {number}3")
            continue
        refused += 1
        tap.equal(answer.status, 503, f"{answer}")
        tap.true("Retry-After" in answer.headers, "Retry-After")
        tap.contains(answer.error["message"], "too many calls")
    tap.equal(refused, 50, "refused calls")
    small.check_alive()


@CASES.case
def calls_of_clients_that_left_wait_no_longer():
    body = json.dumps(call_body(wait_code(50000), input=1)).encode()
    head = (f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{JSON_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    left = [service().socket() for _ in range(50)]
    for connection in left:
        connection.sendall(head.encode() + body)
    calls = lambda: service().get("/health/enclave").json["calls"]  # noqa: E731
    processes.eventually(lambda: calls()["parked"] == 50, what="50 parked calls")
    for connection in left:
        connection.close()
    processes.eventually(lambda: calls()["open"] == 0, what="no open call")
    tap.equal(calls(), {"open": 0, "parked": 0, "parkedBytes": 0})
    service().check_alive()


@CASES.case
def waits_of_a_call_are_limited_together():
    short = service("short", WaitLimitMs=500)
    code = """async function main(waits) {
        for (const ms of waits) await new Promise(r => setTimeout(r, ms));
        return "done"; }"""
    tap.equal(short.call(code, input=[200, 200]).result, "done")
    for waits in ([501], [300, 300], [86400000]):
        answer = short.call(code, input=waits)
        tap.equal(answer.status, 422, f"{waits}")
        tap.equal(answer.error["type"], "WaitLimitError")
        tap.equal(answer.error["message"], "Wait limit exceeded: 500 ms")
    short.check_alive()


if __name__ == "__main__":
    CASES.run()
