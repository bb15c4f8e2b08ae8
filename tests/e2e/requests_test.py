#!/usr/bin/env python3
"""The API as a client meets it: the README's function, every kind of bad request. Prints TAP."""
import concurrent.futures
import json
import resource
import socket
import ssl
import threading
import time

from support import processes, tap
from support.service import (JSON_TYPE, OLD_PATH, PATH, README_BODY, README_CODE, Service,
                             call_body, sha256, tls_context)

CASES = tap.Cases()
RUNNING = {}
MIB = 1 << 20


def service():
    if "service" not in RUNNING:
        RUNNING["service"] = Service()
        CASES.finally_do(stop_in_order)
    return RUNNING["service"]


def stop_in_order():
    tap.equal(RUNNING["service"].stop(), 0, "exit status")


def refuse(body, status, field=None, message="", **options):
    """The request gets its own 4xx that names the field, and the next call works."""
    answer = service().post(body, **options)
    tap.equal(answer.status, status, f"{body[:80]!r}: {answer}: status")
    error = answer.error
    tap.equal(error.get("details", {}).get("field"), field, "details.field")
    tap.contains(error["message"], message)
    tap.true(error["code"].isupper() or "_" in error["code"], f"a code: {error['code']}")
    tap.true(answer.json["metadata"]["timestamp"].endswith("Z"), "a timestamp")
    service().check_alive()
    return answer


def body_with(**fields):
    return json.dumps({**call_body(README_CODE, input={"value": 1}), **fields})


# --- The README's function


def check_readme(answer):
    data = answer.data
    tap.equal(data["result"], {"result": 84})
    tap.equal(data["codeHash"], sha256(README_CODE))
    tap.equal(data["functionId"], "test_function")
    tap.equal(data["logs"], [])
    tap.true(isinstance(data["gasUsed"], int) and data["gasUsed"] > 0, "gas was used")
    tap.true(0 < data["executionTimeMs"] < 5000, "it took some time")
    tap.true(data["memoryUsed"] > 0, "memory was used")
    metadata = answer.json["metadata"]
    tap.true(len(metadata["requestId"]) == 32, "a request id")
    age = abs(time.time() - time.mktime(time.strptime(metadata["timestamp"][:19],
                                                      "%Y-%m-%dT%H:%M:%S")) + time.timezone)
    tap.true(age < 60, f"the timestamp is {age} s away from now")
    tap.contains(answer.headers["Content-Type"], "application/json")


@CASES.case
def the_specifications_request_works_over_http_and_https_on_both_paths():
    for scheme in ("http", "https"):
        for path in (PATH, OLD_PATH):
            check_readme(service().post(README_BODY, path=path, scheme=scheme))


@CASES.case
def input_and_secrets_may_be_values():
    fields = json.loads(README_BODY)
    fields.update(input={"value": 42}, secrets={"API_KEY": "test_key"})
    check_readme(service().post(json.dumps(fields)))
    fields.update(input=None, secrets=None, code="function main(i) { return [i, typeof i] }")
    tap.equal(service().post(json.dumps(fields)).result, [None, "object"])
    del fields["input"], fields["secrets"]
    tap.equal(service().post(json.dumps(fields)).result, [None, "undefined"])


@CASES.case
def secrets_reach_the_function_by_every_name():
    code = """function main() {
        return [secrets.get("API_KEY"), getSecret("API_KEY"), SECRETS.API_KEY]
    }"""
    answer = service().call(code, secrets='{ "API_KEY": "test_key" }')
    tap.equal(answer.result, ["test_key"] * 3)


@CASES.case
def the_same_call_costs_the_same_gas_and_its_ids_differ():
    seen = [service().post(README_BODY, scheme=scheme) for scheme in ("http", "https") * 5]
    tap.equal(len({answer.data["gasUsed"] for answer in seen}), 1, "different gas figures")
    tap.equal(len({answer.json["metadata"]["requestId"] for answer in seen}), len(seen), "ids")


@CASES.case
def logs_come_back_in_order():
    code = 'function main() { log("a"); console.log("b", 1); console.error("c\\n"); return 1 }'
    data = service().call(code).data
    tap.equal(len(data["logs"]), 3, "lines")
    tap.contains(data["logs"][0], "a")
    tap.contains(data["logs"][1], "b 1")
    tap.contains(data["logs"][2], "c\n")


@CASES.case
def an_expected_code_hash_is_checked_before_the_code_runs():
    good = sha256(README_CODE)
    tap.equal(service().post(body_with(codeHash=good)).data["codeHash"], good)
    tap.equal(service().post(body_with(codeHash=good.upper())).data["codeHash"], good)
    refuse(body_with(codeHash=sha256("other")), 409, "codeHash", "nothing was run")
    refuse(body_with(codeHash=good[:-1]), 400, "codeHash")
    refuse(body_with(codeHash=good + "0"), 400, "codeHash")
    refuse(body_with(codeHash="z" * 64), 400, "codeHash")
    refuse(body_with(codeHash=1), 400, "codeHash", "wrong type")


@CASES.case
def only_tls_1_3_is_spoken():
    with service().socket("https") as connection:
        tap.equal(connection.version(), "TLSv1.3")
    context = tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    raw = socket.create_connection(("127.0.0.1", service().ports["https"]), 10)
    try:
        context.wrap_socket(raw)
        raise AssertionError("TLS 1.2 was accepted")
    except (ssl.SSLError, ConnectionError):
        raw.close()
    service().check_alive()


@CASES.case
def health_tells_the_state():
    for path in ("/health", "/health/live", "/health/ready", "/health/enclave"):
        for scheme in ("http", "https"):
            answer = service().get(path, scheme=scheme)
            tap.equal(answer.status, 200, path)
            tap.equal(answer.json["status"], "Healthy", path)
    info = service().get("/info").json
    tap.equal(info["backend"], "simulation")
    metrics = service().get("/metrics").body.decode()
    tap.contains(metrics, 'nsl_calls_total{outcome="done"}')
    tap.contains(metrics, "# TYPE nsl_requests_total counter")


# --- Bad bodies


@CASES.case
def bodies_that_are_not_json_are_refused_with_the_position():
    refuse("", 400, None, "the body is empty")
    refuse("x", 400, None, "line 1, column 1")
    refuse("{", 400, None, "line 1, column 2")
    refuse('{"code": "a"\n  "b": 1}', 400, None, "line 2, column 3")
    refuse(body_with() + "x", 400, None, "line 1")
    refuse("\ufeff" + body_with(), 400, None, "line 1, column 1")
    refuse("[1,2]", 400, None, "not an object")
    refuse('"text"', 400, None, "not an object")
    refuse("null", 400, None, "not an object")
    refuse("code=main&userId=1", 400, None, "line 1, column 1")


@CASES.case
def bytes_that_are_not_utf8_are_refused():
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"):
        refuse(b'{"code":"' + bad + b'","functionId":"f","userId":"u"}', 400, None,
               "line 1, column 10")


@CASES.case
def nul_bytes_are_refused():
    refuse(b'{"code":"a\0b","functionId":"f","userId":"u"}', 400, None, "line 1, column 11")
    refuse(b"\0", 400, None, "line 1, column 1")
    refuse(body_with(code="function main(){}\0"), 400, "code", "NUL")
    refuse(body_with(userId="a\0b"), 400, "userId", "control")


@CASES.case
def lone_surrogates_are_refused():
    for text in ("\\ud800", "\\udc00", "\\ud800x", "\\ud800\\ud800"):
        refuse('{"code":"' + text + '","functionId":"f","userId":"u"}', 400, None, "line 1")
    refuse(body_with(input='"\\ud800"'), 400, "input", "invalid JSON")
    tap.equal(service().call("function main(i){return i}", input="\U0001f600").status, 400)
    answer = service().call("function main(i){return i}", input={"a": "\U0001f600"})
    tap.equal(answer.result, {"a": "\U0001f600"})


@CASES.case
def every_missing_field_is_named():
    for field in ("code", "functionId", "userId"):
        fields = json.loads(body_with())
        del fields[field]
        refuse(json.dumps(fields), 400, field, "missing")
    refuse("{}", 400, "code", "missing")


@CASES.case
def every_wrong_type_is_named():
    wrong = {
        "code": (1, None, True, [], {}),
        "functionId": (1, None, False, [], {}),
        "userId": (1.5, None, True, ["u"], {"u": 1}),
        "secrets": (1, True, [], ["a"]),
        "gasLimit": ("1", None, True, [], {}),
        "timeoutMs": ("1", None, False, [], {}),
        "codeHash": (1, None, True, [], {}),
    }
    for field, values in wrong.items():
        for value in values:
            refuse(body_with(**{field: value}), 400, field, "wrong type")


@CASES.case
def unknown_fields_are_named():
    refuse(body_with(entryPoint="main"), 400, "entryPoint", "not known")
    refuse(body_with(Code="x"), 400, "Code", "not known")
    refuse(body_with(**{"a\"b": 1}), 400, 'a\\"b', "not known")
    refuse(body_with(**{"": 1}), 400, None, "not known")
    refuse(body_with(**{"x" * 100000: 1}), 400, "x" * 128, "not known")


@CASES.case
def empty_texts_are_named():
    refuse(body_with(code=""), 400, "code", "Empty code provided")
    refuse(body_with(functionId=""), 400, "functionId", "Empty function ID provided")
    refuse(body_with(userId=""), 400, "userId", "Empty user ID provided")


@CASES.case
def duplicate_keys_are_refused_however_they_are_spelled():
    head = body_with()[:-1]
    refuse(head + ',"code":"x"}', 400, None, "invalid JSON at line 1")
    refuse(head + ',"\\u0063ode":"x"}', 400, None, "invalid JSON at line 1")
    refuse(body_with(input='{"a":1,"\\u0061":2}'), 400, "input", "invalid JSON")
    refuse(head[:-1].replace('"value": 1', '"value": 1, "b": {"c": 1, "c": 2}') + "}}", 400, None,
           "invalid JSON")


@CASES.case
def deep_nesting_is_refused():
    for depth in (513, 10000, 500000):
        refuse(body_with()[:-1] + ',"x":' + "[" * depth + "]" * depth + "}", 400, None,
               "invalid JSON")
        refuse(body_with(input="[" * depth + "]" * depth), 400, "input", "invalid JSON")
    refuse(body_with(input='{"a":' * 100000 + "1" + "}" * 100000), 400, "input", "invalid JSON")
    nested = "[" * 500 + "]" * 500
    tap.equal(service().call("function main(i){return i}", input=nested).result,
              json.loads(nested))


@CASES.case
def code_and_input_above_their_limits_are_refused_with_the_limit():
    refuse(body_with(code="/*" + "x" * (2 * MIB) + "*/function main(){}"), 413, "code",
           "Functions.MaxCodeBytes, which is 1048576")
    refuse(body_with(input={"a": "x" * (2 * MIB)}), 413, "input",
           "Functions.MaxInputBytes, which is 1048576")
    refuse(body_with(input=json.dumps("x" * (2 * MIB))), 413, "input", "Functions.MaxInputBytes")
    almost = "function main(){return 1}//" + "x" * (MIB - 27)
    tap.equal(service().call(almost).result, 1)
    tap.equal(service().call(almost + "x").status, 413)


@CASES.case
def bad_input_text_is_named():
    for text in ("", "{", "nope", "{'a':1}", "01", "1 2", "[1,]", "NaN", "\n"):
        refuse(body_with(input=text), 400, "input", "invalid")


@CASES.case
def bad_secrets_are_named():
    for value in ({"A": 1}, {"A": None}, {"A": ["x"]}, {"A": {"B": "x"}}, '{"A": 1}'):
        refuse(body_with(secrets=value), 400, "secrets", "must be a string")
    for text in ("", "nope", "[1]", '"x"', "null", "1"):
        refuse(body_with(secrets=text), 400, "secrets")
    refuse(body_with(secrets={"A": "x" * 4097}), 413, "secrets", "Functions.MaxSecretBytes")
    refuse(body_with(secrets={f"K{i}": "x" for i in range(101)}), 413, "secrets",
           "Functions.MaxSecrets")
    refuse(body_with(secrets={"": "x"}), 400, "secrets", "name")
    refuse(body_with(secrets={"n" * 129: "x"}), 400, "secrets", "name")
    most = {f"K{i}": "x" * 4096 for i in range(100)}
    code = "function main(){ return secrets.get('K99').length + secrets.get('K0').length }"
    tap.equal(service().call(code, secrets=most).result, 8192)


@CASES.case
def limits_out_of_range_are_named_with_the_range():
    for field, most in (("gasLimit", 100000000), ("timeoutMs", 5000)):
        for value in (0, -1, most + 1, 1.5, 1e30):
            refuse(body_with(**{field: value}), 400, field, f"from 1 to {most}")
        refuse(body_with()[:-1] + f',"{field}":1e2}}', 400, field, f"from 1 to {most}")


# --- Bad requests


@CASES.case
def wrong_methods_get_405_with_allow():
    for path, allowed in ((PATH, "POST"), (OLD_PATH, "POST"), ("/health", "GET"),
                          ("/metrics", "GET")):
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "POST"):
            if method == allowed:
                continue
            answer = service().request(method, path)
            tap.equal(answer.status, 405, f"{method} {path}")
            tap.equal(answer.headers["Allow"], allowed)
            tap.equal(answer.error["code"], "METHOD_NOT_ALLOWED")
    service().check_alive()


@CASES.case
def unknown_paths_get_404():
    for path in ("/", "/api", PATH + "/", PATH.upper(), "/api/v1/functions/x", "//", "/health/x",
                 PATH + "%00", "/..%2f..%2fetc/passwd", "/" + "a" * 8000):
        answer = service().post(body_with(), path=path)
        tap.equal(answer.status, 404, path[:80])
        tap.equal(answer.error["code"], "NOT_FOUND")
    service().check_alive()


@CASES.case
def a_query_string_changes_nothing():
    tap.equal(service().post(body_with(), path=PATH + "?a=b&code=x").result, {"result": 2})


@CASES.case
def other_content_types_get_415():
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                 "multipart/form-data; boundary=x", ""):
        answer = refuse(body_with(), 415, None, "application/json",
                        headers={"Content-Type": kind})
        tap.equal(answer.error["code"], "UNSUPPORTED_MEDIA_TYPE")
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json;x=y"):
        answer = service().post(body_with(), headers={"Content-Type": kind})
        tap.equal(answer.result, {"result": 2}, kind)


def talk(sent, scheme="http", half_close=False, seconds=20, from_service=None):
    """Sends bytes; returns all that is answered until the server closes."""
    with (from_service or service()).socket(scheme, seconds) as connection:
        received = b""
        try:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while True:
                part = connection.recv(65536)
                if not part:
                    return received
                received += part
        except (ConnectionError, ssl.SSLError):
            return received


def raw_request(body, *headers, version="1.1", path=PATH, method="POST"):
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@CASES.case
def an_oversize_body_is_refused_before_it_is_sent():
    answered = talk(raw_request(b"", JSON_TYPE, "Content-Length: 5000000"))
    tap.contains(answered, b"413")
    tap.contains(answered, b"Server.MaxBodyBytes")
    for length in ("99999999999", "18446744073709551615", "18446744073709551616", "9" * 400):
        answered = talk(raw_request(b"", JSON_TYPE, f"Content-Length: {length}"))
        tap.true(answered.split(b" ")[1] in (b"413", b"400"), f"{length[:20]}: {answered[:80]}")
    service().check_alive()


@CASES.case
def an_oversize_chunked_body_is_refused():
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answered = talk(raw_request(chunk * 80 + b"0\r\n\r\n", JSON_TYPE, "Connection: close",
                                "Transfer-Encoding: chunked"), half_close=True)
    tap.contains(answered, b" 413 ")
    service().check_alive()


@CASES.case
def a_chunked_body_works():
    body = body_with().encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body)))
    answered = talk(raw_request(chunks + b"0\r\n\r\n", JSON_TYPE, "Connection: close",
                                "Transfer-Encoding: chunked"))
    tap.contains(answered, b" 200 ")
    tap.contains(answered, b'{"result":2}')


@CASES.case
def ambiguous_lengths_are_refused():
    body = body_with().encode()
    for headers in (("Content-Length: 5", f"Content-Length: {len(body)}"),
                    (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"),
                    ("Content-Length: -1",), ("Content-Length: 0x10",), ("Content-Length: 1 2",),
                    ("Transfer-Encoding: gzip",)):
        answered = talk(raw_request(body, JSON_TYPE, "Connection: close", *headers),
                        from_service=slow_service())
        # Refusals or nothing: never a call that ran, and never a second request in the body.
        tap.true(b" 200 OK" not in answered, f"{headers}: {answered[:200]}")
    service().check_alive()


@CASES.case
def broken_chunks_are_refused():
    for body in (b"zz\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n",
                 b"-1\r\nx\r\n"):
        answered = talk(raw_request(body, JSON_TYPE, "Transfer-Encoding: chunked"),
                        half_close=True)
        tap.true(b" 200 " not in answered[:20], f"{body}: {answered[:200]}")
    service().check_alive()


@CASES.case
def too_long_heads_are_refused():
    answered = talk(raw_request(b"", "X: " + "a" * 100000))
    tap.true(answered.split(b" ")[1] in (b"431", b"413", b"400"), f"{answered[:80]}")
    answered = talk(raw_request(b"", *(f"X-{i}: {i}" for i in range(10000))))
    tap.true(answered.split(b" ")[1] in (b"431", b"413", b"400"), f"{answered[:80]}")
    answered = talk(raw_request(b"", path="/" + "a" * 100000))
    tap.true(answered.split(b" ")[1] in (b"414", b"431", b"400"), f"{answered[:80]}")
    service().check_alive()


@CASES.case
def a_truncated_request_is_forgotten():
    whole = raw_request(body_with().encode(), JSON_TYPE, f"Content-Length: {len(body_with())}")
    half_closed = []
    for size in range(0, len(whole), 7):
        connection = slow_service().socket()
        connection.sendall(whole[:size])
        connection.shutdown(socket.SHUT_WR)
        half_closed.append(connection)
        slow_service().socket().close()
        with slow_service().socket() as connection:
            connection.sendall(whole[:size])
    slow_service().check_alive()
    for connection in half_closed:
        received = connection.recv(65536)
        tap.true(received == b"" or b" 408 " in received, f"{received[:80]}")
        connection.close()
    slow_service().check_alive()


@CASES.case
def a_client_that_leaves_during_its_call_is_forgotten():
    body = json.dumps(call_body("async function main(){await new Promise(r=>setTimeout(r,300))}"))
    whole = raw_request(body.encode(), JSON_TYPE, f"Content-Length: {len(body)}")
    for _ in range(20):
        connection = service().socket()
        connection.sendall(whole)
        connection.close()
    service().check_alive()
    processes.eventually(lambda: open_calls() == 0, what="no open call")


def open_calls():
    return service().get("/health/enclave").json["calls"]["open"]


@CASES.case
def pipelined_requests_are_answered_in_order():
    def one(value, *headers):
        body = json.dumps(call_body("function main(i){return 'value' + i}", input=value)).encode()
        return raw_request(body, JSON_TYPE, f"Content-Length: {len(body)}", *headers)
    answered = talk(b"".join(one(i) for i in range(20)) + one(20, "Connection: close"))
    at = -1
    for value in range(21):
        found = answered.find(b'"value%d"' % value)
        tap.true(found > at, f"answer {value} is missing or out of order")
        at = found


@CASES.case
def http_1_0_is_answered_and_closed():
    body = body_with().encode()
    answered = talk(raw_request(body, JSON_TYPE, f"Content-Length: {len(body)}", version="1.0"))
    tap.contains(answered, b" 200 ")
    tap.contains(answered, b'{"result":2}')


@CASES.case
def expect_100_continue_is_answered():
    body = body_with().encode()
    with service().socket() as connection:
        connection.sendall(raw_request(b"", JSON_TYPE, f"Content-Length: {len(body)}",
                                       "Expect: 100-continue"))
        tap.contains(connection.recv(4096), b"100 Continue")
        connection.sendall(body)
        tap.contains(connection.recv(65536), b'{"result":2}')


@CASES.case
def garbage_is_refused():
    pieces = (b"\r\n\r\n\r\n", b"\0" * 1000, b"\xff" * 1000, b"GET\r\n\r\n", b":\r\n" * 1000,
              b"GET / HTTP/9.9\r\n\r\n", b"POST " + PATH.encode() + b"\r\n\r\n",
              b"\x16\x03\x01\x02\x00\x01", b" " * 10000 + b"\r\n\r\n")
    slow_service()
    with concurrent.futures.ThreadPoolExecutor(len(pieces)) as pool:
        for scheme in ("http", "https"):
            answered = pool.map(lambda piece: talk(piece, scheme, from_service=slow_service()),
                                pieces)
            for piece, answer in zip(pieces, answered):
                tap.true(b" 200 " not in answer[:20], f"{piece[:20]}: {answer[:80]}")
            slow_service().check_alive()


@CASES.case
def a_tls_client_on_the_http_port_gets_no_session():
    raw = socket.create_connection(("127.0.0.1", service().ports["http"]), 10)
    try:
        tls_context().wrap_socket(raw)
        raise AssertionError("a TLS session on the plain port")
    except (ssl.SSLError, ConnectionError):
        raw.close()
    service().check_alive()


@CASES.case
def a_plain_client_on_the_https_port_gets_no_answer():
    whole = raw_request(body_with().encode(), JSON_TYPE, f"Content-Length: {len(body_with())}")
    with socket.create_connection(("127.0.0.1", service().ports["https"]), 10) as connection:
        received = b""
        try:
            connection.sendall(whole)
            received = connection.recv(4096)
        except ConnectionError:
            pass
        tap.true(b"HTTP/" not in received, f"{received[:80]}")
    service().check_alive()


@CASES.case
def two_thousand_idle_connections_do_not_keep_others_out():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4000:
        raise tap.Skip(f"only {hard} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4000), hard))
    idle = []
    try:
        for _ in range(2000):
            idle.append(service().socket())
        processes.eventually(lambda: active_connections() >= 2000, what="2000 connections")
        service().check_alive()
        tap.equal(service().post(README_BODY, scheme="https").result, {"result": 84})
        # They are still good.
        body = body_with().encode()
        whole = raw_request(body, JSON_TYPE, f"Content-Length: {len(body)}")
        for connection in idle[::200]:
            connection.sendall(whole)
            tap.contains(connection.recv(65536), b'{"result":2}')
    finally:
        for connection in idle:
            connection.close()
    processes.eventually(lambda: active_connections() < 20, what="closed connections")
    service().check_alive()


def active_connections():
    for line in service().get("/metrics").body.decode().splitlines():
        if line.startswith("nsl_active_connections "):
            return int(line.split()[1])
    return 0


# --- Slow clients: a service of its own with one second for a request


def slow_service():
    if "slow" not in RUNNING:
        RUNNING["slow"] = Service({"Server": {"RequestTimeoutMs": 1000}})
        CASES.finally_do(lambda: tap.equal(RUNNING["slow"].stop(), 0, "exit status"))
    return RUNNING["slow"]


def trickle(at_once, sent, pause_s):
    """Sends a byte at a time; returns what was answered and after how long the end came."""
    begin = time.monotonic()
    received = b""
    with slow_service().socket() as connection:
        try:
            connection.sendall(at_once)
            for byte in sent + b" " * 1000000:
                connection.settimeout(1)
                connection.sendall(bytes([byte]))
                connection.settimeout(pause_s)
                try:
                    part = connection.recv(65536)
                    if not part:
                        break
                    received += part
                except (TimeoutError, ssl.SSLWantReadError):
                    pass
                if time.monotonic() - begin > 20:
                    raise AssertionError("a slow client was not ended in 20 s")
        except (ConnectionError, ssl.SSLError):
            pass
    return received, time.monotonic() - begin


def check_slow(at_once, sent, wants_408):
    others = []
    slow_service()

    def serve_others():
        begin = time.monotonic()
        while time.monotonic() - begin < 1.5:
            slow_service().check_alive()
            others.append(time.monotonic())
    worker = threading.Thread(target=serve_others)
    worker.start()
    received, seconds = trickle(at_once, sent, 0.05)
    worker.join(30)
    tap.true(len(others) > 3, f"only {len(others)} other calls were served")
    tap.true(0.9 < seconds < 6, f"ended after {seconds:.1f} s")
    tap.true(b" 200 " not in received[:20], f"{received[:80]}")
    if wants_408:
        tap.contains(received, b" 408 ")
        head, _, body = received.partition(b"\r\n\r\n")
        tap.equal(json.loads(body)["error"]["code"], "TIMEOUT")
        tap.contains(head, b"Content-Length: %d" % len(body))


@CASES.case
def trickled_headers_get_408():
    check_slow(b"POST " + PATH.encode() + b" HTTP/1.1\r\n", b"Host: x\r\nX: " + b"a" * 2000, True)


@CASES.case
def a_trickled_body_gets_408():
    sent = raw_request(b"{", JSON_TYPE, "Content-Length: 100000")
    begin = time.monotonic()
    with slow_service().socket() as connection:
        connection.sendall(sent)
        received = b""
        while time.monotonic() - begin < 20:
            connection.settimeout(0.05)
            try:
                part = connection.recv(65536)
                if not part:
                    break
                received += part
            except TimeoutError:
                connection.sendall(b" ")
    tap.contains(received, b" 408 ")
    tap.true(time.monotonic() - begin < 6, "ended in time")
    slow_service().check_alive()


@CASES.case
def a_trickled_request_line_is_ended():
    check_slow(b"POST /", b"a" * 2000, False)


@CASES.case
def a_client_that_says_nothing_is_ended():
    for scheme in ("http", "https"):
        with socket.create_connection(("127.0.0.1", slow_service().ports[scheme]), 10) as silent:
            tap.equal(silent.recv(100), b"", "an end")
    slow_service().check_alive()


@CASES.case
def a_call_that_waits_is_no_slow_client():
    code = "async function main(){await new Promise(r=>setTimeout(r,2500)); return 'late'}"
    tap.equal(slow_service().call(code).result, "late")


if __name__ == "__main__":
    CASES.run()
