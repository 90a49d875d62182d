"""What a Celery worker does with a session: train one slice, save it, ask for the next.

A slice carries the version that it starts from, and is saved only on top of that version. So a
message that comes twice, or a worker that is killed anywhere in between, changes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from pwlapp.compute import plan, slices
from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import Slice
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Conflict, short_id
from pwlapp.sessions.stores.redis import RedisStore

logger = logging.getLogger(__name__)

MAX_BEGUN = 8  # times that one slice is begun: workers that die under it so often die of it
MAX_POINTS = 64  # sets of data kept at hand


class SliceMessage(NamedTuple):
    """A message: train the session from this version. `sent` is in seconds since 1970."""

    sid: str
    version: int
    sent: float


class Job(NamedTuple):
    """An order that is still good, and what is needed to carry it out."""

    order: SliceMessage
    state: SessionState
    points: Points
    target: int  # epoch


class SliceWorker:
    """Carries out orders.

    Parameters
    ----------
    store : RedisStore
    send_next : callable
        Given sid and state of a session that was saved and goes on.
    slice_ms : float
    """

    def __init__(
        self, store: RedisStore, send_next: Callable[[str, SessionState], None], slice_ms: float
    ) -> None:
        self._store = store
        self._send_next = send_next
        self._slice_ms = slice_ms
        self._points: dict[str, Points] = {}

    async def advance(self, orders: Sequence[SliceMessage]) -> None:
        """Train a slice for each order; one that is out of date is dropped."""
        jobs = [job for order in orders if (job := await self._begin(order)) is not None]
        for job, result in zip(jobs, train(jobs, self._slice_ms), strict=True):
            if isinstance(result, UserError):
                await self._halt(job, result)
            else:
                await self._finish(job, result)

    async def _begin(self, order: SliceMessage) -> Job | None:
        try:
            begun = await self._store.begin(order.sid, order.version)
        except UserError:  # damaged; or Redis is away, and the order comes again
            return None
        if begun is None:
            return None
        state, times = begun
        if state.run is None or not state.is_running:
            return None
        if (points := await self._data(state.data_key)) is None:
            logger.warning("session %s: its data are not in Redis", short_id(order.sid))
            return None  # a web process will bring it to the data that are there
        job = Job(order, state, points, state.run.target_epoch)
        if times > MAX_BEGUN:
            await self._halt(job, WorkerLost("worker_lost"))
            return None
        return job

    async def _finish(self, job: Job, result: Slice) -> None:
        order, state = job.order, job.state
        elapsed = max(result.seconds, time.time() - order.sent)  # clocks may differ
        after, frames = transitions.after_slice(state, result, elapsed)
        try:
            await self._store.save(order.sid, order.version, after, frames)
        except (Conflict, UserError):  # another worker saved first, and has sent the next message
            return
        with contextlib.suppress(UserError):  # the sweeper will ask for the next
            if after.is_running:
                self._send_next(order.sid, after)
            await self._count(state, after, result, elapsed)

    async def _halt(self, job: Job, reason: UserError) -> None:
        logger.warning("the run of session %s stops: %s", short_id(job.order.sid), reason)
        moved = transitions.halt(job.state, reason)
        if moved is not None:
            with contextlib.suppress(Conflict, UserError):
                await self._store.save(job.order.sid, job.order.version, *moved)
                await self._store.count({"runs_failed": 1})

    async def _data(self, key: str) -> Points | None:
        if key not in self._points:
            try:
                points = await self._store.kept_points(key)
            except UserError:
                return None
            if points is None:
                return None
            while len(self._points) >= MAX_POINTS:
                del self._points[next(iter(self._points))]
            self._points[key] = points
        return self._points[key]

    async def _count(
        self, before: SessionState, after: SessionState, result: Slice, elapsed: float
    ) -> None:
        counted: dict[str, float] = {
            "slices": 1,
            "epochs": after.train.epoch - before.train.epoch,
            "seconds": result.seconds,
            "waited": max(0.0, elapsed - result.seconds),
        }
        if (outcome := plan.outcome(before, after)) is not None:
            counted[f"runs_{outcome}"] = 1
        await self._store.count(counted)


def train(jobs: Sequence[Job], slice_ms: float) -> list[Slice | UserError]:
    """Train a slice for each job, or say why that failed; alike nets of a GPU at once."""
    results: dict[int, Slice | UserError] = {}
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for i, job in enumerate(jobs):
        alike[_likeness(job)].append(i)
    for numbers in alike.values():
        group = [jobs[i] for i in numbers]
        results |= zip(numbers, _train_alike(group, slice_ms), strict=True)
    return [results[i] for i in range(len(jobs))]


def _likeness(job: Job) -> Hashable:
    """Equal for jobs that can be done at once; a job that can't is like no other."""
    state = job.state
    n = job.points.training[0].size
    if not slices.trains_together(state.engine, state.train.net, n):
        return job.order
    return state.engine, state.train.net, state.optimizer, state.data_key


def _train_alike(jobs: Sequence[Job], slice_ms: float) -> Sequence[Slice | UserError]:
    first, points = jobs[0].state, jobs[0].points
    states = [job.state.train for job in jobs]
    budgets = [plan.budget(job.state, job.target, slice_ms) for job in jobs]
    points_and_options = (*points.training, first.optimizer)
    try:
        if len(jobs) == 1:
            [state], [budget] = states, budgets
            return [slices.train(state, *points_and_options, budget, first.engine, points.testing)]
        return slices.train_together(
            states, *points_and_options, budgets, first.engine, points.testing
        )
    except UserError as error:
        return [error] * len(jobs)
    except plan.TRAINING_ERRORS as error:
        return [plan.training_failed(first, error)] * len(jobs)
