"""A class for tests: takes seats for students and sends the teacher's commands."""

from __future__ import annotations

from typing import Any

from pwlapp.core.net import LECTURE
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room, Seat
from pwlapp.rooms.teacher import table
from pwlapp.sessions.state import SessionState
from tests.support.sessions import finished

SETTING = {
    "data": {"law": "lecture"},
    "seed": 10,
    "net": vars(LECTURE),
    "optimizer": {"kind": "adam", "lr": 0.01},
    "epochs": 0,
}
FOREVER = 1_000_000  # epochs


async def take_seats(rooms: RoomService, room: Room, count: int) -> list[Seat]:
    """Let students join, each with a new session; the seeds are 1, 2, ..."""
    seats = []
    for k in range(1, count + 1):
        own, _ = await rooms.sessions.open(seed=k)
        _, seat = await rooms.join(room.code, f"student {k}", own)
        seats.append(seat)
    return seats


async def send_command(rooms: RoomService, room: Room, name: str, **body: Any) -> dict[str, Any]:
    """Send a command as the teacher."""
    return await table.run(rooms, room, name, body)


async def class_states(rooms: RoomService, room: Room) -> list[SessionState]:
    """The sessions of the class, by seat."""
    seats = await rooms.repository.seats(room.code)
    return [await rooms.sessions.state(seat.class_sid or "") for seat in seats]


async def ended(rooms: RoomService, room: Room) -> list[dict[str, Any]]:
    """The snapshots of the class once all runs have ended."""
    seats = await rooms.repository.seats(room.code)
    return [await finished(rooms.sessions, seat.class_sid or "") for seat in seats]
