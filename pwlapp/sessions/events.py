"""Notifies the event streams of a session when it changes, and reads the news for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from pwlapp.errors import UserError

MAX_PER_SECOND = 25.0  # the browser interpolates between them
MAX_FRAMES = 250  # in one event: a long run must not delay other sessions
MAX_WATCHERS = 20  # of one session; each reads the store itself
BURST = 3  # reads without a pause in between, for a run that ends soon after its start

Rows: TypeAlias = Sequence[Sequence[Any]]  # each begins with its number
Read: TypeAlias = Callable[[str, int], Awaitable[tuple[dict[str, Any], Rows]]]


class Event(NamedTuple):
    """One message: the session's snapshot, or new frames with the number of the last as id."""

    name: Literal["state", "frames"]
    data: dict[str, Any]
    id: int | None = None


class SessionEvents:
    """Wakes the watchers of a session when it has changed.

    A watcher then reads the store, so one that was disconnected or slow gets what it missed.

    Parameters
    ----------
    max_per_second : float
        Reads of one watcher, on average; changes in between are sent together.
    """

    def __init__(self, max_per_second: float = MAX_PER_SECOND) -> None:
        self._interval_s = 1.0 / max_per_second
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._is_closed = False
        self._generation = 0  # streams of an earlier generation end

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._watchers.values()))

    @property
    def is_closed(self) -> bool:
        """Whether the server is about to stop."""
        return self._is_closed

    def is_full(self, sid: str) -> bool:
        """Whether a session has `MAX_WATCHERS`."""
        return len(self._watchers.get(sid, ())) >= MAX_WATCHERS

    def notify(self, sid: str) -> None:
        """Wake the watchers of a session: it has changed."""
        for changed in self._watchers.get(sid, ()):
            changed.set()

    def notify_all(self) -> None:
        """Wake all watchers: any session may have changed."""
        for sid in self._watchers:
            self.notify(sid)

    def end_all(self) -> None:
        """End the open streams; their browsers reconnect and get the error."""
        self._generation += 1
        self.notify_all()

    def close(self) -> None:
        """End all streams for good."""
        self._is_closed = True
        self.notify_all()

    async def follow(self, sid: str, since: int, read: Read) -> AsyncIterator[Event]:
        """Watch a session, beginning with its state and all frames after number `since`.

        `read` returns the snapshot and the frames after a number, of one moment.

        Yields
        ------
        Event
            ``state`` before ``frames``, so that the browser drops the frames that a reset removed
            before it gets new ones. Ends when the streams are ended or the session can't be read;
            the browser then reconnects and gets the error.
        """
        changed = asyncio.Event()
        self._watchers.setdefault(sid, set()).add(changed)
        version = None
        now = asyncio.get_running_loop().time
        generation = self._generation
        due = now()  # when the next read is due at an even rate
        try:
            while not self._is_closed and generation == self._generation:
                changed.clear()  # before reading, so that a change during it is not lost
                snapshot, rows = await read(sid, since)
                if snapshot["version"] != version:
                    version = snapshot["version"]
                    yield Event("state", snapshot)
                for first in range(0, len(rows), MAX_FRAMES):
                    part = rows[first : first + MAX_FRAMES]
                    since = part[-1][0]
                    yield Event("frames", {"frames": part}, id=since)
                await changed.wait()
                # A few reads may come early, so that the end of a short run is not delayed by the
                # interval that its beginning started.
                due = max(due, now()) + self._interval_s
                await asyncio.sleep(max(0.0, due - BURST * self._interval_s - now()))
        except UserError:
            return
        finally:
            self._remove(sid, changed)

    def _remove(self, sid: str, changed: asyncio.Event) -> None:
        watchers = self._watchers[sid]
        watchers.discard(changed)
        if not watchers:
            del self._watchers[sid]
