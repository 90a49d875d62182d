"""The rooms in Redis, for several servers.

A room is a hash with its version, its body and the number of its last seat. Its seats are several
hashes by seat number: bodies, versions, tokens of the last save, and times of the last connection.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pwlapp.errors import UserError
from pwlapp.sessions.stores.protocol import (
    Conflict,
    RoomRow,
    SeatRow,
    UnknownRoom,
    board_key,
    room_key,
    seat_key,
)
from pwlapp.sessions.stores.redis import CHANGED
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink

ROOM = PREFIX + "room:"
SEATS = PREFIX + "seats:"
VERSIONS = PREFIX + "seat_versions:"
TOKENS = PREFIX + "seat_tokens:"  # of the last save of each seat
SEEN = PREFIX + "seat_seen:"
OF_SEATS = (SEATS, VERSIONS, TOKENS, SEEN)
ENDS = PREFIX + "rooms"  # sorted set: code, time when the room ends in seconds since 1970

# Each write has a random token. If the answer is lost, the write is sent again, finds its own token
# and succeeds without writing twice.

# KEYS: room, ends. ARGV: token, code, body, end. Returns 1, or 0 if the code is in use.
CREATE = """
local token = redis.call('HGET', KEYS[1], 'token')
if token then return token == ARGV[1] and 1 or 0 end
redis.call('HSET', KEYS[1], 'version', 1, 'body', ARGV[3], 'token', ARGV[1], 'last_seat', 0)
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
return 1
"""

# KEYS: room. ARGV: token, version expected, body, channel, message.
# Returns 1: saved; 0: no such room; -1: the room has another version.
SAVE = """
local kept = redis.call('HMGET', KEYS[1], 'version', 'token')
if not kept[1] then return 0 end
if kept[2] == ARGV[1] then return 1 end
if kept[1] ~= ARGV[2] then return -1 end
redis.call('HSET', KEYS[1], 'version', ARGV[2] + 1, 'body', ARGV[3], 'token', ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""

# KEYS: room, seats, versions, tokens. ARGV: token, body, at most, channel, message.
# Returns the number of the seat; 0: no such room; -1: the room is full.
ADD_SEAT = """
local last = redis.call('HGET', KEYS[1], 'last_seat')
if not last then return 0 end
if redis.call('HGET', KEYS[4], last) == ARGV[1] then return tonumber(last) end
if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[3]) then return -1 end
local number = redis.call('HINCRBY', KEYS[1], 'last_seat', 1)
redis.call('HSET', KEYS[2], number, ARGV[2])
redis.call('HSET', KEYS[3], number, 1)
redis.call('HSET', KEYS[4], number, ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return number
"""

# KEYS: seats, versions, tokens, room.
# ARGV: token, channel, message to the boards, expected version of the room or '', then for each
#       seat its number, expected version, body and message.
# Returns the numbers of the seats that are replaced.
SAVE_SEATS = """
local replaced = {}
local is_due = ARGV[4] == '' or redis.call('HGET', KEYS[4], 'version') == ARGV[4]
for i = 5, #ARGV, 4 do
  local number = ARGV[i]
  if redis.call('HGET', KEYS[3], number) == ARGV[1] then
    table.insert(replaced, tonumber(number))
  elseif is_due and redis.call('HGET', KEYS[2], number) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], number, ARGV[i + 2])
    redis.call('HSET', KEYS[2], number, ARGV[i + 1] + 1)
    redis.call('HSET', KEYS[3], number, ARGV[1])
    redis.call('PUBLISH', ARGV[2], ARGV[i + 3])
    table.insert(replaced, tonumber(number))
  end
end
if #replaced > 0 then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return replaced
"""


class RedisRooms:
    """A `RoomStore` in Redis; `clock` returns seconds since 1970."""

    def __init__(self, link: RedisLink, clock: Callable[[], float] = time.time) -> None:
        self._link = link
        self._clock = clock
        script = link.client.register_script
        self._create_script = script(CREATE)
        self._save_script = script(SAVE)
        self._add_seat_script = script(ADD_SEAT)
        self._save_seats_script = script(SAVE_SEATS)

    async def create(self, code: str, body: bytes, ends: float) -> bool:
        async with self._link.guarded():
            made: int = await self._create_script(
                keys=[ROOM + code, ENDS], args=[_token(), code, body, ends]
            )
        return made == 1

    async def load(self, code: str) -> RoomRow:
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            pipe.hmget(ROOM + code, "version", "body").hlen(SEATS + code)
            (version, body), seats = await pipe.execute()
        if version is None:
            raise UnknownRoom()
        return RoomRow(int(version), body, seats)

    async def save(self, code: str, expected_version: int, body: bytes) -> None:
        async with self._link.guarded():
            done: int = await self._save_script(
                keys=[ROOM + code], args=[_token(), expected_version, body, CHANGED, room_key(code)]
            )
        if done == 0:
            raise UnknownRoom()
        if done == -1:
            raise Conflict(f"not version {expected_version}")

    async def delete(self, code: str) -> None:
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            pipe.delete(*(prefix + code for prefix in (ROOM, *OF_SEATS)))
            pipe.zrem(ENDS, code).publish(CHANGED, room_key(code))
            await pipe.execute()

    async def ended(self) -> list[str]:
        async with self._link.guarded() as redis:
            codes = await redis.zrangebyscore(ENDS, "-inf", self._clock())
        return [code.decode() for code in codes]

    async def add_seat(self, code: str, body: bytes, at_most: int) -> int:
        async with self._link.guarded():
            number: int = await self._add_seat_script(
                keys=[ROOM + code, SEATS + code, VERSIONS + code, TOKENS + code],
                args=[_token(), body, at_most, CHANGED, board_key(code)],
            )
        if number == 0:
            raise UnknownRoom()
        if number == -1:
            raise UserError("room_full", max=at_most)
        return number

    async def seats(self, code: str, numbers: Sequence[int] | None = None) -> list[SeatRow]:
        if numbers is not None and not numbers:
            return []
        hashes = [prefix + code for prefix in (SEATS, VERSIONS, SEEN)]
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            for name in hashes:
                if numbers is None:
                    pipe.hgetall(name)
                else:
                    pipe.hmget(name, [str(number) for number in numbers])
            found = await pipe.execute()
        if numbers is None:
            bodies, versions, seen = (
                {int(n): value for n, value in each.items()} for each in found
            )
        else:
            bodies, versions, seen = (dict(zip(numbers, each, strict=True)) for each in found)
        return [
            SeatRow(number, int(versions[number]), body, float(seen.get(number) or 0))
            for number, body in sorted(bodies.items())
            if body is not None
        ]

    async def save_seats(
        self, code: str, saves: Sequence[tuple[int, int, bytes]], room_version: int | None = None
    ) -> list[int]:
        each: list[Any] = [
            part
            for number, expected, body in saves
            for part in (number, expected, body, seat_key(code, number))
        ]
        async with self._link.guarded():
            replaced: list[int] = await self._save_seats_script(
                keys=[SEATS + code, VERSIONS + code, TOKENS + code, ROOM + code],
                args=[
                    _token(),
                    CHANGED,
                    board_key(code),
                    "" if room_version is None else room_version,
                    *each,
                ],
            )
        return replaced

    async def save_heartbeats(self, code: str, seen: Mapping[int, float]) -> None:
        if not seen:
            return
        async with self._link.guarded() as redis:
            there = await redis.hmget(VERSIONS + code, [str(number) for number in seen])
            known = {
                str(number): at
                for (number, at), version in zip(seen.items(), there, strict=True)
                if version is not None
            }
            if known:
                await redis.hset(SEEN + code, mapping=known)
                await redis.publish(CHANGED, board_key(code))

    async def remove_seat(self, code: str, number: int) -> None:
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            for prefix in OF_SEATS:
                pipe.hdel(prefix + code, str(number))
            pipe.publish(CHANGED, board_key(code)).publish(CHANGED, seat_key(code, number))
            await pipe.execute()


def _token() -> bytes:
    return secrets.token_bytes(8)
