"""A `Runner` that calls functions in Celery workers, on this machine or others."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from pwlapp.compute.celery import app, calls
from pwlapp.compute.celery.app import CALLS, CPU, GPU, QUEUE_PREFIX, AsyncSender
from pwlapp.compute.celery.heartbeat import Heartbeats
from pwlapp.compute.pool import MAX_CALLS, MAX_RETRIES
from pwlapp.core import engines
from pwlapp.core.engines import EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.stores.protocol import StorageFailed
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink
from pwlapp.tasks import stop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ANSWERS = PREFIX + "answers:"  # prefix of channels, one for each web process
ID_CHARACTERS = 16
RETRY_S = 5.0  # a call without an answer is sent again after this time


class CeleryRunner:
    """A `Runner` that sends calls to a queue of all Celery workers.

    The answers arrive on a Redis channel of this process. A call whose worker was killed is sent
    again. `close` also closes the sender.
    """

    def __init__(self, link: RedisLink, sender: AsyncSender) -> None:
        self._link = link
        self._sender = sender
        self._heartbeats = Heartbeats(link)
        self._channel = ANSWERS + secrets.token_urlsafe(ID_CHARACTERS)
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._subscribed = asyncio.Event()
        self._closed = False
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listening = asyncio.create_task(
            self._link.follow([self._channel], self._deliver, self._subscribed.set)
        )

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        if len(self._waiting) >= MAX_CALLS:
            raise UserError("busy")
        request = calls.request(function, args)
        name = secrets.token_hex(ID_CHARACTERS // 2)
        answer = self._waiting[name] = asyncio.get_running_loop().create_future()
        try:
            await self._wait_until_subscribed()
            if not await self._heartbeats.workers():  # else calls would pile up in the queue
                raise UserError("no_workers")
            for _ in range(1 + MAX_RETRIES):
                if self._closed:
                    raise WorkerLost()
                await self._sender.send(app.CALL_TASK, (self._channel, name, request), CALLS)
                try:
                    async with asyncio.timeout(RETRY_S):
                        text = await asyncio.shield(answer)
                except TimeoutError:
                    continue
                value: T = calls.result(text)
                return value
        finally:
            del self._waiting[name]
            answer.cancel()
        raise WorkerLost()

    async def engines(self) -> list[EngineInfo]:
        names = await self._heartbeats.workers()
        if not names:
            raise UserError("no_workers")
        # If Redis was emptied, the list is empty until the next heartbeats.
        return await self._heartbeats.engines(names) or await self.call(engines.engines)

    async def workers(self) -> int:
        with contextlib.suppress(UserError):
            return len(await self._heartbeats.workers())
        return 0

    async def waiting(self) -> int:
        with contextlib.suppress(UserError):
            async with self._link.guarded() as redis, redis.pipeline(transaction=False) as pipe:
                for queue in (CALLS, CPU, GPU):
                    pipe.llen(QUEUE_PREFIX + queue)
                return sum(await pipe.execute())
        return 0

    async def totals(self) -> dict[str, float]:
        return await self._heartbeats.totals()

    async def close(self) -> None:
        self._closed = True
        self._subscribed.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(WorkerLost())
        if self._listening is not None:
            await stop([self._listening])
        await self._sender.close()

    async def _wait_until_subscribed(self) -> None:
        """Wait until this process listens for answers, so that none is missed after the start."""
        try:
            async with asyncio.timeout(RETRY_S):
                await self._subscribed.wait()
        except TimeoutError:
            raise StorageFailed() from None

    def _deliver(self, _channel: str, message: bytes) -> None:
        """Deliver an answer to its caller; a duplicate or late answer is dropped."""
        name, _, answer = message.partition(b" ")
        waiting = self._waiting.get(name.decode())
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
