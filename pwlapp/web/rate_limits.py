"""Limits of what one session and one address may ask for, which a class never meets.

A class of 300 may sit behind one address. So what costs little is limited for each session, and
only what costs much (a new session, a computation, a stream, a large body) for the address as well.
All is counted in the memory of this process: of several web processes, each counts what it gets.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from functools import cache
from typing import NamedTuple, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from pwlapp.errors import UserError
from pwlapp.sessions.stores.protocol import is_sid
from pwlapp.web.fixed_window import FixedWindow, Limit

T = TypeVar("T")


# Of a session, a seat, or a room. A slider that is dragged sends up to 20 commands a second.
COMMANDS = Limit("commands", 400, 10)
HEAVY = Limit("heavy", 240, 60)
HEAVY_COMMANDS = {"export", "one_step", "plateaus", "preview", "restore", "seeds", "upload"}
TEACHER = Limit("teacher", 600, 60)  # a board that is asked for counts once a second
# Of an address. 300 students open 20 sessions each, and ask for more than a computation a second.
SESSIONS = Limit("sessions", 6000, 3600)
SESSIONS_A_DAY = Limit("sessions a day", 30_000, 24 * 3600)
COMPUTATIONS = Limit("computations", 30_000, 60)
ROOMS = Limit("rooms", 30, 3600)
PICTURES = Limit("pictures", 1500, 600)
WRONG = Limit("wrong", 120, 60)
SAME = Limit("same", 1, 60)
KNOWN = Limit("known", 1, 24 * 3600)  # as long as a room lasts

MAX_ADDRESS = 64  # characters; a proxy may pass on anything
IPV6_NETWORK = 64  # bits of an address that are given to one subscriber


class Quota(NamedTuple):
    """How much of something may be in use at once.

    Attributes
    ----------
    name : str
    of_address, of_all : float
        By one address, and by all of them.
    wait_s : int
        After which a refused page may ask again.
    """

    name: str
    of_address: float
    of_all: float
    wait_s: int


STREAMS = Quota("streams", 2000, math.inf, wait_s=10)
COMPUTING = Quota("computing", 500, math.inf, wait_s=2)  # half of what `compute.pool` queues
BODIES = Quota("bodies", 64e6, 256e6, wait_s=2)  # bytes of requests in progress


class Counts:
    """What has been asked for, and what is in use.

    Parameters
    ----------
    timer : callable
        As in `FixedWindow`.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self.in_use: Counter[tuple[str, str]] = Counter()
        self._timer = timer
        self._windows: dict[Limit, FixedWindow] = {}

    def window(self, limit: Limit) -> FixedWindow:
        """The counts of a limit."""
        if limit not in self._windows:
            self._windows[limit] = FixedWindow(limit, self._timer)
        return self._windows[limit]


class Visitor:
    """Who sends the request that is being answered.

    Parameters
    ----------
    counts : Counts
    address : str
        See `network_of`.
    """

    def __init__(self, counts: Counts, address: str) -> None:
        self._counts = counts
        self._address = address
        self._held = 0

    def command(self, sid: str, name: str) -> None:
        """Count a command to a session. Raises ``too_many`` (seconds)."""
        if is_sid(sid):  # others are refused, and would fill the memory here
            self._hit(COMMANDS, sid)
            if name in HEAVY_COMMANDS:
                self._hit(HEAVY, sid)

    def of_seat(self, code: str, number: int) -> None:
        """Count what a seat in a room asks for. Raises ``too_many`` (seconds)."""
        self._hit(COMMANDS, f"{code}/{number}")

    def of_teacher(self, code: str) -> None:
        """Count a command to all of a room. Raises ``too_many`` (seconds)."""
        self._hit(TEACHER, code)

    def new_session(self) -> None:
        """Count a session that is created. Raises ``too_many`` (seconds)."""
        self._hit(SESSIONS, self._address)
        self._hit(SESSIONS_A_DAY, self._address)

    def new_room(self) -> None:
        """Count a room that is opened. Raises ``too_many`` (seconds)."""
        self._hit(ROOMS, self._address)

    def new_picture(self) -> None:
        """Count a picture that is kept. Raises ``too_many`` (seconds)."""
        self._hit(PICTURES, self._address)

    def right(self, code: str) -> None:
        """Remember that a room is opened, or a student let in, from the address."""
        self._counts.window(KNOWN).hit(f"{self._address} {code}")

    def check_wrong(self, code: str | None = None) -> None:
        """Raise ``room_wait`` if too many wrong codes came from the address.

        A code that was right there before is let through: one student who guesses does not shut
        out a class behind the same address.
        """
        is_known = self._counts.window(KNOWN).is_full(f"{self._address} {code}")
        if self._counts.window(WRONG).is_full(self._address) and not is_known:
            raise UserError("room_wait")

    def wrong(self, code: str) -> None:
        """Count a code that names no room, or a token that does not fit its room.

        The same code counts once a minute: when a room has ended, the pages of a whole class ask
        for it once more. Raises ``room_wait``, so that the answer no longer tells what was wrong.
        """
        self.check_wrong()
        if self._counts.window(SAME).hit(f"{self._address} {code}"):
            self._counts.window(WRONG).hit(self._address)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Count a computation until the end of the block. Raises ``too_many`` (seconds)."""
        self._hit(COMPUTATIONS, self._address)
        with self._using(COMPUTING):
            yield

    async def computed(self, parts: AsyncIterator[T]) -> AsyncGenerator[T]:
        """The parts of an answer that is computed meanwhile; see `computing`."""
        with self.computing():
            async for part in parts:
                yield part

    def check_streams(self) -> None:
        """Raise ``too_many`` (seconds) if the address follows as many streams as it may."""
        self._check(STREAMS)

    async def following(self, stream: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """The stream, counted as open until it ends."""
        with self._using(STREAMS):
            async with aclosing(stream):
                async for each in stream:
                    yield each

    def hold(self, size: int) -> None:
        """Count bytes of the request's body until it is answered. Raises ``too_many`` (seconds)."""
        self._held += size
        self._use(BODIES, size)
        self._check(BODIES)

    def release(self) -> None:
        """The request is answered."""
        self._use(BODIES, -self._held)

    def _hit(self, limit: Limit, key: str) -> None:
        window = self._counts.window(limit)
        if not window.hit(key):
            raise too_many(window.wait_s(key))

    @contextmanager
    def _using(self, quota: Quota) -> Iterator[None]:
        self._use(quota, 1)
        try:
            self._check(quota)
            yield
        finally:
            self._use(quota, -1)

    def _use(self, quota: Quota, amount: int) -> None:
        for key in self._keys(quota):
            self._counts.in_use[key] += amount
            if not self._counts.in_use[key]:
                del self._counts.in_use[key]

    def _check(self, quota: Quota) -> None:
        used = (self._counts.in_use[key] for key in self._keys(quota))
        if any(n > most for n, most in zip(used, quota[1:3], strict=True)):
            raise too_many(quota.wait_s)

    def _keys(self, quota: Quota) -> list[tuple[str, str]]:
        return [(quota.name, self._address), (quota.name, "all")]


def too_many(seconds: int) -> UserError:
    """What a request over a limit raises."""
    return UserError("too_many", seconds=seconds)


_visitor: ContextVar[Visitor] = ContextVar("pwl_visitor")


def visitor() -> Visitor:
    """Who sends the request that is being answered."""
    return _visitor.get(None) or _nobody()


class _Nobody(Visitor):
    """Stands for a visitor where no `RateLimits` is in front, as in tests of a single route."""

    def hold(self, size: int) -> None:
        """Nothing would release it."""


@cache
def _nobody() -> Visitor:
    return _Nobody(Counts(), "")


class RateLimits:
    """ASGI middleware that knows the `visitor` of each request.

    Parameters
    ----------
    app : ASGIApp
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        visitor = Visitor(self._counts, network_of(client[0] if client else ""))
        token = _visitor.set(visitor)
        try:
            await self._app(scope, receive, send)
        finally:
            _visitor.reset(token)
            visitor.release()


def network_of(host: str) -> str:
    """The address that is counted; of IPv6 the network, in which a subscriber has any number."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:MAX_ADDRESS]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)
