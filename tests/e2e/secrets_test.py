#!/usr/bin/env python3
"""What is left of a call's secrets in the service's memory after its answer: searched in /proc/PID/mem
of every process, with fresh random texts. Prints TAP.

Kernel memory (socket buffers) cannot be looked into.
"""
import json
import os
import secrets
import socket
import time

from support import processes, tap
from support.burst import Burst
from support.service import JSON_TYPE, PATH, Service, call_body

CASES = tap.Cases()
RUNNING = {}


def service():
    if "service" not in RUNNING:
        RUNNING["service"] = Service({"Functions": {"Runners": 2}})
        CASES.finally_do(lambda: tap.equal(RUNNING["service"].stop(), 0, "exit status"))
        RUNNING["service"].check_alive()
        if not all(is_readable(pid) for pid in (RUNNING["service"].roles().gateway,
                                                *RUNNING["service"].roles().runners)):
            raise tap.Skip("the roles' memory cannot be read here")
    return RUNNING["service"]


def all_processes():
    return [("host", service().host), *service().roles().all()]


def regions(pid):
    """(start, end, name) of everything that can be read."""
    for line in processes.read(pid, "maps").splitlines():
        fields = line.split(None, 5)
        if "r" not in fields[1] or fields[-1] in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
            continue
        start, end = (int(part, 16) for part in fields[0].split("-"))
        yield start, end, fields[5] if len(fields) > 5 else "anonymous"


def resident(pid, start, end):
    """The runs of pages that are there; reading the others would only find zeroes."""
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as file:
        file.seek(start // 4096 * 8)
        entries = file.read((end - start) // 4096 * 8)
    begin = None
    for page in range(len(entries) // 8):
        is_there = entries[page * 8 + 7] & 0xC0
        if is_there and begin is None:
            begin = page
        if not is_there and begin is not None:
            yield start + begin * 4096, start + page * 4096
            begin = None
    if begin is not None:
        yield start + begin * 4096, end


def search(pid, texts):
    """Which of the texts are in the process's memory, and in what mapping."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in regions(pid):
            for low, high in resident(pid, start, end):
                memory.seek(low)
                try:
                    content = memory.read(high - low)
                except OSError:
                    continue
                for what, text in texts.items():
                    at = content.find(text)
                    while at >= 0:
                        found.append(f"{what} in {name} at {low + at:#x}: "
                                     f"{content[max(0, at - 24):at + len(text) + 8]!r}")
                        at = content.find(text, at + 1)
    return found


def canaries(*names):
    """Random texts; long enough not to be there by chance, and not at any chunk's end."""
    return {name: secrets.token_hex(24).encode() for name in names}


def is_readable(pid):
    """An ordinary user may not look into the host and the outermost process, which hold nothing."""
    try:
        processes.read(pid, "maps")
        return True
    except PermissionError:
        if os.geteuid() == 0:
            raise
        return False


def read_or_nothing(pid, file):
    try:
        return processes.read(pid, file, "rb")
    except PermissionError:
        return b""


def check_nothing_is_left(texts):
    left = []
    for name, pid in all_processes():
        if is_readable(pid):
            left += [f"{name} ({pid}): {text}" for text in search(pid, texts)]
        for file in ("cmdline", "environ", "comm"):
            content = read_or_nothing(pid, file)
            left += [f"{name}: {what} in {file}" for what, text in texts.items() if text in content]
    log = service().log().encode()
    left += [f"{what} in the log" for what, text in texts.items() if text in log]
    tap.true(not left, "\n".join(left))


def settle():
    """Answers were delivered; two rounds of the event loop and other calls come after."""
    for user in ("other a", "other b"):
        service().call("function main() { return 1 }", user=user)


CODE = """function main(input) {
    const text = secrets.get('CANARY') + input.canary;
    log('length ' + text.length);
    return text.length + globalThis.nothing === undefined }"""


def body_of(texts, code=CODE, **fields):
    return json.dumps(call_body(code, user="keeper of secrets",
                                secrets={"CANARY": texts["secret"].decode()},
                                input={"canary": texts["input"].decode()}, **fields))


@CASES.case
def the_search_finds_what_is_there():
    texts = canaries("secret", "input")
    burst = Burst(service())
    waiting = "async function main(i) { await new Promise(r => setTimeout(r, 1500)); return i }"
    burst.send("waits", json.loads(body_of(texts, waiting)))
    processes.eventually(
        lambda: service().get("/health/enclave").json["calls"]["parked"] == 1, what="parked")
    # A call that waits is in the gateway's memory: that is what the search must find.
    tap.true(search(service().roles().gateway, texts), "the search finds nothing at all")
    tap.equal(burst.gather()["waits"].result, {"canary": texts["input"].decode()})


@CASES.case
def nothing_is_left_of_a_call_that_waited():
    texts = canaries("secret", "input")
    code = """async function main(input) {
        const kept = secrets.get('CANARY') + input.canary;
        await new Promise(r => setTimeout(r, 50)); return kept.length }"""
    tap.equal(service().post(body_of(texts, code)).result, 96)
    settle()
    check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_a_call():
    texts = canaries("secret", "input")
    tap.equal(service().post(body_of(texts)).status, 200)
    settle()
    check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_a_call_over_tls():
    texts = canaries("secret", "input")
    tap.equal(service().post(body_of(texts), scheme="https").status, 200)
    settle()
    check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_a_call_while_its_connection_stays_open():
    for scheme in ("http", "https"):
        texts = canaries("secret", "input")
        connection = service().connection(scheme)
        tap.equal(service().post(body_of(texts), connection=connection).status, 200)
        settle()
        check_nothing_is_left(texts)
        connection.close()


@CASES.case
def nothing_is_left_of_results_and_logs():
    for scheme in ("http", "https"):
        texts = canaries("result", "log")
        code = "function main(i) { log(i.log); return [i.result, i.result] }"
        body = json.dumps(call_body(code, input={k: v.decode() for k, v in texts.items()}))
        answer = service().post(body, scheme=scheme)
        tap.equal(answer.result, [texts["result"].decode()] * 2)
        tap.equal(answer.data["logs"], [texts["log"].decode()])
        settle()
        check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_a_large_call():
    texts = canaries("secret", "input")
    fields = json.loads(body_of(texts))
    fields["input"]["padding"] = [texts["input"].decode()] * 5000
    tap.equal(service().post(json.dumps(fields)).status, 200)
    settle()
    check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_calls_of_any_size():
    code = "function main(i) { log(i.canary + i.canary); return i }"
    for scheme in ("http", "https"):
        texts = {}
        for size in (0, 30, 100, 200, 300, 400, 600, 800, 1000, 1500, 3000, 10000, 50000):
            fresh = canaries("secret", "input")
            fields = json.loads(body_of(fresh, code))
            fields["input"]["padding"] = "x" * size
            tap.equal(service().post(json.dumps(fields), scheme=scheme).status, 200)
            texts.update({f"{what} of {size}": text for what, text in fresh.items()})
        settle()
        check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_a_call_that_threw_or_ran_out():
    for code in ("function main(i) { throw new Error(i.canary + secrets.get('CANARY')) }",
                 "function main(i) { const a = [];"
                 " for (;;) a.push(i.canary + secrets.get('CANARY')) }",
                 "function main(i) { const s = secrets.get('CANARY'); return main(i) + s }",
                 "function main(i) { const s = secrets.get('CANARY'); for (;;); }"):
        texts = canaries("secret", "input")
        tap.equal(service().post(body_of(texts, code, gasLimit=3000000)).status, 422)
        settle()
        check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_of_refused_requests():
    for change in ({"codeHash": "0" * 64}, {"unknown": 1}, {"gasLimit": 0}, {"userId": ""}):
        texts = canaries("secret", "input")
        fields = json.loads(body_of(texts))
        fields.update(change)
        tap.true(service().post(json.dumps(fields)).status >= 400, "a refusal")
        texts_in_string = canaries("secret", "input")
        fields["secrets"] = json.dumps({"CANARY": texts_in_string["secret"].decode(), "X": 1})
        tap.true(service().post(json.dumps(fields)).status >= 400, "a refusal")
        settle()
        check_nothing_is_left({**texts, "text secret": texts_in_string["secret"]})


@CASES.case
def nothing_is_left_of_a_truncated_request():
    texts = canaries("secret", "input")
    body = body_of(texts).encode()
    with service().socket() as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{JSON_TYPE}\r\nContent-Length: "
                           f"{len(body) + 1}\r\n\r\n".encode() + body)
        time.sleep(0.1)  # so that it is read before it ends
        connection.shutdown(socket.SHUT_RDWR)
    settle()
    check_nothing_is_left(texts)


@CASES.case
def nothing_is_left_in_a_runner_that_goes_on_with_another_function():
    texts = canaries("secret", "input")
    connection = service().connection()
    for number in range(20):
        tap.equal(service().post(body_of(texts), connection=connection).status, 200)
        service().call(f"function main() {{ return {number} }}", connection,
                       user="keeper of secrets")
    connection.close()
    settle()
    check_nothing_is_left(texts)


if __name__ == "__main__":
    CASES.run()
