"""Many requests at once."""
import json
import selectors
import time

from .service import JSON_TYPE, PATH, Answer


class Burst:
    """Many requests at once on one connection each, without a thread for each."""

    def __init__(self, target):
        self.target, self.selector = target, selectors.DefaultSelector()
        self.received, self.answers = {}, {}

    def send(self, key, body):
        text = json.dumps(body).encode()
        connection = self.target.socket()
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{JSON_TYPE}\r\nContent-Length: "
                           f"{len(text)}\r\n\r\n".encode() + text)
        self.received[key] = b""
        self.selector.register(connection, selectors.EVENT_READ, key)

    def gather(self, seconds=30):
        """Waits for all; returns key -> Answer."""
        deadline = time.monotonic() + seconds
        while self.selector.get_map():
            ready = self.selector.select(max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{len(self.selector.get_map())} calls got no answer")
            for chosen, _ in ready:
                self._read(chosen)
        self.selector.close()
        return self.answers

    def _read(self, chosen):
        part = chosen.fileobj.recv(1 << 20)
        self.received[chosen.data] += part
        head, end, body = self.received[chosen.data].partition(b"\r\n\r\n")
        if not part:
            raise AssertionError(f"call {chosen.data}: closed after {self.received[chosen.data]!r}")
        if not end:
            return
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        if len(body) == int(headers["Content-Length"]):
            self.answers[chosen.data] = Answer(int(lines[0].split()[1]), headers, body)
            self.selector.unregister(chosen.fileobj)
            chosen.fileobj.close()
