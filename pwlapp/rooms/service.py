"""The room service: open, join, answer, leave, end. The teacher's commands are in `teacher`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import msgspec

from pwlapp import tasks
from pwlapp.errors import UserError
from pwlapp.rooms import tokens
from pwlapp.rooms.class_sessions import ClassSessions
from pwlapp.rooms.codes import read_code
from pwlapp.rooms.nicknames import read_nickname
from pwlapp.rooms.presence import Presence
from pwlapp.rooms.questions import check_answer
from pwlapp.rooms.repository import RoomRepository
from pwlapp.rooms.state import Answer, Room, Seat
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.protocol import RoomStore, UnknownRoom, is_sid

logger = logging.getLogger(__name__)

END_EVERY_S = 60.0


class RoomService:
    """Opens and ends rooms, and lets students join, answer and leave.

    Any method may raise `UserError` with ``storage_failed``. Docstrings list further codes.
    `clock` returns seconds since 1970; `timer` is a monotonic clock, in seconds.
    """

    def __init__(
        self,
        store: RoomStore,
        sessions: SessionService,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sessions = sessions
        self.repository = RoomRepository(store, sessions.events, clock)
        self.classes = ClassSessions(sessions, self.repository)
        self.presence = Presence(self.repository, clock, timer)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the background tasks: write heartbeats, end rooms whose time is over."""
        self._tasks = [
            tasks.start(self.presence.run(), "writing heartbeats"),
            tasks.start(self._end_in_time(), "ending rooms"),
        ]

    async def close(self) -> None:
        """Stop the background tasks."""
        await tasks.stop(self._tasks)

    async def open(self) -> Room:
        """Open a room."""
        await self.sessions.loaded()
        room = await self.repository.open()
        logger.info("room opened")
        return room

    async def teacher(self, token: str) -> Room:
        """The room whose teacher holds this token.

        Raises
        ------
        UserError
            ``room_ended``, ``room_forbidden``.
        """
        room = await self._claimed(token)
        if not tokens.is_teacher(room, token):
            raise UserError("room_forbidden")
        return room

    async def seat(self, token: str) -> tuple[Room, Seat]:
        """The room and the seat of the student who holds this token; errors as in `teacher`."""
        room = await self._claimed(token)
        number = tokens.seat_number(room, token)
        if number is None:
            raise UserError("room_forbidden")
        return room, await self.repository.seat(room.code, number)

    async def join(
        self, code: str, nickname: str, own: str, token: str | None = None
    ) -> tuple[Room, Seat]:
        """Join a room: take a new seat, or return to the seat that the browser remembers.

        Parameters
        ----------
        code : str
            As typed.
        nickname : str
            As typed. If it is empty, a student who returns keeps the nickname.
        own : str
            Id of the session of the student's tab.
        token : str or None
            Token of the seat that the browser remembers. Without a token of this room, the student
            gets a new seat.

        Raises
        ------
        UserError
            ``room_unknown``, ``room_full`` (max), ``bad_nickname`` (max), ``bad_request``.
        """
        if (known := read_code(code)) is None:
            raise UnknownRoom()
        room = await self.repository.load(known)
        name = read_nickname(nickname)
        if not is_sid(own):
            raise UserError("bad_request")
        seat = await self._known_seat(room, name, own, token)
        if seat is None:
            seat = await self.repository.add_seat(room.code, Seat(own, name))
        # Read again: the teacher may have sent a setting before the seat existed.
        room = await self.repository.load(room.code)
        return room, await self.classes.catch_up(room, seat)

    async def rename(self, room: Room, seat: Seat, nickname: str) -> None:
        """Give a seat another nickname. Raises ``bad_nickname`` (max), ``room_forbidden``."""
        name = read_nickname(nickname)

        def change(seat: Seat) -> Seat:
            return msgspec.structs.replace(seat, nickname=name)

        await self.repository.update_seat(room.code, seat.number, change)

    async def answer(self, room: Room, seat: Seat, question: int, value: object) -> None:
        """Save or change the answer to the question with this id.

        The answer is saved only if the question is open at the moment of the save.

        Raises
        ------
        UserError
            ``question_over`` if the question was revealed or ended; the errors of `check_answer`.
        """
        seats = await self.repository.count(room.code)

        def change(room: Room, seat: Seat) -> Seat:
            asked = room.question
            if asked is None or asked.id != question or asked.revealed is not None:
                raise UserError("question_over")
            checked = check_answer(asked, value, seats)
            return msgspec.structs.replace(seat, answer=Answer(question, checked))

        await self.repository.update_seat_in(room.code, seat.number, change)

    async def leave(self, room: Room, seat: Seat) -> None:
        """Remove a seat, and delete its session of the class."""
        async with self.classes.lock(room.code):  # wait if a command is creating sessions
            now = await self.repository.seat(room.code, seat.number)
            await self.repository.remove_seat(room.code, seat.number)
            if now.class_sid is not None:
                await self.sessions.delete([now.class_sid])

    async def end(self, code: str) -> None:
        """Delete a room, its seats and all sessions of the class; the students' own ones stay."""
        sids = await self.repository.delete(code)
        await self.sessions.delete(sids)
        logger.info("room ended")

    async def _claimed(self, token: str) -> Room:
        """The room that a token names; the token is not verified."""
        if (code := tokens.claimed_code(token)) is None:
            raise UserError("room_forbidden")
        try:
            return await self.repository.load(code)
        except UnknownRoom:
            raise UserError("room_ended") from None

    async def _known_seat(
        self, room: Room, nickname: str, own: str, token: str | None
    ) -> Seat | None:
        """The seat of a token, updated with session and nickname; None if there is none here."""
        number = tokens.seat_number(room, token) if token else None
        if number is None:
            return None

        def change(seat: Seat) -> Seat | None:
            name = nickname or seat.nickname
            if (seat.own, seat.nickname) == (own, name):
                return None
            return msgspec.structs.replace(seat, own=own, nickname=name)

        seats = await self.repository.update_seats(room.code, [number], change)
        return seats[0] if seats else None

    async def _end_in_time(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # logged by the store; tried again in a minute
                for code in await self.repository.ended():
                    await self.end(code)
            await asyncio.sleep(END_EVERY_S)
