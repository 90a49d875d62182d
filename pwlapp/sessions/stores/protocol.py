"""The protocol of a store, and the errors and ids that all stores share."""

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
    """The error for a store that fails while in use; the cause is in the log."""
    return UserError("storage_failed")


class Data(NamedTuple):
    """The data of a server, and why the data of the settings can't be used, if so."""

    points: Points
    problem: UserError | None


class Store(Protocol):
    """Sessions by id. All methods raise ``UserError("storage_failed")`` when the disk fails."""

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        """Save a new session; returns its random id."""

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`, of one moment. Raises UnknownSession.

        Returns all frames if the session has not reached `seq`: the reader's number is then from
        before the store was restored to an earlier time.
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

        Frames before ``state.first_seq`` are dropped. Now and then the rest is thinned, see
        `thinning`.

        Parameters
        ----------
        sid : str
        expected_version : int
        state : SessionState
        frames : sequence of Frame
        step : Step or None
            Saved under its number. Steps that ``state.history`` no longer has are deleted.

        Raises
        ------
        Conflict
            If the stored version is not `expected_version`.
        UnknownSession
        """

    async def load_many(self, sids: Sequence[str]) -> dict[str, SessionState]:
        """Read many sessions at once, by id; unknown ones are left out. Does not count as a use."""

    async def delete(self, sids: Sequence[str]) -> None:
        """Delete sessions with all that belongs to them; other servers are told of a change."""

    async def step(self, sid: str, number: int) -> Step | None:
        """A step of the session's history; None if it is not there, or damaged."""

    async def running(self) -> list[str]:
        """Ids of the sessions that are running."""

    async def counts(self) -> tuple[int, int]:
        """Number of sessions, and of those that are running."""

    async def settled(self) -> Data | None:
        """The data that the servers on this store have agreed on, if they have."""

    async def settle(self, data: Data) -> Data:
        """Agree on the data with the other servers; returns the data agreed on.

        The first data offered wins, except that data without a problem replaces data with one.
        """

    async def keep_points(self, points: Points) -> None:
        """Store data that sessions use instead of the server's, until it `expire`s."""

    async def kept_points(self, key: str) -> Points | None:
        """The stored data with this key, if any; marks it as used now."""

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Report, until cancelled, what other servers change.

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
        """Finish operations in progress and close all connections."""


def new_sid() -> str:
    """A random id."""
    return secrets.token_urlsafe(_SID_BYTES)


def short_id(sid: str) -> str:
    """The start of an id, for logs; the whole id is a secret that gives access to the session."""
    return sid[:6]


def is_sid(value: object) -> bool:
    """Whether `value` has the form of an id."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None
