"""Notifies the event streams of a session when it changes, and reads the changes for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeAlias

from pwlapp.errors import UserError
from pwlapp.sessions.snapshot import FrameText

MAX_PER_SECOND = 25.0  # reads; the browser interpolates between them
MAX_FRAMES = 250  # frames in one event: sending a long run must not delay other sessions
MAX_WATCHERS = 20  # for one session or seat, since each watcher reads the store
BURST = 3  # reads that may follow without a pause, so that a short run is not delayed

Read: TypeAlias = Callable[[str, int], Awaitable[tuple[dict[str, Any], Sequence[FrameText]]]]


class Event(NamedTuple):
    """A server-sent event.

    The data of ``state`` is the session's snapshot. ``frames`` has new frames; its id is the number
    of the last one. ``room`` has the room as the seat sees it, or None if the seat was removed.
    """

    name: Literal["state", "frames", "room"]
    data: Any
    id: int | str | None = None


class Watcher:
    """Wakes when anything under one of its keys changes.

    Attributes
    ----------
    changed : asyncio.Event
        Set by a change until `take` is called.
    """

    def __init__(self, watchers: dict[str, set[Watcher]]) -> None:
        self.changed = asyncio.Event()
        self._watchers = watchers
        self._keys: frozenset[str] = frozenset()
        self._woken_by: set[str] = set()

    def watch(self, *keys: str) -> None:
        """Watch these keys from now on, in place of the present ones."""
        wanted = frozenset(keys)
        for key in self._keys - wanted:
            self._watchers[key].discard(self)
            if not self._watchers[key]:
                del self._watchers[key]
        for key in wanted - self._keys:
            self._watchers.setdefault(key, set()).add(self)
        self._keys = wanted

    def wake(self, key: str) -> None:
        """Record a change of this key."""
        self._woken_by.add(key)
        self.changed.set()

    def take(self) -> set[str]:
        """Return the keys that have changed since the last call.

        Call it before reading the changed objects, so that a change meanwhile is not lost.
        """
        self.changed.clear()
        woken_by, self._woken_by = self._woken_by, set()
        return woken_by


class Position:
    """How far a stream has read a session.

    Attributes
    ----------
    sid : str
    since : int
        Number of the last frame that was read.
    """

    def __init__(self, sid: str, since: int) -> None:
        self.sid, self.since = sid, since
        self._shown: tuple[int, Any] | None = None  # version and notice of the state read last

    async def news(self, read: Read) -> list[Event]:
        """Read the changes since the last call: ``state`` if it has changed, then new ``frames``.

        The state comes first, so that after a reset the browser drops its old frames before it gets
        new ones.
        """
        snapshot, rows = await read(self.sid, self.since)
        events = []
        shown = snapshot["version"], snapshot.get("notice")
        if shown != self._shown:
            self._shown = shown
            events.append(Event("state", snapshot))
        for first in range(0, len(rows), MAX_FRAMES):
            part = rows[first : first + MAX_FRAMES]
            events.append(Event("frames", {"frames": part}, id=part[-1][0]))
        if rows:
            self.since = rows[-1][0]
        return events


class SessionEvents:
    """Wakes the watchers of a session, a room or a seat when it has changed.

    A watcher then reads the store, so a slow or reconnected one misses nothing. A key is the id of
    a session, or one of `protocol.room_key`, `seat_key` and `board_key`.

    Parameters
    ----------
    max_per_second : float
        Average number of reads of one watcher; changes in between are sent together.
    """

    def __init__(self, max_per_second: float = MAX_PER_SECOND) -> None:
        self._interval_s = 1.0 / max_per_second
        self._watchers: dict[str, set[Watcher]] = {}
        self.is_closed = False  # whether the server is stopping
        self._generation = 0  # streams of an earlier generation end

    def is_full(self, key: str) -> bool:
        """Whether a key has `MAX_WATCHERS`."""
        return len(self._watchers.get(key, ())) >= MAX_WATCHERS

    def notify(self, key: str) -> None:
        """Wake the watchers of a key."""
        for watcher in self._watchers.get(key, ()):
            watcher.wake(key)

    def notify_all(self) -> None:
        """Wake all watchers."""
        for key in self._watchers:
            self.notify(key)

    def end_all(self) -> None:
        """End all open streams; the browsers reconnect and then get the error of the store."""
        self._generation += 1
        self.notify_all()

    def close(self) -> None:
        """End all streams and refuse new ones."""
        self.is_closed = True
        self.notify_all()

    def new_watcher(self) -> Watcher:
        """A watcher that watches no key yet."""
        return Watcher(self._watchers)

    @contextmanager
    def watcher(self, *keys: str) -> Iterator[Watcher]:
        """A watcher of these keys for the duration of a ``with`` block."""
        watcher = self.new_watcher()
        watcher.watch(*keys)
        try:
            yield watcher
        finally:
            watcher.watch()

    async def wakes(self, watcher: Watcher) -> AsyncIterator[set[str]]:
        """Yield once at the start and after each change, at a limited rate, until streams end.

        Yields
        ------
        set of str
            The keys that have changed; the first time none.
        """
        now = asyncio.get_running_loop().time
        generation = self._generation
        due = now()  # time of the next read at an even rate
        while not self.is_closed and generation == self._generation:
            yield watcher.take()
            await watcher.changed.wait()
            # Up to BURST reads may come without a pause. Otherwise the end of a short run would
            # wait for the interval after the read of its beginning.
            due = max(due, now()) + self._interval_s
            await asyncio.sleep(max(0.0, due - BURST * self._interval_s - now()))

    async def follow(self, sid: str, since: int, read: Read) -> AsyncGenerator[Event]:
        """Yield the events of a session, beginning with its state and all frames after `since`.

        Ends when all streams are ended or the session cannot be read; the browser then reconnects
        and gets the error.

        Parameters
        ----------
        sid : str
        since : int
            Number of the last frame that the browser has.
        read : callable
            Returns the snapshot and the frames after a number, both of the same version.
        """
        position = Position(sid, since)
        with self.watcher(sid) as watcher, contextlib.suppress(UserError):
            async for _ in self.wakes(watcher):
                for event in await position.news(read):
                    yield event
