"""The simulated student follows a net as the page does, and records errors."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.support.client import event_stream
from tests.support.client.connections import AnyServer, open_client
from tests.support.client.dash_page import outputs
from tests.support.client.event_stream import Event
from tests.support.client.fields import text
from tests.support.client.frame_log import KEPT_WHOLE, LATE_S, FrameLog
from tests.support.client.student import Refused, Student, Unanswered
from tests.support.server import free_port, serve

LONG = 1_000_000


def rows(*numbered: tuple[int, int], mark: str = "") -> list[list[Any]]:
    return [[seq, epoch, 0.5, mark, float(seq)] for seq, epoch in numbered]


def log_of(first: int, following: int) -> FrameLog:
    log = FrameLog()
    log.follow({"first_seq": first, "next_seq": following})
    return log


class TestFrameLog:
    def test_a_complete_history_has_no_faults(self) -> None:
        log = log_of(1, 5)
        log.add(rows((1, 0), (2, 10)), at=0.0)
        log.add(rows((3, 20), (4, 30)), at=0.1)
        assert (log.lost, log.repeated, log.late, log.faults) == (0, 0, 0, [])
        assert (log.received, log.last_seq) == (4, 4)
        assert [frame.epoch for frame in log.frames] == [0, 10, 20, 30]

    def test_lost(self) -> None:
        log = log_of(1, 9)
        log.add(rows((2, 0), (5, 10)), at=0.0)
        assert log.lost == 3

    def test_frames_removed_by_a_reset_are_not_lost(self) -> None:
        log = log_of(1, 4)
        log.add(rows((1, 0), (2, 10)), at=0.0)
        log.follow({"first_seq": 8, "next_seq": 9})
        assert log.frames == []
        log.add(rows((3, 20)), at=0.1)  # sent before the reset
        log.add(rows((8, 0)), at=0.2)
        assert (log.lost, log.faults, log.last_seq) == (0, [], 8)
        assert [frame.seq for frame in log.frames] == [8]

    def test_a_long_history_has_gaps(self) -> None:
        log = log_of(1, KEPT_WHOLE + 2)
        log.add(rows((1, 0), (KEPT_WHOLE, 10)), at=0.0)
        assert log.lost == 0

    def test_repeated(self) -> None:
        log = log_of(1, 3)
        log.add(rows((1, 0), (2, 10)), at=0.0)
        log.add(rows((2, 10)), at=0.1)
        assert (log.repeated, log.faults) == (1, [])
        assert [frame.seq for frame in log.frames] == [1, 2]

    def test_another_frame_under_a_known_number(self) -> None:
        log = log_of(1, 3)
        log.add(rows((1, 0), (2, 10)), at=0.0)
        log.add(rows((2, 11)), at=0.1)
        assert log.faults == ["frame 2 came twice with different numbers"]

    @pytest.mark.parametrize(("mark", "count"), [("", 1), ("end", 1), ("edit", 0), ("start", 0)])
    def test_an_epoch_that_does_not_rise(self, mark: str, count: int) -> None:
        log = log_of(1, 3)
        log.add(rows((1, 0), (2, 10)), at=0.0)
        log.add(rows((3, 10), mark=mark), at=0.1)
        assert len(log.faults) == count

    def test_late(self) -> None:
        log = log_of(1, 9)
        log.expect(10.0)
        log.add(rows((1, 0), (2, 1)), at=10.5 + LATE_S)
        log.add(rows((3, 2)), at=10.5 + 2 * LATE_S)
        log.add(rows((4, 3), mark="end"), at=11.0 + 3 * LATE_S)
        log.add(rows((5, 4)), at=99.0)  # after the end no frame is expected
        assert log.late == 2
        assert log.longest_wait_s == LATE_S + 0.5


@pytest.mark.parametrize(
    ("value", "js"),
    [(2, "2"), (0.001, "0.001"), (1.0, "1"), (0.00001, "0.00001"), (2e7, "20000000")],
)
def test_numbers_in_fields(value: float, js: str) -> None:
    assert text(value) == js


def test_outputs_as_the_renderer_writes_them() -> None:
    assert outputs("a.data") == {"id": "a", "property": "data"}
    several = [{"id": "a", "property": "data"}, {"id": "b", "property": "value@1"}]
    assert outputs("..a.data...b.value@1..") == several


Handler = Callable[[httpx2.Request], httpx2.Response]


def client(handler: Handler, *addresses: str) -> httpx2.AsyncClient:
    """A client whose requests are answered by a function."""
    transport = AnyServer(addresses, random.Random(0), httpx2.MockTransport(handler))
    return open_client(transport)


class TestAnyServer:
    async def test_requests_go_to_all_servers_that_answer(self) -> None:
        asked: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(f"{request.url.host}:{request.url.port}")
            assert request.headers["Host"] == asked[-1]
            if request.url.port == 1:
                raise httpx2.ConnectError("refused")
            return httpx2.Response(200, text="yes")

        async with client(answer, "http://down:1", "http://up:2", "http://up:3") as http:
            assert {(await http.get("/")).text for _ in range(20)} == {"yes"}
        assert set(asked) == {"down:1", "up:2", "up:3"}

    async def test_a_broken_request_is_not_repeated(self) -> None:
        asked: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(request.url.host)
            raise httpx2.RemoteProtocolError("broken off")

        async with client(answer, "http://a", "http://b") as http:
            with pytest.raises(httpx2.RemoteProtocolError):
                await http.get("/")
        assert len(asked) == 1

    async def test_all_are_down(self) -> None:
        def answer(request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused")

        async with client(answer, "http://a", "http://b") as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get("/")


async def test_a_stream_resumes_at_its_place_and_is_polled_when_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_stream, "POLL_S", 0.001)
    asked: list[tuple[str, str | None]] = []
    seqs = [3]

    def last_seq() -> int:
        return seqs[-1]

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.raw_path.decode(), request.headers.get("Last-Event-ID")))
        if request.url.path == "/frames/a":
            newer = {"state": {"version": 2}, "frames": [[6, 6, 0.5, ""]]}
            return httpx2.Response(200, json=newer) if len(asked) < 6 else httpx2.Response(404)
        if len(asked) > 3:
            return httpx2.Response(503)
        frames = json.dumps({"frames": [[3 + len(asked)]]})
        parts = [
            b': ping\r\n\r\nretry: 1\nevent: state\ndata: {"version": 1}\n\n',
            f"id: {3 + len(asked)}\nevent: frames\nda".encode(),
            f"ta: {frames}\n\nid: 9\nevent: frames\ndata: cut of".encode(),
        ]
        is_cut = len(asked) == 2

        async def content() -> AsyncIterator[bytes]:
            for part in parts:
                yield part
            if is_cut:
                raise httpx2.ReadError("cut off")

        headers = {"Content-Type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=content())

    seen: list[Event] = []
    async with client(answer, "http://a") as http, asyncio.timeout(20):
        async for event in event_stream.follow(http, event_stream.of_session("a", last_seq)):
            seen.append(event)
            seqs += [row[0] for row in event.content] if event.name == "frames" else []
    assert asked == [
        ("/stream/a?since=3", None),
        ("/stream/a?since=3", "4"),
        ("/stream/a?since=3", "5"),
        ("/stream/a?since=3", "6"),
        ("/frames/a?since=6", None),
        ("/stream/a?since=6", None),
        ("/frames/a?since=6", None),
    ]
    received = [("state", {"version": 1}), ("frames", [[4]]), ("lost", None)]
    assert seen[:3] == received
    frames = [event.content for event in seen if event.name == "frames"]
    assert frames == [[[4]], [[5]], [[6]], [[6, 6, 0.5, ""]]]
    assert [event.name for event in seen].count("lost") == 3
    assert [event.name for event in seen].count("refused") == 2


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("data")) as served:
        yield served


class TestStudent:
    async def test_a_lesson(self, address: str) -> None:
        async with Student([address], files=True) as student:
            await student.open()
            await student.wait_until(lambda: student.connected)
            assert student.status == "idle"
            await student.train(5000)
            end = await student.wait_for(5000)
            assert (end.epoch, end.mark) == (5000, "end")
            await student.step()
            await student.wait_for(5001)
            await student.edit([1.0, 2.0, 3.0, 4.0, 5.0])
            await student.wait_until(lambda: student.frames[-1].mark == "edit")
            await student.reset(3)
            await student.wait_until(lambda: student.epoch == 0)
            assert student.snapshot is not None
            assert student.snapshot["seed"] == 3
            assert [frame.mark for frame in student.frames] == ["start"]
            assert student.problems() == []

    async def test_a_reload_in_the_middle(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            student.choose("fit-hidden", "2048")  # half a minute with the compiled engine
            await student.train(LONG)
            await student.wait_until(lambda: len(student.frames) > 5)
            await student.pause()
            seen, sid = list(student.frames), student.sid
            await student.open()
            await student.wait_until(lambda: len(student.frames) >= len(seen))
            assert student.sid == sid
            assert [frame[:5] for frame in student.frames[: len(seen)]] == [f[:5] for f in seen]
            assert (await student.resume())["status"] == "running"
            await student.wait_until(lambda: student.frames[-1].seq > seen[-1].seq)
            await student.reset()
            assert student.problems() == []

    async def test_a_run_is_followed_despite_a_lost_connection(self, address: str) -> None:
        """The first connection of the stream breaks; the next one is refused."""
        async with Student([address], transport=Cutting(cut_after=2, refused=1)) as student:
            await student.open()
            await student.train(5000)
            await student.wait_for(5000)
            await student.wait_until(lambda: student.reconnects == 2 and student.connected)
            await student.step()
            await student.wait_for(5001)
            assert student.frames[-2].mark == "end"
            assert student.problems() == []

    async def test_a_deleted_session_is_replaced(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            student.sid = "unknown"
            student.listen()
            await student.wait_until(lambda: student.sid != "unknown" and student.connected)
            assert student.snapshot is not None
            assert student.snapshot["notice"]["code"] == "session_new"
            assert student.errors == ["the session is not known any more"]

    async def test_refusals_are_recorded(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            student.choose("fit-lr", "fast")
            with pytest.raises(Refused) as refused:
                await student.train(10)
            assert refused.value.code == "bad_lr"
            assert student.problems() == ["refused: bad_lr"]

    async def test_no_server(self) -> None:
        async with Student([f"http://127.0.0.1:{free_port()}"]) as student:
            with pytest.raises(Unanswered):
                await student.open()
            (error,) = student.errors
            assert error.startswith("unanswered: ")

    async def test_a_timeout_names_the_students_state(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            with pytest.raises(TimeoutError, match="idle, epoch"):
                await student.wait_for(1, timeout_s=0.01)


class Cutting(httpx2.AsyncHTTPTransport):
    """Breaks the first event stream after some parts, and then refuses some connections."""

    def __init__(self, cut_after: int, refused: int) -> None:
        super().__init__()
        self._cut_after = cut_after
        self._refused = refused
        self._streams = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.startswith("/stream/"):
            return await super().handle_async_request(request)
        self._streams += 1
        if 1 < self._streams <= 1 + self._refused:
            raise httpx2.ConnectError("refused")
        answer = await super().handle_async_request(request)
        if self._streams > 1:
            return answer
        cut = CutStream(answer.stream, self._cut_after)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=cut)


class CutStream(httpx2.AsyncByteStream):
    def __init__(self, whole: Any, count: int) -> None:
        self._whole = whole
        self._count = count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._count
        async for part in self._whole:
            if not left:
                raise httpx2.ReadError("cut off")
            left -= 1
            yield part

    async def aclose(self) -> None:
        await self._whole.aclose()
