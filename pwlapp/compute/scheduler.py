"""The scheduler for slices that a pool of local processes trains."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time

from pwlapp import tasks
from pwlapp.compute import slices
from pwlapp.core.data.points import Points
from pwlapp.core.state import SliceResult
from pwlapp.errors import UserError
from pwlapp.metrics import Metrics
from pwlapp.sessions import transitions
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores.protocol import Conflict, StorageFailed, Store, short_id

logger = logging.getLogger(__name__)

RETRY_S = 1.0  # between two tries to use a store that failed


class LocalScheduler:
    """A `Scheduler` with one task for each running session, which trains and saves its slices.

    A slice is saved only if the session still has the version from which the slice started. If the
    session has changed meanwhile (a pause, an edit, a reset), the slice is dropped. That wastes
    20 ms of work, but no rules for merging are needed.

    A slice trains for `slice_ms` milliseconds. At most `at_once` slices are in the runner's queue,
    best its number of processes. The others wait here, so that calls for which a user waits
    (opening a page, a reset) go first.
    """

    def __init__(
        self,
        sessions: SessionRepository,
        store: Store,
        runner: Runner,
        metrics: Metrics,
        slice_ms: float,
        at_once: int,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._runner = runner
        self._metrics = metrics
        self._slice_ms = slice_ms
        self._turns = asyncio.Semaphore(at_once)  # first come, first served
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: set[str] = set()
        self._outage: asyncio.Task[None] | None = None  # ends when the store can be written again

    @property
    def is_stalled(self) -> bool:
        return self._outage is not None

    async def start(self) -> None:
        while True:
            try:
                running = await self._store.running()
            except UserError:
                await asyncio.sleep(RETRY_S)
            else:
                break
        for sid in running:
            self._begin(sid, None)

    def schedule(self, sid: str, state: SessionState) -> None:
        if sid in self._tasks:
            self._due.add(sid)
        else:
            self._begin(sid, state)

    def _begin(self, sid: str, state: SessionState | None) -> None:
        self._tasks[sid] = tasks.start(self._work(sid, state), f"run {short_id(sid)}")

    async def train_epoch(self, state: SessionState, points: Points) -> SliceResult:
        return await train(self._runner, points, state, state.train.epoch + 1, None)

    async def close(self) -> None:
        outage = [self._outage] if self._outage else []
        await tasks.stop([*self._tasks.values(), *outage])

    async def _work(self, sid: str, state: SessionState | None) -> None:
        # If `schedule` is called while `_run` is about to end with an older state, it adds the
        # session to `_due`, and the session is read again. There must be no await between the last
        # check of `_due` and the end: a call in between would be lost.
        try:
            await self._run_or_halt(sid, state)
            while sid in self._due:
                self._due.discard(sid)
                await self._run_or_halt(sid)
        finally:
            self._due.discard(sid)
            del self._tasks[sid]

    async def _run_or_halt(self, sid: str, state: SessionState | None = None) -> None:
        while True:
            try:
                await self._run(sid, state or await self._sessions.load(sid))
            except UnknownSession:
                pass  # the session has expired, or was deleted with its class
            except StorageFailed:
                state = None  # read it again
                await self._until_stored(sid)
                continue
            except UserError as error:
                await self._halt(sid, error)
            return

    async def _halt(self, sid: str, reason: UserError) -> None:
        logger.warning("the run of session %s is stopped: %s", short_id(sid), reason)
        self._metrics.run_ended("failed")
        with contextlib.suppress(UserError):
            await self._sessions.update(sid, functools.partial(transitions.halt, reason=reason))

    async def _until_stored(self, sid: str) -> None:
        """Wait until the store can be written again; meanwhile the session shows a notice."""
        if self._outage is None:
            self._outage = asyncio.create_task(self._try_store(), name="waiting for the store")
        self._sessions.notify(sid)  # its streams then read it again
        await asyncio.shield(self._outage)

    async def _try_store(self) -> None:
        """Try to write to the store until it succeeds, once for all runs."""
        try:
            while True:
                await asyncio.sleep(RETRY_S)
                with contextlib.suppress(UserError):
                    await self._store.ping()
                    return
        finally:
            self._outage = None

    async def _run(self, sid: str, state: SessionState) -> None:
        while state.run is not None and state.is_running:
            requested = time.perf_counter()
            points = await self._sessions.points_of(state)
            async with self._turns:
                if self.is_stalled:
                    raise StorageFailed()
                result = await train(
                    self._runner,
                    points,
                    state,
                    state.run.target_epoch,
                    self._slice_ms,
                )
            elapsed = time.perf_counter() - requested
            after, frames = transitions.after_slice(state, result, elapsed)
            try:
                await self._sessions.save(sid, state, after, frames)
            except Conflict:
                state = await self._sessions.load(sid)
                continue
            self._count(state, after, result, elapsed)
            state = after

    def _count(
        self, before: SessionState, after: SessionState, result: SliceResult, elapsed: float
    ) -> None:
        epochs = after.train.epoch - before.train.epoch
        self._metrics.trained(epochs, result.seconds, max(0.0, elapsed - result.seconds))
        if (outcome := slices.outcome(before, after)) is not None:
            self._metrics.run_ended(outcome)


async def train(
    runner: Runner, points: Points, state: SessionState, target: int, slice_ms: float | None
) -> SliceResult:
    """Train a session's net towards epoch `target`; for errors see `Scheduler.train_epoch`."""
    try:
        return await runner.call(
            slices.train,
            state.train,
            *points.training,
            state.optimizer,
            slices.next_budget(state, target, slice_ms),
            state.engine,
            points.testing,
        )
    except slices.TRAINING_ERRORS as error:
        raise slices.training_failed(state, error) from error
