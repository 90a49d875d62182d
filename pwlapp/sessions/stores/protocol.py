"""Where sessions are kept: what every store must do."""

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
    """The store has another version of the session than expected; read it again."""


class StoreUnavailable(RuntimeError):
    """The store can't be used at all; the text says why, for the operator."""


def storage_failed() -> UserError:
    """The error for a store that broke down while in use; the cause is in the log."""
    return UserError("storage_failed")


class Data(NamedTuple):
    """The data of a server, and why it is not what the settings ask for."""

    points: Points
    problem: UserError | None


class Store(Protocol):
    """Sessions by id. All methods raise ``UserError("storage_failed")`` when the disk fails."""

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        """Keep a new session; returns its id, which is random."""

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`, of one moment. Raises UnknownSession.

        All frames if the session has not reached `seq`: the reader knows it from before the store
        was restored to an earlier time.
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
        """Ids of the sessions that are running."""

    async def counts(self) -> tuple[int, int]:
        """How many sessions are kept, and how many of them run."""

    async def settled(self) -> Data | None:
        """The data that the servers on this store have agreed on, if they have."""

    async def settle(self, data: Data) -> Data:
        """Agree on the data with the other servers; returns what they agreed on.

        That is the first data offered, but data without a problem replace data with one.
        """

    async def keep_points(self, points: Points) -> None:
        """Keep data that some sessions have instead of the server's, for as long as it is used."""

    async def kept_points(self, key: str) -> Points | None:
        """The data with this key, if it was kept; it counts as used now."""

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Report, until cancelled, what other servers do.

        Parameters
        ----------
        on_change : callable
            Given the id of a session that was saved.
        on_data : callable
            Called when `settled` may return other data, and when messages may have been missed.
        on_loss : callable
            Called when the store is lost.
        """

    async def ping(self) -> None:
        """Raise ``UserError("storage_failed")`` if the store can't be used now."""

    async def expire(self, older_than_s: float) -> int:
        """Delete sessions and data unused for so long; returns the number of sessions."""

    async def close(self) -> None:
        """Finish what was begun and close all connections. Call nothing after it."""


def new_sid() -> str:
    """A random id."""
    return secrets.token_urlsafe(_SID_BYTES)


def short_id(sid: str) -> str:
    """Enough of an id to find it in a log; the whole id is a secret that opens the session."""
    return sid[:6]


def is_sid(value: object) -> bool:
    """Whether `value` has the form of an id."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None
