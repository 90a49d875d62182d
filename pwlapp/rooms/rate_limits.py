"""Limits of what one address may try, which a whole class behind one address never meets."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import TTLCache

from pwlapp.errors import UserError

MINUTE_S, HOUR_S = 60.0, 3600.0
MAX_COUNTED = 20_000  # keys of one window; the one that was counted first is forgotten first


class FixedWindow:
    """Counts by key; a count is forgotten some time after its first event.

    Parameters
    ----------
    most : int
        Events that are let through.
    seconds : float
    timer : callable
        Seconds from any start. A clock that is set must not change it.
    """

    def __init__(self, most: int, seconds: float, timer: Callable[[], float]) -> None:
        self._most = most
        self._counts: TTLCache[tuple[str, ...], list[int]] = TTLCache(MAX_COUNTED, seconds, timer)

    def is_full(self, *key: str) -> bool:
        """Whether no more events are let through."""
        return self._counts.get(key, [0])[0] >= self._most

    def hit(self, *key: str) -> bool:
        """Count an event, if it is let through; returns whether it is."""
        if self.is_full(*key):
            return False
        self._counts.setdefault(key, [0])[0] += 1
        return True


class RateLimits:
    """Counts in memory, by address.

    Parameters
    ----------
    timer : callable
        As in `FixedWindow`.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._opened = FixedWindow(30, HOUR_S, timer)
        self._wrong = FixedWindow(120, MINUTE_S, timer)
        self._same = FixedWindow(1, MINUTE_S, timer)

    def opening(self, address: str) -> None:
        """Count a room that is opened. Raises ``room_wait``."""
        if not self._opened.hit(address):
            raise UserError("room_wait")

    def check(self, address: str) -> None:
        """Raise ``room_wait`` if too many wrong codes came from the address."""
        if self._wrong.is_full(address):
            raise UserError("room_wait")

    def wrong(self, address: str, code: str) -> None:
        """Count a code that names no room, or a token that does not fit its room.

        The same code counts once a minute: when a room has ended, the pages of a whole class ask
        for it once more. Raises ``room_wait``, so that the answer no longer tells what was wrong.
        """
        self.check(address)
        if self._same.hit(address, code):
            self._wrong.hit(address)
