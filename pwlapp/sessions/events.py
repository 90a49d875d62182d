"""Who is watching which session, and what they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from pwlapp.errors import UserError

MAX_PER_SECOND = 25.0  # the browser paints in between; more would only cost
MAX_AT_ONCE = 250  # frames in one event: a long history must not hold up everybody else
MAX_WATCHERS = 20  # of one session; each reads it for itself
BURST = 3  # readings in quick succession after a rest: a run that begins, and ends in no time

Rows: TypeAlias = Sequence[Sequence[Any]]  # each begins with its number
Read: TypeAlias = Callable[[str, int], Awaitable[tuple[dict[str, Any], Rows]]]


class Event(NamedTuple):
    """One message: the session's snapshot, or new frames with the number of the last as id."""

    name: Literal["state", "frames"]
    data: dict[str, Any]
    id: int | None = None


class SessionEvents:
    """Wakes those who watch a session when it has changed.

    What they are sent they read from the store, so a watcher who was away for a while, or was
    slow, gets just what it has not seen.

    Parameters
    ----------
    max_per_second : float
        Readings for one watcher, in the long run; changes in between are sent together.
    """

    def __init__(self, max_per_second: float = MAX_PER_SECOND) -> None:
        self._pause_s = 1.0 / max_per_second
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._closed = False
        self._life = 0  # streams of an earlier one end

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._watchers.values()))

    def is_crowded(self, sid: str) -> bool:
        """Whether a session has as many watchers as any class could need."""
        return len(self._watchers.get(sid, ())) >= MAX_WATCHERS

    def notify(self, sid: str) -> None:
        """Say that a session has changed."""
        for changed in self._watchers.get(sid, ()):
            changed.set()

    def notify_all(self) -> None:
        """Say that any session may have changed."""
        for sid in self._watchers:
            self.notify(sid)

    def end_all(self) -> None:
        """End the streams that are open; their browsers come back, and are told why."""
        self._life += 1
        self.notify_all()

    def close(self) -> None:
        """End all streams for good."""
        self._closed = True
        self.notify_all()

    async def events(self, sid: str, since: int, read: Read) -> AsyncIterator[Event]:
        """Follow a session, beginning with its state and all frames after number `since`.

        Parameters
        ----------
        sid : str
        since : int
        read : callable
            Gives the snapshot and the frames after a number, of one moment.

        Yields
        ------
        Event
            ``state`` before ``frames``, so that the watcher can drop what a reset has undone.
            Ends when the stream is closed, or the session can't be read any more: the browser
            comes back and is told why.
        """
        changed = asyncio.Event()
        self._watchers.setdefault(sid, set()).add(changed)
        version = None
        clock = asyncio.get_running_loop().time
        life = self._life
        due = clock()  # when the next reading would come at an even pace
        try:
            while not self._closed and life == self._life:
                changed.clear()  # before reading: what comes after is for the next turn
                snapshot, rows = await read(sid, since)
                if snapshot["version"] != version:
                    version = snapshot["version"]
                    yield Event("state", snapshot)
                for first in range(0, len(rows), MAX_AT_ONCE):
                    part = rows[first : first + MAX_AT_ONCE]
                    since = part[-1][0]
                    yield Event("frames", {"frames": part}, id=since)
                await changed.wait()
                # Some may come early, so that the end of a short run need not wait for the pause
                # that its beginning would have set off.
                due = max(due, clock()) + self._pause_s
                await asyncio.sleep(max(0.0, due - BURST * self._pause_s - clock()))
        except UserError:
            return
        finally:
            self._forget(sid, changed)

    def _forget(self, sid: str, changed: asyncio.Event) -> None:
        watchers = self._watchers[sid]
        watchers.discard(changed)
        if not watchers:
            del self._watchers[sid]
