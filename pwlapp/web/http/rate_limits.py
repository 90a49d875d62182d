"""Rate limits for sessions and addresses, which a class never reaches.

A class of 300 may share one IP address. So cheap requests are limited for each session only, and
expensive ones (a new session, a computation, a stream, a large body) for the address as well.
Counts are in the memory of this process: each of several web processes counts its own requests.
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
from pwlapp.web.http.fixed_window import FixedWindow, Limit

T = TypeVar("T")


# For a session, a seat or a room. A slider that is dragged sends up to 20 commands a second.
COMMANDS = Limit("commands", 400, 10)
HEAVY = Limit("heavy", 240, 60)
HEAVY_COMMANDS = {"export", "one_step", "plateaus", "preview", "restore", "seeds", "upload"}
TEACHER = Limit("teacher", 600, 60)  # a board that polls sends a request every second
# For an address. 300 students open 20 sessions each, and may start a computation every second.
SESSIONS = Limit("sessions", 6000, 3600)
SESSIONS_A_DAY = Limit("sessions a day", 30_000, 24 * 3600)
COMPUTATIONS = Limit("computations", 30_000, 60)
ROOMS = Limit("rooms", 30, 3600)
PICTURES = Limit("pictures", 1500, 600)
WRONG = Limit("wrong", 120, 60)
SAME = Limit("same", 1, 60)
KNOWN = Limit("known", 1, 24 * 3600)  # as long as a room lasts

MAX_ADDRESS = 64  # characters; a proxy may pass on any text
IPV6_NETWORK = 64  # bits of an IPv6 address that identify a subscriber


class Quota(NamedTuple):
    """How much of a resource may be in use at the same time.

    Attributes
    ----------
    name : str
    of_address, of_all : float
        Limit for one address, and for all addresses together.
    wait_s : int
        Seconds after which a refused page may retry.
    """

    name: str
    of_address: float
    of_all: float
    wait_s: int


STREAMS = Quota("streams", 2000, math.inf, wait_s=10)
COMPUTING = Quota("computing", 500, math.inf, wait_s=2)  # half of the queue of `compute.pool`
BODIES = Quota("bodies", 64e6, 256e6, wait_s=2)  # bytes of requests in progress


class Counts:
    """The counts of all limits and quotas; for `timer` see `FixedWindow`."""

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
    """The sender of the present request; counts what it uses. For its address see `network_of`."""

    def __init__(self, counts: Counts, address: str) -> None:
        self._counts = counts
        self._address = address
        self._held = 0

    def command(self, sid: str, name: str) -> None:
        """Count a command to a session. Raises ``too_many`` (seconds)."""
        if is_sid(sid):  # other ids are refused later, and would only fill the memory here
            self._hit(COMMANDS, sid)
            if name in HEAVY_COMMANDS:
                self._hit(HEAVY, sid)

    def of_seat(self, code: str, number: int) -> None:
        """Count a request of a seat in a room. Raises ``too_many`` (seconds)."""
        self._hit(COMMANDS, f"{code}/{number}")

    def of_teacher(self, code: str) -> None:
        """Count a request of the teacher of a room. Raises ``too_many`` (seconds)."""
        self._hit(TEACHER, code)

    def new_session(self) -> None:
        """Count a session that is created. Raises ``too_many`` (seconds)."""
        self._hit(SESSIONS, self._address)
        self._hit(SESSIONS_A_DAY, self._address)

    def new_room(self) -> None:
        """Count a room that is opened. Raises ``too_many`` (seconds)."""
        self._hit(ROOMS, self._address)

    def new_picture(self) -> None:
        """Count an uploaded picture. Raises ``too_many`` (seconds)."""
        self._hit(PICTURES, self._address)

    def right(self, code: str) -> None:
        """Record that a room was opened or joined from the address."""
        self._counts.window(KNOWN).hit(f"{self._address} {code}")

    def check_wrong(self, code: str | None = None) -> None:
        """Raise ``room_wait`` if too many wrong codes came from the address.

        A code that was right from this address before is still accepted, so that one student who
        guesses codes does not lock out a class behind the same address.
        """
        is_known = self._counts.window(KNOWN).is_full(f"{self._address} {code}")
        if self._counts.window(WRONG).is_full(self._address) and not is_known:
            raise UserError("room_wait")

    def wrong(self, code: str) -> None:
        """Count a wrong code or token. Raises ``room_wait`` if there were too many before.

        The same code counts once a minute: when a room has ended, the pages of a whole class
        request it once more.
        """
        self.check_wrong()
        if self._counts.window(SAME).hit(f"{self._address} {code}"):
            self._counts.window(WRONG).hit(self._address)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Count a computation for the duration of a ``with`` block. Raises ``too_many``."""
        self._hit(COMPUTATIONS, self._address)
        with self._using(COMPUTING):
            yield

    async def computed(self, parts: AsyncIterator[T]) -> AsyncGenerator[T]:
        """Yield the parts of an answer, and count it as a computation until it ends."""
        with self.computing():
            async for part in parts:
                yield part

    def check_streams(self) -> None:
        """Raise ``too_many`` (seconds) if the address has too many open streams."""
        self._check(STREAMS)

    async def following(self, stream: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """Yield the events of a stream, and count it as open until it ends."""
        with self._using(STREAMS):
            async with aclosing(stream):
                async for each in stream:
                    yield each

    def hold(self, size: int) -> None:
        """Count bytes of the body as in use until `release`. Raises ``too_many`` (seconds)."""
        self._held += size
        self._use(BODIES, size)
        self._check(BODIES)

    def release(self) -> None:
        """Release the bytes of the body, when the request has been answered."""
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
        if any(n > most for n, most in zip(used, (quota.of_address, quota.of_all), strict=True)):
            raise too_many(quota.wait_s)

    def _keys(self, quota: Quota) -> list[tuple[str, str]]:
        return [(quota.name, self._address), (quota.name, "all")]


def too_many(seconds: int) -> UserError:
    """The error for a request over a limit."""
    return UserError("too_many", seconds=seconds)


_visitor: ContextVar[Visitor] = ContextVar("pwl_visitor")


def visitor() -> Visitor:
    """The sender of the present request."""
    return _visitor.get(None) or _nobody()


class _Nobody(Visitor):
    """Used if there is no `RateLimits` middleware, as in tests of a single route."""

    def hold(self, size: int) -> None:
        """Do not count the body, since nothing would call `release`."""


@cache
def _nobody() -> Visitor:
    return _Nobody(Counts(), "")


class RateLimits:
    """ASGI middleware that sets the `visitor` of each request."""

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
    """The address that is counted: for IPv6 the network, since a subscriber has many addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:MAX_ADDRESS]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)
