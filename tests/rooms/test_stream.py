"""The stream of a seat: the room, the session that the page follows, and notifications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from pwlapp.core.optimizers import AdamOptions
from pwlapp.rooms import stream
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room, Seat
from pwlapp.rooms.stream import Known
from pwlapp.services import Services, build_services
from pwlapp.sessions.events import Event
from pwlapp.settings import Settings
from tests.support.classes import FOREVER, SETTING, send_command, take_seats
from tests.support.cluster import Cluster
from tests.support.sessions import until

ADAM = AdamOptions()


class Page:
    """A page's state, built from the events of a seat's stream."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.room: Any = {}  # at last None, or "left"
        self.shown: dict[str, Any] = {}
        self.has_ended = False

    @property
    def seqs(self) -> list[int]:
        """Numbers of the frames since the last change of the room."""
        last = max(i for i, event in enumerate(self.events) if event.name == "room")
        frames = [event for event in self.events[last:] if event.name == "frames"]
        return [row[0] for event in frames for row in event.data["frames"]]

    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def take(self, event: Event) -> None:
        self.events.append(event)
        if event.name == "room":
            self.room = event.data
        elif event.name == "state":
            self.shown = event.data


@asynccontextmanager
async def page(
    rooms: RoomService, room: Room, seat: Seat, known: Known | None = None
) -> AsyncIterator[Page]:
    """A page that follows a seat."""
    shown = Page()
    known = known or Known(seat.own, seat.own, 0)

    async def follow() -> None:
        async with aclosing(stream.follow(rooms, room.code, seat.number, known)) as events:  # type: ignore[type-var]
            async for event in events:
                shown.take(event)
        shown.has_ended = True

    task = asyncio.create_task(follow())
    try:
        await until(lambda: shown.shown or shown.has_ended)
        yield shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def room(rooms: RoomService) -> Room:
    return await rooms.open()


@pytest.fixture
async def seat(rooms: RoomService, room: Room) -> Seat:
    [seat] = await take_seats(rooms, room, 1)
    return seat


async def test_begins_with_the_room_and_the_tabs_own_session(
    rooms: RoomService, room: Room, seat: Seat
) -> None:
    async with page(rooms, room, seat) as shown:
        await until(lambda: len(shown.events) == 3)
    assert shown.names() == ["room", "state", "frames"]
    assert shown.room is not None
    assert (shown.room["code"], shown.room["seat"], shown.room["sid"]) == (room.code, 1, None)
    assert shown.shown == await rooms.sessions.get_snapshot(seat.own)
    assert shown.events[2].id == f"{seat.own}.1"


async def test_switches_to_the_class_session_and_back(
    rooms: RoomService, room: Room, seat: Seat
) -> None:
    async with page(rooms, room, seat) as shown:
        await send_command(rooms, room, "push", **SETTING | {"epochs": 40})
        await until(lambda: shown.shown["seed"] == 10 and shown.shown["epoch"] == 40)
        class_sid = (await rooms.repository.seat(room.code, 1)).class_sid
        assert shown.room is not None
        assert shown.room["sid"] == class_sid
        assert shown.events[-1].id == f"{class_sid}.{shown.shown['next_seq'] - 1}"
        assert shown.seqs == list(range(1, shown.shown["next_seq"]))
        await send_command(rooms, room, "release")
        await until(lambda: shown.shown["seed"] == 1 and shown.seqs == [1])
        assert shown.room["sid"] is None


async def test_frames_that_the_page_has_are_not_sent_again(
    rooms: RoomService, room: Room, seat: Seat
) -> None:
    for _ in range(3):
        await rooms.sessions.step(seat.own, ADAM)
    async with page(rooms, room, seat, Known(seat.own, seat.own, 2)) as shown:
        await until(lambda: shown.seqs == [3, 4])
    async with page(rooms, room, seat, Known(seat.own, "x" * 22, 2)) as shown:
        await until(lambda: shown.seqs == [1, 2, 3, 4])
    await send_command(rooms, room, "push", **SETTING)
    async with page(rooms, room, seat, Known(seat.own, seat.own, 2)) as shown:
        await until(lambda: shown.seqs == [1])
        await send_command(rooms, room, "release")
        # The page has shown another session meanwhile, so it needs all frames again.
        await until(lambda: shown.seqs == [1, 2, 3, 4])


async def test_what_a_polling_page_gets(rooms: RoomService, room: Room, seat: Seat) -> None:
    await rooms.sessions.step(seat.own, ADAM)
    view, state, frames = await stream.news(rooms, room, seat, Known(seat.own, seat.own, 1))
    assert (view["seat"], view["seats"]) == (1, 1)
    assert state == await rooms.sessions.get_snapshot(seat.own)
    assert [seq for seq, _ in frames] == [2]
    await rooms.presence.write_heartbeats()
    assert (await rooms.repository.seat(room.code, 1)).seen > 0


async def test_a_join_and_other_seats_notify_no_page(
    rooms: RoomService, room: Room, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page(rooms, room, seat) as shown:
        await until(lambda: len(shown.events) == 3)
        read: list[str] = []
        sessions = rooms.sessions._store
        read_since = sessions.read_since

        async def counted(sid: str, seq: int) -> Any:
            read.append(sid)
            return await read_since(sid, seq)

        monkeypatch.setattr(sessions, "read_since", counted)
        own, _ = await rooms.sessions.open(seed=9)
        other = await rooms.repository.add_seat(room.code, Seat(own))
        await rooms.rename(room, other, "b")
        await rooms.sessions.step(own, ADAM)
        await rooms.presence.write_heartbeats()
        await asyncio.sleep(0.2)  # five times the pause between readings
        assert read == []
        rooms.sessions.events.notify(seat.own)
        await until(lambda: read == [seat.own])
        assert len(shown.events) == 3


async def test_a_training_session_does_not_read_the_room(
    rooms: RoomService, room: Room, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page(rooms, room, seat) as shown:
        await until(lambda: len(shown.events) == 3)
        seats = rooms.repository._store
        monkeypatch.setattr(seats, "seats", None)
        monkeypatch.setattr(seats, "load", None)
        await rooms.sessions.step(seat.own, ADAM)
        await until(lambda: shown.seqs == [1, 2])


async def test_a_change_of_the_seat_is_seen_in_all_its_tabs(
    rooms: RoomService, room: Room, seat: Seat
) -> None:
    async with page(rooms, room, seat) as one, page(rooms, room, seat) as other:
        await rooms.rename(room, seat, "Ada")
        for each in (one, other):
            await until(lambda each=each: each.room["nickname"] == "Ada")  # type: ignore[misc]


@pytest.mark.parametrize(("how", "last"), [("end", None), ("leave", "left")])
async def test_ends_with_the_room_or_the_seat(
    rooms: RoomService, room: Room, seat: Seat, how: str, last: str | None
) -> None:
    await send_command(rooms, room, "push", **SETTING)
    async with page(rooms, room, seat) as shown:
        await until(lambda: shown.shown["seed"] == 10)
        if how == "end":
            await rooms.end(room.code)
        else:
            await rooms.leave(room, await rooms.repository.seat(room.code, 1))
        await until(lambda: shown.has_ended)
    assert shown.room == last
    assert shown.names()[-1] == "room"


async def test_presence(rooms: RoomService, room: Room, seat: Seat) -> None:
    async def seen() -> float:
        await rooms.presence.write_heartbeats()
        return (await rooms.repository.seat(room.code, 1)).seen

    assert await seen() == 0
    async with page(rooms, room, seat):
        assert await seen() > 0
    assert await seen() == 0


async def test_a_closed_stream_has_no_watcher(rooms: RoomService, room: Room, seat: Seat) -> None:
    async with page(rooms, room, seat):
        pass
    left = {key for key in rooms.sessions.events._watchers if not key.startswith("room:")}
    assert left == set()


@asynccontextmanager
async def web_process(settings: Settings) -> AsyncIterator[Services]:
    services = build_services(settings)
    await services.start()
    await services.sessions.loaded()
    try:
        yield services
    finally:
        await services.close()


async def test_any_web_process_serves_any_seat(settings: Settings, workers: Cluster) -> None:
    settings = replace(settings, redis_url=workers.redis_url)
    async with web_process(settings) as one, web_process(settings) as other:
        room = await one.rooms.open()
        seat, _ = await take_seats(other.rooms, room, 2)
        async with page(other.rooms, room, seat) as shown:
            await send_command(one.rooms, room, "push", **SETTING | {"epochs": FOREVER})
            await until(lambda: shown.shown["seed"] == 10 and shown.shown["epoch"] > 0)
            await send_command(other.rooms, room, "freeze", on=True)
            await until(lambda: shown.room and shown.room["frozen"])
            await until(lambda: shown.shown["status"] == "paused")
            await send_command(one.rooms, room, "ask", kind="number", text="How many?", options=[])
            await until(lambda: shown.room and shown.room["question"])
            asked = await other.rooms.repository.load(room.code)
            await other.rooms.answer(asked, seat, asked.question.id, 7)  # type: ignore[union-attr]
            answers = [each.answer for each in await one.rooms.repository.seats(room.code)]
            assert [answer and answer.value for answer in answers] == [7, None]
            await one.rooms.end(room.code)
            await until(lambda: shown.has_ended)
        assert shown.room is None
