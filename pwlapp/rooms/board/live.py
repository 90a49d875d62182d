"""The teacher's board, live: the rows of a room, read once for all boards of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from typing import Any, TypeAlias

from pwlapp.rooms.ask import answers
from pwlapp.rooms.board import rows
from pwlapp.rooms.board.reader import BoardReader
from pwlapp.rooms.board.rows import Row
from pwlapp.rooms.board.scores import Scores
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Question, Room, Seat, Setting, Value
from pwlapp.rooms.view import challenge_view, question_view
from pwlapp.sessions.codec import optimizer_from
from pwlapp.sessions.snapshot import optimizer_row
from pwlapp.sessions.stores.protocol import board_key
from pwlapp.tasks import stop

INTERVAL_S = 0.25  # between two readings of a room
PING_S = 5.0  # the longest silence on a board's stream

Line: TypeAlias = dict[str, Any]


class Boards:
    """The boards that are open in this process.

    Parameters
    ----------
    rooms : RoomService
    """

    def __init__(self, rooms: RoomService) -> None:
        self._rooms = rooms
        self._boards: dict[str, _Board] = {}

    async def follow(self, code: str) -> AsyncIterator[Line]:
        """Watch a room.

        Yields
        ------
        dict
            ``{"room": ...}``, ``{"seats": [...]}`` with the rows, ``{"gone": [...]}`` with numbers
            of seats: at first all, then what has changed; ``{"ping": True}`` in a silence. Ends
            when the streams are ended.

        Raises
        ------
        UserError
            ``room_unknown`` when there is no such room, or no longer.
        """
        board = self._boards.get(code)
        if board is None or board.has_ended:
            board = self._boards[code] = _Board(self._rooms, code)
        try:
            async with aclosing(board.follow()) as lines:
                async for line in lines:
                    yield line
        finally:
            if not board.followers and self._boards.get(code) is board:
                del self._boards[code]
                await board.close()


class _Board:
    """The reading of one room while boards show it."""

    def __init__(self, rooms: RoomService, code: str) -> None:
        self.followers: set[asyncio.Event] = set()
        self._events = rooms.sessions.events
        self._code = code
        self._reader = BoardReader(rooms, code)
        self._scores = Scores(rooms)
        self._room_line: Line = {}
        self._task = asyncio.create_task(self._work(), name=f"board {code}")

    @property
    def has_ended(self) -> bool:
        """Whether nothing is read any more."""
        return self._task.done()

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
                    # Look again: a server that has died does not notify that its pages are gone.
                    self._events.notify(board_key(self._code))
                    yield {"ping": True}
                    continue
                news.clear()
                if self.has_ended:
                    self._task.result()  # raises why
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
        for news in self.followers:
            news.set()


def room_line(room: Room, seats: Collection[Seat]) -> Line:
    """What the board shows of the room itself; every value is valid JSON."""
    return {
        "code": room.code,
        "ends": room.ends,
        "leading": room.leading,
        "frozen": room.frozen,
        "hidden": list(room.hidden),
        "lesson": list(room.lesson) if room.lesson else None,
        "spotlight": room.spotlight.seat if room.spotlight else None,
        "setting": _setting(room.setting) if room.setting else None,
        "question": _question(room.question, seats) if room.question else None,
        "challenge": challenge_view(room, room.challenge) if room.challenge else None,
    }


def _setting(setting: Setting) -> Line:
    return {
        "seed": setting.seed,
        "seat_seeds": setting.seat_seeds,
        "net": vars(setting.net).copy(),
        "optimizer": optimizer_row(optimizer_from(setting.optimizer)),
        "epochs": setting.epochs,
        "data_key": setting.data_key,
    }


def _question(question: Question, seats: Collection[Seat]) -> Line:
    given = answers(question, seats)
    return question_view(question) | {
        "answered": len(given),
        "all": [[number, _answer(value)] for number, value in sorted(given.items())],
    }


def _answer(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
