"""A TCP proxy between browser and server, which imitates the faults of networks."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Mode = Literal["pass", "hold", "drop", "portal"]

STREAMS = (b"text/event-stream", b"application/x-ndjson")
SIGN_IN = b"<!doctype html><title>Wi-Fi</title><h1>Please sign in</h1>"
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(SIGN_IN),
    SIGN_IN,
)
CHUNK = 65536
TICK_S = 0.05


class Proxy:
    """Forwards bytes, with one thread for each connection.

    Parameters
    ----------
    server : tuple of str and int
        Host and port.

    Attributes
    ----------
    mode : str
        May be changed at any time. ``"pass"``: forward; ``"hold"``: buffer streams until the server
        closes them; ``"drop"``: forward nothing and close nothing; ``"portal"``: answer each
        request with a sign-in page.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.mode: Mode = "pass"
        self._server = server
        self._is_closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """``http://host:port``"""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """End all connections."""
        self._is_closed = True
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        self._listener.settimeout(TICK_S)
        while not self._is_closed:
            try:
                browser, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(browser,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, browser: socket.socket) -> None:
        gone = contextlib.suppress(OSError)  # browser or server has closed its connection
        with gone, browser, socket.create_connection(self._server) as server:
            self._relay(browser, server)

    def _relay(self, browser: socket.socket, server: socket.socket) -> None:
        held = b""
        for ready in self._readable(browser, server):
            data = ready.recv(CHUNK)
            if ready is browser:
                if not data:
                    return
                if self.mode == "portal":
                    browser.sendall(PORTAL)
                else:
                    server.sendall(data)
            elif not data:
                browser.sendall(held)
                return
            elif held or (self.mode == "hold" and _is_stream(data)):
                held += data
            elif self.mode != "portal":
                browser.sendall(data)

    def _readable(self, *sockets: socket.socket) -> Iterator[socket.socket]:
        with selectors.DefaultSelector() as selector:
            for each in sockets:
                selector.register(each, selectors.EVENT_READ)
            while not self._is_closed:
                if self.mode == "drop":
                    threading.Event().wait(TICK_S)
                    continue
                for key, _ in selector.select(TICK_S):
                    assert isinstance(key.fileobj, socket.socket)
                    yield key.fileobj


def _is_stream(data: bytes) -> bool:
    head, _, _ = data.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 200") and any(kind in head for kind in STREAMS)


@contextmanager
def in_front_of(address: str) -> Iterator[Proxy]:
    """A proxy in front of ``http://host:port``."""
    host, _, port = address.removeprefix("http://").partition(":")
    proxy = Proxy((host, int(port)))
    try:
        yield proxy
    finally:
        proxy.close()
