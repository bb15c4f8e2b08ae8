#!/usr/bin/env python3
"""The command line against the real service, the real enclave and a server that lies. Prints TAP.

NSL_BUILD is the build folder (default build). Everything listens on any free port of 127.0.0.1,
every wait has a deadline, and what was started is ended by its process id.
"""
import contextlib
import hashlib
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("NSL_BUILD", f"{ROOT}/build"))
NSL, HELLO = f"{BUILD}/nsl", f"{ROOT}/examples/hello"
WAIT_S = 30
# Settings of whoever runs this must not decide.
CLEAN = {key: value for key, value in os.environ.items()
         if key not in ("OCCLUM_SIMULATION", "SGX_MODE", "NEO_SERVICE_MODE", "OCCLUM_LOG_LEVEL",
                        "NO_COLOR")}
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def nsl(*arguments, stdin="", **environment):
    return subprocess.run([NSL, *arguments], input=stdin, capture_output=True, text=True,
                          timeout=WAIT_S, env={**CLEAN, **environment}, check=False)


def expect(done, code, out="", err=""):
    """Checks exit code and that the texts (regular expressions) are in what was printed."""
    said = f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == code, f"expected exit {code}: {said}"
    assert re.search(out, done.stdout), f"no {out!r} on standard output: {said}"
    assert re.search(err, done.stderr), f"no {err!r} on standard error: {said}"
    return done


@contextlib.contextmanager
def scratch(**files):
    """A folder with these files; names use __ for a dot."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(f"{folder}/{name.replace('__', '.')}", "w", encoding="utf-8") as file:
                file.write(text)
        yield folder


class Service:
    """`nsl serve` on free ports."""

    def __init__(self, *arguments, ports=("--port", "0", "--https-port", "0")):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen([NSL, "serve", "--dev", *ports, *arguments],
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=CLEAN)
        self.unread = b""
        try:
            self.url = self.read_url("http")
            self.https = self.read_url("https")
        except BaseException:
            self.__exit__()
            raise

    def read_url(self, scheme):
        until = time.monotonic() + WAIT_S
        while b"\n" not in self.unread and time.monotonic() < until:
            if select.select([self.process.stdout], [], [], 1)[0]:
                chunk = os.read(self.process.stdout.fileno(), 4096)
                if not chunk:
                    break
                self.unread += chunk
        line, _, self.unread = self.unread.partition(b"\n")
        match = re.fullmatch(rf"listening on ({scheme}://127\.0\.0\.1:\d+)", line.decode())
        assert match, f"instead of a listening line: {line!r}\n{self.read_log()}"
        return match[1]

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def await_log(self, pattern, count=1):
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            found = re.findall(pattern, self.read_log())
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} in the log:\n{self.read_log()}")

    def run(self, path, *arguments, **more):
        return nsl("run", path, "--url", self.url, *arguments, **more)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(WAIT_S)
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


SHARED = []


def shared():
    """One service for all tests that do not harm it."""
    if not SHARED:
        SHARED.append(Service())
    return SHARED[0]


class Liar(http.server.ThreadingHTTPServer):
    """Answers every request with the same bytes."""

    def __init__(self, status, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_terminal(arguments, typed, await_text=None):
    """Runs a program on a terminal of its own, types after await_text; (exit code, shown)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(arguments[0], arguments, {**CLEAN, "TERM": "xterm"})
    shown, until, is_typed = b"", time.monotonic() + WAIT_S, False
    try:
        while time.monotonic() < until:
            if not is_typed and (await_text is None or await_text in shown):
                os.write(terminal, typed)
                is_typed = True
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    chunk = os.read(terminal, 4096)
                except OSError:
                    chunk = b""
                if not chunk:
                    _, status = os.waitpid(pid, 0)
                    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")
                shown += chunk
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise AssertionError(f"still running, shown so far: {shown!r}")
    finally:
        os.close(terminal)


# ---- Help, versions, command lines.

@test
def help_lists_commands_and_exit_codes():
    done = expect(nsl("help"), 0, r"serve .*\n.*run ")
    assert done.stdout == nsl("--help").stdout
    with open(f"{ROOT}/docs/cli.md", encoding="utf-8") as page, \
            open(f"{ROOT}/docs/man/nsl.1", encoding="utf-8") as manual:
        page, manual = page.read(), manual.read()
    codes = re.findall(r"^ +(\d+)  (\S.*)$", done.stdout.split("exit codes:")[1], re.M)
    assert [code for code, _ in codes] == [str(code) for code in range(11)], codes
    for code, meaning in codes:
        assert f"| {code} | {meaning} |\n" in page, f"docs/cli.md lacks {code}"
        assert f".TP\n.B {code}\n{meaning}\n" in manual, f"docs/man/nsl.1 lacks {code}"
    expect(nsl(), 2, "usage: nsl COMMAND")


@test
def help_of_each_command_names_all_its_flags():
    names = re.findall(r"^  ([a-z]+) ", nsl("help").stdout, re.M)
    assert len(names) >= 6, names
    for name in names:
        done = expect(nsl("help", name), 0, f"usage: nsl {name}")
        assert done.stdout == expect(nsl(name, "--help"), 0).stdout
    expect(nsl("help", "serve"), 0, "--allow-remote-simulation")
    expect(nsl("help", "rnu"), 2, err="did you mean 'run'")


@test
def versions_come_from_the_program_and_its_enclave():
    expect(nsl("--version"), 0, r"\Ansl \d+\.\d+\.\d+\n\Z")
    expect(nsl("version"), 0, r"engine +quickjs-ng \d+\.\d+\.\d+.*\ngas table +\d+\n")
    expect(nsl("version", "--enclave", "/nonexistent"), 5, err="no enclave program /nonexistent")
    expect(nsl("version", "--enclave", "/bin/true"), 5, err="/bin/true could not be asked")


@test
def slips_are_answered_with_the_nearest_name():
    expect(nsl("sevre"), 2, err="no command 'sevre'; did you mean 'serve'")
    expect(nsl("xyzzy"), 2, err="no command 'xyzzy'; `nsl help` lists them")
    expect(nsl("serve", "--prot", "1"), 2, err="unknown flag --prot; did you mean --port")
    expect(nsl("run"), 2, err="FILE.js is missing")
    expect(nsl("run", "a", "b"), 2, err="'b' is one word too many")
    expect(nsl("config", "chek", "x"), 2, err="did you mean 'check'")


@test
def bash_completion_offers_commands_and_flags():
    script = nsl("completion", "bash").stdout
    probe = script + """
COMP_WORDS=(nsl ser); COMP_CWORD=1; _nsl; echo "${COMPREPLY[*]}"
COMP_WORDS=(nsl run --ex); COMP_CWORD=2; _nsl; echo "${COMPREPLY[*]}"
COMP_WORDS=(nsl config de); COMP_CWORD=2; COMP_WORDS[1]=config; _nsl; echo "${COMPREPLY[*]}"
"""
    done = subprocess.run(["bash", "-euc", probe], capture_output=True, text=True, timeout=WAIT_S,
                          check=False)
    assert done.stdout == "serve\n--expect-hash --expect-result\ndefaults\n", done
    expect(nsl("completion", "fish"), 2, err="only 'bash'")


# ---- Configuration.

@test
def config_defaults_are_valid_and_complete():
    text = expect(nsl("config", "defaults"), 0).stdout
    assert json.loads(text)["Server"]["ListenAddress"] == "127.0.0.1"
    with scratch(defaults__json=text) as folder:
        expect(nsl("config", "check", f"{folder}/defaults.json"), 0, "valid: .*simulation")
        assert expect(nsl("config", "show", f"{folder}/defaults.json"), 0).stdout == text
    expect(nsl("config", "defaults", "x"), 2)


@test
def config_check_names_file_line_and_key():
    with scratch(bad__json='{\n "Server": {\n  "HttpPort": 70000,\n  "Prot": 1\n }\n}',
                 notice__json='{"Tee": {"Occlum": {"NodeJsPath": "/bin/node"}}}',
                 broken__json='{"Server": ') as folder:
        done = expect(nsl("config", "check", f"{folder}/bad.json"), 4,
                      err=r"bad\.json:3: error: Server\.HttpPort.*65535")
        assert re.search(r"bad\.json:4: error: Server\.Prot", done.stderr), done.stderr
        expect(nsl("config", "check", f"{folder}/notice.json"), 0, "valid",
               err="notice: Tee.Occlum.NodeJsPath")
        expect(nsl("config", "check", f"{folder}/broken.json"), 4, err=r"broken\.json")
        expect(nsl("config", "check", f"{folder}/none.json"), 9, err="No such file")
        expect(nsl("config", "check"), 2, err="FILE is missing")


# ---- serve: what it refuses.

@test
def serve_refuses_what_would_expose_the_simulation():
    expect(nsl("serve", "--listen", "0.0.0.0"), 4, err="loopback only.*--allow-remote-simulation")
    expect(nsl("serve", "--listen", "::"), 4, err="loopback only")
    expect(nsl("serve", "--listen", "example"), 4, err="no IPv4 or IPv6 address")
    for flags in (["--dev"], ["--port", "0"]):
        expect(nsl("serve", "--listen", "0.0.0.0", "--allow-remote-simulation", *flags), 2,
               err="are for loopback")
    expect(nsl("serve", "--port", "-1", "--https-port", "-1"), 4, err="nothing would be served")


@test
def serve_refuses_other_back_ends_and_bad_settings():
    expect(nsl("serve", "--backend", "occlum"), 4, err="'occlum' is not part of this build")
    expect(nsl("serve", SGX_MODE="HW"), 4, err="'occlum' is not part of this build")
    expect(nsl("serve", NEO_SERVICE_MODE="production"), 4, err="(?i)simulation")
    expect(nsl("serve", "--backend", "sgx"), 4, err="--backend")
    expect(nsl("serve", "--runners", "0"), 4, err="--runners.*1 to 64")
    expect(nsl("serve", "--config", "/nonexistent"), 9, err="No such file")
    expect(nsl("serve", "--enclave", "/nonexistent"), 5, err="no enclave program /nonexistent")
    expect(nsl("serve", "--pid-file", "/nonexistent/pid"), 9, err="/nonexistent/pid")


@test
def serve_says_which_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        expect(nsl("serve", "--https-port", port), 6,
               err=f"cannot listen for HTTPS on 127.0.0.1 port {port}: Address already in use")


@test
def serve_gives_up_on_a_program_that_is_no_enclave():
    done = expect(nsl("serve", "--https-port", "0", "--enclave", "/bin/true",
                      "--max-restarts", "2"), 5,
                  err="never became ready, given up after 2 restarts")
    assert done.stderr.count("event=enclave_started") == 3, done.stderr
    assert "listening" not in done.stdout


# ---- serve: life and death.

@test
def serve_announces_writes_its_id_and_stops_in_order():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with scratch() as folder, Service("--pid-file", f"{folder}/pid") as service:
            with open(f"{folder}/pid", encoding="utf-8") as file:
                assert int(file.read()) == service.process.pid
            assert service.stop(number) == 0
            assert not os.path.exists(f"{folder}/pid")
            service.await_log("event=enclave_stopped")
            assert "enclave_killed" not in service.read_log()


@test
def serve_takes_settings_from_a_file_and_flags_go_before():
    text = json.dumps({"Server": {"HttpPort": free_port(), "HttpsPort": 0},
                       "Functions": {"Runners": 1, "GasLimit": 5000}})
    with scratch(settings__json=text) as folder:
        with Service("--config", f"{folder}/settings.json", ports=()) as service:
            assert service.url.endswith(str(json.loads(text)["Server"]["HttpPort"]))
            expect(service.run(f"{HELLO}.js", "--gas", "5001"), 7, "gasLimit")
            assert service.stop() == 0
        with Service("--config", f"{folder}/settings.json", "--port", "0", ports=()) as service:
            assert not service.url.endswith(str(json.loads(text)["Server"]["HttpPort"]))
            assert service.stop() == 0


@test
def connections_above_the_limit_wait_and_none_is_lost():
    with scratch(settings__json='{"Server": {"MaxConnections": 20}}') as folder, \
            Service("--config", f"{folder}/settings.json") as service:
        address = ("127.0.0.1", int(service.url.rpartition(":")[2]))
        clients = [socket.create_connection(address, WAIT_S) for _ in range(400)]
        service.await_log("event=full")  # none of them has asked yet, so none can be closed
        for client in clients:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [client.recv(12) for client in clients]
        for client in clients:
            client.close()
        assert answers == [b"HTTP/1.1 200"] * 400, [at for at in answers if at != b"HTTP/1.1 200"]
        assert service.stop() == 0


@test
def killed_enclave_is_replaced_and_calls_are_answered_again():
    with Service() as service:
        for round_number in range(1, 4):
            pid = int(service.await_log(r"event=enclave_started pid=(\d+)", round_number)[-1])
            service.await_log("event=enclave_ready", round_number)
            expect(run_hello(service), 0, '"result":84')
            os.kill(pid, signal.SIGKILL)
            service.await_log("event=enclave_ended", round_number)
            # No waiting for the new one: the connection waits in the backlog.
            expect(run_hello(service), 0, '"result":84')
        assert service.stop() == 0


@test
def enclave_dies_with_a_killed_host():
    with Service() as service:
        pid = int(service.await_log(r"event=enclave_started pid=(\d+)")[0])
        family = {pid} | descendants(pid)
        assert len(family) >= 4, family
        service.process.kill()
        service.process.wait()
        until = time.monotonic() + WAIT_S
        while any(is_alive(member) for member in family):
            assert time.monotonic() < until, [member for member in family if is_alive(member)]
            time.sleep(0.02)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid):
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
    found, todo = set(), {pid}
    while todo:
        todo = {child for child, parent in parents.items() if parent in todo} - found
        found |= todo
    return found


# ---- run.

def run_hello(service, *arguments):
    return service.run(f"{HELLO}.js", "--input", f"@{HELLO}.input.json",
                       "--secret", f"API_KEY=@{HELLO}.secret.txt", *arguments)


@test
def run_prints_result_gas_logs_and_what_was_checked():
    done = expect(run_hello(shared(), "--expect-hash", "--expect-result",
                            f"@{HELLO}.result.json", "--gas", "100000"), 0,
                  r'\Aresult   \{"result":84,"processed":true\}\nlogs     Processing input: 42\n'
                  r"gas +[\d,]+ of 100,000\n")
    with open(f"{HELLO}.js", "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() in done.stdout
    assert done.stdout.count("[ok]") == 5 and "[NO]" not in done.stdout, done.stdout
    assert "not checked: that an enclave ran it" in done.stdout
    assert "\x1b" not in done.stdout and not done.stderr


@test
def run_json_prints_the_answer_as_it_came():
    answer = json.loads(expect(run_hello(shared(), "--json"), 0).stdout)
    assert answer["success"] is True and answer["data"]["result"] == {"result": 84,
                                                                      "processed": True}
    assert answer["data"]["gasUsed"] > 0 and answer["data"]["logs"] == ["Processing input: 42"]


@test
def run_reads_code_or_input_from_standard_input():
    echo = "function main(input) { return input; }"
    expect(shared().run("-", "--input", '"text"', stdin=echo), 0, 'result   "text"\n')
    expect(shared().run("-", stdin="function main() { return 7; }"), 0, "result   7\n")
    with scratch(echo__js=echo) as folder:
        for text in ('{"a": [1, "é"]}', "null", "3.5", '"{}"', '""', " [ ] "):
            done = shared().run(f"{folder}/echo.js", "--input", "-", "--json", stdin=text)
            expect(done, 0)
            assert json.loads(done.stdout)["data"]["result"] == json.loads(text), done.stdout
    expect(shared().run("-", "--input", "-"), 2, err="more than one thing")
    expect(shared().run("-", "--secret", "A"), 2, err="more than one thing")


@test
def run_takes_secrets_from_files_standard_input_and_the_terminal_only():
    code = "function main() { return [secrets.get('A'), secrets.get('B')]; }"
    with scratch(code__js=code, a="one\n", b="two\n\n") as folder:
        done = expect(shared().run(f"{folder}/code.js", "--secret", f"A=@{folder}/a", "--secret",
                                   f"B=@{folder}/b", "--json"), 0)
        assert json.loads(done.stdout)["data"]["result"] == ["one", "two\n"], done.stdout
        done = expect(shared().run(f"{folder}/code.js", "--secret", "A", "--secret", "B", "--json",
                                   stdin="first\nsecond"), 0)
        assert json.loads(done.stdout)["data"]["result"] == ["first", "second"], done.stdout
        done = expect(shared().run(f"{folder}/code.js", "--secret", "A=hunter2"), 2,
                      err="--secret A=@FILE")
        assert "hunter2" not in done.stderr
        expect(shared().run(f"{folder}/code.js", "--secret", "A", stdin=""), 2, err="no value")
        expect(shared().run(f"{folder}/code.js", "--secret", "=x"), 2, err="needs a name")
        expect(nsl("run", f"{folder}/code.js", "--url", "http://192.0.2.1", "--secret",
                   f"A=@{folder}/a"), 2, err="not sent over plain HTTP to another machine")
        expect(nsl("run", f"{folder}/code.js", "--url", "http://127.0.0.1.example", "--secret",
                   f"A=@{folder}/a"), 2, err="not sent over plain HTTP to another machine")
        code, shown = in_terminal(
            [NSL, "run", f"{folder}/code.js", "--url", shared().url, "--secret", "A", "--secret",
             f"B=@{folder}/b", "--json"], b"typx\x7fed\n", b"not shown")
        assert code == 0 and '["typed","two\\n"]' in shown, shown
        assert shown.count("typed") == 1, shown  # in the result, not as an echo
        code, shown = in_terminal([NSL, "run", f"{folder}/code.js", "--url", shared().url,
                                   "--secret", "A"], b"\x03", b"not shown")
        assert code == 2 and "no value was given" in shown, shown


@test
def run_shows_where_a_function_failed():
    with scratch(thrown__js="function main(input) {\n    return input.a.b;\n}\n",
                 syntax__js="function main() {\n  return 1 +;\n}\n",
                 none__js="const x = 1;\n",
                 endless__js="function main() { while (true) {} }") as folder:
        done = expect(shared().run(f"{folder}/thrown.js", "--input", "{}"), 1,
                      r"error    .*TypeError.*: .*\n +\S*thrown\.js:2:\d+\n +2 \|     return input")
        source, caret = re.search(r"\n( +2 \| .*)\n( +)\^\n", done.stdout).groups()
        line, column = re.search(r"thrown\.js:(\d+):(\d+)", done.stdout).groups()
        assert line == "2" and len(caret) == source.index("| ") + 2 + int(column) - 1, done.stdout
        assert "[ok] the code that ran has this file's SHA-256" in done.stdout
        expect(shared().run(f"{folder}/syntax.js"), 1, r"SyntaxError.*\n +\S*syntax\.js:2:")
        expect(shared().run(f"{folder}/none.js"), 1, "No main function defined")
        expect(shared().run(f"{folder}/endless.js", "--gas", "100000"), 1, "(?i)gas")
        code, shown = in_terminal([NSL, "run", f"{folder}/thrown.js", "--input", "{}", "--url",
                                   shared().url], b"")
        assert code == 1 and "\x1b[31m" in shown, shown


@test
def run_refuses_bad_input_before_anything_is_sent():
    with scratch(latin__js="", empty__js="", ok__js="function main() { return 1; }") as folder:
        with open(f"{folder}/latin.js", "wb") as file:
            file.write(b"// caf\xe9\n")
        dead = ("--url", f"http://127.0.0.1:{free_port()}")
        expect(nsl("run", f"{folder}/latin.js", *dead), 2, err="not valid UTF-8 at byte 6")
        expect(nsl("run", f"{folder}/empty.js", *dead), 2, err="empty")
        expect(nsl("run", f"{folder}/none.js", *dead), 9, err="No such file")
        expect(nsl("run", f"{folder}/ok.js", "--input", "{'a':1}", *dead), 2,
               err="--input is not valid JSON: line 1, column 2")
        expect(nsl("run", f"{folder}/ok.js", "--input", "@/nonexistent", *dead), 9)
        expect(nsl("run", f"{folder}/ok.js", "--gas", "0", *dead), 2, err="--gas must be")
        expect(nsl("run", f"{folder}/ok.js", "--timeout", "1", "--time-ms", "1", *dead), 2)
        expect(nsl("run", f"{folder}/ok.js", "--user", "", *dead), 2, err="--user")
        expect(nsl("run", f"{folder}/ok.js", "--code-hash", "12", *dead), 2, err="64 hex digits")
        expect(nsl("run", f"{folder}/ok.js", "--code-hash", "0" * 64, *dead), 8,
               err="nothing was sent")
        expect(nsl("run", f"{folder}/ok.js", "--url", "127.0.0.1:80"), 2, err="--url must be")
        expect(nsl("run", f"{folder}/ok.js", *dead), 3, err="cannot be reached")


@test
def run_takes_limits_and_hashes_to_the_server():
    with open(f"{HELLO}.js", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    expect(run_hello(shared(), "--code-hash", digest.upper()), 0, "refuse any other code")
    expect(run_hello(shared(), "--gas", "1"), 1, "(?i)gas")
    expect(run_hello(shared(), "--time-ms", "1000", "--user", "u", "--function", "f"), 0)
    expect(run_hello(shared(), "--expect-result", '{"result":85}'), 8,
           r"\[NO\] the result is not the expected one")
    expect(run_hello(shared(), "--gas", "999999999999"), 7, "error    VALIDATION_ERROR: gasLimit")


@test
def run_over_https_trusts_no_unknown_certificate():
    hello = ("run", f"{HELLO}.js", "--url", shared().https, "--secret",
             f"API_KEY=@{HELLO}.secret.txt", "--input", '{"value": 2}')
    expect(nsl(*hello), 8, err="certificate .* is not trusted")
    expect(nsl(*hello, "--insecure"), 0, r'"result":4.*(?s:.*)not checked: whose certificate it is')
    expect(nsl(*hello, "--ca-file", "/nonexistent"), 8)


# ---- run against servers that lie.

def answer(**data):
    with open(f"{HELLO}.js", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {"success": True,
            "data": {"result": 84, "gasUsed": 5, "executionTimeMs": 0.1, "codeHash": digest,
                     "functionId": "hello", "logs": [], **data},
            "metadata": {"requestId": "x", "timestamp": "t"}}


def run_against(body, *arguments, status=200):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with Liar(status, body) as liar:
        return nsl("run", f"{HELLO}.js", "--url", liar.url, *arguments)


@test
def run_exits_with_8_for_each_lie():
    expect(run_against(answer()), 0, "result   84\n")
    expect(run_against(answer(codeHash="0" * 64)), 8,
           r"\[NO\] the code that ran has another SHA-256")
    expect(run_against(answer(codeHash="0" * 64), "--json"), 8, err="another SHA-256")
    expect(run_against(answer(codeHash=None)), 8, r"\[NO\]")
    expect(run_against(answer(functionId="other")), 8, r"\[NO\] .*another function id")
    expect(run_against(answer(gasUsed=11), "--gas", "10"), 8, r"\[NO\] more gas")
    for body in (b"", b"{}", b"null", b"<html>", b"{\"success\":true}", b"\xff", b"[" * 100000,
                 json.dumps(answer()).encode()[:-1], json.dumps(answer()).encode() + b"x"):
        expect(run_against(body), 8, err="not with an answer of this API")
    expect(run_against(answer(), status=500), 8)
    expect(run_against(answer(), status=302), 8)


@test
def run_shows_nothing_that_a_terminal_would_obey():
    evil = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\n"
    done = run_against(answer(result=evil, logs=[evil], gasUsed=1))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout), ascii(done.stdout)
    failed = {"success": False, "error": {"code": evil, "type": evil, "message": evil,
                                          "stack": evil, "lineNumber": 2 ** 64 - 1,
                                          "columnNumber": 2 ** 64 - 1},
              "data": answer()["data"]}
    done = run_against(failed, status=422)
    assert done.returncode == 1, done
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout), ascii(done.stdout)


@test
def run_survives_servers_that_hang_up_or_stall():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def hang_up():
            for reply in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"nonsense\r\n"):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for _ in range(3):
            expect(nsl("run", f"{HELLO}.js", "--url", url), 3, err="cannot be reached")
        thread.join(WAIT_S)


# ---- The example.

@test
def demo_runs_the_example_and_ends():
    done = subprocess.run([f"{ROOT}/tools/run", "--demo"], capture_output=True, text=True,
                          timeout=WAIT_S, env={**CLEAN, "NSL_BUILD": BUILD}, check=False)
    expect(done, 0, r'result   \{"result":84,"processed":true\}')
    assert "the result is the expected one" in done.stdout, done.stdout


@test
def example_keeps_serving_until_ctrl_c():
    os.environ["NSL_BUILD"] = CLEAN["NSL_BUILD"] = BUILD
    code, shown = in_terminal([f"{ROOT}/tools/run"], b"\x03", b"Ctrl-C stops")
    assert code == 0, (code, shown)
    assert '"result":84' in shown and "enclave_killed" not in shown, shown
    port = re.search(r"serving on http://127\.0\.0\.1:(\d+)", shown)[1]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [function for function in TESTS if only in function.__name__]
    failures = 0
    print(f"1..{len(tests)}", flush=True)
    try:
        for number, function in enumerate(tests, 1):
            try:
                function()
                print(f"ok {number} - {function.__name__}", flush=True)
            except Exception as problem:  # whatever it is, the other tests still run
                failures += 1
                print(f"not ok {number} - {function.__name__}", flush=True)
                for line in f"{type(problem).__name__}: {problem}".splitlines():
                    print(f"# {line}", flush=True)
    finally:
        for service in SHARED:
            with service:
                pass
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
