"""The repository of rooms on both stores: conflicts, cache, notifications, presence."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from pwlapp.errors import UserError
from pwlapp.rooms import repository as module
from pwlapp.rooms.presence import BEAT_S, HERE_S, Heartbeats, Presence
from pwlapp.rooms.repository import RoomRepository
from pwlapp.rooms.state import ROOM_S, Answer, Room, Seat, Spotlight
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.stores.protocol import RoomStore, UnknownRoom, board_key, room_key, seat_key
from tests.support.sessions import Clock, until

OWN = "A" * 22
replace = msgspec.structs.replace


class Reads:
    """Wraps a store and counts the reads of rooms."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self.rooms = 0
        self.seat_reads: list[list[int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def load(self, code: str) -> Any:
        self.rooms += 1
        return await self._store.load(code)

    async def seats(self, code: str, numbers: Any = None) -> Any:
        self.seat_reads.append(numbers)
        return await self._store.seats(code, numbers)


@pytest.fixture
def reads(room_store: RoomStore) -> Reads:
    return Reads(room_store)


@pytest.fixture
def events() -> SessionEvents:
    return SessionEvents()


@pytest.fixture
def rooms(reads: Reads, events: SessionEvents, clock: Clock) -> RoomRepository:
    return RoomRepository(reads, events, clock)


async def test_each_room_has_its_own_key(rooms: RoomRepository, clock: Clock) -> None:
    one, other = await rooms.open(), await rooms.open()
    assert one.code != other.code
    assert one.key != other.key
    assert len(one.key) == 32
    assert one.ends == clock.now + ROOM_S
    assert await rooms.load(one.code) == one


async def test_a_code_that_is_in_use_is_not_given(
    rooms: RoomRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter(["AAAAAA", "AAAAAA", "AAAAAA", "CCCCCC"])
    monkeypatch.setattr(module, "new_code", lambda: next(codes))
    assert [(await rooms.open()).code for _ in range(2)] == ["AAAAAA", "CCCCCC"]


async def test_a_room_is_read_once_until_it_changes(
    rooms: RoomRepository, reads: Reads, events: SessionEvents
) -> None:
    code = (await rooms.open()).code
    await asyncio.gather(*(rooms.load(code) for _ in range(50)))
    assert reads.rooms == 1
    events.notify(board_key(code))
    events.notify(room_key("CCCCCC"))
    await rooms.load(code)
    assert reads.rooms == 1
    events.notify(room_key(code))
    await asyncio.gather(*(rooms.load(code) for _ in range(50)))
    assert reads.rooms == 2
    events.notify_all()  # messages may have been missed
    await rooms.load(code)
    assert reads.rooms == 3


async def test_another_process_sees_a_change_after_its_notification(
    rooms: RoomRepository, room_store: RoomStore, clock: Clock
) -> None:
    events = SessionEvents()
    other = RoomRepository(room_store, events, clock)
    code = (await rooms.open()).code
    assert not (await other.load(code)).frozen
    await rooms.update(code, lambda room: replace(room, frozen=True))
    events.notify(room_key(code))
    assert (await other.load(code)).frozen


async def test_unknown_rooms_are_not_cached(rooms: RoomRepository, events: SessionEvents) -> None:
    for code in ("AAAAAA", "CCCCCC"):
        with pytest.raises(UnknownRoom):
            await rooms.load(code)
    room = await rooms.open()
    await rooms.load(room.code)
    assert set(events._watchers) == {room_key(room.code)}


async def test_changes_are_made_from_the_latest_version(rooms: RoomRepository) -> None:
    code = (await rooms.open()).code

    def count(room: Room) -> Room:
        return replace(room, next_id=room.next_id + 1)

    await asyncio.gather(*(rooms.update(code, count) for _ in range(20)))
    room = await rooms.load(code)
    assert (room.next_id, room.version) == (21, 21)
    assert await rooms.update(code, lambda _: None) == room


async def test_a_change_that_is_refused_changes_nothing(rooms: RoomRepository) -> None:
    room = await rooms.open()

    def refuse(_: Room) -> Room:
        raise UserError("bad_request")

    with pytest.raises(UserError, match="bad_request"):
        await rooms.update(room.code, refuse)
    assert await rooms.load(room.code) == room


async def test_an_expired_room_is_unknown(rooms: RoomRepository, clock: Clock) -> None:
    code = (await rooms.open()).code
    await rooms.load(code)
    assert await rooms.ended() == []
    clock.now += ROOM_S
    for attempt in (rooms.load(code), rooms.update(code, lambda room: room)):
        with pytest.raises(UnknownRoom):
            await attempt
    assert await rooms.ended() == [code]


async def test_seats_are_added_changed_and_removed(rooms: RoomRepository) -> None:
    code = (await rooms.open()).code
    seats = [await rooms.add_seat(code, Seat(OWN, name)) for name in ("a", "b", "c")]
    assert [seat.number for seat in seats] == [1, 2, 3]
    assert await rooms.seats(code) == seats
    assert await rooms.count(code) == 3
    renamed = await rooms.update_seat(code, 2, lambda seat: replace(seat, nickname="B"))
    assert renamed == replace(seats[1], nickname="B", version=2)
    assert await rooms.seat(code, 2) == renamed
    assert await rooms.update_seat(code, 2, lambda _: None) == renamed
    await rooms.remove_seat(code, 2)
    for attempt in (rooms.seat(code, 2), rooms.update_seat(code, 2, lambda seat: seat)):
        with pytest.raises(UserError, match="room_forbidden"):
            await attempt


async def test_seats_requested_together_are_read_together(
    rooms: RoomRepository, reads: Reads
) -> None:
    code = (await rooms.open()).code
    added = [await rooms.add_seat(code, Seat(OWN, str(n))) for n in range(40)]
    assert await asyncio.gather(*(rooms.seat(code, n) for n in range(1, 41))) == added
    assert reads.seat_reads == [list(range(1, 41))]
    one, none = await asyncio.gather(
        rooms.seat(code, 7), rooms.seat(code, 99), return_exceptions=True
    )
    assert one == added[6]
    assert str(none) == "room_forbidden"
    cancelled = asyncio.create_task(rooms.seat(code, 1))
    other = asyncio.create_task(rooms.seat(code, 2))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await other == added[1]


async def test_a_seat_requested_after_its_change_is_read_after_it(
    rooms: RoomRepository,
) -> None:
    code = (await rooms.open()).code
    await rooms.add_seat(code, Seat(OWN))
    early = asyncio.create_task(rooms.seat(code, 1))
    await asyncio.sleep(0)
    for name in ("a", "b"):
        await rooms.update_seat(code, 1, lambda seat, name=name: replace(seat, nickname=name))  # type: ignore[misc]
        assert (await rooms.seat(code, 1)).nickname == name
    assert (await early).number == 1


async def test_many_seats_are_changed_at_once_despite_conflicts(
    rooms: RoomRepository,
) -> None:
    code = (await rooms.open()).code
    for _ in range(50):
        await rooms.add_seat(code, Seat(OWN))

    def answer(seat: Seat) -> Seat:
        return replace(seat, answer=Answer(1, seat.number))

    def give(seat: Seat) -> Seat | None:
        return None if seat.number == 7 else replace(seat, class_sid=f"sid {seat.number}")

    changes = [rooms.update_seat(code, n, answer) for n in range(1, 51)]
    given, *_ = await asyncio.gather(rooms.update_seats(code, range(1, 60), give), *changes)
    assert [seat.number for seat in given] == list(range(1, 51))
    for seat in await rooms.seats(code):
        assert seat.class_sid == (None if seat.number == 7 else f"sid {seat.number}")
        assert seat.answer == Answer(1, seat.number)


@pytest.mark.parametrize("value", [3, -2.5, (0.0, 0.5, 1.0)])
async def test_answers_are_stored_unchanged(rooms: RoomRepository, value: Any) -> None:
    code = (await rooms.open()).code
    await rooms.add_seat(code, Seat(OWN, answer=Answer(4, value)))
    seat = await rooms.seat(code, 1)
    assert seat.answer == Answer(4, value)


async def test_deleting_a_room_returns_its_class_sessions(rooms: RoomRepository) -> None:
    code = (await rooms.open()).code
    for sid in ("one", None, "three"):
        await rooms.add_seat(code, Seat(OWN, class_sid=sid))
    await rooms.update(code, lambda room: replace(room, spotlight=Spotlight(1, "shown")))
    assert sorted(await rooms.delete(code)) == ["one", "shown", "three"]
    with pytest.raises(UnknownRoom):
        await rooms.load(code)
    assert await rooms.seats(code) == []
    assert await rooms.delete(code) == []


async def test_a_change_notifies_only_those_who_see_it(
    rooms: RoomRepository, events: SessionEvents
) -> None:
    code = (await rooms.open()).code
    await rooms.add_seat(code, Seat(OWN))
    keys = {"room": room_key(code), "board": board_key(code), "seat": seat_key(code, 1)}
    with events.watcher(*keys.values()) as watcher:

        async def woken(change: Any) -> set[str]:
            watcher.take()
            await change
            changed = watcher.take()
            return {name for name, key in keys.items() if key in changed}

        assert await woken(rooms.add_seat(code, Seat(OWN))) == {"board"}
        assert await woken(rooms.save_heartbeats(code, {1: 5.0})) == {"board"}
        rename = rooms.update_seat(code, 1, lambda seat: replace(seat, nickname="x"))
        assert await woken(rename) == {"seat", "board"}
        assert await woken(rooms.update_seat(code, 2, lambda seat: seat)) == {"board"}
        assert await woken(rooms.update(code, lambda r: replace(r, frozen=True))) == {"room"}
        assert await woken(rooms.remove_seat(code, 1)) == {"seat", "board"}
        assert await woken(rooms.delete(code)) == {"room"}


# Presence


async def test_the_heartbeats_of_a_room_are_one_write(
    rooms: RoomRepository, clock: Clock, events: SessionEvents
) -> None:
    code = (await rooms.open()).code
    for _ in range(4):
        await rooms.add_seat(code, Seat(OWN))
    presence = Presence(rooms, clock, timer=clock)
    heartbeats = presence.heartbeats()

    async def here() -> list[int]:
        await presence.write_heartbeats()
        return [seat.number for seat in await rooms.seats(code) if heartbeats.is_here(seat)]

    assert await here() == []
    with presence.connected(code, 1), presence.connected(code, 2):
        with presence.connected(code, 1), events.watcher(board_key(code)) as watcher:
            assert await here() == [1, 2]
            assert watcher.take() == {board_key(code)}
            await presence.write_heartbeats()
            assert watcher.take() == set()
        assert await here() == [1, 2]  # one of two tabs is closed
    assert await here() == []
    presence.record_poll(code, 3)
    assert await here() == [3]
    clock.now += HERE_S
    assert await here() == []


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_presence_does_not_depend_on_the_system_clock(jump: float) -> None:
    clock, timer = Clock(), Clock()
    heartbeats = Heartbeats(clock, timer)

    def passes(seconds: float) -> None:
        clock.now += seconds
        timer.now += seconds

    here = Seat(OWN, number=1, seen=clock.now)
    assert heartbeats.is_here(here)
    clock.now += jump
    assert heartbeats.is_here(here)
    passes(BEAT_S)
    here = replace(here, seen=clock.now)
    assert heartbeats.is_here(here)
    passes(HERE_S - 1)
    assert heartbeats.is_here(here)
    passes(1)
    assert not heartbeats.is_here(here)  # its server has died
    assert not Heartbeats(clock, timer).is_here(here)  # nor on a board that is opened now
    left = replace(here, seen=0.0)
    assert not heartbeats.is_here(left)


async def test_heartbeats_are_repeated(
    rooms: RoomRepository, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwlapp.rooms.presence.BEAT_S", 0.01)
    monkeypatch.setattr("pwlapp.rooms.presence.BATCH_S", 0.001)
    code = (await rooms.open()).code
    await rooms.add_seat(code, Seat(OWN))
    presence = Presence(rooms, clock)
    running = asyncio.create_task(presence.run())

    async def is_seen_now() -> bool:
        return (await rooms.seat(code, 1)).seen == clock.now

    with presence.connected(code, 1):
        await until(is_seen_now)
        clock.now += 2 * BEAT_S
        await until(is_seen_now)
    await until(lambda: _is_gone(rooms, code))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def _is_gone(rooms: RoomRepository, code: str) -> bool:
    return (await rooms.seat(code, 1)).seen == 0
