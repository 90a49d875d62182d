"""Which students are there: their pages are connected to some server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cachetools import TTLCache

from pwlapp.errors import UserError
from pwlapp.rooms.repository import RoomRepository
from pwlapp.rooms.state import Seat

BEAT_S = 5.0
BATCH_S = 0.25  # pages that come or go within this time are noted together
MAX_POLLS = 5000
HERE_S = 3 * BEAT_S  # a server that died leaves its pages connected for so long


class Heartbeats:
    """Tells which seats of a room have a page, by whether their beats go on.

    A beat is noted with the clock of the server that the page is connected to, which may be wrong
    or be set. How long ago it was noticed is therefore measured here.

    Parameters
    ----------
    clock : callable
        Seconds since 1970. Used for beats of which no earlier one is known.
    timer : callable
        Seconds from any start. A clock that is set must not change it.
    """

    def __init__(self, clock: Callable[[], float], timer: Callable[[], float]) -> None:
        self._clock, self._timer = clock, timer
        self._noticed: dict[int, tuple[float, float]] = {}  # by seats: the beat, and when

    def is_here(self, seat: Seat) -> bool:
        """Whether a page of the seat is connected."""
        now = self._timer()
        beat, at = self._noticed.get(seat.number, (None, now))
        if beat != seat.seen:
            is_old = beat is None and abs(self._clock() - seat.seen) >= HERE_S
            at = now - HERE_S if is_old else now
            self._noticed[seat.number] = seat.seen, at
        return seat.seen > 0 and now - at < HERE_S


class Presence:
    """Notes in the store which seats have a stream of this process, all of a room in one write.

    Parameters
    ----------
    rooms : RoomRepository
    clock : callable
        Seconds since 1970.
    timer : callable
        Seconds from any start. A clock that is set must not change it.
    """

    def __init__(
        self,
        rooms: RoomRepository,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rooms = rooms
        self._clock, self._timer = clock, timer
        self._streams: Counter[tuple[str, int]] = Counter()
        self._polls: TTLCache[tuple[str, int], None] = TTLCache(MAX_POLLS, BEAT_S, timer)
        self._changed: set[tuple[str, int]] = set()
        self._has_changed = asyncio.Event()

    def heartbeats(self) -> Heartbeats:
        """For one room."""
        return Heartbeats(self._clock, self._timer)

    @contextmanager
    def connected(self, code: str, number: int) -> Iterator[None]:
        """A page of the seat is connected during the block."""
        self._count(code, number, 1)
        try:
            yield
        finally:
            self._count(code, number, -1)

    def polls(self, code: str, number: int) -> None:
        """A page of the seat, which has no stream, asks for what is new."""
        if (code, number) not in self._polls:
            self._change(code, number)
        self._polls[code, number] = None

    async def run(self) -> None:
        """Keep the store up to date until cancelled."""
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._has_changed.wait()
                await asyncio.sleep(BATCH_S)
            except TimeoutError:
                self._changed.update(self._streams, self._polls)
            with contextlib.suppress(UserError):  # logged by the store; the next beat comes
                await self.note()

    async def note(self) -> None:
        """Write what has changed. Raises ``storage_failed``."""
        self._has_changed.clear()
        changed, self._changed = self._changed, set()
        seen: dict[str, dict[int, float]] = defaultdict(dict)
        for code, number in changed:
            is_here = self._streams[code, number] or (code, number) in self._polls
            seen[code][number] = self._clock() if is_here else 0.0
        for code, numbers in seen.items():
            await self._rooms.see(code, numbers)

    def _count(self, code: str, number: int, change: int) -> None:
        self._streams[code, number] += change
        if not self._streams[code, number]:
            del self._streams[code, number]
        self._change(code, number)

    def _change(self, code: str, number: int) -> None:
        self._changed.add((code, number))
        self._has_changed.set()
