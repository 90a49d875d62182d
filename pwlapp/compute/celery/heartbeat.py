"""Heartbeats of the worker processes: each writes its name and the time into Redis."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from pwlapp.compute.celery import wire
from pwlapp.core.engines import EngineInfo
from pwlapp.sessions.stores.redis import STATS
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink

logger = logging.getLogger(__name__)

WORKERS = PREFIX + "workers"  # names by when they last said so, in Redis's time
ENGINES = PREFIX + "engines"  # what each of them can train with
SAY_EVERY_S = 2.0
GONE_AFTER_S = 10.0
FORGOTTEN_AFTER_S = 3600.0


def send_heartbeat(redis: Any, name: str, engines: list[EngineInfo]) -> None:
    """Record that a worker process is alive, and which engines it has.

    Parameters
    ----------
    redis : redis.Redis
        A blocking client; its errors are raised.
    name : str
    engines : list of EngineInfo
    """
    seconds, micros = redis.time()
    now = seconds + micros / 1e6
    redis.hset(ENGINES, name, wire.dumps(engines))
    redis.zadd(WORKERS, {name: now})
    if dead := redis.zrangebyscore(WORKERS, "-inf", now - FORGOTTEN_AFTER_S):
        redis.zrem(WORKERS, *dead)
        redis.hdel(ENGINES, *dead)


def remove_heartbeat(redis: Any, name: str) -> None:
    """Remove a worker process from the list."""
    redis.zrem(WORKERS, name)
    redis.hdel(ENGINES, name)


class Heartbeats:
    """The workers as a web process sees them.

    Parameters
    ----------
    link : RedisLink
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def workers(self) -> list[str]:
        """Names of the workers that are there. Raises ``UserError("storage_failed")``."""
        async with self._link.guarded() as redis:
            seconds, micros = await redis.time()
            oldest = seconds + micros / 1e6 - GONE_AFTER_S
            names = await redis.zrangebyscore(WORKERS, oldest, "+inf")
        return [name.decode() for name in names]

    async def engines(self, names: list[str]) -> list[EngineInfo]:
        """What these workers can train with, together, as far as it is known.

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
                said = {engine.id: engine for engine in wire.loads(text)}
            except (ValueError, AttributeError) as error:  # of another version of this program
                logger.warning("what a worker can train with is not understood: %s", error)
                continue
            found = said | found
        return sorted(found.values(), key=lambda engine: engine.kind)  # the CPU's first

    async def totals(self) -> dict[str, float]:
        """What the workers have counted; see `Metrics.set_totals`."""
        async with self._link.guarded() as redis:
            counted = await redis.hgetall(STATS)
        totals = {}
        for name, value in counted.items():
            with contextlib.suppress(ValueError):  # not ours
                totals[name.decode()] = float(value)
        return totals
