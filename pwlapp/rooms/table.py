"""The teacher's commands by name, and the one way to run them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from pwlapp.commands.fields import Body, Empty
from pwlapp.commands.table import checked
from pwlapp.errors import UserError
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room


class File(NamedTuple):
    """An answer to save as a file."""

    name: str
    media_type: str
    content: str


Answer: TypeAlias = dict[str, Any] | File


class Command(NamedTuple):
    """A command: the model of its body, and what it does in a room."""

    model: type[Body]
    function: Callable[[RoomService, Room, Any], Awaitable[Answer]]


async def end(rooms: RoomService, room: Room, _body: Empty) -> Answer:
    """Delete the room and all in it; the students' own sessions stay."""
    await rooms.end(room.code)
    return {}


COMMANDS: dict[str, Command] = {"end": Command(Empty, end)}


async def run(
    rooms: RoomService,
    room: Room,
    name: str,
    body: Mapping[str, Any],
    commands: Mapping[str, Command] = COMMANDS,
) -> Answer:
    """Check a command's body and run it.

    Raises
    ------
    UserError
        ``bad_request`` for an unknown command; what its fields and its function raise.
    """
    if (command := commands.get(name)) is None:
        raise UserError("bad_request")
    return await command.function(rooms, room, checked(command.model, body, rooms.sessions))
