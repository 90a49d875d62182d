"""The teacher's commands by name, and the one way to run them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from pwlapp.commands.fields import Body, Empty
from pwlapp.commands.table import checked
from pwlapp.core.export.programs import Words
from pwlapp.errors import UserError
from pwlapp.rooms import bodies, downloads, teacher
from pwlapp.rooms.downloads import File
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room


class Command(NamedTuple):
    """A command: the model of its body, and what it does in a room. It returns JSON."""

    model: type[Body]
    function: Callable[[RoomService, Room, Any], Awaitable[dict[str, Any]]]


COMMANDS: dict[str, Command] = {
    "ask": Command(bodies.Ask, teacher.ask),
    "challenge": Command(bodies.SetChallenge, teacher.set_challenge),
    "end": Command(Empty, teacher.end),
    "end_challenge": Command(Empty, teacher.end_challenge),
    "end_question": Command(Empty, teacher.end_question),
    "freeze": Command(bodies.Freeze, teacher.freeze),
    "hide": Command(bodies.Hide, teacher.hide),
    "hide_name": Command(bodies.HideName, teacher.hide_name),
    "lesson": Command(bodies.Lesson, teacher.lesson),
    "open_net": Command(bodies.OpenNet, teacher.open_net),
    "pause": Command(Empty, teacher.pause),
    "push": Command(bodies.Push, teacher.push),
    "release": Command(Empty, teacher.release),
    "resume": Command(Empty, teacher.resume),
    "reveal": Command(Empty, teacher.reveal),
    "spotlight": Command(bodies.ShowSeat, teacher.spotlight),
    "start": Command(bodies.Start, teacher.start),
}


class Download(NamedTuple):
    """A command that returns a file, with words in the language of the page."""

    model: type[Body]
    function: Callable[[RoomService, Room, Any, Words], Awaitable[File]]


DOWNLOADS: dict[str, Download] = {
    "csv": Download(bodies.Csv, downloads.csv),
    "notebook": Download(Empty, downloads.notebook),
}


async def run(rooms: RoomService, room: Room, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Check a command's body and run it.

    Raises
    ------
    UserError
        ``bad_request`` for an unknown command; what its fields and its function raise.
    """
    if (command := COMMANDS.get(name)) is None:
        raise UserError("bad_request")
    return await command.function(rooms, room, checked(command.model, body, rooms.sessions))


async def download(
    rooms: RoomService, room: Room, name: str, body: Mapping[str, Any], words: Words
) -> File:
    """Check the body of one of `DOWNLOADS`, and make the file."""
    command = DOWNLOADS[name]
    checked_body = checked(command.model, body, rooms.sessions)
    return await command.function(rooms, room, checked_body, words)
