"""Reading and changing sessions when several hands do it at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pwlapp.core.data import Points
from pwlapp.errors import UserError
from pwlapp.runtime import moves
from pwlapp.runtime.moves import Move
from pwlapp.runtime.session import Frame, SessionState
from pwlapp.runtime.store import Conflict, Store

MAX_ATTEMPTS = 100  # at one change; each lost attempt means that somebody else's was saved


class Sessions:
    """The store's sessions, each brought to the data in use before anybody sees it.

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

    @property
    def points(self) -> Points:
        """The data in use, once `use` was called."""
        if self._points is None:
            raise RuntimeError("the data is not loaded yet")
        return self._points

    def use(self, points: Points) -> None:
        """Set the data in use."""
        self._points = points

    async def running(self) -> list[str]:
        """Ids of the sessions whose run goes on."""
        return await self._store.running()

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""
        return await self.update(sid, moves.stay)

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`. Raises UnknownSession."""
        state, frames = await self._store.read_since(sid, seq)
        if state.data_key == self.points.key:
            return state, frames
        await self.load(sid)
        return await self._store.read_since(sid, seq)

    async def save(
        self, sid: str, before: SessionState, after: SessionState, frames: Sequence[Frame]
    ) -> None:
        """Put `after` in the place of `before`. Raises Conflict if that is not there any more."""
        await self._store.save(sid, before.version, after, frames)
        self._notify(sid)

    async def update(self, sid: str, move: Callable[[SessionState], Move]) -> SessionState:
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
            is_stale = state.data_key != self.points.key
            moved = moves.adopt(state, self.points) if is_stale else move(state)
            if moved is None:
                return state
            try:
                await self.save(sid, state, *moved)
            except Conflict:
                continue
            if not is_stale:
                return moved[0]
        raise UserError("busy")
