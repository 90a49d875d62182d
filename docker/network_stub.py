"""A substitute for a network of containers: its DNS, and web servers that return their requests."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DNS = ("127.0.0.11", 53)  # the address of Docker's DNS
WEB_PORT = 8050
HOLD_S = 20.0  # a stream waits so long for the request that confirms its first event


class DnsServer:
    """A DNS server that returns the same addresses for every name.

    Parameters
    ----------
    addresses : list of str
        May be changed while it runs.
    """

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(DNS)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            self._socket.sendto(self._answer(question), sender)

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5  # the name ends with a zero; type and class follow
        head = question[:2] + struct.pack(">5H", 0x8180, 1, len(self.addresses), 0, 0)
        record = struct.pack(">3HIH", 0xC00C, 1, 1, 1, 4)  # that name; A; IN; one second; 4 bytes
        found = b"".join(record + socket.inet_aton(address) for address in self.addresses)
        return head + question[12:end] + found


class EchoServer(ThreadingHTTPServer):
    """A web server that returns the request.

    ``/stream/`` sends its second event after a request for ``/go``.
    """

    daemon_threads = True

    def __init__(self, host: str) -> None:
        self.seen = threading.Event()
        super().__init__((host, WEB_PORT), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def leave(self) -> None:
        """Close the port: the next connection is refused."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EchoServer

    def do_GET(self) -> None:
        if self.path.startswith("/stream/"):
            self._stream()
        else:
            if self.path == "/go":
                self.server.seen.set()
            self._report()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._report()

    def _report(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"host": self.server.server_address[0], "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.seen.clear()
        self.wfile.write(b"data: first\n\n")
        word = b"second" if self.server.seen.wait(HOLD_S) else b"sent too early"
        self.wfile.write(b"data: " + word + b"\n\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None: ...
