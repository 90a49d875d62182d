"""The Celery worker's part of a run: train one slice, save it, send the message for the next.

A message names the version from which its slice starts, and the slice is saved only if the session
still has that version. So neither duplicate messages nor killed workers do any harm.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from cachetools import LRUCache

from pwlapp.compute import slices
from pwlapp.core.data.points import Points
from pwlapp.core.state import SliceResult
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Conflict, short_id
from pwlapp.sessions.stores.redis import RedisStore

logger = logging.getLogger(__name__)

MAX_BEGUN = 8  # attempts at a slice; if there are more, it has probably killed its workers
MAX_POINTS = 64  # datasets cached in memory


class SliceMessage(NamedTuple):
    """A request to train one slice from this version; `sent` is a time in seconds since 1970."""

    sid: str
    version: int
    sent: float


class Job(NamedTuple):
    """A message with the state, the data and the last epoch of its run."""

    message: SliceMessage
    state: SessionState
    points: Points
    target: int  # epoch


class SliceWorker:
    """Trains the slices that messages request, for `slice_ms` milliseconds each.

    `send_next` is called with the id and state of a session that was saved and is still running.
    """

    def __init__(
        self, store: RedisStore, send_next: Callable[[str, SessionState], None], slice_ms: float
    ) -> None:
        self._store = store
        self._send_next = send_next
        self._slice_ms = slice_ms
        self._points: LRUCache[str, Points] = LRUCache(MAX_POINTS)

    async def advance(self, messages: Sequence[SliceMessage]) -> None:
        """Train a slice for each message; messages for old versions are dropped."""
        jobs = [job for message in messages if (job := await self._begin(message)) is not None]
        for job, result in zip(jobs, train(jobs, self._slice_ms), strict=True):
            if isinstance(result, UserError):
                await self._halt(job, result)
            else:
                await self._finish(job, result)

    async def _begin(self, message: SliceMessage) -> Job | None:
        try:
            begun = await self._store.begin_slice(message.sid, message.version)
        except UserError:  # the state is damaged, or Redis failed; the sweeper then sends it again
            return None
        if begun is None:
            return None
        state, attempts = begun
        if state.run is None or not state.is_running:
            return None
        if (points := await self._data(state.data_key)) is None:
            logger.warning("session %s: its data is not in Redis", short_id(message.sid))
            return None  # a web process will give the session other data
        job = Job(message, state, points, state.run.target_epoch)
        if attempts > MAX_BEGUN:
            await self._halt(job, WorkerLost())
            return None
        return job

    async def _finish(self, job: Job, result: SliceResult) -> None:
        message, state = job.message, job.state
        elapsed = max(result.seconds, time.time() - message.sent)  # clocks of machines may differ
        after, frames = transitions.after_slice(state, result, elapsed)
        try:
            await self._store.save(message.sid, message.version, after, frames)
        except (Conflict, UserError):  # Conflict: another worker has saved and sent the next one
            return
        with contextlib.suppress(UserError):  # the sweeper will send the next message
            if after.is_running:
                self._send_next(message.sid, after)
            await self._count(state, after, result, elapsed)

    async def _halt(self, job: Job, reason: UserError) -> None:
        logger.warning("the run of session %s is stopped: %s", short_id(job.message.sid), reason)
        moved = transitions.halt(job.state, reason)
        if moved is not None:
            with contextlib.suppress(Conflict, UserError):
                await self._store.save(job.message.sid, job.message.version, *moved)
                await self._store.add_counts({"runs_failed": 1})

    async def _data(self, key: str) -> Points | None:
        points = self._points.get(key)
        if points is None:
            with contextlib.suppress(UserError):
                points = await self._store.load_points(key)
        if points is not None:
            self._points[key] = points
        return points

    async def _count(
        self, before: SessionState, after: SessionState, result: SliceResult, elapsed: float
    ) -> None:
        counted: dict[str, float] = {
            "slices": 1,
            "epochs": after.train.epoch - before.train.epoch,
            "seconds": result.seconds,
            "waited": max(0.0, elapsed - result.seconds),
        }
        if (outcome := slices.outcome(before, after)) is not None:
            counted[f"runs_{outcome}"] = 1
        await self._store.add_counts(counted)


def train(jobs: Sequence[Job], slice_ms: float) -> list[SliceResult | UserError]:
    """Train a slice for each job; similar jobs are trained together on a GPU.

    Returns the slice or the error of each job.
    """
    results: dict[int, SliceResult | UserError] = {}
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, job in enumerate(jobs):
        groups[_group_key(job)].append(i)
    for numbers in groups.values():
        group = [jobs[i] for i in numbers]
        results |= zip(numbers, _train_group(group, slice_ms), strict=True)
    return [results[i] for i in range(len(jobs))]


def _group_key(job: Job) -> Hashable:
    """A key that is equal for jobs that can be trained together, and unique for any other job."""
    state = job.state
    n = job.points.training[0].size
    if not slices.can_train_together(state.engine, state.train.net, n):
        return job.message
    return state.engine, state.train.net, state.optimizer, state.data_key


def _train_group(jobs: Sequence[Job], slice_ms: float) -> Sequence[SliceResult | UserError]:
    first, points = jobs[0].state, jobs[0].points
    states = [job.state.train for job in jobs]
    budgets = [slices.next_budget(job.state, job.target, slice_ms) for job in jobs]
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
    except slices.TRAINING_ERRORS as error:
        return [slices.training_failed(first, error)] * len(jobs)
