"""Notifies the event streams of a session when it changes, and reads the news for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeAlias

from pwlapp.errors import UserError

MAX_PER_SECOND = 25.0  # the browser interpolates between them
MAX_FRAMES = 250  # in one event: a long run must not delay other sessions
MAX_WATCHERS = 20  # of one session or seat; each reads the store itself
BURST = 3  # reads without a pause in between, for a run that ends soon after its start

Rows: TypeAlias = Sequence[Sequence[Any]]  # each begins with its number
Read: TypeAlias = Callable[[str, int], Awaitable[tuple[dict[str, Any], Rows]]]


class Event(NamedTuple):
    """One message.

    It has the session's snapshot; or new frames, with the number of the last as id; or the room as
    a seat sees it, None if the seat is there no more.
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
        """Watch these keys from now on, and no others."""
        wanted = frozenset(keys)
        for key in self._keys - wanted:
            self._watchers[key].discard(self)
            if not self._watchers[key]:
                del self._watchers[key]
        for key in wanted - self._keys:
            self._watchers.setdefault(key, set()).add(self)
        self._keys = wanted

    def wake(self, key: str) -> None:
        """Note a change under this key."""
        self._woken_by.add(key)
        self.changed.set()

    def take(self) -> set[str]:
        """The keys that have changed since the last call.

        Call it before reading what they stand for, so that a change meanwhile is not lost.
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
        """Read on: ``state`` if it has changed, before the new ``frames``.

        In this order the browser drops the frames that a reset removed before it gets new ones.
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
    """Wakes the watchers of a session when it has changed.

    A watcher then reads the store, so one that was disconnected or slow gets what it missed. Keys
    are ids of sessions, and those of `rooms.repository`.

    Parameters
    ----------
    max_per_second : float
        Reads of one watcher, on average; changes in between are sent together.
    """

    def __init__(self, max_per_second: float = MAX_PER_SECOND) -> None:
        self._interval_s = 1.0 / max_per_second
        self._watchers: dict[str, set[Watcher]] = {}
        self._is_closed = False
        self._generation = 0  # streams of an earlier generation end

    @property
    def is_closed(self) -> bool:
        """Whether the server is about to stop."""
        return self._is_closed

    def is_full(self, key: str) -> bool:
        """Whether a key has `MAX_WATCHERS`."""
        return len(self._watchers.get(key, ())) >= MAX_WATCHERS

    def notify(self, key: str) -> None:
        """Wake the watchers of a key: what it stands for has changed."""
        for watcher in self._watchers.get(key, ()):
            watcher.wake(key)

    def notify_all(self) -> None:
        """Wake all watchers: anything may have changed."""
        for key in self._watchers:
            self.notify(key)

    def end_all(self) -> None:
        """End the open streams; their browsers reconnect and get the error."""
        self._generation += 1
        self.notify_all()

    def close(self) -> None:
        """End all streams for good."""
        self._is_closed = True
        self.notify_all()

    def new_watcher(self) -> Watcher:
        """A watcher of nothing yet."""
        return Watcher(self._watchers)

    @contextmanager
    def watcher(self, *keys: str) -> Iterator[Watcher]:
        """A watcher of these keys, until the end of the block."""
        watcher = self.new_watcher()
        watcher.watch(*keys)
        try:
            yield watcher
        finally:
            watcher.watch()

    async def wakes(self, watcher: Watcher) -> AsyncIterator[set[str]]:
        """Yield at once, then after each change, at an even rate, until the streams are ended.

        Yields
        ------
        set of str
            The keys that have changed; at first none.
        """
        now = asyncio.get_running_loop().time
        generation = self._generation
        due = now()  # when the next read is due at an even rate
        while not self._is_closed and generation == self._generation:
            yield watcher.take()
            await watcher.changed.wait()
            # A few reads may come early, so that the end of a short run is not delayed by the
            # interval that its beginning started.
            due = max(due, now()) + self._interval_s
            await asyncio.sleep(max(0.0, due - BURST * self._interval_s - now()))

    async def follow(self, sid: str, since: int, read: Read) -> AsyncGenerator[Event]:
        """Watch a session, beginning with its state and all frames after number `since`.

        `read` returns the snapshot and the frames after a number, of one moment. Ends when the
        streams are ended or the session can't be read; the browser then reconnects and gets the
        error.
        """
        position = Position(sid, since)
        with self.watcher(sid) as watcher, contextlib.suppress(UserError):
            async for _ in self.wakes(watcher):
                for event in await position.news(read):
                    yield event
