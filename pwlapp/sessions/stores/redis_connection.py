"""A connection to Redis that survives outages and logs one line for each."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from pwlapp.sessions.stores.protocol import StorageFailed

logger = logging.getLogger(__name__)

PREFIX = "pwl:"
CONNECT_S = 2.0
ANSWER_S = 5.0
RETRIES = 3  # within about a third of a second
MAX_CONNECTIONS = 32
HEALTH_EVERY_S = 10
RESUBSCRIBE_S = 0.5
LOG_EVERY_S = 5.0


class RedisLink:
    """Commands and messages of one Redis database.

    Parameters
    ----------
    url : str
        See ``PWLAPP_REDIS_URL``.

    Attributes
    ----------
    client : redis.asyncio.Redis
        Use it through `guarded`. It connects at its first use and then belongs to that event loop.
    """

    def __init__(self, url: str) -> None:
        self._address = address(url)
        self._is_down = False
        self._has_logged = False
        self._logged_at = -math.inf
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=ANSWER_S,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=ANSWER_S,
            health_check_interval=HEALTH_EVERY_S,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), RETRIES),
        )
        self.client = redis.asyncio.Redis(connection_pool=pool)

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[Any]:
        """The client; its errors are raised as StorageFailed.

        Typed as Any, since redis-py's types do not separate its text and bytes modes.
        """
        try:
            yield self.client
        except (RedisError, OSError) as error:
            self._went_down(error)
            raise StorageFailed() from error
        self._came_back()

    async def follow(
        self,
        channels: list[str],
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
        on_loss: Callable[[], None] = lambda: None,
    ) -> None:
        """Follow channels until cancelled, over any number of lost connections.

        Parameters
        ----------
        channels : list of str
        on_message : callable
            Called with the channel and the message.
        on_gap : callable
            Called when messages may have been missed: at the start and after each reconnection.
        on_loss : callable
            Called when the connection is lost.
        """
        while True:
            try:
                async with self.client.pubsub() as pubsub:
                    await pubsub.subscribe(*channels)
                    while True:
                        message = await pubsub.get_message(timeout=HEALTH_EVERY_S)
                        if message is None:
                            continue
                        if message["type"] == "message":
                            _deliver(on_message, message)
                        elif message["type"] == "subscribe":  # at the start, after a reconnection
                            self._came_back()
                            on_gap()
            except (RedisError, OSError) as error:
                self._went_down(error)
                on_loss()
            await asyncio.sleep(RESUBSCRIBE_S)

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    def _went_down(self, error: Exception) -> None:
        now = time.monotonic()
        # One line per outage, not one per request. A read-only Redis fails with each write and
        # recovers with each read, hence the minimum time between two lines.
        if not self._is_down and now - self._logged_at > LOG_EVERY_S:
            logger.error("Redis at %s: %s", self._address, str(error) or type(error).__name__)
            self._logged_at, self._has_logged = now, True
        self._is_down = True

    def _came_back(self) -> None:
        if self._is_down and self._has_logged:
            logger.warning("Redis at %s is available again", self._address)
            self._has_logged = False
        self._is_down = False


def _deliver(on_message: Callable[[str, bytes], None], message: dict[str, Any]) -> None:
    """Call `on_message`; log a message that can't be decoded, so that it does not end the loop."""
    try:
        on_message(message["channel"].decode(), message["data"])
    except ValueError as error:
        logger.warning("a message on %r can't be read: %s", message["channel"], error)


def address(url: str) -> str:
    """Host and port of a Redis URL, without the password that it may contain."""
    parts = urlsplit(url)
    host = parts.hostname or parts.path
    return f"{host}:{parts.port}" if parts.port else host
