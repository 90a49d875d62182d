"""The scheduler for slices that Celery workers train."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from pwlapp import tasks
from pwlapp.compute.celery.app import CPU, GPU, AsyncSender
from pwlapp.compute.scheduler import train
from pwlapp.core.data.points import Points
from pwlapp.core.engines import wants_gpu
from pwlapp.core.state import SliceResult
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores.redis import RedisStore

logger = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0
# A message counts as lost after this time without progress, plus the expected wait in the queue.
LOST_AFTER_S = 2.0
MAX_PER_SWEEP = 200


class QueueScheduler:
    """A `Scheduler` that sends the message for a run's first slice; workers send the others.

    Each message names a version of the session. A worker that has saved a slice sends the message
    for the version it saved, so each running session has one message, in a queue or at a worker.
    Duplicates change nothing: once one of them is saved, the others name an old version and are
    dropped. A lost message is replaced by the sweeper, a task that looks for running sessions
    without progress every `SWEEP_EVERY_S`. A slice trains for `slice_ms` milliseconds.
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
        self.is_stalled = False  # never: if Redis is lost, the streams end instead
        self._slice_s = slice_ms / 1000
        self._sending: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._sweeping = tasks.start(self._sweep(), "sweeping")

    def schedule(self, sid: str, state: SessionState) -> None:
        task = asyncio.create_task(self._send(sid, state))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def train_epoch(self, state: SessionState, points: Points) -> SliceResult:
        return await train(self._runner, points, state, state.train.epoch + 1, None)

    async def close(self) -> None:
        if self._sweeping is not None:
            await tasks.stop([self._sweeping])
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, sid: str, state: SessionState) -> None:
        with contextlib.suppress(UserError):  # the sweeper sends it again
            await self._sender.send_slice(sid, state, await self._queue(state))

    async def _queue(self, state: SessionState) -> str:
        """The GPU queue if the session needs a GPU and a worker has one, else the CPU queue.

        If there is no GPU, a CPU worker then reports that the engine is missing.
        """
        points = await self._sessions.points_of(state)
        if not wants_gpu(state.engine, state.train.net, points.training[0].size):
            return CPU
        has_gpu = any(engine.kind == "cuda" for engine in await self._runner.engines())
        return GPU if has_gpu else CPU

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # the store has logged the failure of Redis
                await self._sweep_once()
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _sweep_once(self) -> None:
        lost_after_s = LOST_AFTER_S + self._slice_s * await self._runner.waiting()
        for sid in await self._store.claim_idle(lost_after_s, MAX_PER_SWEEP):
            try:
                state = await self._store.load(sid)
            except UnknownSession:  # expired or damaged
                await self._store.remove_running(sid)
                continue
            if state.is_running:
                await self._send(sid, state)
