"""Streams of the teacher's board. Each room is read once for all of its boards in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from pwlapp.errors import UserError
from pwlapp.rooms.board import rows
from pwlapp.rooms.board.reader import BoardReader
from pwlapp.rooms.board.room_line import Line, room_line
from pwlapp.rooms.board.rows import Row
from pwlapp.rooms.board.scores import Scores
from pwlapp.rooms.service import RoomService
from pwlapp.sessions.events import Event
from pwlapp.sessions.stores.protocol import board_key
from pwlapp.tasks import stop

INTERVAL_S = 0.25  # between two reads of a room
IDLE_S = 10.0  # a room is followed until this time after the last call of `Boards.touch`
PING_S = 5.0  # without changes, a stream sends a ping after this time


class Boards:
    """The open boards of this process, by room."""

    def __init__(self, rooms: RoomService) -> None:
        self._rooms = rooms
        self._boards: dict[str, _Board] = {}
        self._touched_at: dict[str, float] = {}  # time of the last `touch`, by room
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self, code: str) -> AsyncGenerator[Line]:
        """Yield the room and its rows, then their changes, until the streams are ended.

        Yields
        ------
        dict
            ``{"room": ...}``, ``{"seats": [...]}`` with rows, or ``{"gone": [...]}`` with numbers
            of removed seats; ``{"ping": True}`` if nothing changes for `PING_S`.

        Raises
        ------
        UserError
            ``room_unknown`` if there is no such room, or when it ends.
        """
        board = self._board(code)
        try:
            async with aclosing(board.follow()) as lines:
                async for line in lines:
                    yield line
        finally:
            if not board.followers and self._boards.get(code) is board:
                del self._boards[code]
                await board.close()

    async def now(self, code: str) -> Line:
        """The room and all rows at once, for a page without a stream, which asks repeatedly.

        Raises
        ------
        UserError
            See `follow`.
        """
        self.touch(code)
        return await self._board(code).everything()

    async def touch_during_challenge(
        self, code: str, events: AsyncGenerator[Event]
    ) -> AsyncGenerator[Event]:
        """Pass on the events of a seat's stream; during a challenge, each one calls `touch`.

        The ranking is therefore updated while the seat's net changes, also without a board.
        """
        is_ranked = False
        async with aclosing(events):
            async for event in events:
                if event.name == "room":
                    is_ranked = has_challenge(event.data)
                if is_ranked:
                    self.touch(code)
                yield event

    def touch(self, code: str) -> None:
        """Follow a room and score its challenge, until `IDLE_S` after the last call."""
        is_followed = code in self._touched_at
        self._touched_at[code] = asyncio.get_running_loop().time()
        if not is_followed:
            task = asyncio.create_task(
                self._follow_until_idle(code), name=f"board {code} without a stream"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _follow_until_idle(self, code: str) -> None:
        """Follow a room until `IDLE_S` after the last call of `touch`."""
        now = asyncio.get_running_loop().time
        with contextlib.suppress(UserError):  # the request gets the error as well
            async with aclosing(self.follow(code)) as lines:
                try:
                    async for _ in lines:
                        if now() - self._touched_at[code] > IDLE_S:
                            return
                finally:
                    del self._touched_at[code]

    def _board(self, code: str) -> _Board:
        board = self._boards.get(code)
        if board is None or board.has_ended:
            board = self._boards[code] = _Board(self._rooms, code)
        return board


def has_challenge(view: Any) -> bool:
    """Whether a challenge is in progress, by the data of a ``room`` event."""
    challenge = view.get("challenge") if isinstance(view, dict) else None
    return challenge is not None and not challenge["over"]


class _Board:
    """Reads one room repeatedly while boards show it."""

    def __init__(self, rooms: RoomService, code: str) -> None:
        self.followers: set[asyncio.Event] = set()
        self._events = rooms.sessions.events
        self._code = code
        self._reader = BoardReader(rooms, code)
        self._scores = Scores(rooms)
        self._room_line: Line = {}
        self._is_read = asyncio.Event()  # the first read has succeeded or failed
        self._task = asyncio.create_task(self._work(), name=f"board {code}")

    @property
    def has_ended(self) -> bool:
        """Whether the room is no longer read."""
        return self._task.done()

    async def everything(self) -> Line:
        await self._is_read.wait()
        if self.has_ended:
            self._task.result()  # raises the reason
        return {"room": self._room_line, "seats": list(self._reader.rows.values())}

    async def follow(self) -> AsyncGenerator[Line]:
        news = asyncio.Event()
        if self._room_line or self.has_ended:
            news.set()
        self.followers.add(news)
        room: Line = {}
        seats: dict[int, Row] = {}
        try:
            while True:
                try:
                    async with asyncio.timeout(PING_S):
                        await news.wait()
                except TimeoutError:
                    # Read again: a server that died could not report that its pages were closed.
                    self._events.notify(board_key(self._code))
                    yield {"ping": True}
                    continue
                news.clear()
                if self.has_ended:
                    self._task.result()  # raises the reason
                    return
                if room != self._room_line:
                    room = self._room_line
                    yield {"room": room}
                before, seats = seats, self._reader.rows
                changed, gone = rows.changes(before, seats)
                if changed:
                    yield {"seats": changed}
                if gone:
                    yield {"gone": gone}
        finally:
            self.followers.discard(news)

    async def close(self) -> None:
        await stop([self._task])

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            with self._events.watcher(*self._reader.keys) as watcher:
                async for changed in self._events.wakes(watcher):
                    began = loop.time()
                    await self._reader.read(changed, watcher)
                    await self._scores.update(self._reader)
                    self._room_line = room_line(self._reader.room, self._reader.seats)
                    self._publish()
                    await asyncio.sleep(INTERVAL_S - (loop.time() - began))
        finally:
            self._publish()

    def _publish(self) -> None:
        self._is_read.set()
        for news in self.followers:
            news.set()
