"""The functions of the teacher's commands; `table` lists them by name.

Each command changes one thing: a new setting does not unfreeze the class, and freezing does not
start to lead it. Only a challenge also unfreezes the class, since its students have to act.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from pwlapp.commands.data import points_of
from pwlapp.commands.fields import Empty
from pwlapp.rooms import class_sessions
from pwlapp.rooms.board.scores import ranking_now
from pwlapp.rooms.questions import summary
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import (
    CONTROLS,
    Challenge,
    Question,
    Room,
    Seat,
    Setting,
    Spotlight,
    session_on_board,
)
from pwlapp.rooms.teacher import bodies
from pwlapp.sessions import transitions
from pwlapp.sessions.codec import optimizer_header

replace = msgspec.structs.replace


async def push(rooms: RoomService, room: Room, body: bodies.Push) -> dict[str, Any]:
    """Send a setting to every seat, and lead the class from now on.

    Raises
    ------
    UserError
        ``needs_mse``; the errors of `points_of`.
    """
    points = await points_of(rooms.sessions, body.data)
    points.check_loss(body.net.loss)
    await rooms.sessions.save_points(points)

    def lead(room: Room) -> Room:
        setting = Setting(
            room.next_id,
            body.seed,
            body.seat_seeds,
            body.net,
            optimizer_header(body.optimizer),
            body.epochs,
            points.key,
        )
        challenge = room.challenge
        if challenge is not None and not challenge.of_class:  # the sessions of the class count now
            challenge = replace(challenge, of_class=True, ranking=())
        return replace(
            room, leading=True, setting=setting, challenge=challenge, next_id=room.next_id + 1
        )

    async with rooms.classes.lock(room.code):
        room = await rooms.repository.update(room.code, lead)
        return (await rooms.classes.set_up_all(room))._asdict()


async def start(rooms: RoomService, room: Room, body: bodies.Start) -> dict[str, Any]:
    """Train every net of the class `body.epochs` more; late joiners train them, too."""

    def add(room: Room) -> Room | None:
        if not room.leading or room.setting is None:
            return None
        epochs = min(room.setting.epochs + body.epochs, rooms.sessions.max_epochs)
        return replace(room, setting=replace(room.setting, epochs=epochs))

    move = partial(class_sessions.start_run, epochs=body.epochs)
    async with rooms.classes.lock(room.code):
        room = await rooms.repository.update(room.code, add)
        return (await rooms.classes.change_all(room, move, starts=True))._asdict()


async def pause(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Pause every run of the class."""
    async with rooms.classes.lock(room.code):
        room = await rooms.repository.load(room.code)
        return (await rooms.classes.change_all(room, transitions.pause))._asdict()


async def resume(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Continue every paused run of the class."""
    async with rooms.classes.lock(room.code):
        room = await rooms.repository.load(room.code)
        return (await rooms.classes.change_all(room, class_sessions.resume))._asdict()


async def freeze(rooms: RoomService, room: Room, body: bodies.Freeze) -> dict[str, Any]:
    """Pause and lock the sessions of the class, or unlock them; their runs stay paused."""
    move = partial(class_sessions.set_lock, locked=body.on, pauses=body.on)
    async with rooms.classes.lock(room.code):
        room = await rooms.repository.update(room.code, partial(replace, frozen=body.on))
        return (await rooms.classes.change_all(room, move))._asdict()


async def release(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Stop leading: the pages show their own sessions again; those of the class are paused.

    A challenge in which the sessions of the class count is then over, with the present scores.
    """
    move = partial(class_sessions.set_lock, locked=False, pauses=True)
    free = partial(replace, leading=False, frozen=False, spotlight=None, hidden=(), lesson=None)
    async with rooms.classes.lock(room.code):
        led, room = await update_spotlight(rooms, room.code, free)
        counts = await rooms.classes.change_all(led, move)
    if room.challenge is not None:
        await ranking_now(rooms, room.code)
    return counts._asdict()


async def lesson(rooms: RoomService, room: Room, body: bodies.Lesson) -> dict[str, Any]:
    """Show a step of a lesson on every page."""
    await rooms.repository.update(room.code, partial(replace, lesson=body.lesson))
    return {}


async def hide(rooms: RoomService, room: Room, body: bodies.Hide) -> dict[str, Any]:
    """Hide controls on every page."""
    hidden = tuple(name for name in CONTROLS if name in body.controls)
    await rooms.repository.update(room.code, partial(replace, hidden=hidden))
    return {}


async def spotlight(rooms: RoomService, room: Room, body: bodies.ShowSeat) -> dict[str, Any]:
    """Show a copy of one student's net on every page, or stop showing it.

    Raises
    ------
    UserError
        ``room_forbidden`` if there is no such seat.
    """
    shown = None
    before = await rooms.repository.load(room.code)
    if body.seat is not None:
        seat = await rooms.repository.seat(room.code, body.seat)
        shown = Spotlight(seat.number, await rooms.classes.copy(session_on_board(before, seat)))
    async with rooms.classes.lock(room.code):
        await update_spotlight(rooms, room.code, partial(replace, spotlight=shown))
    return {}


async def open_net(rooms: RoomService, room: Room, body: bodies.OpenNet) -> dict[str, Any]:
    """Replace the teacher's own session by a copy of a seat's, which can be undone.

    Raises
    ------
    UserError
        ``room_forbidden`` if there is no such seat.
    """
    room = await rooms.repository.load(room.code)
    seat = await rooms.repository.seat(room.code, body.seat)
    return {"snapshot": await rooms.classes.open_copy(session_on_board(room, seat), body.sid)}


async def hide_name(rooms: RoomService, room: Room, body: bodies.HideName) -> dict[str, Any]:
    """Hide a nickname from everyone but the teacher, or show it. Raises ``room_forbidden``."""
    await rooms.repository.update_seat(room.code, body.seat, partial(replace, name_hidden=body.on))
    return {}


async def ask(rooms: RoomService, room: Room, body: bodies.Ask) -> dict[str, Any]:
    """Ask all seats a question; it replaces the question before."""

    def change(room: Room) -> Room:
        asked = Question(
            room.next_id,
            body.kind,
            body.text,
            body.options,
            text_is_preset=body.text_is_preset,
            options_are_preset=body.options_are_preset,
        )
        return replace(room, question=asked, next_id=room.next_id + 1)

    room = await rooms.repository.update(room.code, change)
    return {"id": room.next_id - 1}


async def reveal(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Show all answers to the class, without names; later answers are refused."""
    asked = (await rooms.repository.load(room.code)).question
    if asked is None:
        return {}

    def close(room: Room, seats: list[Seat]) -> Room | None:
        if room.question is None or room.question.id != asked.id:
            return None
        question = replace(room.question, revealed=summary(room.question, seats))
        return None if question == room.question else replace(room, question=question)

    for _ in range(2):  # the second time adds answers that were saved during the first
        seats = await rooms.repository.seats(room.code)
        room = await rooms.repository.update(room.code, partial(close, seats=seats))
    return {}


async def end_question(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Remove the question."""
    await rooms.repository.update(room.code, partial(replace, question=None))
    return {}


async def set_challenge(
    rooms: RoomService, room: Room, body: bodies.SetChallenge
) -> dict[str, Any]:
    """Start a challenge; it replaces the challenge before.

    The class is not frozen then, and no student's net is on the pages, since a page that is frozen
    or shows another net can't change its own. No lesson is shown, which would cover the task on a
    phone.
    """
    target = None if body.target is None else tuple(body.target)

    def change(room: Room) -> Room:
        begun = Challenge(room.next_id, body.kind, body.epochs, target, of_class=room.leading)
        next_id = room.next_id + 1
        return replace(
            room, challenge=begun, frozen=False, spotlight=None, lesson=None, next_id=next_id
        )

    unlock = partial(class_sessions.set_lock, locked=False, pauses=False)
    async with rooms.classes.lock(room.code):
        _, room = await update_spotlight(rooms, room.code, change)
        counts = await rooms.classes.change_all(room, unlock)
    return {"id": room.next_id - 1, **counts._asdict()}


async def end_challenge(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """Remove the challenge and its ranking."""
    await rooms.repository.update(room.code, partial(replace, challenge=None))
    return {}


async def end(rooms: RoomService, room: Room, _body: Empty) -> dict[str, Any]:
    """End the room; see `RoomService.end`."""
    await rooms.end(room.code)
    return {}


async def update_spotlight(
    rooms: RoomService, code: str, change: Callable[[Room], Room]
) -> tuple[Room, Room]:
    """Change a room, and delete the copy of a net that it no longer shows.

    The caller holds the lock of the room's sessions. Returns the room before and after.
    """
    before = await rooms.repository.load(code)
    after = await rooms.repository.update(code, change)
    if before.spotlight is not None and before.spotlight != after.spotlight:
        await rooms.sessions.delete([before.spotlight.sid])
    return before, after
