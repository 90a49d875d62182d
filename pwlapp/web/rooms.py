"""Routes of rooms: for everyone, for a seat, and for the teacher.

The token in ``Authorization: Bearer`` identifies the sender. Streams and files have it in the
query, which is not logged, since a browser's EventSource and a link cannot send headers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field

from pwlapp.commands.fields import Body, Empty
from pwlapp.commands.table import checked
from pwlapp.core.export.programs import Words
from pwlapp.errors import UserError
from pwlapp.rooms import stream, tokens
from pwlapp.rooms.board.live import Boards, has_challenge
from pwlapp.rooms.codes import read_code
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room, Seat
from pwlapp.rooms.teacher import table
from pwlapp.rooms.teacher.bodies import Invite
from pwlapp.rooms.teacher.invitation import links
from pwlapp.rooms.view import room_view
from pwlapp.sessions.stores.protocol import UnknownRoom, seat_key
from pwlapp.web.event_stream import Seq, event_source, line_source, list_of_texts
from pwlapp.web.http.bodies import read_json
from pwlapp.web.http.json_answers import (
    RefusingRoute,
    answer,
    answer_text,
    attachment,
    bearer,
    to_text,
)
from pwlapp.web.http.rate_limits import visitor

T = TypeVar("T")

SMALL = 20_000  # bytes of a student's body
WRONG = {"room_ended", "room_forbidden"}
LAST_ID = re.compile(r"([A-Za-z0-9_-]{22})\.(\d{1,16})")

Text = Annotated[str, Field(strict=True, max_length=200)]


class Join(Body):
    """Join a room."""

    code: Text
    nickname: Text = ""
    own: Text
    seat: Annotated[str, Field(strict=True, max_length=tokens.MAX_TOKEN)] | None = None


class Given(Body):
    """Answer a question."""

    question: Annotated[int, Field(strict=True)]
    value: Any


class Rename(Body):
    """Change the nickname."""

    nickname: Text


def routes(rooms: RoomService, words: Callable[[], Words]) -> APIRouter:
    """The routes; `words` returns the catalogue in the language of the request."""
    router = APIRouter(prefix="/rooms", route_class=RefusingRoute)
    gate = Gate(rooms)
    _add_entrance(router, rooms, gate)
    boards = Boards(rooms)
    _add_streams(router, rooms, gate, boards)
    _add_board(router, rooms, gate, boards)
    _add_commands(router, rooms, gate, words)
    return router


class Gate:
    """Checks codes and tokens, and limits how many wrong ones an address may send.

    Any method may raise ``too_many``.
    """

    def __init__(self, rooms: RoomService) -> None:
        self._rooms = rooms

    async def teacher(self, request: Request, token: str | None = None) -> Room:
        """The room whose teacher sends the request; errors as in `RoomService.teacher`."""
        held = bearer(request) if token is None else token
        room = await self._checked(held, self._rooms.teacher(held))
        visitor().of_teacher(room.code)
        return room

    async def seat(self, request: Request, token: str | None = None) -> tuple[Room, Seat]:
        """The room and the seat that send the request; errors as in `RoomService.seat`."""
        held = bearer(request) if token is None else token
        room, seat = await self._checked(held, self._rooms.seat(held))
        visitor().of_seat(room.code, seat.number)
        return room, seat

    async def join(self, wanted: Join) -> tuple[Room, Seat]:
        """Let a student join. Raises ``room_wait``, or the errors of `RoomService.join`."""
        if not await self._comes_back(wanted):
            visitor().check_wrong(read_code(wanted.code))
        try:
            room, seat = await self._rooms.join(
                wanted.code, wanted.nickname, wanted.own, wanted.seat
            )
        except UnknownRoom:
            visitor().wrong(wanted.code)
            raise
        visitor().right(room.code)
        return room, seat

    async def _comes_back(self, wanted: Join) -> bool:
        """Whether a student has a seat in this room, and may return whatever others have typed."""
        token = wanted.seat
        if token is None or tokens.claimed_code(token) != read_code(wanted.code):
            return False
        try:
            await self._rooms.seat(token)
        except UserError:
            return False
        return True

    async def _checked(self, token: str, found: Awaitable[T]) -> T:
        try:
            return await found
        except UserError as error:
            if error.code in WRONG:
                visitor().wrong(tokens.claimed_code(token) or "")
            raise


def _add_entrance(router: APIRouter, rooms: RoomService, gate: Gate) -> None:
    @router.post("")
    async def open_room(request: Request) -> Response:
        checked(Empty, await read_json(request, SMALL), rooms.sessions)
        visitor().new_room()
        room = await rooms.open()
        visitor().right(room.code)
        return answer({"code": room.code, "teacher": tokens.teacher_token(room)})

    @router.post("/join")
    async def join(request: Request) -> Response:
        wanted = checked(Join, await read_json(request, SMALL), rooms.sessions)
        room, seat = await gate.join(wanted)
        view = room_view(room, seat, await rooms.repository.count(room.code))
        return answer({"seat": tokens.seat_token(room, seat.number), "room": view})


def _add_streams(router: APIRouter, rooms: RoomService, gate: Gate, boards: Boards) -> None:
    events = rooms.sessions.events

    @router.get("/stream")
    async def follow(
        request: Request,
        seat: str,
        known: Annotated[stream.Known, Depends(known_to_page)],
        last_event_id: Annotated[str, Header(alias="Last-Event-ID", max_length=50)] = "",
    ) -> Response:
        room, at = await gate.seat(request, seat)
        visitor().check_streams()
        await rooms.sessions.get_snapshot(known.position(room, at).sid)
        if events.is_full(seat_key(room.code, at.number)):
            raise UserError("busy")
        # When an EventSource reconnects, it uses the same URL, and sends the id of its last frames.
        if match := LAST_ID.fullmatch(last_event_id):
            known = known._replace(sid=match[1], since=int(match[2]))
        news = stream.follow(rooms, room.code, at.number, known)
        return event_source(events, boards.touch_during_challenge(room.code, news))

    @router.get("/frames")
    async def frames(
        request: Request, seat: str, known: Annotated[stream.Known, Depends(known_to_page)]
    ) -> Response:
        room, at = await gate.seat(request, seat)
        view, state, rows = await stream.news(rooms, room, at, known)
        if has_challenge(view):
            boards.touch(room.code)
        parts = f'"room":{to_text(view)},"state":{to_text(state)},"frames":{list_of_texts(rows)}'
        return answer_text(f"{{{parts}}}")


def _add_board(router: APIRouter, rooms: RoomService, gate: Gate, boards: Boards) -> None:
    @router.post("/board")
    async def board(request: Request) -> Response:
        visitor().check_streams()
        room = await gate.teacher(request)
        return line_source(rooms.sessions.events, boards.follow(room.code))

    @router.post("/board/now")
    async def board_now(request: Request) -> Response:
        room = await gate.teacher(request)
        return answer(await boards.now(room.code))

    @router.post("/teacher/addresses")
    async def addresses(request: Request) -> Response:
        room = await gate.teacher(request)
        body = checked(Invite, await read_json(request, SMALL), rooms.sessions)
        return answer({"links": await links(rooms, room.code, body.page)})


def _add_commands(
    router: APIRouter, rooms: RoomService, gate: Gate, words: Callable[[], Words]
) -> None:
    @router.post("/seat/{name}")
    async def of_seat(name: str, request: Request) -> Response:
        room, seat = await gate.seat(request)
        await run_of_seat(rooms, room, seat, name, await read_json(request, SMALL))
        return answer({})

    @router.post("/teacher/{name}")
    async def of_teacher(name: str, request: Request) -> Response:
        room = await gate.teacher(request)
        return answer(await table.run(rooms, room, name, await read_json(request)))

    # In-app browsers can save only what has a URL.
    @router.get("/files/{name}")
    async def file(name: str, request: Request, teacher: str, names: bool = False) -> Response:
        room = await gate.teacher(request, teacher)
        return attachment(await table.download(rooms, room, name, words(), names))


async def run_of_seat(
    rooms: RoomService, room: Room, seat: Seat, name: str, body: Mapping[str, Any]
) -> None:
    """Check a student's command and run it. Raises ``bad_request``, or the command's errors."""
    match name:
        case "answer":
            given = checked(Given, body, rooms.sessions)
            await rooms.answer(room, seat, given.question, given.value)
        case "rename":
            await rooms.rename(room, seat, checked(Rename, body, rooms.sessions).nickname)
        case "leave":
            checked(Empty, body, rooms.sessions)
            await rooms.leave(room, seat)
        case _:
            raise UserError("bad_request")


def known_to_page(own: str, sid: str = "", since: Seq = 0) -> stream.Known:
    """What the browser has already, from the query of its request."""
    return stream.Known(own, sid, since)
