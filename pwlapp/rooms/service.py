"""Rooms: open one, join, answer, leave, end. What the teacher does is in `teacher`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import msgspec

from pwlapp.errors import UserError
from pwlapp.rooms import tokens
from pwlapp.rooms.ask import check_answer
from pwlapp.rooms.class_sessions import ClassSessions
from pwlapp.rooms.codes import read_code
from pwlapp.rooms.nicknames import read_nickname
from pwlapp.rooms.presence import Presence
from pwlapp.rooms.repository import RoomRepository
from pwlapp.rooms.state import Answer, Room, Seat
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.protocol import RoomStore, UnknownRoom, is_sid, unknown_room
from pwlapp.tasks import log_failure, stop

logger = logging.getLogger(__name__)

END_EVERY_S = 60.0


class RoomService:
    """All that can be done with rooms.

    All methods raise `UserError`: ``storage_failed``, and those that a method lists.

    Parameters
    ----------
    store : RoomStore
    sessions : SessionService
        Its events wake the streams of rooms as well.
    clock : callable
        Seconds since 1970.
    timer : callable
        Seconds from any start, for what must not depend on the clock.

    Attributes
    ----------
    sessions : SessionService
    repository : RoomRepository
    classes : ClassSessions
    presence : Presence
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
        """Start to note who is there, and to end rooms when their time is over."""
        for name, work in (
            ("noting who is there", self.presence.run()),
            ("ending rooms", self._end_in_time()),
        ):
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(log_failure)
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop what `start` has started."""
        await stop(self._tasks)

    async def open(self) -> Room:
        """Open a room."""
        await self.sessions.loaded()
        room = await self.repository.open()
        logger.info("a room is opened")
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
        """The room and the seat of the student who holds this token. Raises as `teacher`."""
        room = await self._claimed(token)
        number = tokens.seat_number(room, token)
        if number is None:
            raise UserError("room_forbidden")
        return room, await self.repository.seat(room.code, number)

    async def join(
        self, code: str, nickname: str, own: str, token: str | None = None
    ) -> tuple[Room, Seat]:
        """Take a seat, or the same one again.

        Parameters
        ----------
        code : str
            As typed.
        nickname : str
            As typed. If it is empty, a seat that is taken again keeps its own.
        own : str
            Id of the session of the student's tab.
        token : str or None
            Of the seat that the browser remembers; one of another room, or none, gives a new seat.

        Raises
        ------
        UserError
            ``room_unknown``, ``room_full`` (max), ``bad_nickname`` (max), ``bad_request``.
        """
        if (known := read_code(code)) is None:
            raise unknown_room()
        room = await self.repository.load(known)
        name = read_nickname(nickname)
        if not is_sid(own):
            raise UserError("bad_request")
        seat = await self._known_seat(room, name, own, token)
        if seat is None:
            seat = await self.repository.add_seat(room.code, Seat(own, name))
        # Read once more: the teacher may have sent a setting before the seat was there.
        room = await self.repository.load(room.code)
        return room, await self.classes.admit(room, seat)

    async def rename(self, room: Room, seat: Seat, nickname: str) -> None:
        """Give a seat another nickname. Raises ``bad_nickname`` (max), ``room_forbidden``."""
        name = read_nickname(nickname)

        def change(seat: Seat) -> Seat:
            return msgspec.structs.replace(seat, nickname=name)

        await self.repository.update_seat(room.code, seat.number, change)

    async def answer(self, room: Room, seat: Seat, question: int, value: object) -> None:
        """Answer the question with this id, or answer it anew.

        The answer is saved only if the question is still open at that very moment.

        Raises
        ------
        UserError
            ``question_over`` if it is revealed or no longer asked; ``bad_answer``.
        """

        def change(room: Room, seat: Seat) -> Seat:
            asked = room.question
            if asked is None or asked.id != question or asked.revealed is not None:
                raise UserError("question_over")
            return msgspec.structs.replace(
                seat, answer=Answer(question, check_answer(asked, value))
            )

        await self.repository.update_seat_in(room.code, seat.number, change)

    async def leave(self, room: Room, seat: Seat) -> None:
        """Give a seat up; its session of the class is deleted."""
        async with self.classes.turn(room.code):  # a setting that is being sent makes a session
            now = await self.repository.seat(room.code, seat.number)
            await self.repository.remove_seat(room.code, seat.number)
            if now.class_sid is not None:
                await self.sessions.delete([now.class_sid])

    async def end(self, code: str) -> None:
        """Delete a room, its seats and all sessions of the class; the students' own stay."""
        sids = await self.repository.delete(code)
        await self.sessions.delete(sids)
        logger.info("a room is ended")

    async def _claimed(self, token: str) -> Room:
        """The room that a token names."""
        if (code := tokens.claimed_code(token)) is None:
            raise UserError("room_forbidden")
        try:
            return await self.repository.load(code)
        except UnknownRoom:
            raise UserError("room_ended") from None

    async def _known_seat(
        self, room: Room, nickname: str, own: str, token: str | None
    ) -> Seat | None:
        """The seat of a token, with what its tab has now; None if it is of no seat of this room."""
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
