"""Heartbeats: each worker process writes its name, the time and its engines into Redis."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from pwlapp.compute.celery import wire
from pwlapp.core.engines import EngineInfo
from pwlapp.sessions.stores.redis import STATS
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink

logger = logging.getLogger(__name__)

WORKERS = PREFIX + "workers"  # sorted set: name, time of the last heartbeat by Redis's clock
ENGINES = PREFIX + "engines"  # hash: name, engines
INTERVAL_S = 2.0
ALIVE_S = 10.0
DELETE_AFTER_S = 3600.0


def send_heartbeat(redis: Any, name: str, engines: list[EngineInfo]) -> None:
    """Record that a worker process is alive, and which engines it has.

    `redis` is a blocking client, whose errors are passed on.
    """
    seconds, micros = redis.time()
    now = seconds + micros / 1e6
    redis.hset(ENGINES, name, wire.dumps(engines))
    redis.zadd(WORKERS, {name: now})
    if dead := redis.zrangebyscore(WORKERS, "-inf", now - DELETE_AFTER_S):
        redis.zrem(WORKERS, *dead)
        redis.hdel(ENGINES, *dead)


def remove_heartbeat(redis: Any, name: str) -> None:
    """Remove a worker process from the list."""
    redis.zrem(WORKERS, name)
    redis.hdel(ENGINES, name)


class Heartbeats:
    """Reads the heartbeats of the workers in a web process."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def workers(self) -> list[str]:
        """Names of the workers that are alive. Raises StorageFailed."""
        async with self._link.guarded() as redis:
            seconds, micros = await redis.time()
            oldest = seconds + micros / 1e6 - ALIVE_S
            names = await redis.zrangebyscore(WORKERS, oldest, "+inf")
        return [name.decode() for name in names]

    async def engines(self, names: list[str]) -> list[EngineInfo]:
        """The engines of all these workers together; empty if Redis has lost them.

        Raises
        ------
        UserError
            ``storage_failed``
        """
        async with self._link.guarded() as redis:
            texts = await redis.hmget(ENGINES, names)
        found: dict[str, EngineInfo] = {}
        for text in filter(None, texts):
            try:
                listed = {engine.id: engine for engine in wire.loads(text)}
            except (ValueError, AttributeError) as error:  # written by an incompatible version
                logger.warning("a worker's list of engines can't be read: %s", error)
                continue
            found = listed | found
        return sorted(found.values(), key=lambda engine: engine.kind)  # "cpu" before "cuda"

    async def totals(self) -> dict[str, float]:
        """The totals that the workers have counted; see `Metrics.set_totals`."""
        async with self._link.guarded() as redis:
            counted = await redis.hgetall(STATS)
        totals = {}
        for name, value in counted.items():
            with contextlib.suppress(ValueError):  # not written by this program
                totals[name.decode()] = float(value)
        return totals
