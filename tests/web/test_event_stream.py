"""The streaming routes over real HTTP, with a server on a free port in this event loop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

from pwlapp.core.optimizers import AdamOptions
from pwlapp.rooms.board import live
from pwlapp.sessions.service import SessionService
from pwlapp.web import event_stream
from pwlapp.web.event_stream import routes
from pwlapp.web.http.head import HeadRequests
from tests.support.sessions import finished, has_moved, read_rows, until

ROOT = Path(__file__).parents[2]
UNKNOWN = "A" * 22


@pytest.fixture
async def client(service: SessionService) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(service))
    app.add_middleware(HeadRequests)
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    service.events.close()
    server.should_exit = True
    await serving


class Message(dict[str, Any]):
    """The fields of one server-sent event."""


async def messages(response: httpx2.Response) -> AsyncIterator[Message]:
    """Split an event stream, without pings."""
    async for message in all_messages(response):
        if message["event"] != "ping":
            yield message


async def all_messages(response: httpx2.Response) -> AsyncIterator[Message]:
    """Split an event stream."""
    message = Message()
    async for line in response.aiter_lines():
        if line == "" and message:
            yield message
            message = Message()
        elif line and not line.startswith(":"):
            field, _, value = line.partition(": ")
            message[field] = value


def seqs(message: Message) -> list[int]:
    return [row[0] for row in json.loads(message["data"])["frames"]]


async def test_the_stream_begins_with_the_state_and_all_frames(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, snapshot = await service.open()
    async with client.stream("GET", f"/stream/{sid}") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-store"
        stream = messages(response)
        first, second = await anext(stream), await anext(stream)
        assert first["event"] == "state"
        assert "id" not in first
        assert json.loads(first["data"]) == snapshot
        assert (second["event"], second["id"], seqs(second)) == ("frames", "1", [1])
        stepped = await service.step(sid, AdamOptions())
        assert json.loads((await anext(stream))["data"]) == stepped
        assert (await anext(stream))["id"] == "2"


async def test_a_stream_sends_pings_that_the_page_receives(
    service: SessionService, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PING_S", 0.05)
    sid, _ = await service.open()
    async with client.stream("GET", f"/stream/{sid}") as response:
        got = all_messages(response)
        names = [(await anext(got))["event"] for _ in range(5)]
    assert names[:2] == ["state", "frames"]
    assert names[2:] == ["ping"] * 3


def test_the_page_waits_for_two_and_a_half_pings() -> None:
    source = (ROOT / "assets/core/session/connection.ts").read_text(encoding="utf-8")
    assert f"SILENCE_MS = {round(2.5 * event_stream.PING_S)}_000;" in source
    assert live.PING_S < event_stream.PING_S


async def test_head_of_a_stream_ends_at_its_headers(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    response = await client.head(f"/stream/{sid}")
    assert response.headers["content-type"].startswith("text/event-stream")
    await until(lambda: not service.events._watchers)


async def test_a_resumed_connection_loses_and_repeats_no_frame(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 3000, AdamOptions(), "torch@cpu")
    seen: list[int] = []
    connections = 0
    headers: dict[str, str] = {}
    is_over = False
    while not is_over:
        connections += 1
        # As in a browser: the URL stays the same, and the Last-Event-ID header has the last id.
        async with client.stream("GET", f"/stream/{sid}?since=0", headers=headers) as response:
            received = 0
            async for message in messages(response):
                if message["event"] == "frames":
                    seen += seqs(message)
                    headers = {"Last-Event-ID": message["id"]}
                    received += 1
                else:
                    state = json.loads(message["data"])
                is_over = state["status"] == "idle" and seen[-1:] == [state["next_seq"] - 1]
                if is_over or received == 3:
                    break
    assert connections > 3
    _, rows = await service.read(sid)
    assert len(rows) > 100
    assert seen == [row[0] for row in rows] == list(range(1, len(rows) + 1))
    await until(lambda: not service.events._watchers)  # closed streams are removed


async def test_since_in_the_address_counts_without_the_header(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    await service.step(sid, AdamOptions())
    for since, header, expected in [("1", None, [2]), ("0", "1", [2]), ("1", "0", [1, 2])]:
        headers = {} if header is None else {"Last-Event-ID": header}
        async with client.stream("GET", f"/stream/{sid}?since={since}", headers=headers) as got:
            stream = messages(got)
            assert (await anext(stream))["event"] == "state"
            assert seqs(await anext(stream)) == expected


async def test_the_state_of_a_reset_comes_before_its_frame(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    async with client.stream("GET", f"/stream/{sid}") as response:
        stream = messages(response)
        await anext(stream), await anext(stream)
        await service.reset(sid, 2)
        state, frames = await anext(stream), await anext(stream)
    assert json.loads(state["data"])["first_seq"] == 2
    assert seqs(frames) == [2]


async def test_frames_without_a_stream(service: SessionService, client: httpx2.AsyncClient) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 50, AdamOptions(), "torch@cpu")
    await finished(service, sid)
    state, rows = await read_rows(service, sid)
    answer = await client.get(f"/frames/{sid}")
    assert answer.json() == {"state": state, "frames": rows}
    assert answer.headers["cache-control"] == "no-store"
    newer = await client.get(f"/frames/{sid}?since=5")
    assert newer.json()["frames"] == rows[5:]
    assert (await client.get(f"/frames/{sid}?since={rows[-1][0]}")).json()["frames"] == []


async def test_unknown_sessions_are_404(client: httpx2.AsyncClient) -> None:
    for sid in (UNKNOWN, "short", "%00", "x" * 5000, "%F0%9F%99%82", "null", "-1", "..%5c.."):
        for route in ("stream", "frames"):
            answer = await client.get(f"/{route}/{sid}")
            assert answer.status_code == 404, sid
            assert answer.json() == {"error": {"code": "session_unknown", "args": {}}}


async def test_a_bad_since_is_422(service: SessionService, client: httpx2.AsyncClient) -> None:
    sid, _ = await service.open()
    bad = ["-1", "abc", "", "1.5", "nan", "inf", "1e3", "9" * 25, "9" * 5000, "true"]
    for since in bad:
        for route in ("stream", "frames"):
            answer = await client.get(f"/{route}/{sid}", params={"since": since})
            assert answer.status_code == 422, since
        answer = await client.get(f"/stream/{sid}", headers={"Last-Event-ID": since})
        assert answer.status_code == 422, since


async def test_an_unknown_since_returns_all_frames(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    sid, _ = await service.open()
    answer = await client.get(f"/frames/{sid}?since={2**53}")
    assert [row[0] for row in answer.json()["frames"]] == [1]


async def test_the_data_can_be_cached_for_ever(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    points = service.points
    answer = await client.get(f"/data/{points.key}.json")
    assert "immutable" in answer.headers["cache-control"]
    data = answer.json()
    assert [len(data[name]) for name in ("prob", "y")] == [64, 64]
    x = data["x"]
    assert np.array_equal(np.linspace(x["from"], x["to"], x["n"]).astype(np.float32), points.x)
    assert data["y"] == points.y.tolist()
    assert data["true_loss"] == pytest.approx(points.true_loss, rel=1e-8)
    assert data["held_out"] == []
    assert data["spec"]["law"] == "lecture"
    assert set(data) == {"x", "prob", "y", "true_loss", "held_out", "spec"}


async def test_other_data_is_404(client: httpx2.AsyncClient) -> None:
    for key in ("0" * 16, "x", "%00", "..%2f..%2fpyproject", "a" * 5000):
        assert (await client.get(f"/data/{key}.json")).status_code == 404, key


SERVER = """
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from pwlapp.core.optimizers import AdamOptions
from pwlapp.services import build_services
from pwlapp.settings import Settings
from pwlapp.web import event_stream

def main():
    folder = Path(sys.argv[1])
    csv, data_dir = str(folder / "points.csv"), folder / "data"
    service = build_services(Settings(data=csv, data_dir=data_dir, workers=1)).sessions

    @asynccontextmanager
    async def lifespan(app):
        await service.start()
        sid, _ = await service.open()
        await service.start_run(sid, 1_000_000, AdamOptions(), "torch@cpu")
        print(sid, flush=True)
        yield
        await service.close()
        print("closed", flush=True)

    app = FastAPI(lifespan=lifespan)
    app.include_router(event_stream.routes(service))
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error")

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_at_sigterm_a_server_ends_its_streams_and_stops(
    tmp_path: Path, settings: object, unused_tcp_port: int, sign: signal.Signals
) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(tmp_path),
        str(unused_tcp_port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert server.stdout is not None
    sid = (await server.stdout.readline()).decode().strip()
    events: list[Message] = []
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
        await until(lambda: answers(client, f"/frames/{sid}"))
        async with client.stream("GET", f"/stream/{sid}", timeout=60) as response:
            async for message in messages(response):
                if not events:
                    server.send_signal(sign)
                events.append(message)
    assert events
    async with asyncio.timeout(30):
        output, errors = await server.communicate()
    assert output.decode().split() == ["closed"]
    assert errors.decode() == ""


async def answers(client: httpx2.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(address)).status_code == 200
    except httpx2.ConnectError:
        return False


async def test_streams_do_not_block_each_other(
    service: SessionService, client: httpx2.AsyncClient
) -> None:
    """Many clients follow one session, or several; each receives all frames."""
    sids = [(await service.open())[0] for _ in range(3)]
    for sid in sids:
        await service.start_run(sid, 100, AdamOptions(), "torch@cpu")

    async def watch(sid: str) -> list[int]:
        seen: list[int] = []
        async with client.stream("GET", f"/stream/{sid}") as response:
            async for message in messages(response):
                if message["event"] == "frames":
                    seen += seqs(message)
                    if json.loads(message["data"])["frames"][-1][3] == "end":
                        break
        return seen

    results = await asyncio.gather(*(watch(sid) for sid in sids for _ in range(4)))
    for i, seen in enumerate(results):
        _, rows = await service.read(sids[i // 4])
        assert seen == [row[0] for row in rows]
    assert await has_moved(service, sids[0])
