"""The teacher's board, live: the rows of a room, read once for all boards of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Set
from contextlib import aclosing
from typing import Any, TypeAlias

from msgspec.structs import replace

from pwlapp.core.data.points import Points
from pwlapp.rooms.ask import answers
from pwlapp.rooms.board import rows
from pwlapp.rooms.board.rows import Row, Shown
from pwlapp.rooms.board.scores import Scores
from pwlapp.rooms.presence import is_here
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Question, Room, Seat, Setting, Value, watched
from pwlapp.rooms.view import challenge_view, question_view
from pwlapp.sessions.codec import optimizer_from
from pwlapp.sessions.events import Watcher
from pwlapp.sessions.snapshot import optimizer_row
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import board_key, room_key
from pwlapp.tasks import stop

INTERVAL_S = 0.25  # between two readings of a room
PING_S = 5.0  # the longest silence on a board's stream

Line: TypeAlias = dict[str, Any]


class BoardReader:
    """The newest rows of a room.

    Parameters
    ----------
    rooms : RoomService
    code : str

    Attributes
    ----------
    keys : set of str
        Under which changes of the room and of its seats are notified.
    room : Room
        Once `read` was called, as everything below.
    seats : list of Seat
    shown : dict of int to Shown
        By the number of the seat; without seats whose session has expired.
    """

    def __init__(self, rooms: RoomService, code: str) -> None:
        self._sessions, self._rooms = rooms.sessions, rooms.repository
        self._code = code
        self.keys = {room_key(code), board_key(code)}
        self._clock = rooms.presence.clock
        self._states: dict[str, SessionState] = {}
        self.room: Room
        self.seats: list[Seat] = []
        self.shown: dict[int, Shown] = {}

    @property
    def rows(self) -> dict[int, Row]:
        """The rows, by the number of the seat."""
        return {number: shown.row for number, shown in self.shown.items()}

    async def read(self, changed: Set[str] = frozenset(), watcher: Watcher | None = None) -> None:
        """Read the room and its seats, and the sessions that may have changed.

        Parameters
        ----------
        changed : set of str
            Keys of what has changed since the last call; what is new is read anyway.
        watcher : Watcher or None
            Set to watch all that is read.

        Raises
        ------
        UserError
            ``room_unknown``, or what the store raises.
        """
        if not self.seats or changed & self.keys:
            self.room = await self._rooms.load(self._code)
            self.seats = await self._rooms.seats(self._code)
        sids = {seat.number: watched(self.room, seat) for seat in self.seats}
        if watcher is not None:  # before reading, so that a change meanwhile is not lost
            watcher.watch(*self.keys, *sids.values())
        wanted = {sid for sid in sids.values() if sid in changed or sid not in self._states}
        kept = {sid: self._states[sid] for sid in sids.values() if sid not in wanted}
        self._states = kept | await self._sessions.load_many(list(wanted))
        there = [
            (seat, self._states[sid])
            for seat in self.seats
            if (sid := sids[seat.number]) in self._states
        ]
        keys = {state.data_key for _, state in there}
        points = {key: await self.points(key) for key in keys}
        self.shown = await asyncio.to_thread(self._show, there, points)

    async def points(self, key: str) -> Points:
        """The data of sessions; if they are gone, those that these get when they are next used."""
        return await self._sessions.find_points(key) or self._sessions.points

    def _show(
        self, there: list[tuple[Seat, SessionState]], points: Mapping[str, Points]
    ) -> dict[int, Shown]:
        """Make the rows that have changed; the others stay the same objects."""
        shown = {}
        now = self._clock()
        for seat, state in there:
            made_from = (replace(seat, seen=0.0), is_here(seat, now), state)
            before = self.shown.get(seat.number)
            if before is None or before[:3] != made_from:  # states are equal only if identical
                row = rows.row(seat, state, points[state.data_key], is_here(seat, now))
                before = Shown(*made_from, row)
            shown[seat.number] = before
        return shown


class Boards:
    """The boards that are open in this process.

    Parameters
    ----------
    rooms : RoomService
    """

    def __init__(self, rooms: RoomService) -> None:
        self._rooms = rooms
        self._boards: dict[str, _Board] = {}

    async def follow(self, code: str) -> AsyncGenerator[Line]:
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
                    await self._scores.update(self._reader.room, self._reader.shown.values())
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
        "challenge": challenge_view(room.challenge) if room.challenge else None,
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
