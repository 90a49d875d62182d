"""Keeps the running sessions running: one task for each, one slice at a time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import time
from bisect import bisect_right
from dataclasses import dataclass

from pwlapp.core.training import Budget, frame_epochs
from pwlapp.errors import UserError
from pwlapp.runtime import drawing, moves, slices
from pwlapp.runtime.runner import Runner
from pwlapp.runtime.session import UNKNOWN_SPEED, SessionState, Speed, UnknownSession
from pwlapp.runtime.sessions import Sessions
from pwlapp.runtime.slices import Slice
from pwlapp.runtime.store import Conflict

logger = logging.getLogger(__name__)

SPEED_MEMORY_S = 1.0  # how long a change of speed takes to show

_planned_frames = functools.lru_cache(maxsize=256)(frame_epochs)


@dataclass
class _Pace:
    """What is known of how fast a net trains; see `session.Speed`.

    Each net, run and engine has a speed of its own: none says anything about the next one's.
    """

    net: int  # `first_seq` of the session: a reset begins another net
    run: int | None  # epoch at which the run began
    engine: str
    per_second: float = 0.0
    epochs: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, state: SessionState, engine: str) -> _Pace:
        """Nothing known yet."""
        return cls(state.first_seq, state.run.start_epoch if state.run else None, engine)

    def is_of(self, state: SessionState, engine: str) -> bool:
        """Whether it is about the net and the run of a slice, or a single step, by this engine."""
        same_run = state.run is None or state.run.start_epoch == self.run
        return same_run and (state.first_seq, engine) == (self.net, self.engine)

    def count(self, state: SessionState, result: Slice) -> None:
        """Add what an engine computed; a step alone is too short to tell a speed from."""
        if state.is_running:
            self.epochs += result.state.epoch - state.train.epoch
            self.seconds += result.seconds

    def clock(self, epochs: int, seconds: float) -> None:
        """Follow the speed, waiting for a turn included: the time left is reckoned from it."""
        now = epochs / max(seconds, 1e-9)
        weight = 1.0 - math.exp(-seconds / SPEED_MEMORY_S) if self.per_second else 1.0
        self.per_second += weight * (now - self.per_second)

    def speed(self) -> Speed:
        computing = self.epochs / self.seconds if self.seconds > 0 else 0.0
        return Speed(self.per_second, self.engine, computing)


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
        self._paces: dict[str, _Pace] = {}
        self._trained: set[str] = set()  # since the last `forget_idle`

    def drive(self, sid: str, state: SessionState) -> None:
        """See to it that a session whose run goes on is driven; harmless if it is already.

        Parameters
        ----------
        sid : str
        state : SessionState
            As it stands in the store, so that it need not be read again. If it has moved on, the
            first slice is lost.
        """
        if sid in self._tasks:
            self._due.add(sid)
            return
        task = asyncio.create_task(self._work(sid, state), name=f"drive {sid}")
        task.add_done_callback(log_failure)
        self._tasks[sid] = task

    def speed(self, sid: str, state: SessionState) -> Speed:
        """How fast the session's net trains, or trained last."""
        pace = self._paces.get(sid)
        return pace.speed() if pace and pace.net == state.first_seq else UNKNOWN_SPEED

    def forget_idle(self) -> None:
        """Forget the speeds of sessions at rest since the last call, so that they don't pile up."""
        kept = self._trained | self._tasks.keys()
        self._paces = {sid: pace for sid, pace in self._paces.items() if sid in kept}
        self._trained.clear()

    async def train(
        self, sid: str, state: SessionState, target: int, slice_ms: float | None
    ) -> Slice:
        """Train the session's net towards epoch `target`; nothing is saved.

        Raises
        ------
        UserError
            ``training_failed`` (engine) where that gave up, for example for want of memory;
            ``bad_engine`` (name); or WorkerLost.
        """
        start = state.run.start_epoch if state.run else state.train.epoch
        planned = _planned_frames(start, target, drawing.frames_of_run(state.train.net))
        record = planned[bisect_right(planned, state.train.epoch) :]
        points = self._sessions.points
        try:
            result = await self._runner.call(
                slices.train,
                state.train,
                points.x,
                points.y,
                state.optimizer,
                Budget(target, record, slice_ms),
                state.engine,
            )
        except (RuntimeError, ImportError, MemoryError) as error:
            logger.exception("training with %s failed", state.engine)
            raise UserError("training_failed", engine=state.engine) from error
        self._trained.add(sid)
        pace = self._paces.get(sid)
        if pace is None or not pace.is_of(state, result.engine):
            pace = self._paces[sid] = _Pace.of(state, result.engine)
        pace.count(state, result)
        return result

    async def close(self) -> None:
        """Stop driving. The runs stay marked as running, and go on with the next driver."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, sid: str, state: SessionState) -> None:
        # Whoever calls `drive` while `_run` is about to end on an older reading leaves the mark,
        # and the session is read once more. No await between the last look at the mark and the
        # end, or a call could fall in between.
        try:
            await self._run_or_halt(sid, state)
            while sid in self._due:
                self._due.discard(sid)
                await self._run_or_halt(sid)
        finally:
            self._due.discard(sid)
            del self._tasks[sid]

    async def _run_or_halt(self, sid: str, state: SessionState | None = None) -> None:
        try:
            await self._run(sid, state or await self._sessions.load(sid))
        except UnknownSession:
            logger.warning("session %s expired while it ran", sid)
        except UserError as error:
            logger.warning("the run of session %s stops: %s", sid, error)
            with contextlib.suppress(UserError):
                await self._sessions.update(sid, functools.partial(moves.halt, reason=error))

    async def _run(self, sid: str, state: SessionState) -> None:
        while state.run is not None and state.is_running:
            began = time.perf_counter()
            async with self._turns:
                result = await self.train(sid, state, state.run.target_epoch, self._slice_ms)
            after, frames = moves.after_slice(state, result)
            epochs = after.train.epoch - state.train.epoch
            self._paces[sid].clock(epochs, time.perf_counter() - began)
            try:
                await self._sessions.save(sid, state, after, frames)
            except Conflict:
                state = await self._sessions.load(sid)
                continue
            state = after


def log_failure(task: asyncio.Task[None]) -> None:
    """Say in the log what ended a task that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)
