"""The protocols of the stores, and the errors, ids and keys that all stores use."""

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

_SID_BYTES = 16
_SID = re.compile(r"[A-Za-z0-9_-]{22}")


class Conflict(Exception):
    """Raised if the stored version is not the expected one; read again and retry."""


class StoreUnavailable(RuntimeError):
    """Raised at the start if the store can't be used; the text tells the operator why."""


class UnknownRoom(UserError):
    """Raised if there is no room with this code."""

    def __init__(self, code: str = "room_unknown") -> None:
        super().__init__(code)


class StorageFailed(UserError):
    """Raised if the store fails during use; the cause is logged."""

    def __init__(self, code: str = "storage_failed") -> None:
        super().__init__(code)


class Data(NamedTuple):
    """The server's data; `problem` is why the data of the settings could not be used, or None."""

    points: Points
    problem: UserError | None


class Store(Protocol):
    """Stores sessions by id. Any method may raise StorageFailed."""

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        """Save a new session; returns its random id."""

    async def load(self, sid: str) -> SessionState:
        """Read a session. Raises UnknownSession."""

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        """Read a session and its frames after number `seq`, both of the same version.

        If the session has not reached `seq`, all frames are returned: the store was then restored
        from a backup after the reader got that number. Raises UnknownSession.
        """

    async def save(
        self,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame] = (),
        step: Step | None = None,
    ) -> None:
        """Replace the session and append frames, atomically.

        Frames before ``state.first_seq`` are deleted. From time to time the others are thinned;
        see `thinning`.

        Parameters
        ----------
        sid : str
        expected_version : int
        state : SessionState
        frames : sequence of Frame
        step : Step or None
            Saved under its number. Steps that are not in ``state.history`` are deleted.

        Raises
        ------
        Conflict
            If the stored version is not `expected_version`.
        UnknownSession
        """

    async def load_many(self, sids: Sequence[str]) -> dict[str, SessionState]:
        """Read many sessions at once; unknown ones are left out. Does not set the time of use."""

    async def delete(self, sids: Sequence[str]) -> None:
        """Delete sessions with their frames and steps, and notify other servers."""

    async def step(self, sid: str, number: int) -> Step | None:
        """A step of the session's history; None if it is missing or damaged."""

    async def running(self) -> list[str]:
        """Ids of the sessions that are running."""

    async def counts(self) -> tuple[int, int]:
        """Number of sessions, and of those that are running."""

    async def shared_data(self) -> Data | None:
        """The data that the servers on this store share; None if there is none yet."""

    async def share_data(self, data: Data) -> Data:
        """Offer data to the other servers on this store; returns the data that all of them share.

        The first data offered wins, but data without a problem replaces data with one.
        """

    async def save_points(self, points: Points) -> None:
        """Store data for sessions, until `expire` deletes it."""

    async def load_points(self, key: str) -> Points | None:
        """The stored data with this key, if there is any; updates its time of use."""

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Report changes by other servers, until cancelled.

        Parameters
        ----------
        on_change : callable
            Called with the id of a session that was saved, or the key of a room or a seat.
        on_data : callable
            Called when `shared_data` may have changed, and when messages may have been missed.
        on_loss : callable
            Called when the store is lost.
        """

    async def ping(self) -> None:
        """Raise StorageFailed if the store can't be used now."""

    async def expire(self, older_than_s: float) -> int:
        """Delete sessions and data that were not used for this time; returns how many sessions."""

    async def close(self) -> None:
        """Finish operations in progress and close all connections."""


class RoomRow(NamedTuple):
    """A room as it is stored, and its number of seats."""

    version: int
    body: bytes
    seats: int


class SeatRow(NamedTuple):
    """A seat as it is stored; `seen` is the time that `RoomStore.see` has set, initially 0."""

    number: int
    version: int
    body: bytes
    seen: float


class RoomStore(Protocol):
    """Stores rooms by code, and the seats of each room by number.

    Rooms and seats are documents with a version, which is 1 at first and increases by one with each
    save. Other servers are notified of changes by the keys `room_key`, `seat_key` and `board_key`.
    Any method may raise StorageFailed.
    """

    async def create(self, code: str, body: bytes, ends: float) -> bool:
        """Save a new room; False if the code is in use.

        `ends` is the time from which `ended` lists the room, in seconds since 1970.
        """

    async def load(self, code: str) -> RoomRow:
        """Read a room. Raises UnknownRoom."""

    async def save(self, code: str, expected_version: int, body: bytes) -> None:
        """Replace a room. Raises UnknownRoom, or Conflict if the stored version is another."""

    async def delete(self, code: str) -> None:
        """Delete a room and its seats; does nothing if there is no such room."""

    async def ended(self) -> list[str]:
        """Codes of the rooms whose time is over."""

    async def add_seat(self, code: str, body: bytes, at_most: int) -> int:
        """Add a seat and return its number, which is never used again.

        Raises
        ------
        UnknownRoom
        UserError
            ``room_full`` (max) if the room has `at_most` seats already.
        """

    async def seats(self, code: str, numbers: Sequence[int] | None = None) -> list[SeatRow]:
        """Those of the seats with these numbers that exist, or all seats; sorted by number."""

    async def save_seats(
        self, code: str, saves: Sequence[tuple[int, int, bytes]], room_version: int | None = None
    ) -> list[int]:
        """Replace seats, each given by number, expected version and body.

        A seat is left as it is if it was deleted or has another version. All seats are left as they
        are if `room_version` is given and the room has another version. Returns the numbers of the
        seats that were replaced.
        """

    async def save_heartbeats(self, code: str, seen: Mapping[int, float]) -> None:
        """Set when each seat was last connected, in seconds since 1970. Versions do not change."""

    async def remove_seat(self, code: str, number: int) -> None:
        """Delete a seat; does nothing if there is no such seat."""


def room_key(code: str) -> str:
    """The key for notifications that a room has changed."""
    return f"room:{code}"


def seat_key(code: str, number: int) -> str:
    """The key for notifications that a seat has changed."""
    return f"seat:{code}:{number}"


def board_key(code: str) -> str:
    """The key for notifications that any seat of a room has changed, was added or was seen."""
    return f"board:{code}"


def new_sid() -> str:
    """A new random session id."""
    return secrets.token_urlsafe(_SID_BYTES)


def short_id(sid: str) -> str:
    """The start of an id, for logs: the whole id is a secret that gives access to the session."""
    return sid[:6]


def is_sid(value: object) -> bool:
    """Whether `value` has the form of a session id."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None
