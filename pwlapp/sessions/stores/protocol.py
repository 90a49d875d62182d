"""The protocol of a store, and the errors and ids that all stores share."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import SessionState

STORAGE_FAILED = "storage_failed"
_SID_BYTES = 16
_SID = re.compile(r"[A-Za-z0-9_-]{22}")


class Conflict(Exception):
    """The store has another version of the session than expected; read it again."""


class StoreUnavailable(RuntimeError):
    """The store can't be used at all; the text says why, for the operator."""


class UnknownRoom(UserError):
    """There is no room with this code, or no longer."""


def unknown_room() -> UnknownRoom:
    """The error for a code that names no room."""
    return UnknownRoom("room_unknown")


def storage_failed() -> UserError:
    """The error for a store that fails while in use; the cause is in the log."""
    return UserError(STORAGE_FAILED)


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


class RoomRow(NamedTuple):
    """A room as it is stored, and its number of seats."""

    version: int
    body: bytes
    seats: int


class SeatRow(NamedTuple):
    """A seat as it is stored; `seen` is what `RoomStore.see` has set, at first 0."""

    number: int
    version: int
    body: bytes
    seen: float


class RoomStore(Protocol):
    """Rooms by code, each with its seats by number. Errors of the disk are as in `Store`.

    Rooms and seats are documents with a version, which is 1 at first and goes up by one with each
    save. Other servers are notified under the keys of `room_key`, `seat_key` and `board_key`.
    """

    async def create(self, code: str, body: bytes, ends: float) -> bool:
        """Save a new room, which `ended` lists after a time; False if the code is in use."""

    async def load(self, code: str) -> RoomRow:
        """Read a room. Raises UnknownRoom."""

    async def save(self, code: str, expected_version: int, body: bytes) -> None:
        """Replace a room. Raises Conflict if it has another version; UnknownRoom."""

    async def delete(self, code: str) -> None:
        """Delete a room and its seats, if it is there."""

    async def ended(self) -> list[str]:
        """Codes of the rooms whose time is over."""

    async def add_seat(self, code: str, body: bytes, at_most: int) -> int:
        """Add a seat and return its number, which is never given again.

        Raises
        ------
        UnknownRoom
        UserError
            ``room_full`` (max) if there are so many seats already.
        """

    async def seats(self, code: str, numbers: Sequence[int] | None = None) -> list[SeatRow]:
        """The seats of these numbers that are there, or all of them, by number."""

    async def save_seats(
        self, code: str, saves: Sequence[tuple[int, int, bytes]], room_version: int | None = None
    ) -> list[int]:
        """Replace seats, each given by number, expected version and body.

        Returns the numbers of those that are replaced: not one that is gone or has another version,
        and none if the room has another version than `room_version`, unless that is None.
        """

    async def see(self, code: str, seen: Mapping[int, float]) -> None:
        """Set when pages of seats were last connected, in seconds since 1970; no new version."""

    async def remove_seat(self, code: str, number: int) -> None:
        """Delete a seat, if it is there."""


def room_key(code: str) -> str:
    """Under which a change of a room is notified."""
    return f"room:{code}"


def seat_key(code: str, number: int) -> str:
    """Under which a change of a seat is notified."""
    return f"seat:{code}:{number}"


def board_key(code: str) -> str:
    """Under which a change of any seat of a room is notified, also that it is added or seen."""
    return f"board:{code}"


def new_sid() -> str:
    """A random id."""
    return secrets.token_urlsafe(_SID_BYTES)


def short_id(sid: str) -> str:
    """The start of an id, for logs; the whole id is a secret that gives access to the session."""
    return sid[:6]


def is_sid(value: object) -> bool:
    """Whether `value` has the form of an id."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None
