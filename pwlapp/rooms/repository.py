"""Loads and saves rooms and seats, with compare-and-swap and retries for concurrent changes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from pwlapp.errors import UserError
from pwlapp.rooms.codes import new_code
from pwlapp.rooms.state import (
    MAX_SEATS,
    ROOM_S,
    Room,
    Seat,
    decode_room,
    decode_seat,
    encode,
)
from pwlapp.sessions.events import SessionEvents, Watcher
from pwlapp.sessions.repository import retried
from pwlapp.sessions.stores.protocol import (
    Conflict,
    RoomRow,
    RoomStore,
    SeatRow,
    UnknownRoom,
    board_key,
    room_key,
    seat_key,
)
from pwlapp.tasks import SingleFlightCache

replace = msgspec.structs.replace

MAX_CACHED = 200  # rooms


class RoomRepository:
    """Loads and saves rooms and seats, and notifies `SessionEvents` of their changes.

    A change of a room notifies `room_key`, which the streams of its seats and boards watch. A
    change of a seat notifies `seat_key`, which the streams of that seat watch, and `board_key`,
    which the boards of the room watch. `board_key` is also notified when a seat joins, leaves or
    connects. `clock` returns seconds since 1970.
    """

    def __init__(
        self, store: RoomStore, events: SessionEvents, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._cached = SingleFlightCache(MAX_CACHED)
        self._changes: Watcher = events.new_watcher()
        self._batches: dict[str, tuple[set[int], asyncio.Task[dict[int, Seat]]]] = {}

    async def open(self) -> Room:
        """Open a room with a new code and key."""
        ends = self._clock() + ROOM_S
        while True:
            room = Room(new_code(), secrets.token_bytes(32), ends)
            if await self._store.create(room.code, encode(room), ends):
                return room

    async def load(self, code: str) -> Room:
        """The room, from this process's cache unless it has changed.

        Raises
        ------
        UserError
            ``room_unknown`` if there is no such room, or its time is over.
        """
        room, _ = await self._load(code)
        return room

    async def count(self, code: str) -> int:
        """Number of seats, which may be out of date: a new seat does not notify the others.

        Raises ``room_unknown``.
        """
        _, seats = await self._load(code)
        return seats

    async def update(self, code: str, change: Callable[[Room], Room | None]) -> Room:
        """Change the latest version of a room, and return it; after a conflict, try again.

        `change` is a pure function, since it may be called more than once. It returns the changed
        room, or None if nothing changes.

        Raises
        ------
        UserError
            ``room_unknown``; ``busy`` after too many conflicts; the errors of `change`.
        """

        async def attempt() -> Room:
            before = _room(await self._store.load(code))
            self._check_time(before)
            after = change(before)
            if after is None:
                return before
            after = replace(after, version=before.version + 1)
            await self._store.save(code, before.version, encode(after))
            return after

        room = await retried(attempt)
        self._events.notify(room_key(code))
        return room

    async def seats(self, code: str) -> list[Seat]:
        """All seats, by number, in one read."""
        return [_seat(row) for row in await self._store.seats(code)]

    async def seat(self, code: str, number: int) -> Seat:
        """One seat. Raises ``room_forbidden`` if there is no seat with this number.

        Concurrent calls share one read, since a change of the room wakes all its seats at once.
        """
        if (batch := self._batches.get(code)) is None:
            numbers: set[int] = set()
            reading = asyncio.create_task(self._read_batch(code, numbers))
            batch = self._batches[code] = (numbers, reading)
        numbers, reading = batch
        numbers.add(number)
        seats = await asyncio.shield(reading)  # a cancelled caller must not cancel the others
        if number not in seats:
            raise UserError("room_forbidden")
        return seats[number]

    async def add_seat(self, code: str, seat: Seat) -> Seat:
        """Add a seat; returns it with its number. Raises ``room_unknown``, ``room_full`` (max).

        The room is dropped from the cache: a caller that adds a seat and then loads the room must
        see all changes that were made before the seat existed.
        """
        number = await self._store.add_seat(code, encode(seat), MAX_SEATS)
        self._cached.drop(code)
        self._events.notify(board_key(code))
        return replace(seat, number=number)

    async def update_seat(
        self, code: str, number: int, change: Callable[[Seat], Seat | None]
    ) -> Seat:
        """Change the latest version of a seat, see `update`. Raises ``room_forbidden``."""
        for seat in await self.update_seats(code, [number], change):
            return seat
        raise UserError("room_forbidden")

    async def update_seat_in(
        self, code: str, number: int, change: Callable[[Room, Seat], Seat]
    ) -> Seat:
        """As `update_seat`; `change` also gets the room, which is unchanged at the save."""

        async def attempt() -> Seat:
            room = await self.load(code)
            seat = await self.seat(code, number)
            after = replace(change(room, seat), version=seat.version + 1)
            save = (number, seat.version, encode(after))
            if not await self._store.save_seats(code, [save], room.version):
                self._cached.drop(code)  # the notification may be on its way
                raise Conflict
            self._notify_seats(code, [number])
            return after

        return await retried(attempt)

    async def update_seats(
        self, code: str, numbers: Iterable[int], change: Callable[[Seat], Seat | None]
    ) -> list[Seat]:
        """Change many seats like `update_seat`, in few transactions; removed seats are left out.

        Returns
        -------
        list of Seat
            All existing seats with these numbers, changed or not.

        Raises
        ------
        UserError
            ``busy`` after too many conflicts; the errors of `change`.
        """
        waiting = set(numbers)
        done: dict[int, Seat] = {}

        async def attempt() -> None:
            found = [_seat(row) for row in await self._store.seats(code, sorted(waiting))]
            waiting.intersection_update(seat.number for seat in found)
            changed: dict[int, Seat] = {}
            for seat in found:
                if (after := change(seat)) is None:
                    done[seat.number] = seat
                else:
                    changed[seat.number] = replace(after, version=seat.version + 1)
            saves = [(n, seat.version - 1, encode(seat)) for n, seat in changed.items()]
            saved = await self._store.save_seats(code, saves) if saves else []
            done.update((number, changed[number]) for number in saved)
            self._notify_seats(code, saved)
            waiting.difference_update(done)
            if waiting:
                raise Conflict

        await retried(attempt)
        return [done[number] for number in sorted(done)]

    async def save_heartbeats(self, code: str, seen: Mapping[int, float]) -> None:
        """Save heartbeats of seats; see `Seat.seen`."""
        await self._store.save_heartbeats(code, seen)
        self._events.notify(board_key(code))

    async def remove_seat(self, code: str, number: int) -> None:
        """Remove a seat; its number is not used again."""
        await self._store.remove_seat(code, number)
        self._notify_seats(code, [number])

    async def ended(self) -> list[str]:
        """Codes of the rooms whose time is over."""
        return await self._store.ended()

    async def delete(self, code: str) -> list[str]:
        """Delete a room and its seats, also if its time is over.

        Returns
        -------
        list of str
            Ids of the sessions of the class, which the caller must delete.
        """
        sids = [seat.class_sid for seat in await self.seats(code) if seat.class_sid is not None]
        with contextlib.suppress(UnknownRoom):
            spotlight = decode_room((await self._store.load(code)).body).spotlight
            sids += [spotlight.sid] if spotlight else []
        await self._store.delete(code)
        self._events.notify(room_key(code))
        return sids

    async def _load(self, code: str) -> tuple[Room, int]:
        """The room and its number of seats; callers at the same moment share one read."""
        for key in self._changes.take():
            self._cached.drop(key.removeprefix(room_key("")))
        if code not in (known := self._cached.keys()):
            self._changes.watch(*(room_key(str(each)) for each in (*known, code)))
        room, seats = await self._cached.get(code, lambda: self._read(code))
        self._check_time(room)
        return room, seats

    async def _read_batch(self, code: str, numbers: set[int]) -> dict[int, Seat]:
        """Read the seats that were requested until now; later requests start a new batch."""
        del self._batches[code]
        rows = await self._store.seats(code, sorted(numbers))
        return {row.number: _seat(row) for row in rows}

    async def _read(self, code: str) -> tuple[Room, int]:
        row = await self._store.load(code)
        return _room(row), row.seats

    def _check_time(self, room: Room) -> None:
        if self._clock() >= room.ends:
            raise UnknownRoom()

    def _notify_seats(self, code: str, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._events.notify(seat_key(code, number))
        self._events.notify(board_key(code))


def _room(row: RoomRow) -> Room:
    return replace(decode_room(row.body), version=row.version)


def _seat(row: SeatRow) -> Seat:
    return replace(decode_seat(row.body), number=row.number, version=row.version, seen=row.seen)
