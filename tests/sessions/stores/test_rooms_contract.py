"""The contract of a store of rooms; each test runs on both stores."""

from __future__ import annotations

import asyncio

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.stores.protocol import (
    Conflict,
    RoomRow,
    RoomStore,
    SeatRow,
    Store,
    UnknownRoom,
    board_key,
    room_key,
    seat_key,
)
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import RedisLink
from pwlapp.sessions.stores.redis_rooms import RedisRooms
from tests.support.sessions import Clock, make_state, until

CODE, OTHER = "K7N4PX", "ACDEFH"


@pytest.fixture
async def rooms(room_store: RoomStore, clock: Clock) -> RoomStore:
    """With one room."""
    assert await room_store.create(CODE, b"first", clock.now + 100)
    return room_store


async def test_a_room_is_read_as_it_was_saved(rooms: RoomStore) -> None:
    assert await rooms.load(CODE) == RoomRow(1, b"first", 0)
    await rooms.save(CODE, 1, bytes(range(256)))
    assert await rooms.load(CODE) == RoomRow(2, bytes(range(256)), 0)


async def test_a_code_is_used_once(rooms: RoomStore, clock: Clock) -> None:
    assert not await rooms.create(CODE, b"another", clock.now + 999)
    assert (await rooms.load(CODE)).body == b"first"
    clock.now += 500
    assert await rooms.ended() == [CODE]


async def test_unknown_rooms(rooms: RoomStore) -> None:
    await rooms.delete(OTHER)
    for code in (OTHER, "", "'; DROP TABLE room; --", "\x00", "🙂"):
        with pytest.raises(UnknownRoom):
            await rooms.load(code)
        with pytest.raises(UnknownRoom):
            await rooms.save(code, 1, b"")
        with pytest.raises(UnknownRoom):
            await rooms.add_seat(code, b"", 9)
        assert await rooms.seats(code) == []
        assert await rooms.seats(code, [1]) == []
        assert await rooms.save_seats(code, [(1, 1, b"")]) == []
        await rooms.save_heartbeats(code, {1: 1.0})
        await rooms.remove_seat(code, 1)


async def test_a_save_on_an_old_version_changes_nothing(rooms: RoomStore) -> None:
    await rooms.save(CODE, 1, b"second")
    for expected in (1, 7):
        with pytest.raises(Conflict):
            await rooms.save(CODE, expected, b"third")
    assert await rooms.load(CODE) == RoomRow(2, b"second", 0)


async def test_concurrent_changes_of_a_room_are_not_lost(rooms: RoomStore) -> None:
    async def append(letter: bytes) -> int:
        conflicts = 0
        while True:
            version, body, _ = await rooms.load(CODE)
            try:
                await rooms.save(CODE, version, body + letter)
            except Conflict:
                conflicts += 1
            else:
                return conflicts

    letters = [bytes([n]) for n in range(65, 85)]
    conflicts = await asyncio.gather(*map(append, letters))
    version, body, _ = await rooms.load(CODE)
    assert (version, sorted(body[5:])) == (21, list(range(65, 85)))
    assert sum(conflicts) > 0


async def test_seats_are_numbered_in_the_order_of_joining(rooms: RoomStore) -> None:
    assert [await rooms.add_seat(CODE, body, 9) for body in (b"a", b"b", b"c")] == [1, 2, 3]
    rows = [SeatRow(1, 1, b"a", 0), SeatRow(2, 1, b"b", 0), SeatRow(3, 1, b"c", 0)]
    assert await rooms.seats(CODE) == rows
    assert await rooms.seats(CODE, [3, 1, 8]) == [rows[0], rows[2]]
    assert await rooms.seats(CODE, []) == []
    assert (await rooms.load(CODE)).seats == 3


async def test_a_seat_number_is_not_reused(rooms: RoomStore) -> None:
    for body in (b"a", b"b"):
        await rooms.add_seat(CODE, body, 9)
    await rooms.remove_seat(CODE, 2)
    assert await rooms.add_seat(CODE, b"c", 9) == 3
    assert [row.number for row in await rooms.seats(CODE)] == [1, 3]
    assert (await rooms.load(CODE)).seats == 2


async def test_many_join_at_once(rooms: RoomStore) -> None:
    bodies = [f"seat {n}".encode() for n in range(300)]
    numbers = await asyncio.gather(*(rooms.add_seat(CODE, body, 300) for body in bodies))
    assert sorted(numbers) == list(range(1, 301))
    assert {row.body for row in await rooms.seats(CODE)} == set(bodies)


async def test_the_number_of_seats_is_limited(rooms: RoomStore) -> None:
    for body in (b"a", b"b"):
        await rooms.add_seat(CODE, body, 2)
    with pytest.raises(UserError, match="room_full: max=2"):
        await rooms.add_seat(CODE, b"c", 2)
    await rooms.remove_seat(CODE, 1)
    assert await rooms.add_seat(CODE, b"c", 2) == 3


async def test_saving_the_same_body_twice_is_two_versions(rooms: RoomStore) -> None:
    assert [await rooms.add_seat(CODE, b"a", 9) for _ in range(2)] == [1, 2]
    assert await rooms.save_seats(CODE, [(1, 1, b"A")]) == [1]
    assert await rooms.save_seats(CODE, [(1, 1, b"A")]) == []
    await rooms.save(CODE, 1, b"second")
    with pytest.raises(Conflict):
        await rooms.save(CODE, 1, b"second")


async def test_each_seat_is_replaced_independently(rooms: RoomStore) -> None:
    for body in (b"a", b"b", b"c", b"d"):
        await rooms.add_seat(CODE, body, 9)
    assert await rooms.save_seats(CODE, [(2, 1, b"B")]) == [2]
    saves = [(1, 1, b"A"), (2, 1, b"old"), (3, 7, b"new"), (4, 1, b"D"), (9, 1, b"none")]
    assert await rooms.save_seats(CODE, saves) == [1, 4]
    assert [(row.version, row.body) for row in await rooms.seats(CODE)] == [
        (2, b"A"), (2, b"B"), (1, b"c"), (2, b"D")
    ]  # fmt: skip
    assert await rooms.save_seats(CODE, []) == []
    assert (await rooms.load(CODE)).version == 1


async def test_seats_are_replaced_only_if_the_room_is_unchanged(rooms: RoomStore) -> None:
    await rooms.add_seat(CODE, b"a", 9)
    await rooms.save(CODE, 1, b"second")
    for outdated in (1, 3):
        assert await rooms.save_seats(CODE, [(1, 1, b"A")], outdated) == []
    assert await rooms.save_seats(CODE, [(1, 1, b"A")], 2) == [1]
    assert [row.body for row in await rooms.seats(CODE)] == [b"A"]


async def test_when_a_seat_was_seen(rooms: RoomStore) -> None:
    for body in (b"a", b"b"):
        await rooms.add_seat(CODE, body, 9)
    await rooms.save_heartbeats(CODE, {1: 1_700_000_000.25, 2: 5.5, 8: 1.0})
    await rooms.save_heartbeats(CODE, {2: 0.0})
    await rooms.save_heartbeats(CODE, {})
    assert await rooms.seats(CODE) == [
        SeatRow(1, 1, b"a", 1_700_000_000.25),
        SeatRow(2, 1, b"b", 0),
    ]


async def test_rooms_end(rooms: RoomStore, clock: Clock) -> None:
    await rooms.create(OTHER, b"", clock.now + 300)
    clock.now += 99
    assert await rooms.ended() == []
    clock.now += 2
    assert await rooms.ended() == [CODE]
    await rooms.delete(CODE)
    assert await rooms.ended() == []
    clock.now += 500
    assert await rooms.ended() == [OTHER]


async def test_a_deleted_room_is_gone_with_its_seats(rooms: RoomStore, clock: Clock) -> None:
    await rooms.create(OTHER, b"other", clock.now + 300)
    for code in (CODE, OTHER):
        await rooms.add_seat(code, b"a", 9)
        await rooms.save_heartbeats(code, {1: 7.0})
    await rooms.delete(CODE)
    with pytest.raises(UnknownRoom):
        await rooms.load(CODE)
    assert await rooms.seats(CODE) == []
    assert await rooms.seats(OTHER) == [SeatRow(1, 1, b"a", 7.0)]
    assert await rooms.create(CODE, b"again", clock.now + 100)
    assert await rooms.add_seat(CODE, b"b", 9) == 1
    assert await rooms.seats(CODE) == [SeatRow(1, 1, b"b", 0)]


async def test_rooms_do_not_expire_with_sessions(
    store: Store, rooms: RoomStore, clock: Clock
) -> None:
    await store.create(make_state())
    await rooms.add_seat(CODE, b"a", 9)
    clock.now += 50
    assert await store.expire(10) == 1
    assert (await rooms.load(CODE)).seats == 1


# Only Redis: other servers, and writes whose answer was lost.


@pytest.fixture
async def redis_rooms(link: RedisLink, clock: Clock) -> RedisRooms:
    rooms = RedisRooms(link, clock)
    await rooms.create(CODE, b"first", clock.now + 100)
    return rooms


async def test_other_servers_are_notified(redis_rooms: RedisRooms, link: RedisLink) -> None:
    heard: list[str] = []
    gaps: list[int] = []
    listening = asyncio.create_task(
        RedisStore(link).listen(heard.append, lambda: gaps.append(1), lambda: None)
    )
    await until(lambda: len(gaps) == 2)  # one for each channel
    board, room = board_key(CODE), room_key(CODE)

    async def news() -> list[str]:
        await link.client.publish("pwl:changed", "end")
        await until(lambda: "end" in heard)
        found = heard[:-1]
        heard.clear()
        return found

    await redis_rooms.add_seat(CODE, b"a", 9)
    assert await news() == [board]
    await redis_rooms.save(CODE, 1, b"second")
    assert await news() == [room]
    await redis_rooms.save_seats(CODE, [(1, 1, b"A"), (2, 1, b"B")])
    assert await news() == [seat_key(CODE, 1), board]
    await redis_rooms.save_seats(CODE, [(1, 1, b"old")])
    assert await news() == []
    await redis_rooms.save_heartbeats(CODE, {1: 3.0})
    assert await news() == [board]
    await redis_rooms.remove_seat(CODE, 1)
    assert await news() == [board, seat_key(CODE, 1)]
    await redis_rooms.delete(CODE)
    assert await news() == [room]
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_a_repeated_write_is_made_once(
    redis_rooms: RedisRooms, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda _: token)
    token = b"create"
    for _ in range(2):
        assert await redis_rooms.create(OTHER, b"first", clock.now + 100)
    token = b"save"
    for _ in range(2):
        await redis_rooms.save(CODE, 1, b"second")
    token = b"add"
    for _ in range(2):
        assert await redis_rooms.add_seat(CODE, b"a", 9) == 1
    token = b"seats"
    for _ in range(2):
        assert await redis_rooms.save_seats(CODE, [(1, 1, b"A")]) == [1]
    assert await redis_rooms.load(CODE) == RoomRow(2, b"second", 1)
    assert await redis_rooms.seats(CODE) == [SeatRow(1, 2, b"A", 0)]
