"""A student and a teacher in a room, without browsers."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from typing import Any, Literal, Self

import httpx2

from tests.support.client import event_stream
from tests.support.client.connections import AnyServer, open_client
from tests.support.client.student import Refused, Student, Unanswered

RETRY_S = 1.0  # after which the board's stream is opened again, as in assets/board


class ClassStudent(Student):
    """A `Student` who can join a room; see `Student` for further parameters and attributes.

    Attributes
    ----------
    seat : str or None
        The token of the seat, which the browser keeps.
    room : dict or None
        What the seat sees of the room.
    own : str or None
        The student's own session, which is kept while the class follows the teacher.
    followed_at : float
        When the tab began to show its current session, by `time.perf_counter`.
    """

    def __init__(self, addresses: Sequence[str], **options: Any) -> None:
        super().__init__(addresses, **options)
        self.seat: str | None = None
        self.room: dict[str, Any] | None = None
        self.own: str | None = None
        self.followed_at = 0.0

    async def join(self, code: str, nickname: str = "") -> dict[str, Any]:
        """Take a seat (again), and follow the room; returns the seat's view of the room.

        Raises
        ------
        Refused, Unanswered
        """
        self.own = self.own or self.sid
        body = {"code": code, "nickname": nickname, "own": self.own, "seat": self.seat}
        answer = await self._answer(post(self.http, "/rooms/join", body))
        if "error" in answer:
            raise self._refused(answer["error"])
        self.seat = answer["seat"]
        self._see(answer["room"])
        self.listen()
        room: dict[str, Any] = answer["room"]
        return room

    async def come_back(self, code: str) -> None:
        """Reload the page, which takes the same seat again with the stored token."""
        self.sid, self.room = self.own, None
        seat, self.seat = self.seat, None
        await self.open()
        self.seat = seat
        await self.join(code)

    async def command(self, name: str, **body: Any) -> dict[str, Any]:
        """Send a command of the seat. Raises Refused, Unanswered."""
        answer = await self._answer(post(self.http, f"/rooms/seat/{name}", body, self.seat))
        if "error" in answer:
            raise self._refused(answer["error"])
        return answer

    def _source(self) -> event_stream.Source:
        if self.seat is None:
            return super()._source()
        return event_stream.Source("/rooms/stream", "/rooms/frames", self._place)

    def _place(self) -> event_stream.Query:
        return {
            "seat": self.seat or "",
            "own": self.own or "",
            "sid": self.sid or "",
            "since": self.log.last_seq,
        }

    def _hear(self, event: event_stream.Event) -> None:
        if event.name == "room":
            self._see(event.content)
            self._connection(True)
        else:
            super()._hear(event)

    def _see(self, seen: dict[str, Any] | Literal["left"] | None) -> None:
        """Store the seat's view of the room, and switch to the session that it names."""
        room = None if seen == "left" else seen
        self.room = room
        if room is None:
            self.seat = None
        sid = (room and room["sid"]) or self.own
        if sid != self.sid:
            self.sid = sid
            self.log.clear()
            self.snapshot = None
            self._page.values["session", "data"] = {"sid": sid}
            self.followed_at = time.perf_counter()
        self._changed.set()


class Teacher:
    """A teacher with one room and its board.

    Parameters
    ----------
    http : httpx2.AsyncClient

    Attributes
    ----------
    code, token : str
    room : dict
        The newest state of the room on the board.
    seats : dict of int to dict
        The newest row of each seat on the board.
    shown : list of (float, int, int)
        Time of arrival of each row, by `time.perf_counter`, with its seat and epoch.
    reconnects : int
        How often the board's stream was opened again.
    """

    def __init__(self, http: httpx2.AsyncClient, code: str, token: str) -> None:
        self.http, self.code, self.token = http, code, token
        self.room: dict[str, Any] = {}
        self.seats: dict[int, dict[str, Any]] = {}
        self.shown: list[tuple[float, int, int]] = []
        self.reconnects = 0
        self._changed = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def open_room(cls, addresses: Sequence[str], seed: int = 0) -> Self:
        """Open a room. Raises Refused."""
        http = open_client(AnyServer(addresses, random.Random(seed)))
        answer = await post(http, "/rooms", {})
        if "error" in answer:
            raise Refused(answer["error"]["code"])
        return cls(http, answer["code"], answer["teacher"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.http.aclose()

    async def command(self, name: str, **body: Any) -> dict[str, Any]:
        """Send a command. Raises Refused."""
        answer = await post(self.http, f"/rooms/teacher/{name}", body, self.token)
        if "error" in answer:
            raise Refused(answer["error"]["code"])
        return answer

    def watch(self) -> None:
        """Open the board, and follow it until the teacher is closed."""
        self._following = asyncio.create_task(self._follow())

    async def wait_until(self, condition: Any, timeout_s: float = 60.0) -> None:
        """Wait until the board fulfils a condition. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            try:
                async with self.http.stream("POST", "/rooms/board", headers=headers) as answer:
                    if answer.is_success:
                        async for line in answer.aiter_lines():
                            self._take(json.loads(line))
            except httpx2.TransportError:
                pass  # the server is down for a moment
            self.reconnects += 1
            await asyncio.sleep(RETRY_S)

    def _take(self, line: dict[str, Any]) -> None:
        now = time.perf_counter()
        self.room = line.get("room", self.room)
        for row in line.get("seats", ()):
            self.seats[row["n"]] = row
            self.shown.append((now, row["n"], row["epoch"]))
        for number in line.get("gone", ()):
            self.seats.pop(number, None)
        self._changed.set()


async def post(
    http: httpx2.AsyncClient, path: str, body: dict[str, Any], token: str | None = None
) -> dict[str, Any]:
    """Send a command; returns its answer, which may be ``{"error": ...}``. Raises Unanswered."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer: dict[str, Any] = (await http.post(path, json=body, headers=headers)).json()
    except (httpx2.HTTPError, ValueError) as error:
        raise Unanswered(f"{path}: {error!r}") from error
    return answer
