"""Answers that many ask for: each is computed once, and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class SingleFlightCache:
    """A bounded memory of what was computed; what is in it belongs to all, so nobody changes it.

    Parameters
    ----------
    most : int
        Answers kept; the one that was wanted longest ago makes room for the next.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: OrderedDict[Hashable, asyncio.Task[Any]] = OrderedDict()

    async def get(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """The answer for a key. Whoever asks while it is being computed waits for the same.

        Raises
        ------
        Exception
            Whatever `compute` raises, to all who wait; the next who asks has it tried again.
        """
        task = self._tasks.get(key)
        if task is None:
            while len(self._tasks) >= self._most:
                self._tasks.popitem(last=False)
            task = asyncio.create_task(_awaited(compute))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        self._tasks.move_to_end(key)
        answer: T = await asyncio.shield(task)  # one who leaves must not fail the others
        return answer

    def has(self, key: Hashable) -> bool:
        """Whether the answer for a key is there already."""
        task = self._tasks.get(key)
        return task is not None and _succeeded(task)

    def _settle(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        """Forget what failed."""
        if not _succeeded(done) and self._tasks.get(key) is done:
            del self._tasks[key]


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _awaited(compute: Callable[[], Awaitable[T]]) -> T:
    return await compute()
