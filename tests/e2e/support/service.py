"""Starts and ends `nsl serve` for a test, and speaks HTTP to it.

Every wait has a deadline; a service that is not stopped is killed with everything it started.
"""
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

from . import processes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.abspath(os.environ.get("NSL_BUILD", f"{ROOT}/build"))
PATH = "/api/v1/functions/execute-javascript"
OLD_PATH = "/api/functions/execute-javascript"
JSON_TYPE = "Content-Type: application/json"
TIME_LIMIT_S = 30

# spec/002, "JavaScript Execution", as printed there.
README_CODE = "function main(input) { return { result: input.value * 2 }; }"
README_BODY = """{
  "code": "function main(input) { return { result: input.value * 2 }; }",
  "input": "{ \\"value\\": 42 }",
  "secrets": "{ \\"API_KEY\\": \\"test_key\\" }",
  "functionId": "test_function",
  "userId": "test_user"
}"""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = None
        if headers.get("Content-Type", "").startswith("application/json"):
            self.json = json.loads(body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"

    @property
    def data(self):
        if self.status != 200 or self.json["success"] is not True:
            raise AssertionError(f"the call failed: {self}")
        return self.json["data"]

    @property
    def result(self):
        return self.data["result"]

    @property
    def error(self):
        if self.status == 200 or self.json["success"] is not False:
            raise AssertionError(f"the call did not fail: {self}")
        return self.json["error"]


def call_body(code, user="u", function="f", **fields):
    return {"code": code, "functionId": function, "userId": user, **fields}


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Service:
    """A running service; use as a context, or stop() it."""

    def __init__(self, settings=None, user=None, flags=(), dev=True, wrap=()):
        self.folder = tempfile.mkdtemp(prefix="nsl-e2e-")
        merged = {"Server": {"HttpPort": 0, "HttpsPort": 0}}
        for section, values in (settings or {}).items():
            merged.setdefault(section, {}).update(values)
        config = f"{self.folder}/config.json"
        with open(config, "w", encoding="utf-8") as file:
            json.dump(merged, file)
        command = [f"{self.program('nsl', user)}", "serve", "--config", config, *flags]
        if dev:
            command.append("--dev")
        if user is not None:
            os.chmod(self.folder, 0o755)
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        command = [*wrap, *command]
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        errors="replace", cwd="/")
        self.log_lines, self.out_lines = [], []
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=(stream, lines), daemon=True)
                         for stream, lines in ((self.process.stdout, self.out_lines),
                                               (self.process.stderr, self.log_lines))]
        for reader in self._readers:
            reader.start()
        self.ports = {}
        try:
            for scheme in ("http", "https") if dev else ("https",):
                line = self._wait_line(self.out_lines, f"listening on {scheme}://")
                self.ports[scheme] = int(line.rpartition(":")[2])
        except AssertionError:
            self.kill()
            raise

    def program(self, name, user):
        """Another user may not be able to reach the build folder: then a copy."""
        if user is None:
            return f"{BUILD}/{name}"
        for copied in ("nsl", "nsl-enclave"):
            shutil.copy(f"{BUILD}/{copied}", self.folder)
            os.chmod(f"{self.folder}/{copied}", 0o755)
        return f"{self.folder}/{name}"

    def _read(self, stream, lines):
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            lines.append(None)
            self._news.notify_all()

    def _wait_line(self, lines, part, begin=0):
        def find():
            fresh = lines[begin:]
            hit = next((line for line in fresh if line and part in line), None)
            return hit or (None in fresh and "ended") or None
        with self._news:
            self._news.wait_for(find, TIME_LIMIT_S)
            found = find()
        if found in (None, "ended"):
            raise AssertionError(f"no line with {part!r}; log:\n" + self.log())
        return found

    def log(self):
        return "\n".join(line for line in self.log_lines if line is not None)

    def wait_log(self, part, begin=0):
        return self._wait_line(self.log_lines, part, begin)

    def log_position(self):
        return len(self.log_lines)

    @property
    def host(self):
        return self.process.pid

    def roles(self):
        return processes.Roles(self.host)

    # --- HTTP

    def socket(self, scheme="http", timeout=TIME_LIMIT_S):
        """A raw connection, TLS already done for https."""
        raw = socket.create_connection(("127.0.0.1", self.ports[scheme]), timeout)
        if scheme == "http":
            return raw
        return tls_context().wrap_socket(raw, server_hostname="localhost")

    def connection(self, scheme="http", timeout=TIME_LIMIT_S):
        """A keep-alive connection for request()."""
        if scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=timeout)
        return http.client.HTTPSConnection("127.0.0.1", self.ports["https"], timeout=timeout,
                                           context=tls_context())

    def request(self, method, path, body=None, headers=None, scheme="http", connection=None):
        own = connection is None
        connection = connection or self.connection(scheme)
        try:
            sent = {"Content-Type": "application/json"} if body is not None else {}
            sent.update(headers or {})
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            if own:
                connection.close()

    def post(self, body, path=PATH, **options):
        return self.request("POST", path, body, **options)

    def call(self, code, connection=None, scheme="http", **fields):
        return self.post(json.dumps(call_body(code, **fields)), connection=connection,
                         scheme=scheme)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def check_alive(self):
        """The next call works."""
        if self.call(README_CODE, input={"value": 42}).result != {"result": 84}:
            raise AssertionError("the next call gave another result")

    # --- The end

    def stop(self, sent=signal.SIGTERM):
        """Ends in order; returns the exit status. Nothing may be left."""
        left = processes.descendants(self.host)
        self.process.send_signal(sent)
        try:
            status = self.process.wait(TIME_LIMIT_S)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise AssertionError("the service did not stop; log:\n" + self.log()) from late
        for pid in left:
            if not processes.wait_ended(pid, 5):
                raise AssertionError(f"process {pid} is left")
        self._forget()
        return status

    def kill(self):
        if self.process.poll() is None:
            for pid in processes.descendants(self.host):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait(TIME_LIMIT_S)
        self._forget()

    def _forget(self):
        for reader in self._readers:
            reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def tls_context():
    """The instance's certificate is its own; which enclave it is, evidence says, not this test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
