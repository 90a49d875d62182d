"""Loads and saves sessions, with compare-and-swap and retries for concurrent changes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from cachetools import TTLCache

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions import history, transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step, StepKind
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Conflict, StorageFailed, Store
from pwlapp.sessions.transitions import Transition

T = TypeVar("T")

MAX_CACHED_POINTS = 200
POINTS_TTL_S = 3600.0  # the store is then read again, which marks the points as used
MAX_ATTEMPTS = 100  # for one change; an attempt fails only if another change was saved meanwhile


class SessionRepository:
    """Loads and saves sessions and their data.

    A session uses the server's data or data of its own, which is in the store. If its data has been
    deleted, the session gets the server's data when it is loaded. `notify` is called with the id of
    a session after each change.
    """

    def __init__(self, store: Store, notify: Callable[[str], None]) -> None:
        self._store = store
        self.notify = notify
        self._points: Points | None = None
        self._cached: TTLCache[str, Points] = TTLCache(MAX_CACHED_POINTS, POINTS_TTL_S)

    @property
    def points(self) -> Points:
        """The server's data; `set_points` must have been called."""
        if self._points is None:
            raise RuntimeError("the data is not loaded yet")
        return self._points

    def set_points(self, points: Points) -> None:
        """Set the server's data."""
        self._points = points

    async def save_points(self, points: Points) -> None:
        """Store the data that a session is going to use."""
        if points.key != self.points.key:
            await self._store.save_points(points)
            self._cached[points.key] = points

    async def find(self, key: str) -> Points | None:
        """The data with this key, if it is the server's or in the store."""
        if key == self.points.key:
            return self.points
        if (points := self._cached.get(key)) is None:
            points = await self._store.load_points(key)
            if points is not None:
                self._cached[key] = points
        return points

    async def points_of(self, state: SessionState) -> Points:
        """The data of a session that was just loaded.

        Raises
        ------
        UserError
            ``data_unknown`` if the data was deleted meanwhile.
        """
        if (points := await self.find(state.data_key)) is None:
            raise UserError("data_unknown")
        return points

    async def delete(self, sids: Sequence[str]) -> None:
        """Delete sessions; their runs and streams end."""
        await self._store.delete(sids)
        for sid in sids:
            self.notify(sid)

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""

        async def attempt() -> SessionState:
            state = await self._store.load(sid)
            if await self.find(state.data_key) is not None:
                return state
            after, frames = transitions.use_default_data(state, self.points)
            await self.save(sid, state, after, frames)
            return after

        return await retried(attempt)

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`. Raises UnknownSession."""
        state, frames = await self._store.read_since(sid, seq)
        if await self.find(state.data_key) is not None:
            return state, frames
        await self.load(sid)
        return await self._store.read_since(sid, seq)

    async def save(
        self,
        sid: str,
        before: SessionState,
        after: SessionState,
        frames: Sequence[Frame],
        step: Step | None = None,
    ) -> None:
        """Replace `before` by `after`. Raises Conflict if the stored version is not `before`."""
        await self._store.save(sid, before.version, after, frames, step)
        self.notify(sid)

    async def update(
        self,
        sid: str,
        transition: Callable[[SessionState], Transition],
        step: StepKind | None = None,
        as_teacher: bool = False,
    ) -> SessionState:
        """Apply a transition to the latest version, and return the new state.

        After a conflict, it is applied again.

        Parameters
        ----------
        sid : str
        transition : callable
            A pure function, since it may be called more than once.
        step : {"session", "weights"} or None
            The kind of step in the history; None for a change that can't be undone.
        as_teacher : bool
            Whether a locked session may be changed.

        Raises
        ------
        UnknownSession
        UserError
            ``frozen`` if the session is locked; ``busy`` after too many conflicts; the errors of
            `transition`.
        """

        async def attempt() -> SessionState:
            frames: list[Frame] = []
            if step == "session":
                state, frames = await self.read_since(sid, 0)
            else:
                state = await self.load(sid)
            if (moved := transition(state)) is None:
                return state
            if not as_teacher:
                check_unlocked(state)
            after, added = moved
            entry = None
            if step is not None:
                after, entry = history.record(state, frames, after, step, time.time())
            await self.save(sid, state, after, added, entry)
            return after

        return await retried(attempt)

    async def undo(self, sid: str, is_redo: bool = False) -> SessionState:
        """Undo the latest step of the session, or redo the step that was undone last, if any.

        Raises
        ------
        UnknownSession
        UserError
            ``frozen`` if the session is locked.
        """

        async def attempt() -> SessionState:
            state, frames = await self.read_since(sid, 0)
            steps = state.history
            if not (steps.can_redo if is_redo else steps.can_undo):
                return state
            check_unlocked(state)
            step = await self._store.step(sid, steps.now if is_redo else steps.now - 1)
            if step is None:
                if (await self._store.load(sid)).version != state.version:
                    raise Conflict
                raise StorageFailed()
            key = step.state.data_key if step.kind == "session" else state.data_key
            points = await self.find(key) or self.points
            after, added, other = history.swap(state, frames, step, points)
            await self.save(sid, state, after, added, other)
            return after

        return await retried(attempt)


def check_unlocked(state: SessionState) -> None:
    """Raise ``frozen`` if the session is locked: only the teacher may change it."""
    if state.locked:
        raise UserError("frozen")


async def retried(attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat `attempt` while it raises Conflict; after `MAX_ATTEMPTS` times raise ``busy``."""
    for _ in range(MAX_ATTEMPTS):
        try:
            return await attempt()
        except Conflict:
            continue
    raise UserError("busy")
