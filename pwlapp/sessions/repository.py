"""Reading and changing sessions when several hands do it at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Conflict, Store
from pwlapp.sessions.transitions import Transition

MAX_SETS = 200  # of data, kept at hand
LOOK_AGAIN_S = 3600.0  # then the store hears that they are still in use
MAX_ATTEMPTS = 100  # at one change; each lost attempt means that somebody else's was saved


class SessionRepository:
    """The store's sessions and their data.

    A session has the server's data, or data of its own, which the store keeps. One whose data are
    no more is brought to the server's before anybody sees it.

    Parameters
    ----------
    store : Store
    notify : callable
        Told the id of a session after each change.
    """

    def __init__(self, store: Store, notify: Callable[[str], None]) -> None:
        self._store = store
        self._notify = notify
        self._points: Points | None = None
        self._sets: OrderedDict[str, tuple[Points, float]] = OrderedDict()

    @property
    def points(self) -> Points:
        """The server's data, once `use` was called."""
        if self._points is None:
            raise RuntimeError("the data is not loaded yet")
        return self._points

    def use(self, points: Points) -> None:
        """Set the server's data."""
        self._points = points

    async def keep(self, points: Points) -> None:
        """Have data at hand that a session is to be given."""
        if points.key != self.points.key:
            await self._store.keep_points(points)
            self._remember(points)

    async def find(self, key: str) -> Points | None:
        """The data of this key: the server's, or some session's own."""
        if key == self.points.key:
            return self.points
        points, found_at = self._sets.get(key, (None, 0.0))
        if points is None or time.monotonic() - found_at > LOOK_AGAIN_S:
            points = await self._store.kept_points(key)
            if points is not None:
                self._remember(points)
        return points

    async def points_of(self, state: SessionState) -> Points:
        """The data of a session that was just loaded.

        Raises
        ------
        UserError
            ``data_unknown`` if they were forgotten in between.
        """
        if (points := await self.find(state.data_key)) is None:
            raise UserError("data_unknown")
        return points

    def _remember(self, points: Points) -> None:
        self._sets[points.key] = (points, time.monotonic())
        self._sets.move_to_end(points.key)
        while len(self._sets) > MAX_SETS:
            self._sets.popitem(last=False)

    async def running(self) -> list[str]:
        """Ids of the sessions whose run goes on."""
        return await self._store.running()

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""
        return await self.update(sid, transitions.stay)

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`. Raises UnknownSession."""
        state, frames = await self._store.read_since(sid, seq)
        if await self.find(state.data_key) is not None:
            return state, frames
        await self.load(sid)
        return await self._store.read_since(sid, seq)

    async def save(
        self, sid: str, before: SessionState, after: SessionState, frames: Sequence[Frame]
    ) -> None:
        """Put `after` in the place of `before`. Raises Conflict if that is not there any more."""
        await self._store.save(sid, before.version, after, frames)
        self._notify(sid)

    async def update(self, sid: str, move: Callable[[SessionState], Transition]) -> SessionState:
        """Make a move on the latest version, whoever else is making moves.

        Parameters
        ----------
        sid : str
        move : callable
            Pure: it is called again on the newer version if this one is not the latest any more.

        Returns
        -------
        SessionState
            The session as it is then.

        Raises
        ------
        UnknownSession
        UserError
            ``busy`` if others keep coming first; or what `move` raises.
        """
        for _ in range(MAX_ATTEMPTS):
            state = await self._store.load(sid)
            is_stale = await self.find(state.data_key) is None
            moved = transitions.adopt(state, self.points) if is_stale else move(state)
            if moved is None:
                return state
            try:
                await self.save(sid, state, *moved)
            except Conflict:
                continue
            if not is_stale:
                return moved[0]
        raise UserError("busy")
