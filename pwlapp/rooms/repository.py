"""Reading and changing rooms and their seats while many requests do so at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pwlapp.rooms.state import Room, Seat


class RoomRepository:
    """Loads and saves rooms and seats, and tells the streams of what has changed.

    Notified are (see `SessionEvents`): `room_key` when a room has changed, which wakes its seats
    and boards; `seat_key` when a seat has, which wakes the pages of that seat; `board_key` when any
    seat has, or has joined, left, or connected, which wakes the boards alone.
    """

    async def open(self) -> Room:
        """Open a room with a new code and key."""
        raise NotImplementedError

    async def load(self, code: str) -> Room:
        """The room, from this process's memory unless it has changed. Don't change its parts.

        Raises
        ------
        UserError
            ``room_unknown`` if there is no such room, or no longer.
        """
        raise NotImplementedError

    async def count(self, code: str) -> int:
        """Number of seats, as it was when the room last changed, or later."""
        raise NotImplementedError

    async def update(self, code: str, change: Callable[[Room], Room | None]) -> Room:
        """Change the latest version of a room, retrying after conflicts; returns the result.

        Parameters
        ----------
        code : str
        change : callable
            A pure function, which may be called more than once; its result gets the next version.
            None: nothing changes.

        Raises
        ------
        UserError
            ``room_unknown``; ``busy`` after too many conflicts; or what `change` raises.
        """
        raise NotImplementedError

    async def seats(self, code: str) -> list[Seat]:
        """All seats, by number, in one read."""
        raise NotImplementedError

    async def seat(self, code: str, number: int) -> Seat:
        """One seat. Raises ``room_forbidden`` if there is none of this number, or no longer."""
        raise NotImplementedError

    async def add_seat(self, code: str, seat: Seat) -> Seat:
        """Add a seat; returns it with its number. Raises ``room_unknown``, ``room_full`` (max)."""
        raise NotImplementedError

    async def update_seat(
        self, code: str, number: int, change: Callable[[Seat], Seat | None]
    ) -> Seat:
        """Change the latest version of a seat; as `update`. Raises ``room_forbidden``."""
        raise NotImplementedError

    async def update_seats(
        self, code: str, numbers: Iterable[int], change: Callable[[Seat], Seat | None]
    ) -> list[Seat]:
        """Change many seats, each as `update_seat`, in few transactions; those gone are left out.

        Returns
        -------
        list of Seat
            All seats of these numbers that are there, changed or not.
        """
        raise NotImplementedError

    async def remove_seat(self, code: str, number: int) -> None:
        """Remove a seat; its number is not given again."""
        raise NotImplementedError

    async def end(self, code: str) -> None:
        """Delete a room and its seats; the sessions of the class are the caller's to delete."""
        raise NotImplementedError


def room_key(code: str) -> str:
    """Under which `SessionEvents` notifies that a room has changed."""
    return f"room:{code}"


def seat_key(code: str, number: int) -> str:
    """Under which `SessionEvents` notifies that a seat has changed."""
    return f"seat:{code}:{number}"


def board_key(code: str) -> str:
    """Under which `SessionEvents` notifies that any seat of a room has changed."""
    return f"board:{code}"
