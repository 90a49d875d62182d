"""The teacher's commands by name, and the functions that check their bodies and run them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pwlapp.commands.fields import Empty
from pwlapp.commands.table import Command, Json, checked
from pwlapp.core.export.file import File
from pwlapp.core.export.programs import Words
from pwlapp.errors import UserError
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room
from pwlapp.rooms.teacher import bodies, commands, downloads

COMMANDS: dict[str, Command[Callable[[RoomService, Room, Any], Awaitable[Json]]]] = {
    "ask": Command(bodies.Ask, commands.ask),
    "challenge": Command(bodies.SetChallenge, commands.set_challenge),
    "end": Command(Empty, commands.end),
    "end_challenge": Command(Empty, commands.end_challenge),
    "end_question": Command(Empty, commands.end_question),
    "freeze": Command(bodies.Freeze, commands.freeze),
    "hide": Command(bodies.Hide, commands.hide),
    "hide_name": Command(bodies.HideName, commands.hide_name),
    "lesson": Command(bodies.Lesson, commands.lesson),
    "open_net": Command(bodies.OpenNet, commands.open_net),
    "pause": Command(Empty, commands.pause),
    "push": Command(bodies.Push, commands.push),
    "release": Command(Empty, commands.release),
    "resume": Command(Empty, commands.resume),
    "reveal": Command(Empty, commands.reveal),
    "spotlight": Command(bodies.ShowSeat, commands.spotlight),
    "start": Command(bodies.Start, commands.start),
}


# Files of a class, with texts in the language of the page, and with or without nicknames.
DOWNLOADS: dict[str, Callable[[RoomService, Room, Words, bool], Awaitable[File]]] = {
    "csv": downloads.csv,
    "notebook": downloads.notebook,
}


async def run(rooms: RoomService, room: Room, name: str, body: Mapping[str, Any]) -> Json:
    """Check a command's body and run it.

    Raises
    ------
    UserError
        ``bad_request`` for an unknown command; the errors of its fields and of its function.
    """
    if (command := COMMANDS.get(name)) is None:
        raise UserError("bad_request")
    return await command.function(rooms, room, checked(command.model, body, rooms.sessions))


async def download(
    rooms: RoomService, room: Room, name: str, words: Words, names: bool = False
) -> File:
    """Make one of `DOWNLOADS`. Raises ``bad_request`` for an unknown one."""
    if (make := DOWNLOADS.get(name)) is None:
        raise UserError("bad_request")
    return await make(rooms, room, words, names)
