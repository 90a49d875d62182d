"""An HTTP client like one browser, for one or several servers."""

from __future__ import annotations

import random
from collections.abc import Sequence

import httpx2

TIMEOUT_S = 60.0  # of a connection, and between two parts of an answer; streams ping every 8 s
# Shorter than any server's, so that no request is sent on a connection that is being closed.
KEEP_ALIVE_S = 2.0
CONNECTIONS = 6  # as many as browsers open to one server
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) pwlapp-student",
    "Accept-Language": "en-US",
    "Accept-Encoding": "gzip, deflate, br",
}


class AnyServer(httpx2.AsyncBaseTransport):
    """Sends each request to one of several servers, like a load balancer without sticky sessions.

    If a server refuses the connection, the next one is tried. Later errors are raised.

    Parameters
    ----------
    addresses : sequence of str
        ``http://host:port`` of each server.
    choice : random.Random
        Chooses the server of each request.
    transport : httpx2.AsyncBaseTransport or None
        Sends the requests; None: HTTP connections.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        choice: random.Random,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        if not addresses:
            raise ValueError("no address")
        self._addresses = [httpx2.URL(address) for address in addresses]
        self._choice = choice
        limits = httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_S)
        self._transport = transport or httpx2.AsyncHTTPTransport(verify=False, limits=limits)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        *others, last = self._choice.sample(self._addresses, len(self._addresses))
        for address in others:
            try:
                return await self._send(request, address)
            except httpx2.ConnectError:
                continue
        return await self._send(request, last)

    async def _send(self, request: httpx2.Request, address: httpx2.URL) -> httpx2.Response:
        request.url = request.url.copy_with(
            scheme=address.scheme, host=address.host, port=address.port
        )
        request.headers["Host"] = address.netloc.decode()
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def open_client(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    """Make a client with a browser's headers, whose addresses are paths such as ``/data``."""
    return httpx2.AsyncClient(
        base_url="http://server", transport=transport, headers=HEADERS, timeout=TIMEOUT_S
    )
