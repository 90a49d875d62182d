"""The sessions of a class: creates them from the teacher's setting, changes all, copies them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar
from weakref import WeakValueDictionary

import msgspec

from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import TrainState
from pwlapp.errors import UserError
from pwlapp.rooms.repository import RoomRepository
from pwlapp.rooms.state import Room, Seat, Setting
from pwlapp.sessions import codec, transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.reader import Snapshot
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import NO_HISTORY, Run, SessionState, UnknownSession, changed
from pwlapp.sessions.transitions import Transition

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 24  # seats that are changed concurrently
SEEDS = 25  # initial nets that a worker computes in one call

States: TypeAlias = Mapping[int, TrainState]  # untrained nets, by seed
Move: TypeAlias = Callable[[SessionState], Transition]


class SeatCounts(NamedTuple):
    """For how many seats a command succeeded and for how many it failed."""

    seats: int
    failed: int


class Start(NamedTuple):
    """The start of a session of the class."""

    seed: int
    optimizer: OptimizerOptions
    train: TrainState  # untrained
    points: Points
    run: Run | None
    is_locked: bool


class ClassSessions:
    """Creates and changes the sessions of a class, many at once.

    A failure for one seat does not affect the others.
    """

    def __init__(self, sessions: SessionService, rooms: RoomRepository) -> None:
        self._sessions = sessions
        self._rooms = rooms
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, code: str) -> asyncio.Lock:
        """The lock to hold while all sessions of a room are changed."""
        lock = self._locks.get(code) or asyncio.Lock()
        self._locks[code] = lock
        return lock

    async def catch_up(self, room: Room, seat: Seat) -> Seat:
        """Set up the session of the class for a seat that joins late or was missed in a crash.

        Nothing happens if the seat has the present setting already, or if the class is not led.

        Returns
        -------
        Seat
            With the session of the class.

        Raises
        ------
        UserError
            ``server_full`` (max); ``room_forbidden`` if the student leaves meanwhile;
            ``storage_failed``.
        """
        while room.leading and room.setting is not None and seat.setting < room.setting.id:
            sid = await self._set_up(room, room.setting, seat)
            if not (kept := await self._save(room, room.setting, {seat.number: sid})):
                raise UserError("room_forbidden")
            [seat] = kept
            given, room = room, await self._rooms.load(room.code)
            if room.frozen != given.frozen and seat.class_sid == sid:
                move = partial(set_lock, locked=room.frozen, pauses=room.frozen)
                await self._sessions.apply(sid, move, as_teacher=True)
        return seat

    async def set_up_all(self, room: Room) -> SeatCounts:
        """Set up the session of every seat with the setting of the room."""
        setting = room.setting
        if setting is None:
            return SeatCounts(0, 0)
        seats = await self._rooms.seats(room.code)
        made = await self._initial_states(setting, seats)
        sids = await for_each(seats, lambda seat: self._set_up(room, setting, seat, made))
        given = {seat.number: sid for seat, sid in zip(seats, sids, strict=True) if sid is not None}
        kept = await self._save(room, setting, given)
        return SeatCounts(len(kept), len(seats) - len(given))

    async def change_all(self, room: Room, move: Move, starts: bool = False) -> SeatCounts:
        """Apply a transition to every session of the class, if the class is led.

        Parameters
        ----------
        room : Room
        move : callable
            See `SessionService.apply`.
        starts : bool
            Whether the transition starts runs.
        """
        if not room.leading:
            return SeatCounts(0, 0)
        sids = [seat.class_sid for seat in await self._rooms.seats(room.code) if seat.class_sid]
        change = self._sessions.apply_and_start if starts else self._sessions.apply
        done = await for_each(sids, lambda sid: change(sid, move, as_teacher=True))
        return SeatCounts(len(sids) - done.count(None), done.count(None))

    async def copy(self, sid: str) -> str:
        """Make a locked copy of a session, without its history; returns its id."""
        state, frames = await self._sessions.state_and_frames(sid)
        still = replace(state, version=1, run=None, history=NO_HISTORY, locked=True)
        return await self._sessions.create(still, frames)

    async def open_copy(self, sid: str, into: str) -> Snapshot:
        """Replace session `into` by a copy of `sid`, which can be undone; returns its snapshot."""
        state, frames = await self._sessions.state_and_frames(sid)
        points = await self._sessions.points_of(state)
        move = partial(copied, other=state, frames=frames)
        return await self._sessions.apply(into, move, points, "session")

    async def _initial_states(self, setting: Setting, seats: Iterable[Seat]) -> States:
        """The untrained nets of these seats, by seed; without those that could not be made."""
        points = await self._sessions.find_points(setting.data_key)
        if points is None:
            return {}
        seeds = sorted({setting.seed_of(seat.number) for seat in seats})
        parts = [seeds[first : first + SEEDS] for first in range(0, len(seeds), SEEDS)]
        make = partial(self._sessions.initial_states, net=setting.net, points=points)
        found = await for_each(parts, make)
        return {seed: train for part in found for seed, train in (part or {}).items()}

    async def _set_up(
        self, room: Room, setting: Setting, seat: Seat, made: States | None = None
    ) -> str:
        """Set up the seat's session of the class, or create it; returns its id."""
        points = await self._sessions.find_points(setting.data_key)
        if points is None:
            raise UserError("data_unknown")
        seed = setting.seed_of(seat.number)
        train = (made or {}).get(seed)
        if train is None:
            train = await self._sessions.initial_state(seed, setting.net, points)
        run = None
        if setting.epochs:
            run = Run(0, setting.epochs, "paused" if room.frozen else "running")
        optimizer = codec.optimizer_from(setting.optimizer)
        start = Start(seed, optimizer, train, points, run, room.frozen)
        if seat.class_sid is not None:
            try:
                change = self._sessions.apply if run is None else self._sessions.apply_and_start
                await change(seat.class_sid, partial(set_up, start=start), as_teacher=True)
                return seat.class_sid
            except UnknownSession:
                pass
        return await self._sessions.create(*new(start, self._sessions.default_engine))

    async def _save(self, room: Room, setting: Setting, sids: dict[int, str]) -> list[Seat]:
        """Save in the seats which sessions were set up for a setting.

        A session is deleted if its seat was removed or has a newer setting meanwhile.
        """

        def change(seat: Seat) -> Seat | None:
            if seat.setting >= setting.id:
                return None
            return msgspec.structs.replace(seat, class_sid=sids[seat.number], setting=setting.id)

        seats = await self._rooms.update_seats(room.code, sids, change)
        kept = {seat.class_sid for seat in seats}
        if lost := [sid for sid in sids.values() if sid not in kept]:
            await self._sessions.delete(lost)
        return seats


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[R]]) -> list[R | None]:
    """Call `work` for each item, `AT_ONCE` at a time; the result is None if it raised `UserError`.

    Raises
    ------
    Exception
        The first exception that is not a `UserError`, after all calls have ended.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> R | None:
        async with turns:
            try:
                return await work(item)
            except UserError as error:
                logger.warning("a command failed for one seat: %s", error)
                return None

    results = await asyncio.gather(*map(one, items), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def new(start: Start, engine: str) -> tuple[SessionState, list[Frame]]:
    """A new session of a class."""
    state, frames = transitions.new_session(
        start.seed, start.optimizer, engine, start.train, start.points, None
    )
    return replace(state, run=start.run, locked=start.is_locked), frames


def set_up(state: SessionState, start: Start) -> Transition:
    """Start over with the setting of the class; earlier steps can't be undone any more."""
    # Empty, but without reusing the numbers of steps.
    history = replace(NO_HISTORY, first=state.history.end, now=state.history.end)
    begun = replace(state, optimizer=start.optimizer, history=history, locked=start.is_locked)
    after, frames = transitions.reset(begun, start.seed, start.train, start.points)
    return replace(after, run=start.run), frames


def set_lock(state: SessionState, locked: bool, pauses: bool) -> Transition:
    """Lock or unlock a session; pause its run if `pauses` is true."""
    run = state.run
    if pauses and run is not None:
        run = replace(run, status="paused")
    if (run, locked) == (state.run, state.locked):
        return None
    return changed(state, run=run, locked=locked), []


def start_run(state: SessionState, epochs: int) -> Transition:
    """Start a run with the session's own optimizer and engine, unless it is running."""
    if state.is_running:
        return None
    return transitions.start_run(state, epochs, state.optimizer, state.engine)


def resume(state: SessionState) -> Transition:
    """Continue a paused run with the same optimizer and engine."""
    return transitions.resume(state, state.optimizer, state.engine)


def copied(state: SessionState, other: SessionState, frames: Iterable[Frame]) -> Transition:
    """Replace a session by a copy of another one with its frames, without a run."""
    after = replace(
        other,
        version=state.version + 1,
        run=None,
        notice=None,
        first_seq=state.next_seq,
        next_seq=state.next_seq,
        history=state.history,
        locked=state.locked,
    )
    return transitions.with_numbers(after, list(frames))
