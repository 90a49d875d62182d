"""The event stream of a seat: the room as the seat sees it, and the session that its page shows."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Final, Literal, NamedTuple

from pwlapp.errors import UserError
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room, Seat, session_shown
from pwlapp.rooms.view import room_view
from pwlapp.sessions.events import Event, Position
from pwlapp.sessions.snapshot import FrameText
from pwlapp.sessions.stores.protocol import UnknownRoom, room_key, seat_key

LEFT: Final = "left"


class Known(NamedTuple):
    """What the browser has already.

    Attributes
    ----------
    own : str
        Id of the tab's own session.
    sid : str
        Id of the session that the page shows.
    since : int
        Number of the last frame of that session that the page has.
    """

    own: str
    sid: str
    since: int

    def position(self, room: Room, seat: Seat) -> Position:
        """Where to continue; if the page has to show another session, at its beginning."""
        sid = session_shown(room, seat) or self.own
        return Position(sid, self.since if sid == self.sid else 0)


async def follow(rooms: RoomService, code: str, number: int, known: Known) -> AsyncGenerator[Event]:
    """Yield the events of a seat.

    Yields
    ------
    Event
        ``room`` first and after each change that the seat sees; then ``state`` and ``frames`` of
        the session that the page shows from then on. The data of ``room`` is None if the room has
        ended, and `LEFT` if the student has left in another tab; then the stream ends. The id of
        ``frames`` contains the session id, since a browser that reconnects may have missed that
        the session has changed.
    """
    events = rooms.sessions.events
    own_keys = {room_key(code), seat_key(code, number)}
    position: Position | None = None
    shown: dict[str, Any] | None = None
    with (
        events.watcher(*own_keys) as watcher,
        rooms.presence.connected(code, number),
        contextlib.suppress(UserError),
    ):
        async for changed in events.wakes(watcher):
            if position is None or changed & own_keys:
                found = await _find(rooms, code, number)
                if found is None or isinstance(found, str):
                    yield Event("room", found)
                    return
                room, seat, seats = found
                if position is None:
                    seat = await _caught_up(rooms, room, seat)
                view = room_view(room, seat, seats)
                if view != shown:
                    shown = view
                    yield Event("room", view)
                now = known.position(room, seat)
                if position is None or now.sid != position.sid:
                    position = now
                    watcher.watch(*own_keys, position.sid)
                    known = known._replace(sid="")  # every later session is read from its beginning
            for event in await position.news(rooms.sessions.read):
                yield event if event.id is None else event._replace(id=f"{position.sid}.{event.id}")


async def news(
    rooms: RoomService, room: Room, seat: Seat, known: Known
) -> tuple[dict[str, Any], dict[str, Any], list[FrameText]]:
    """The first events of `follow` at once, for a page that polls: room, state and frames."""
    rooms.presence.record_poll(room.code, seat.number)
    position = known.position(room, seat)
    view = room_view(room, seat, await rooms.repository.count(room.code))
    return view, *await rooms.sessions.read(position.sid, position.since)


async def _caught_up(rooms: RoomService, room: Room, seat: Seat) -> Seat:
    """The seat with the present setting, also if a server died while the teacher sent it."""
    with contextlib.suppress(UserError):  # if the server is full, the page still gets the room
        return await rooms.classes.catch_up(room, seat)
    return seat


async def _find(
    rooms: RoomService, code: str, number: int
) -> tuple[Room, Seat, int] | Literal["left"] | None:
    try:
        room = await rooms.repository.load(code)
        seat = await rooms.repository.seat(code, number)
        return room, seat, await rooms.repository.count(code)
    except UnknownRoom:
        return None
    except UserError as error:
        if error.code == "room_forbidden":
            return LEFT
        raise
