"""Limits of time and size for one HTTP connection, which uvicorn does not have."""

from __future__ import annotations

import asyncio
import math
from functools import cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEADER_BYTES = 64 * 1024  # a browser sends about 1 KB
HEADERS_S = 20.0  # time limit from the first byte of a request to the end of its headers
WRITE_S = 120.0  # time limit for a client to read a response, also on a slow connection
OWN_FILES = 512  # open files besides connections: the store, training processes, libraries


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed if its client is too slow or sends headers that are too long.

    uvicorn's own timeout applies only between two requests, while the client sends nothing.
    The time for a request's body is limited by the routes that read it, see `bodies`.

    Connections beyond `max_connections` are closed at once, so that the store can open its files.
    """

    headers_s = HEADERS_S
    write_s = WRITE_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._waiting: asyncio.TimerHandle | None = None  # closes it if no request arrives
        self._writing: asyncio.TimerHandle | None = None  # closes it if the client does not read
        self._in_headers = False
        self._header_bytes = 0
        super().connection_made(transport)
        if len(self.connections) > max_connections():
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
                head = STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n"
                self.transport.write(head)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._wait()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if not self.pipeline:  # otherwise the next request has arrived already
            self._wait()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        super().resume_writing()

    def _wait(self) -> None:
        """Close the connection unless the headers of a request are complete in time."""
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.headers_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


@cache
def max_connections() -> float:
    """How many connections this process may have, by the system's limit of open files."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else max(1, soft - OWN_FILES)
