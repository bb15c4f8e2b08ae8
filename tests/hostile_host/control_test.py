#!/usr/bin/env python3
"""A host that lies, on the control channel of the real enclave: it must end or refuse, never hang,
never keep a descriptor that it should not have. Prints TAP.

The channel's form is in common/wire/control.h.
"""
import array
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/tests/e2e")

# pylint: disable=wrong-import-position
from support import processes, tap  # noqa: E402
from support.service import BUILD, JSON_TYPE, PATH, README_BODY  # noqa: E402

CASES = tap.Cases()
SEED = int(os.environ.get("NSL_SEED", "20260131"))
HEADER = struct.Struct("<BBHI")
SETTINGS, CONNECTION, STOP, READY, FULL, RESUME, STOPPED = 1, 2, 3, 16, 17, 18, 19
HTTP, HTTPS, IPV4 = 0, 1, 4
LIMIT_S = 20


def packet(kind, payload=b"", version=1, flags=0, size=None):
    return HEADER.pack(version, kind, flags, len(payload) if size is None else size) + payload


def connection_packet(kind=HTTP, family=IPV4, port=1234, address=b"\x7f\0\0\1"):
    return packet(CONNECTION, struct.pack("<BBH16s", kind, family, port, address))


SAVED = {}


def settings_packet(**functions):
    """What the real host sends: recorded by a program in the enclave's place."""
    key = json.dumps(functions, sort_keys=True)
    if key not in SAVED:
        with tempfile.TemporaryDirectory() as folder:
            recorder = f"{folder}/recorder"
            with open(recorder, "w", encoding="utf-8") as file:
                file.write(f"#!{sys.executable}\nimport socket\n"
                           f"got = socket.socket(fileno=3).recv(1 << 17)\n"
                           f"open({folder + '/packet'!r}, 'wb').write(got)\n")
            os.chmod(recorder, 0o755)
            with open(f"{folder}/config", "w", encoding="utf-8") as file:
                json.dump(functions, file)
            subprocess.run([f"{BUILD}/nsl", "serve", "--config", f"{folder}/config", "--port", "0",
                            "--https-port", "0", "--enclave", recorder, "--max-restarts", "0"],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S,
                           check=False)
            with open(f"{folder}/packet", "rb") as file:
                SAVED[key] = file.read()
    return SAVED[key]


class Enclave:
    """The real enclave, with this test as its host."""

    def __init__(self):
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(LIMIT_S)
        self.log = tempfile.TemporaryFile()
        null = os.open("/dev/null", os.O_RDWR)
        self.pid = os.posix_spawn(
            f"{BUILD}/nsl-enclave", ["nsl-enclave"], {},
            file_actions=[(os.POSIX_SPAWN_DUP2, null, 0),
                          (os.POSIX_SPAWN_DUP2, self.log.fileno(), 1),
                          (os.POSIX_SPAWN_DUP2, self.log.fileno(), 2),
                          (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)])
        os.close(null)
        theirs.close()
        self.status, self.family = None, []
        CASES.defer(self.kill)

    def send(self, data, *descriptors):
        """False when the enclave has gone."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        try:
            self.control.sendmsg([data], rights if descriptors else [])
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def receive(self):
        """(type, payload), or None at the end."""
        try:
            got = self.control.recv(1 << 17)
        except ConnectionResetError:
            return None
        if not got:
            return None
        _, kind, _, size = HEADER.unpack(got[:8])
        tap.equal(size, len(got) - 8, "a packet's size")
        return kind, got[8:]

    def start(self, **settings):
        """Brings it to READY."""
        self.send(settings_packet(**settings))
        kind, payload = self.receive()
        tap.equal(kind, READY, "the first message")
        self.family = processes.descendants(self.pid)
        return payload

    def connect(self, ours=None, theirs=None, kind=HTTP):
        """Passes a connected TCP socket in; returns our end."""
        if ours is None:
            ours, theirs = tcp_pair()
        tap.true(self.send(connection_packet(kind), theirs.fileno()), "the enclave is there")
        theirs.close()
        return ours

    def check_serves(self):
        with self.connect() as client:
            ask(client)

    def wait_end(self, seconds=LIMIT_S):
        """Exit status, or minus the signal."""
        if self.status is None:
            if not processes.wait_ended(self.pid, seconds):
                raise AssertionError(f"the enclave did not end in {seconds} s\n{self.text()}")
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        for pid in self.family:
            tap.true(processes.wait_ended(pid, 5), f"process {pid} of the enclave is left")
        return self.status

    def check_ends(self):
        """It gave up the channel, said nothing but what belongs there, and failed."""
        message = self.receive()
        while message is not None:
            tap.true(message[0] in (READY, FULL, RESUME), f"message {message[0]}")
            message = self.receive()
        tap.true(self.wait_end() != 0, "an exit status that tells a failure")

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def kill(self):
        if self.status is None:
            self.family += processes.descendants(self.pid)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL
        self.control.close()
        self.log.close()
        for pid in self.family:
            tap.true(processes.wait_ended(pid, 5), f"process {pid} of the enclave is left")


def tcp_pair():
    """Two ends of a TCP connection; the second as a host accepts it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), LIMIT_S)
        theirs = listener.accept()[0]
    theirs.setblocking(False)
    return ours, theirs


def ask(client):
    body = README_BODY.encode()
    client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{JSON_TYPE}\r\nContent-Length: {len(body)}"
                   "\r\n\r\n".encode() + body)
    received = b""
    while b'"result":{"result":84}' not in received:
        part = client.recv(65536)
        tap.true(part != b"", f"an answer, not {received!r}")
        received += part


def gateway_of(enclave):
    init = processes.children(enclave.pid)[0]
    return next(pid for pid in processes.children(init)
                if processes.read(pid, "cmdline").split("\0")[1] == "gateway")


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@CASES.case
def an_honest_host_is_served():
    enclave = Enclave()
    ready = enclave.start()
    missing, size = struct.unpack("<IH", ready[:6])
    tap.equal(missing & ~0x3f, 0, "walls")
    tap.contains(ready[6:6 + size].decode(), "quickjs")
    enclave.check_serves()
    enclave.send(packet(STOP, struct.pack("<I", 1000)))
    tap.equal(enclave.receive(), (STOPPED, b""))
    tap.equal(enclave.receive(), None)
    tap.equal(enclave.wait_end(), 0, "exit status")


@CASES.case
def any_other_first_message_ends_it():
    ours, theirs = tcp_pair()
    good = settings_packet()
    first = [connection_packet(), packet(STOP, struct.pack("<I", 0)), packet(READY, b"\0" * 10),
             packet(FULL), packet(RESUME), packet(STOPPED), packet(0), packet(4), packet(255),
             b"", b"\1", b"\1\1\0\0", good[:7], packet(SETTINGS), b"\0" * 65536, b"\xff" * 65544,
             packet(SETTINGS, good[8:], version=0), packet(SETTINGS, good[8:], version=2),
             packet(SETTINGS, good[8:], flags=1), packet(SETTINGS, good[8:], size=len(good) - 9),
             packet(SETTINGS, good[8:], size=len(good) - 7), packet(SETTINGS, b"x" * 65537)]
    for data in first:
        enclave = Enclave()
        if data[:2] == b"\1\2":
            enclave.send(data, theirs.fileno())
        else:
            enclave.send(data)
        enclave.check_ends()
        tap.true("event=ready" not in enclave.text(), "it never was ready")
    theirs.close()
    tap.equal(ours.recv(1), b"", "the socket passed too early was closed")
    ours.close()


@CASES.case
def settings_with_a_descriptor_end_it_and_the_descriptor_is_closed():
    enclave = Enclave()
    reading, writing = os.pipe()
    enclave.send(settings_packet(), writing)
    os.close(writing)
    enclave.check_ends()
    tap.equal(os.read(reading, 1), b"", "the end of the pipe")
    os.close(reading)


@CASES.case
def bad_settings_end_it():
    good = settings_packet()[8:]
    random.seed(SEED)
    cuts = sorted(random.sample(range(1, len(good)), 12))
    bad = [good[:cut] for cut in cuts] + [good + b"\0", good + good]
    for at in (0, 1, 2, 3, 4, 5, 6, 7):  # version, count, fingerprint
        bad.append(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
    for at in range(8, len(good) - 8, 8):  # numbers that are out of every range
        bad.append(good[:at] + b"\xff" * 7 + b"\x7f" + good[at + 8:])
        bad.append(good[:at] + b"\0" * 7 + b"\x80" + good[at + 8:])
    named = 0
    for payload in bad:
        enclave = Enclave()
        enclave.send(packet(SETTINGS, payload))
        enclave.check_ends()
        named += "event=config_error" in enclave.text()
    tap.true(named > 20, f"only {named} out-of-range values were named in the log")


@CASES.case
def settings_twice_end_it():
    enclave = Enclave()
    enclave.start()
    enclave.send(settings_packet())
    enclave.check_ends()
    impatient = Enclave()
    impatient.send(settings_packet())
    impatient.send(settings_packet())
    impatient.check_ends()


@CASES.case
def stop_before_ready_ends_it_in_order():
    enclave = Enclave()
    enclave.send(settings_packet())
    enclave.send(packet(STOP, struct.pack("<I", 1000)))
    kinds = []
    message = enclave.receive()
    while message is not None:
        kinds.append(message[0])
        message = enclave.receive()
    tap.true(kinds in ([READY, STOPPED], [STOPPED]), f"messages {kinds}")
    tap.equal(enclave.wait_end(), 0, "exit status")


@CASES.case
def stop_twice_and_messages_after_stop_end_it():
    for data in (packet(STOP, struct.pack("<I", 5000)), connection_packet(), settings_packet()):
        enclave = Enclave()
        enclave.start()
        ours = enclave.connect()
        ours.sendall(b"POST / HTTP/1.1\r\n")  # something is open, so that it drains
        enclave.send(packet(STOP, struct.pack("<I", 600000)))
        spare, theirs = tcp_pair()
        enclave.send(data, *([theirs.fileno()] if data[1] == CONNECTION else []))
        theirs.close()
        processes.wait_ended(enclave.pid, LIMIT_S)
        enclave.wait_end()
        ours.close()
        spare.close()


@CASES.case
def stop_with_a_wrong_time_ends_it():
    for payload in (b"", b"\0" * 3, b"\0" * 5, struct.pack("<I", 600001), b"\xff" * 4):
        enclave = Enclave()
        enclave.start()
        enclave.send(packet(STOP, payload))
        enclave.check_ends()


@CASES.case
def messages_that_only_the_enclave_sends_and_unknown_ones_end_it():
    for kind in (0, 4, 5, 15, READY, FULL, RESUME, STOPPED, 20, 127, 128, 255):
        enclave = Enclave()
        enclave.start()
        enclave.send(packet(kind, b"\0" * 10 if kind == READY else b""))
        enclave.check_ends()


@CASES.case
def a_connection_without_or_with_two_descriptors_ends_it_and_none_is_kept():
    for count in (0, 2, 3, 4, 5, 20):
        enclave = Enclave()
        enclave.start()
        pairs = [tcp_pair() for _ in range(count)]
        enclave.send(connection_packet(), *(theirs.fileno() for _, theirs in pairs))
        for _, theirs in pairs:
            theirs.close()
        enclave.check_ends()
        for ours, _ in pairs:
            tap.equal(ours.recv(1), b"", "the end of the connection")
            ours.close()


@CASES.case
def a_connection_with_wrong_fields_ends_it_and_its_socket_is_closed():
    good = connection_packet()[8:]
    bad = [good[:-1], good + b"\0", b"\2" + good[1:], b"\xff" + good[1:],
           good[:1] + b"\0" + good[2:], good[:1] + b"\5" + good[2:], good[:1] + b"\x0a" + good[2:], good[:19] + b"\1"]
    for payload in bad:
        enclave = Enclave()
        enclave.start()
        ours, theirs = tcp_pair()
        enclave.send(packet(CONNECTION, payload), theirs.fileno())
        theirs.close()
        enclave.check_ends()
        tap.equal(ours.recv(1), b"", "the end of the connection")
        ours.close()


def is_closed_elsewhere(reading, seconds=5):
    """True once the other end of a pipe or socket is open nowhere."""
    ready = select.select([reading], [], [], seconds)[0]
    try:
        return bool(ready) and os.read(reading, 1) == b""
    except ConnectionResetError:
        return True


@CASES.case
def descriptors_that_are_no_connection_are_closed_and_it_goes_on():
    enclave = Enclave()
    enclave.start()
    for kind in (HTTP, HTTPS):
        for flags in (0, os.O_NONBLOCK):
            reading, writing = os.pipe2(flags)
            enclave.send(connection_packet(kind), writing)
            os.close(writing)
            tap.true(is_closed_elsewhere(reading), "the pipe's end was kept")
            os.close(reading)
    before = descriptor_count(gateway_of(enclave)) if os.geteuid() == 0 else None
    others = [os.open("/dev/null", os.O_RDWR), os.open("/dev/zero", os.O_RDONLY),
              os.open("/", os.O_RDONLY | os.O_DIRECTORY), os.open("/", os.O_PATH),
              os.eventfd(0), select.epoll().fileno(), os.memfd_create("x"),
              os.open("/proc/self/mem", os.O_RDONLY), os.pidfd_open(os.getpid()),
              enclave.control.fileno()]
    for fd in others:
        for kind in (HTTP, HTTPS):
            if fd < 0:
                continue
            tap.true(enclave.send(connection_packet(kind), fd), "the enclave is there")
            enclave.check_serves()
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM),   # not connected
               socket.create_server(("127.0.0.1", 0)),              # listening
               socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
               socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
               socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)]
    for other in sockets:
        for kind in (HTTP, HTTPS):
            tap.true(enclave.send(connection_packet(kind), other.fileno()), "the enclave is there")
            enclave.check_serves()
        other.close()
    if before is not None:
        gateway = gateway_of(enclave)
        processes.eventually(lambda: descriptor_count(gateway) <= before + 12, 15,
                             "descriptors of what is no connection being closed")
    enclave.check_serves()


@CASES.case
def other_streams_are_served_like_connections():
    enclave = Enclave()
    enclave.start()
    for blocking in (False, True):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        theirs.setblocking(blocking)
        ours.settimeout(LIMIT_S)
        with enclave.connect(ours, theirs) as client:
            ask(client)
    ours, theirs = tcp_pair()
    theirs.setblocking(True)
    with enclave.connect(ours, theirs) as client:
        ask(client)
        enclave.check_serves()  # nobody waits for the blocking one


@CASES.case
def one_socket_passed_many_times_harms_only_itself():
    enclave = Enclave()
    enclave.start()
    ours, theirs = tcp_pair()
    for _ in range(50):
        tap.true(enclave.send(connection_packet(HTTP), theirs.fileno()), "the enclave is there")
        tap.true(enclave.send(connection_packet(HTTPS), theirs.fileno()), "the enclave is there")
    ours.sendall(os.urandom(10000))
    enclave.check_serves()
    ours.close()
    theirs.close()
    enclave.check_serves()


@CASES.case
def a_flood_of_dead_connections_leaves_no_descriptor():
    enclave = Enclave()
    enclave.start(Server={"RequestTimeoutMs": 1000})
    enclave.check_serves()
    before = descriptor_count(gateway_of(enclave)) if os.geteuid() == 0 else 0
    for number in range(3000):
        ours, theirs = tcp_pair()
        if number % 3 == 0:
            ours.sendall(b"GET / HT")
        if number % 3 == 1:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ours.close()
        tap.true(enclave.send(connection_packet(number % 2), theirs.fileno()), "it is there")
        theirs.close()
    enclave.check_serves()
    if os.geteuid() == 0:
        gateway = gateway_of(enclave)
        processes.eventually(lambda: descriptor_count(gateway) <= before + 2, 20,
                             "descriptors back to what they were")


@CASES.case
def more_connections_than_allowed_are_closed_and_it_says_full():
    enclave = Enclave()
    enclave.start(Server={"MaxConnections": 10})
    clients = []
    for _ in range(200):
        clients.append(enclave.connect())
    tap.equal(enclave.receive(), (FULL, b""))
    closed = [client for client in clients if is_closed_elsewhere(client.fileno(), 0.02)]
    # 64 above the limit are a reserve for what is on its way; one round takes 64 at once.
    tap.true(len(closed) >= 200 - 10 - 64 - 64, f"{len(closed)} were closed")
    for client in clients:
        client.close()
    tap.equal(enclave.receive(), (RESUME, b""))
    enclave.check_serves()


@CASES.case
def an_end_of_the_channel_ends_everything():
    for is_ready in (False, True):
        enclave = Enclave()
        if is_ready:
            enclave.start()
            ours = enclave.connect()
        enclave.control.close()
        enclave.wait_end(10)
        if is_ready:
            tap.equal(ours.recv(1), b"", "the end of the connection")
            ours.close()


@CASES.case
def a_host_that_says_nothing_costs_nothing():
    enclave = Enclave()
    time.sleep(0.3)  # long enough for it to stand still
    tap.true(processes.is_alive(enclave.pid), "it waits")
    enclave.start()
    enclave.check_serves()


@CASES.case
def random_packets_end_it_or_are_served():
    random.seed(SEED)
    for turn in range(40):
        enclave = Enclave()
        enclave.start()
        for _ in range(20):
            kind = random.choice((0, 1, 2, 3, 16, 17, 18, 19, random.randrange(256)))
            payload = random.randbytes(random.choice((0, 1, 4, 10, 19, 20, 21, 60, 300)))
            data = packet(kind, payload, random.choice((1, 1, 1, 0, 255)),
                          random.choice((0, 0, 0, 1)), random.choice((None, None, 0, 1 << 31)))
            ours, theirs = tcp_pair()
            is_there = enclave.send(data, *[theirs.fileno()] * random.choice((0, 0, 1, 2)))
            ours.close()
            theirs.close()
            if not is_there:
                break
        enclave.send(packet(STOP, struct.pack("<I", 0)))
        try:
            enclave.wait_end()
        except AssertionError as error:
            raise AssertionError(f"turn {turn} with NSL_SEED={SEED}: {error}") from error


if __name__ == "__main__":
    CASES.run()
