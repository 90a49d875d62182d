"""Presence: which students have a page that is connected to any server."""

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
BATCH_S = 0.25  # changes within this time are written together
MAX_POLLS = 5000
HERE_S = 3 * BEAT_S  # time without a heartbeat after which a page counts as disconnected


class Heartbeats:
    """Decides which seats of a room have a connected page, by their heartbeats.

    A heartbeat is the time of the server to which the page is connected, whose clock may be wrong.
    Therefore this object measures by its own timer how long ago each heartbeat has changed. The
    clock is used only for the first known heartbeat of a seat.
    """

    def __init__(self, clock: Callable[[], float], timer: Callable[[], float]) -> None:
        self._clock, self._timer = clock, timer
        self._noticed: dict[int, tuple[float, float]] = {}  # by seat: heartbeat, when it changed

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
    """Writes heartbeats of the seats that are connected to this process, one write for each room.

    `clock` returns seconds since 1970; `timer` is a monotonic clock, in seconds.
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
        """A reader of the heartbeats of one room."""
        return Heartbeats(self._clock, self._timer)

    @contextmanager
    def connected(self, code: str, number: int) -> Iterator[None]:
        """Count a page of the seat as connected for the duration of a ``with`` block."""
        self._count(code, number, 1)
        try:
            yield
        finally:
            self._count(code, number, -1)

    def record_poll(self, code: str, number: int) -> None:
        """Count a page of the seat that has no stream and polls as connected."""
        if (code, number) not in self._polls:
            self._change(code, number)
        self._polls[code, number] = None

    async def run(self) -> None:
        """Write heartbeats until cancelled."""
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._has_changed.wait()
                await asyncio.sleep(BATCH_S)
            except TimeoutError:
                self._changed.update(self._streams, self._polls)
            with contextlib.suppress(UserError):  # logged by the store; the next heartbeat follows
                await self.write_heartbeats()

    async def write_heartbeats(self) -> None:
        """Write the changes since the last call. Raises ``storage_failed``."""
        self._has_changed.clear()
        changed, self._changed = self._changed, set()
        seen: dict[str, dict[int, float]] = defaultdict(dict)
        for code, number in changed:
            is_here = self._streams[code, number] or (code, number) in self._polls
            seen[code][number] = self._clock() if is_here else 0.0
        for code, numbers in seen.items():
            await self._rooms.save_heartbeats(code, numbers)

    def _count(self, code: str, number: int, change: int) -> None:
        self._streams[code, number] += change
        if not self._streams[code, number]:
            del self._streams[code, number]
        self._change(code, number)

    def _change(self, code: str, number: int) -> None:
        self._changed.add((code, number))
        self._has_changed.set()
