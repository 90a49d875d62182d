"""Keeps the running sessions running: one task for each, one slice at a time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import time
from bisect import bisect_right

from pwlapp.core.training import AdamOptions, Budget, SliceResult, frame_epochs, train_slice
from pwlapp.errors import UserError
from pwlapp.runtime import moves
from pwlapp.runtime.runner import Runner
from pwlapp.runtime.session import SessionState, UnknownSession
from pwlapp.runtime.sessions import Sessions
from pwlapp.runtime.store import Conflict

logger = logging.getLogger(__name__)

SPEED_MEMORY_S = 1.0  # how long a change of speed takes to show

_planned_frames = functools.lru_cache(maxsize=256)(frame_epochs)


class Driver:
    """Drives sessions: reads, trains a slice in the pool, saves, tells, and again.

    A slice is saved only on top of the version that it began with. If the session moved on in the
    meantime (a pause, an edit, a reset) the slice is thrown away: 20 ms of work, against rules
    for merging. Training is deterministic, so nothing else is lost.

    Parameters
    ----------
    sessions : Sessions
    runner : Runner
    slice_ms : float
    at_once : int
        Slices handed to the runner at a time, best as many as it has processes: the others wait
        here, and what a user waits for (a page that opens, a reset) overtakes them.
    """

    def __init__(self, sessions: Sessions, runner: Runner, slice_ms: float, at_once: int) -> None:
        self._sessions = sessions
        self._runner = runner
        self._slice_ms = slice_ms
        self._turns = asyncio.Semaphore(at_once)  # first come, first served
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: set[str] = set()
        self._speeds: dict[str, float] = {}

    def drive(self, sid: str) -> None:
        """See to it that a session whose run goes on is driven; harmless if it is already."""
        self._due.add(sid)
        if sid not in self._tasks:
            task = asyncio.create_task(self._work(sid), name=f"drive {sid}")
            task.add_done_callback(_log_failure)
            self._tasks[sid] = task

    def speed(self, sid: str) -> float:
        """Epochs per second of the session's run, or of its last one; 0 if not known."""
        return self._speeds.get(sid, 0.0)

    def forget_idle(self) -> None:
        """Forget the speeds of the sessions that rest, so that they don't pile up."""
        self._speeds = {sid: self._speeds[sid] for sid in self._speeds if sid in self._tasks}

    async def train(self, state: SessionState, target: int, slice_ms: float | None) -> SliceResult:
        """Train the session's net towards epoch `target`; nothing is saved.

        Raises
        ------
        UserError
            ``training_failed`` where torch gave up, for example for want of memory; or
            WorkerLost.
        """
        start = state.run.start_epoch if state.run else state.train.epoch
        planned = _planned_frames(start, target)
        record = planned[bisect_right(planned, state.train.epoch) :]
        points = self._sessions.points
        try:
            return await self._runner.call(
                train_slice,
                state.train,
                points.x,
                points.y,
                AdamOptions(lr=state.lr),
                Budget(target, record, slice_ms),
                state.device,
            )
        except RuntimeError as error:
            logger.exception("training on %s failed", state.device)
            raise UserError("training_failed", device=state.device) from error

    async def close(self) -> None:
        """Stop driving. The runs stay marked as running, and go on with the next driver."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, sid: str) -> None:
        # Whoever calls `drive` while `_run` is about to end on an older reading leaves the mark,
        # and the session is read once more. No await between the last look at the mark and the
        # end, or a call could fall in between.
        try:
            while sid in self._due:
                self._due.discard(sid)
                await self._run_or_halt(sid)
        finally:
            del self._tasks[sid]

    async def _run_or_halt(self, sid: str) -> None:
        try:
            await self._run(sid)
        except UnknownSession:
            logger.warning("session %s expired while it ran", sid)
        except UserError as error:
            logger.warning("the run of session %s stops: %s", sid, error)
            with contextlib.suppress(UserError):
                await self._sessions.update(sid, functools.partial(moves.halt, reason=error))

    async def _run(self, sid: str) -> None:
        state = await self._sessions.load(sid)
        while state.run is not None and state.is_running:
            began = time.perf_counter()
            async with self._turns:
                result = await self.train(state, state.run.target_epoch, self._slice_ms)
            after, frames = moves.after_slice(state, result)
            epochs = after.train.epoch - state.train.epoch
            self._clock(sid, epochs, time.perf_counter() - began)
            try:
                await self._sessions.save(sid, state, after, frames)
            except Conflict:
                state = await self._sessions.load(sid)
                continue
            state = after

    def _clock(self, sid: str, epochs: int, seconds: float) -> None:
        """Follow the speed, waiting for a turn included: the time left is reckoned from it."""
        now = epochs / max(seconds, 1e-9)
        before = self._speeds.get(sid, now)
        weight = 1.0 - math.exp(-seconds / SPEED_MEMORY_S)
        self._speeds[sid] = before + weight * (now - before)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)
