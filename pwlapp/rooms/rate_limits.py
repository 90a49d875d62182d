"""Limits of what one address may try, which a whole class behind one address never meets."""

from __future__ import annotations

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from pwlapp.errors import UserError

OPENED = RateLimitItemPerHour(30, namespace="opened")
WRONG = RateLimitItemPerMinute(120, namespace="wrong")
SAME = RateLimitItemPerMinute(1, namespace="same")


class RateLimits:
    """Counts in memory, by address."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def opening(self, address: str) -> None:
        """Count a room that is opened. Raises ``room_wait``."""
        if not self._limiter.hit(OPENED, address):
            raise UserError("room_wait")

    def check(self, address: str) -> None:
        """Raise ``room_wait`` if too many wrong codes came from the address."""
        if not self._limiter.test(WRONG, address):
            raise UserError("room_wait")

    def wrong(self, address: str, code: str) -> None:
        """Count a code that names no room, or a token that does not fit its room.

        The same code counts once a minute: when a room has ended, the pages of a whole class ask
        for it once more. Raises ``room_wait``, so that the answer no longer tells what was wrong.
        """
        self.check(address)
        if self._limiter.hit(SAME, address, code):
            self._limiter.hit(WRONG, address)
