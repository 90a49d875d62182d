"""A runner whose processes are Celery workers, on this machine or on others."""

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
from pwlapp.sessions.stores.protocol import storage_failed
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink
from pwlapp.tasks import stop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ANSWERS = PREFIX + "answers:"  # channel of each web process
ID_CHARACTERS = 16
RETRY_S = 5.0  # without an answer for so long, a call is made again


class CeleryRunner:
    """A `Runner` on a queue that all workers empty.

    The answers come back on a channel of this process. A call whose worker was killed is made
    again, as `Runner` allows.

    Parameters
    ----------
    link : RedisLink
    sender : AsyncSender
        Closed with the runner.
    """

    def __init__(self, link: RedisLink, sender: AsyncSender) -> None:
        self._link = link
        self._sender = sender
        self._registry = Heartbeats(link)
        self._channel = ANSWERS + secrets.token_urlsafe(ID_CHARACTERS)
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._subscribed = asyncio.Event()
        self._closed = False
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listening = asyncio.create_task(
            self._link.follow([self._channel], self._settle, self._subscribed.set)
        )

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        if len(self._waiting) >= MAX_CALLS:
            raise UserError("busy")
        request = calls.request(function, args)
        name = secrets.token_hex(ID_CHARACTERS // 2)
        answer = self._waiting[name] = asyncio.get_running_loop().create_future()
        try:
            await self._hear()
            if not await self._registry.workers():  # nothing is to pile up for the first that comes
                raise UserError("no_workers")
            for _ in range(1 + MAX_RETRIES):
                if self._closed:
                    raise WorkerLost("worker_lost")
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
            answer.cancel()  # nobody waits for it any more
        raise WorkerLost("worker_lost")

    async def engines(self) -> list[EngineInfo]:
        names = await self._registry.workers()
        if not names:
            raise UserError("no_workers")
        # A Redis that was emptied has forgotten; each worker says it only once.
        return await self._registry.engines(names) or await self.call(engines.engines)

    async def workers(self) -> int:
        with contextlib.suppress(UserError):
            return len(await self._registry.workers())
        return 0

    async def waiting(self) -> int:
        with contextlib.suppress(UserError):
            async with self._link.guarded() as redis, redis.pipeline(transaction=False) as pipe:
                for queue in (CALLS, CPU, GPU):
                    pipe.llen(QUEUE_PREFIX + queue)
                return sum(await pipe.execute())
        return 0

    async def totals(self) -> dict[str, float]:
        return await self._registry.totals()

    async def close(self) -> None:
        self._closed = True
        self._subscribed.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(WorkerLost("worker_lost"))
        if self._listening is not None:
            await stop([self._listening])
        await self._sender.close()

    async def _hear(self) -> None:
        """Wait, right after the start, until no answer can be missed."""
        try:
            async with asyncio.timeout(RETRY_S):
                await self._subscribed.wait()
        except TimeoutError:
            raise storage_failed() from None

    def _settle(self, _channel: str, message: bytes) -> None:
        """Hand an answer to whoever waits for it; one that comes twice, or too late, is dropped."""
        name, _, answer = message.partition(b" ")
        waiting = self._waiting.get(name.decode())
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
