"""Keeps the running sessions running where Celery workers train them."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from pwlapp.compute.celery.app import CPU, GPU, AsyncSender
from pwlapp.compute.scheduler import train
from pwlapp.core.data.points import Points
from pwlapp.core.engines import wants_gpu
from pwlapp.errors import UserError
from pwlapp.sessions.frames import Slice
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.tasks import log_failure, stop

logger = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0
IDLE_S = 2.0  # a session that waits for so long, and for its turn besides, was forgotten
AT_ONCE = 200


class QueueScheduler:
    """A `Scheduler` that asks for a session's next slice; the worker asks for those that follow.

    Each message names the version that it is about, and whoever saves a running session sends the
    message for the version saved. So there is one message for each running session, in a queue or
    in a worker's hands. More of them change nothing: the first to be saved wins, the others find
    another version and end. None is put right by the sweeper, which looks for running sessions of
    which nothing was heard.

    Parameters
    ----------
    sessions : Sessions
        Know the data.
    store : RedisStore
    runner : Runner
        Knows the engines, and how long the queues are.
    sender : AsyncSender
    slice_ms : float
    """

    def __init__(
        self,
        sessions: SessionRepository,
        store: RedisStore,
        runner: Runner,
        sender: AsyncSender,
        slice_ms: float,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._runner = runner
        self._sender = sender
        self._slice_s = slice_ms / 1000
        self._sending: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._sweeping = asyncio.create_task(self._sweep(), name="sweeping")
        self._sweeping.add_done_callback(log_failure)

    def schedule(self, sid: str, state: SessionState) -> None:
        task = asyncio.create_task(self._send(sid, state))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def train_epoch(self, state: SessionState, points: Points) -> Slice:
        return await train(self._runner, points, state, state.train.epoch + 1, None)

    async def close(self) -> None:
        if self._sweeping is not None:
            await stop([self._sweeping])
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, sid: str, state: SessionState) -> None:
        with contextlib.suppress(UserError):  # the sweeper tries again
            await self._sender.send_slice(sid, state, await self._queue(state))

    async def _queue(self, state: SessionState) -> str:
        """The GPU's where one is wanted and there is one; a CPU worker says what is wrong."""
        points = await self._sessions.points_of(state)
        if not wants_gpu(state.engine, state.train.net, points.training[0].size):
            return CPU
        has_gpu = any(engine.kind == "cuda" for engine in await self._runner.engines())
        return GPU if has_gpu else CPU

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # a store that is away has been complained of
                await self._sweep_once()
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _sweep_once(self) -> None:
        patience = IDLE_S + self._slice_s * await self._runner.waiting()
        for sid in await self._store.claim(patience, AT_ONCE):
            try:
                state = await self._store.load(sid)
            except UnknownSession:  # gone, or damaged; the others go on
                await self._store.drop(sid)
                continue
            if state.is_running:
                await self._send(sid, state)
