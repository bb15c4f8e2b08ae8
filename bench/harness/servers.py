"""Starts and ends the two servers, each on free ports of 127.0.0.1, by process id."""
import glob
import http.client
import json
import os
import queue
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

from harness.machine import BENCH, BUILD, WORK, Failure, run_tool

START_S, STOP_S = 30, 10
# Limits far from what is measured: the work functions of 20 ms of V8 need hundreds here.
SETTINGS = {
    "Tee": {"Type": "Simulation", "SimulationMode": True},
    "Server": {"ListenAddress": "127.0.0.1", "HttpPort": 0, "HttpsPort": 0,
               "MaxConnections": 16384, "RequestTimeoutMs": 60000},
    "Functions": {"GasLimit": 1000000000000, "TimeLimitMs": 60000, "MaxParkedCalls": 20000},
}


class Process:
    """A child whose output lines can be waited for; ended by its process id, whatever happens."""

    def __init__(self, command, log_name, cwd):
        os.makedirs(WORK, exist_ok=True)
        self.name, self.log_path = os.path.basename(command[0]), f"{WORK}/{log_name}"
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                                          stdout=subprocess.PIPE, stderr=log)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next_line(self, deadline):
        try:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty as error:
            raise Failure(f"{self.name} does not listen after {START_S} s; "
                          f"its messages: {self.log_path}") from error
        if line is None:
            raise Failure(f"{self.name} ended with {self.child.wait()}:\n{self.log_tail()}")
        return line

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "\n".join(log.read().splitlines()[-10:])

    def end(self):
        if self.child.poll() is not None:
            print(f"{self.name} had ended by itself with {self.child.returncode}:\n"
                  f"{self.log_tail()}", flush=True)
        else:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                print(f"{self.name} did not end by SIGTERM within {STOP_S} s: killed", flush=True)
        self.reader.join(STOP_S)


class Server:
    """What both servers have: plain and TLS addresses of each function, and an end."""

    def __init__(self):
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.end()

    def start(self):
        raise NotImplementedError


class Ours(Server):
    """build/nsl serve. One address for all functions: the code is in the request."""

    name = "nsl"

    def __init__(self):
        super().__init__()
        self.addresses = {}

    def start(self):
        os.makedirs(WORK, exist_ok=True)
        with open(f"{WORK}/settings.json", "w", encoding="utf-8") as file:
            json.dump(SETTINGS, file, indent=2)
        self.process = Process([f"{BUILD}/nsl", "serve", "--dev", "--config", f"{WORK}/settings.json"],
                               "nsl.log", WORK)
        deadline = time.monotonic() + START_S
        while not {"http", "https"} <= self.addresses.keys():
            match = re.search(r"listening on (https?)(://127\.0\.0\.1:\d+)",
                              self.process.next_line(deadline))
            if match:
                self.addresses[match[1]] = match[1] + match[2]

    def url(self, _, scheme="http"):
        return self.addresses[scheme] + "/api/v1/functions/execute-javascript"

    @staticmethod
    def body(function, value):
        with open(f"{BENCH}/http/functions/{function}.js", encoding="utf-8") as file:
            code = file.read()
        return json.dumps({"code": code, "input": value, "secrets": {"API_KEY": "test_key"},
                           "functionId": function, "userId": "bench"},
                          separators=(",", ":")).encode()

    def enclave_processes(self):
        """Ids of the processes of nsl-enclave below this server."""
        parents, names = {}, {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
                pid = int(path.split("/")[2])
                parents[pid] = int(text.rpartition(")")[2].split()[1])
                names[pid] = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            except OSError:
                continue
        found, todo = set(), {self.process.child.pid}
        while todo:
            below = {pid for pid, parent in parents.items() if parent in todo} - found
            found |= below
            todo = below
        return sorted(pid for pid in found if names.get(pid, "").startswith("nsl-enclave"))


class Workerd(Server):
    """npm's workerd at its defaults, the same functions configured as workers."""

    name = "workerd"

    def __init__(self):
        super().__init__()
        self.ports, self.version = {}, ""

    def program(self):
        chosen = os.environ.get("BENCH_WORKERD")
        if chosen:
            return chosen
        pattern = f"{BENCH}/http/node_modules/@cloudflare/workerd-linux-*/bin/workerd"
        stamp = f"{BENCH}/http/node_modules/.package-lock.json"
        lock = f"{BENCH}/http/package-lock.json"
        if not glob.glob(pattern) or os.path.getmtime(stamp) < os.path.getmtime(lock):
            print("installing workerd under bench/http/node_modules", flush=True)
            run_tool(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], 600,
                     cwd=f"{BENCH}/http")
        found = glob.glob(pattern)
        if not found:
            raise Failure("npm installed no workerd for this kind of machine")
        return found[0]

    def start(self):
        program, where = self.program(), f"{WORK}/workerd"
        self.version = run_tool([program, "--version"], 20).strip()
        self.prepare(where)
        self.process = Process([program, "serve", "--control-fd=1", "workerd.capnp"],
                               "workerd.log", where)
        with open(f"{where}/workerd.capnp", encoding="utf-8") as file:
            wanted = len(re.findall(r'address = "127\.0\.0\.1:0"', file.read()))
        deadline = time.monotonic() + START_S
        while len(self.ports) < wanted:
            line = self.process.next_line(deadline)
            if line.startswith("{"):
                event = json.loads(line)
                self.ports[event["socket"]] = event["port"]

    @staticmethod
    def prepare(where):
        """Writes config, workers and a certificate of our own beside each other."""
        os.makedirs(where, exist_ok=True)
        shutil.copy(f"{BENCH}/http/workerd.capnp", where)
        with open(f"{BENCH}/http/worker.js", encoding="utf-8") as file:
            behind = file.read()
        for path in glob.glob(f"{BENCH}/http/functions/*.js"):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(f"{where}/{os.path.basename(path)}", "w", encoding="utf-8") as file:
                file.write(text + "\n" + behind)
        run_tool(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{where}/key.pem", "-out",
                  f"{where}/certificate.pem", "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=IP:127.0.0.1"], 60)

    def url(self, function, scheme="http"):
        name = function + ("-tls" if scheme == "https" else "")
        return f"{scheme}://127.0.0.1:{self.ports[name]}/"

    @staticmethod
    def body(_, value):
        return json.dumps(value, separators=(",", ":")).encode()


class Client:
    """One keep-alive connection, for checking answers one by one. Certificates are self-signed."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.path = parts.path
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=60,
                                                          context=context)
        else:
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def post(self, body):
        """Returns (status, body) of the answer."""
        try:
            self.connection.request("POST", self.path, body=body,
                                    headers={"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{self.path}: {type(error).__name__} {error}") from error


def result_of(status, body):
    """The function's result in an answer; it is a failure when the call failed."""
    if status != 200:
        raise Failure(f"status {status}: {body[:500].decode(errors='replace')}")
    answer = json.loads(body)
    if answer.get("success") is not True:
        raise Failure(f"no success: {body[:500].decode(errors='replace')}")
    return answer["data"]
