"""Slow, silent and endless clients of the real server, by raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pwlapp.web.http import connections
from pwlapp.web.http.connections import MAX_HEADER_BYTES, BoundedConnection
from tests.support.sessions import until

LIMIT_S = 10.0  # much longer than the timeouts of `Impatient`
LARGE = 50_000_000  # bytes; more than the buffers of both ends hold
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


class Impatient(BoundedConnection):
    headers_s = 0.1
    write_s = 0.1


async def page(request: Request) -> Response:
    return PlainTextResponse(await request.body() or "page")


async def held(request: Request) -> Response:
    await request.app.state.turns.get()
    return PlainTextResponse("done")


async def large(_request: Request) -> Response:
    return Response(bytes(LARGE))


ROUTES = [
    Route("/", page, methods=["GET", "POST"]),
    Route("/held", held),
    Route("/large", large),
]


@pytest.fixture
async def server() -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(
        Starlette(routes=ROUTES), port=0, http=Impatient, lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
async def connect(server: uvicorn.Server) -> AsyncIterator[Connect]:
    port = server.servers[0].sockets[0].getsockname()[1]
    opened = []

    async def connect() -> Connection:
        connection = await asyncio.open_connection("127.0.0.1", port)
        opened.append(connection[1])
        return connection

    yield connect
    for writer in opened:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What the server sends until it closes the connection.

    Read in pieces: a server that closes with unread data resets the connection, and `read()`
    without a size would then raise and lose what has come before.
    """
    received = b""
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(MAX_HEADER_BYTES):
                received += piece
    return received


async def rest_of_trickle(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drop: bytes
) -> bytes:
    """What the server sends until it closes a connection; `drop` is written again and again."""
    ended = asyncio.create_task(rest(reader))
    while not ended.done():
        writer.write(drop)
        await asyncio.sleep(Impatient.headers_s / 10)
    return ended.result()


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"GET / HTTP/1.1\r\nHost: x\r\n"],
)
async def test_a_connection_without_a_request_is_closed(connect: Connect, begun: bytes) -> None:
    reader, writer = await connect()
    writer.write(begun)
    assert await rest(reader) == b""


async def test_slow_headers_do_not_keep_a_connection_open(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\n")
    assert await rest_of_trickle(reader, writer, b"X-A: b\r\n") == b""


@pytest.mark.parametrize("part", [b"X-A: " + b"b" * 1000 + b"\r\n", b"b" * 1000])
async def test_endless_headers_are_refused(connect: Connect, part: bytes) -> None:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nX-Long: " + part * (MAX_HEADER_BYTES // len(part)))
    writer.write(part)
    assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_after_the_response_is_not_read_endlessly(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    answer = await rest_of_trickle(reader, writer, b"x")
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_a_client_that_does_not_read_is_disconnected(
    connect: Connect, server: uvicorn.Server
) -> None:
    _, writer = await connect()
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: server.server_state.connections)
    await until(lambda: not server.server_state.connections, LIMIT_S)


async def test_a_request_in_progress_has_no_timeout(
    connect: Connect, server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor has a pipelined request, which arrives before the previous response."""
    monkeypatch.setattr(Impatient, "headers_s", LIMIT_S)
    turns = server.config.loaded_app.app.state.turns = asyncio.Queue()
    reader, writer = await connect()
    writer.write(2 * b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: server.server_state.tasks)
    [connection] = server.server_state.connections
    for _ in range(2):
        assert connection._waiting is None
        turns.put_nowait(None)
        async with asyncio.timeout(LIMIT_S):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(4) == b"done"
    assert connection._waiting is not None


async def test_connections_are_limited(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "max_connections", lambda: 1)
    monkeypatch.setattr(Impatient, "headers_s", 2 * LIMIT_S)  # which would close it as well
    await connect()
    reader, _ = await connect()
    assert await rest(reader) == b""
