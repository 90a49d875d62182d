"""A fixed-window rate limiter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from cachetools import TTLCache

MAX_COUNTED = 20_000  # keys of one limit; the oldest is dropped first


class Limit(NamedTuple):
    """At most `most` events for each key within `seconds`."""

    name: str
    most: int
    seconds: float


class FixedWindow:
    """Counts events by key; the window of a key begins with its first event.

    `timer` is a monotonic clock, in seconds.
    """

    def __init__(self, limit: Limit, timer: Callable[[], float]) -> None:
        self._limit = limit
        self._timer = timer
        # number of events, and time of the first one
        self._counts: TTLCache[str, list[float]] = TTLCache(MAX_COUNTED, limit.seconds, timer)

    def hit(self, key: str) -> bool:
        """Count an event and return True, or return False if the limit is reached."""
        if self.is_full(key):
            return False
        # Changed in place, since assigning to the key would restart its time to live.
        self._counts.setdefault(key, [0, self._timer()])[0] += 1
        return True

    def is_full(self, key: str) -> bool:
        """Whether the limit is reached."""
        return self._counts.get(key, [0])[0] >= self._limit.most

    def wait_s(self, key: str) -> int:
        """Seconds until the window of a key ends, rounded up."""
        began = self._counts.get(key, [0, self._timer()])[1]
        return max(1, math.ceil(began + self._limit.seconds - self._timer()))
