"""Counts events by key, and lets so many through in a window of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from cachetools import TTLCache

MAX_COUNTED = 20_000  # keys of one limit; the one that was counted first is forgotten first


class Limit(NamedTuple):
    """How often something is let through in so many seconds."""

    name: str
    most: int
    seconds: float


class FixedWindow:
    """Counts by key; a count is forgotten some time after its first event.

    Parameters
    ----------
    limit : Limit
    timer : callable
        Seconds from any start. A clock that is set must not change it.
    """

    def __init__(self, limit: Limit, timer: Callable[[], float]) -> None:
        self._limit = limit
        self._timer = timer
        # The number of events, and when the first of them was.
        self._counts: TTLCache[str, list[float]] = TTLCache(MAX_COUNTED, limit.seconds, timer)

    def hit(self, key: str) -> bool:
        """Count an event, if it is let through; returns whether it is."""
        if self.is_full(key):
            return False
        # Changed in place, since a count that is put anew would be kept anew.
        self._counts.setdefault(key, [0, self._timer()])[0] += 1
        return True

    def is_full(self, key: str) -> bool:
        """Whether no more events are let through."""
        return self._counts.get(key, [0])[0] >= self._limit.most

    def wait_s(self, key: str) -> int:
        """After how many seconds a key that is full is forgotten, rounded up."""
        began = self._counts.get(key, [0, self._timer()])[1]
        return max(1, math.ceil(began + self._limit.seconds - self._timer()))
