"""Where sessions are kept: what a store must do, whatever it is made of."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import SessionState

_SID_BYTES = 16
_SID = re.compile(r"[A-Za-z0-9_-]{22}")


class Conflict(Exception):
    """The session has moved on since it was read; read it again."""


class StoreUnavailable(RuntimeError):
    """The store can't be used at all; the text tells the operator why."""


def storage_failed() -> UserError:
    """The error for a store that broke down while in use; the cause is in the log."""
    return UserError("storage_failed")


class Data(NamedTuple):
    """The points that a server shows, and why they are not what its settings ask for."""

    points: Points
    problem: UserError | None


class Store(Protocol):
    """Sessions by id. All methods raise ``UserError("storage_failed")`` when the disk fails."""

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        """Keep a new session; returns its id, which nobody can guess."""

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`, of one moment. Raises UnknownSession.

        A `seq` that the session has not reached yet is of another life of it: all frames come.
        """

    async def save(
        self,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame] = (),
        step: Step | None = None,
    ) -> None:
        """Replace the session and append frames, all or nothing.

        Frames before ``state.first_seq`` are dropped, and the rest is thinned now and then.

        Parameters
        ----------
        sid : str
        expected_version : int
        state : SessionState
        frames : sequence of Frame
        step : Step or None
            Kept under its number. Steps that ``state.history`` no longer has are dropped with it.

        Raises
        ------
        Conflict
            If the version kept is not `expected_version`.
        UnknownSession
        """

    async def step(self, sid: str, number: int) -> Step | None:
        """A step of the session's history; None if it is not there, or damaged."""

    async def running(self) -> list[str]:
        """Ids of the sessions whose run goes on."""

    async def counts(self) -> tuple[int, int]:
        """How many sessions are kept, and how many of them run."""

    async def settled(self) -> Data | None:
        """The data that all servers on this store show, if one of them has settled it."""

    async def settle(self, data: Data) -> Data:
        """Agree on the data with the other servers; returns what counts from now on.

        The first word counts, but data without a problem replace data with one.
        """

    async def keep_points(self, points: Points) -> None:
        """Keep data that sessions have of their own, for as long as they are asked for."""

    async def kept_points(self, key: str) -> Points | None:
        """The data of this key, if they were kept; they count as used now."""

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Tell, until cancelled, of what other servers do.

        Parameters
        ----------
        on_change : callable
            Given the id of a session that was saved.
        on_data : callable
            Called when `settled` may have another answer, and when news may have been missed.
        on_loss : callable
            Called when the store is away, as long as nothing has been asked of it.
        """

    async def ping(self) -> None:
        """Raise ``UserError("storage_failed")`` if the store can't be used just now."""

    async def expire(self, older_than_s: float) -> int:
        """Forget the sessions unused for so long, and data; returns how many sessions they were."""

    async def close(self) -> None:
        """Finish what was begun and let go of everything. Nothing may be called after it."""


def new_sid() -> str:
    """An id that nobody can guess."""
    return secrets.token_urlsafe(_SID_BYTES)


def short_id(sid: str) -> str:
    """Enough of an id to find it in a log; whoever knows all of it owns the session."""
    return sid[:6]


def is_sid(value: object) -> bool:
    """Whether `value` has the form of an id."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None
