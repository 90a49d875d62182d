"""The student of the benchmarks speaks as Chromium does, and notices what is wrong."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientError, web
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page as ChromiumPage
from playwright.sync_api import sync_playwright

from benchmarks.fields import text
from benchmarks.film import KEPT_WHOLE, LATE_S, Film
from benchmarks.follow import Follower
from benchmarks.page import Browser, Page
from benchmarks.sse import Message, Parser
from benchmarks.student import Refused, Student, Unanswered
from tests.support.lecture_page import LecturePage
from tests.support.server import CHROMIUM_ARGS, chromium_path, free_port, serve

CALLBACK = "/_dash-update-component"
LONG = 1_000_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("data")) as found:
        yield found


class TestParser:
    TEXT = (
        b": hello\r\n\r\nevent: state\r\ndata: {}\r\nretry: 70\r\n\r\n"
        b"id: 7\ndata: one\ndata:two\n\nid: 8\n\ndata\r\rdata: lost"
    )
    MESSAGES = (Message("state", "{}"), Message("message", "one\ntwo"), Message("message", ""))

    @given(st.sets(st.integers(0, len(TEXT))))
    def test_however_the_bytes_are_cut(self, cuts: set[int]) -> None:
        parser, places = Parser(), [0, *sorted(cuts), len(self.TEXT)]
        parts = [self.TEXT[a:b] for a, b in pairwise(places)]
        assert tuple(message for part in parts for message in parser.feed(part)) == self.MESSAGES
        assert (parser.last_id, parser.retry_ms) == ("8", 70)

    def test_an_id_counts_when_its_message_is_whole(self) -> None:
        parser = Parser("4")
        assert parser.feed(b"id: 5\r\ndata: x\r\n") == []
        assert parser.last_id == "4"
        assert parser.feed(b"\r\n") == [Message("message", "x")]
        assert parser.last_id == "5"


def rows(*numbered: tuple[int, int], mark: str = "") -> list[list[Any]]:
    return [[seq, epoch, 0.5, mark, float(seq)] for seq, epoch in numbered]


def follow(film: Film, first: int, following: int) -> Film:
    film.follow({"first_seq": first, "next_seq": following})
    return film


class TestFilm:
    def test_all_is_well(self) -> None:
        film = follow(Film(), 1, 5)
        assert film.add(rows((1, 0), (2, 10)), after=0, at=0.0) == 2
        assert film.add(rows((3, 20), (4, 30)), after=2, at=0.1) == 4
        assert (film.lost, film.repeated, film.late, film.faults) == (0, 0, 0, [])
        assert [frame.epoch for frame in film.frames] == [0, 10, 20, 30]

    def test_lost(self) -> None:
        film = follow(Film(), 1, 9)
        film.add(rows((2, 0), (5, 10)), after=0, at=0.0)
        assert film.lost == 3

    def test_what_a_reset_has_undone_is_not_lost(self) -> None:
        film = follow(Film(), 1, 4)
        film.add(rows((1, 0), (2, 10)), after=0, at=0.0)
        follow(film, 8, 9)
        assert film.frames == []
        film.add(rows((3, 20)), after=2, at=0.1)  # on its way before the reset
        film.add(rows((8, 0)), after=3, at=0.2)
        assert (film.lost, film.faults, film.last_seq) == (0, [], 8)

    def test_a_long_history_has_gaps(self) -> None:
        film = follow(Film(), 1, KEPT_WHOLE + 2)
        film.add(rows((1, 0), (KEPT_WHOLE, 10)), after=0, at=0.0)
        assert film.lost == 0

    def test_repeated(self) -> None:
        film = follow(Film(), 1, 3)
        film.add(rows((1, 0), (2, 10)), after=0, at=0.0)
        film.add(rows((2, 10)), after=2, at=0.1)
        assert (film.repeated, film.faults) == (1, [])
        assert [frame.seq for frame in film.frames] == [1, 2]

    def test_another_frame_under_a_known_number(self) -> None:
        film = follow(Film(), 1, 3)
        film.add(rows((1, 0), (2, 10)), after=0, at=0.0)
        film.add(rows((2, 11)), after=1, at=0.1)
        assert film.faults == ["frame 2 came twice with different numbers"]

    @pytest.mark.parametrize(("mark", "count"), [("", 1), ("end", 1), ("edit", 0), ("start", 0)])
    def test_an_epoch_that_does_not_rise(self, mark: str, count: int) -> None:
        film = follow(Film(), 1, 3)
        film.add(rows((1, 0), (2, 10)), after=0, at=0.0)
        film.add(rows((3, 10), mark=mark), after=2, at=0.1)
        assert len(film.faults) == count

    def test_late(self) -> None:
        film = follow(Film(), 1, 9)
        film.expect(10.0)
        film.add(rows((1, 0), (2, 1)), after=0, at=10.5 + LATE_S)
        film.add(rows((3, 2)), after=2, at=10.5 + 2 * LATE_S)
        film.add(rows((4, 3), mark="end"), after=3, at=11.0 + 3 * LATE_S)
        film.add(rows((5, 4)), after=4, at=99.0)  # nobody waits for it
        assert film.late == 2
        assert film.longest_wait_s == LATE_S + 0.5


class TestPage:
    def test_sends_what_chromium_sends(self, address: str) -> None:
        sent = chromium_bodies(address)
        built = asyncio.run(built_bodies(address, sent))
        assert len(sent) == 6
        for theirs, ours in zip(sent, built, strict=True):
            assert ours == theirs

    @pytest.mark.parametrize(
        ("value", "js"),
        [(2, "2"), (0.001, "0.001"), (1.0, "1"), (0.00001, "0.00001"), (2.5e-7, "2.5e-7")],
    )
    def test_numbers_in_fields(self, value: float, js: str) -> None:
        assert text(value) == js

    async def test_an_address_that_is_down_is_passed_over(self, address: str) -> None:
        down = f"http://127.0.0.1:{free_port()}"
        browser = Browser([down, address], random.Random(0))
        try:
            for _ in range(5):
                assert await browser.fetch("GET", "/_dash-dependencies")
        finally:
            await browser.close()

    async def test_a_connection_that_was_closed_meanwhile_is_not_an_error(self) -> None:
        """Each connection answers once and is gone when the next request comes."""
        posts: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            posts.append(await reader.readexactly(2))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await reader.read(1)  # the next request has come: hang up on it
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            browser = Browser([f"http://{host}:{port}"], random.Random(0))
            try:
                for _ in range(3):
                    assert await browser.fetch("POST", "/", data=b"hi") == b"ok"
            finally:
                await browser.close()
        assert posts == [b"hi"] * 3

    async def test_a_new_connection_that_breaks_is_an_error(self) -> None:
        posts = 0

        async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal posts
            await reader.readuntil(b"\r\n\r\n")
            posts += 1
            writer.close()

        async with await asyncio.start_server(break_off, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            browser = Browser([f"http://{host}:{port}"], random.Random(0))
            try:
                with pytest.raises(ClientError):
                    await browser.fetch("POST", "/", data=b"hi")
            finally:
                await browser.close()
        assert posts == 1


def chromium_bodies(address: str) -> list[dict[str, Any]]:
    """What Chromium asks when a student opens the page and presses one button after another."""
    sent: list[dict[str, Any]] = []

    def keep(page: ChromiumPage) -> None:
        page.on(
            "request",
            lambda request: (
                sent.append(request.post_data_json)
                if urlsplit(request.url).path == CALLBACK
                else None
            ),
        )

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        page = browser.new_context(locale="en-US").new_page()
        keep(page)
        tab = LecturePage(page)
        tab.open(address)
        tab.train(300)
        tab.wait_for_epoch(300)
        tab.find("#fit-step").click()
        tab.wait_for_epoch(301)
        tab.type_weight("fit", 1, "0.5")
        tab.find("#fit-reset").click()
        tab.wait_for_epoch(0)
        browser.close()
    by_output = {"construction-results.data": 1}  # the first two come in either order
    return sorted(sent[:2], key=lambda body: by_output.get(body["output"], 0)) + sent[2:]


async def built_bodies(address: str, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same from `Page`, with the answers that Chromium got."""
    browser = Browser([address], random.Random(0))
    page = Page(browser)
    await page.load(files=False)
    await browser.close()
    session = sent[2]["state"][0]["value"]
    edit = next(item["value"] for item in sent[4]["inputs"] if item["id"] == "edit")
    known = {"seed": session["snapshot"]["seed"], "net": session["snapshot"]["net"]}
    page.put("tab", "data", sent[0]["inputs"][0]["value"])
    page.put("construction-params", "data", sent[1]["inputs"][0]["value"])
    built = [page.body("tab", "data"), page.body("construction-params", "data")]
    page.put("session", "data", session)
    page.put("known", "data", known)
    page.put("fit-epochs", "value", "300")
    page.put("edit", "data", edit)
    for name, prop in (("fit-train", "n_clicks"), ("fit-step", "n_clicks"), ("edit", "data")):
        if prop == "n_clicks":
            page.click(name)
        built.append(page.body(name, prop))
    page.click("fit-reset")
    return [*built, page.body("fit-reset", "n_clicks")]


class TestStudent:
    async def test_a_lesson(self, address: str) -> None:
        async with Student([address], files=True) as student:
            await student.open()
            await student.wait_until(lambda: student.connected)
            assert student.status == "idle"
            await student.train(5000)
            end = await student.wait_for(5000)
            assert (end.epoch, end.mark) == (5000, "end")
            assert student.ended_at is not None
            assert student.pressed_at is not None
            assert student.ended_at > student.pressed_at
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
            await student.train(LONG)
            await student.wait_until(lambda: len(student.frames) > 5)
            await student.pause()
            seen, sid = list(student.frames), student.sid
            await student.reload()
            await student.wait_until(lambda: len(student.frames) >= len(seen))
            assert student.sid == sid
            assert [frame[:5] for frame in student.frames[: len(seen)]] == [f[:5] for f in seen]
            await student.resume()
            await student.wait_until(lambda: student.frames[-1].seq > seen[-1].seq)
            assert student.status == "running"
            await student.reset()
            assert student.problems() == []

    async def test_refusals_are_told(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            student.choose("fit-lr", "fast")
            with pytest.raises(Refused) as refused:
                await student.train(10)
            assert refused.value.code == "bad_lr"
            assert student.problems() == ["refused: bad_lr"]

    async def test_nobody_there(self) -> None:
        async with Student([f"http://127.0.0.1:{free_port()}"]) as student:
            with pytest.raises(Unanswered):
                await student.open()
            (error,) = student.errors
            assert error.startswith("unanswered: ")

    async def test_a_wait_in_vain_says_where_it_stands(self, address: str) -> None:
        async with Student([address]) as student:
            await student.open()
            with pytest.raises(TimeoutError, match="idle, epoch"):
                await student.wait_for(1, timeout_s=0.01)


class TestRestart:
    """What EventSource and the page do when the server goes away and comes back."""

    def test_the_run_is_followed_to_its_end(self, tmp_path: Path) -> None:
        asyncio.run(self.follow_over_a_restart(tmp_path))

    async def follow_over_a_restart(self, folder: Path) -> None:
        port = free_port()
        async with Student([f"http://127.0.0.1:{port}"]) as student:
            async with served(folder, port):
                await student.open()
                await student.train(LONG)
                await student.wait_until(lambda: len(student.frames) > 5)
            await student.wait_until(lambda: not student.connected)
            async with served(folder, port):
                await student.wait_for(LONG, timeout_s=100)
            assert student.frames[-1].mark == "end"
            assert student.reconnects > 0
            assert student.problems() == []

    def test_a_session_that_is_gone_is_opened_anew(self, tmp_path: Path) -> None:
        asyncio.run(self.lose_a_session(tmp_path))

    async def lose_a_session(self, folder: Path) -> None:
        port = free_port()
        async with Student([f"http://127.0.0.1:{port}"]) as student:
            for name in ("one", "two"):
                (folder / name).mkdir()
                before = student.sid
                async with served(folder / name, port):
                    if before is None:
                        await student.open()
                    await student.wait_until(lambda old=before: student.sid != old)  # type: ignore[misc]
            assert student.snapshot is not None
            assert student.snapshot["notice"]["code"] == "session_new"
            assert "the session is not known any more" in student.errors


@asynccontextmanager
async def served(folder: Path, port: int) -> AsyncIterator[None]:
    """`serve`, beside a student in the same event loop."""
    serving = serve(folder, port=port)
    await asyncio.to_thread(serving.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


class Ear:
    """A `follow.Listener` that only remembers."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.enough = asyncio.Event()
        self.last_seq = 3

    def on_state(self, snapshot: dict[str, Any]) -> None:
        self.told.append(("state", snapshot["version"]))

    def on_frames(self, rows: list[Any], after: int) -> int:
        self.told.append(("frames", rows, after))
        self.last_seq = int(rows[-1][0]) if rows else self.last_seq
        return self.last_seq

    def on_connection(self, connected: bool) -> None:
        pass

    def on_lost(self) -> None:
        self.told.append("lost")
        self.enough.set()


class TestFollower:
    async def test_comes_back_where_it_was_and_asks_when_refused(self) -> None:
        asked: list[tuple[str, str | None]] = []

        async def stream(request: web.Request) -> web.StreamResponse:
            asked.append((request.path_qs, request.headers.get("Last-Event-ID")))
            if len(asked) > 2:
                raise web.HTTPServiceUnavailable
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await answer.prepare(request)
            seq = 3 + len(asked)
            frames = json.dumps({"frames": [[seq, seq, 0.5, ""]]})
            await answer.write(
                b'retry: 1\nevent: state\ndata: {"version": 1}\n\n'
                + f"id: {seq}\nevent: frames\ndata: {frames}\n\n".encode()
            )
            return answer

        async def frames(request: web.Request) -> web.StreamResponse:
            asked.append((request.path_qs, None))
            raise web.HTTPNotFound

        async with fake({"/stream/a": stream, "/frames/a": frames}) as address:
            ear, browser = Ear(), Browser([address], random.Random(0))
            follower = Follower(browser, "a", ear)
            follower.start()
            async with asyncio.timeout(20):
                await ear.enough.wait()
            await follower.close()
            await browser.close()
        assert asked == [
            ("/stream/a?since=3", None),
            ("/stream/a?since=3", "4"),
            ("/stream/a?since=3", "5"),
            ("/frames/a?since=5", None),
        ]
        seen = [item[1:] for item in ear.told if item[0] == "frames"]
        assert seen == [([[4, 4, 0.5, ""]], 3), ([[5, 5, 0.5, ""]], 4)]
        assert (follower.reconnects, follower.polls, ear.told[-1]) == (2, 1, "lost")


@asynccontextmanager
async def fake(handlers: dict[str, Any]) -> AsyncIterator[str]:
    """A server that does what a test tells it to."""
    app = web.Application()
    app.router.add_routes([web.get(path, handler) for path, handler in handlers.items()])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
