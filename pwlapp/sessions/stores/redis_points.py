"""The data of servers and sessions in Redis."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable
from typing import Any

from redis.exceptions import ResponseError

from pwlapp.core.data.points import Points
from pwlapp.sessions import codec
from pwlapp.sessions.stores import redis_scripts
from pwlapp.sessions.stores.protocol import Data
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink

logger = logging.getLogger(__name__)

DATA = PREFIX + "shown:"  # the data that the servers with one source share
POINTS = PREFIX + "own:"
POINTS_USED = PREFIX + "own_used"  # sorted set: key of points, time of last use in seconds
DATA_CHANGED = PREFIX + "settled"  # channel: the shared data has changed


class RedisPoints:
    """The part of `redis.RedisStore` that stores points."""

    def __init__(self, link: RedisLink, source: str, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock
        self._last_data: tuple[bytes, Data] | None = None
        self._data = DATA + hashlib.sha256(source.encode()).hexdigest()[:16]
        self._share_script = link.client.register_script(redis_scripts.SHARE_DATA)

    async def shared_data(self) -> Data | None:
        async with self._link.guarded() as redis:
            blob = await redis.hget(self._data, "data")
            if blob is None or (data := self._decoded_data(blob)) is None:
                return None
            # Workers load the points by their key, which Redis may have lost.
            key = data.points.key
            await self._touch_points(redis, key)
            return data if await redis.exists(POINTS + key) else None

    async def share_data(self, data: Data) -> Data:
        await self.save_points(data.points)
        async with self._link.guarded():
            blob = await self._share_script(
                keys=[self._data],
                args=[int(data.problem is None), codec.encode_data(data), DATA_CHANGED],
            )
        return self._decoded_data(blob) or data

    async def save_points(self, points: Points) -> None:
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            pipe.set(POINTS + points.key, codec.encode_points(points))
            pipe.zadd(POINTS_USED, {points.key: self._clock()})
            await pipe.execute()

    async def load_points(self, key: str) -> Points | None:
        async with self._link.guarded() as redis:
            blob = await redis.get(POINTS + key)
            if blob is None:
                return None
            await self._touch_points(redis, key)
        return codec.read_points(blob, key)

    async def _touch_points(self, redis: Any, key: str) -> None:
        with contextlib.suppress(ResponseError):  # a full Redis can be read but not written
            await redis.zadd(POINTS_USED, {key: self._clock()}, xx=True)

    async def expire_points(self, oldest: float) -> None:
        """Delete the points that were last used before this time."""
        async with self._link.guarded() as redis:
            keys = await redis.zrangebyscore(POINTS_USED, "-inf", f"({oldest}")
            if keys:
                await redis.delete(*(POINTS + key.decode() for key in keys))
                await redis.zrem(POINTS_USED, *keys)

    def _decoded_data(self, blob: bytes) -> Data | None:
        """Decode data of another server; None if that server runs an incompatible version."""
        if self._last_data is None or self._last_data[0] != blob:  # cached, since it is read often
            try:
                self._last_data = (blob, codec.decode_data(blob))
            except ValueError as error:
                logger.error("the data in Redis can't be read: %s", error)
                return None
        return self._last_data[1]
