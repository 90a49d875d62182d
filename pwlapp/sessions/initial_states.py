"""Nets as their seeds make them: a class that opens the page at once asks for the same one."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from pwlapp.core import training
from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.core.training import TrainState
from pwlapp.sessions.protocols import Runner

MAX_KEPT = 100

_Key: TypeAlias = tuple[str, int, Architecture]


class InitialStates:
    """Initial states, each computed once. Nobody changes a state in place, so they are shared.

    Parameters
    ----------
    runner : Runner
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tasks: dict[_Key, asyncio.Task[TrainState]] = {}

    async def state(self, seed: int, net: Architecture, points: Points) -> TrainState:
        """The untrained net of a seed.

        Raises
        ------
        UserError
            ``busy``, ``worker_lost``
        """
        key = (points.key, seed, net)
        task = self._tasks.get(key)
        if task is None:
            while len(self._tasks) >= MAX_KEPT:
                del self._tasks[next(iter(self._tasks))]  # the oldest
            task = asyncio.create_task(
                self._runner.call(training.initial_state, seed, *points.training, net)
            )
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        return await asyncio.shield(task)  # a visitor who leaves must not fail the others

    def _settle(self, key: _Key, done: asyncio.Task[TrainState]) -> None:
        """Keep what succeeded; a failure is forgotten, and the next one tries again."""
        if not done.cancelled() and done.exception() is None:
            state = done.result()
            for array in (state.params, state.m, state.v):
                array.flags.writeable = False
        elif self._tasks.get(key) is done:
            del self._tasks[key]
