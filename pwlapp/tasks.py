"""Helpers for asyncio tasks: log their failures, stop them, share their results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable, Iterable, Set
from functools import partial
from typing import Any, TypeVar

from cachetools import LRUCache

logger = logging.getLogger(__name__)

T = TypeVar("T")

CANCEL_AGAIN_S = 0.5


def start(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task that nobody awaits; an exception that ends it is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)


async def stop(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they end; their exceptions are ignored.

    A task that does not end is cancelled again: during a command, redis-py can mistake a
    cancellation for a lost connection.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*done, return_exceptions=True)


class SingleFlightCache:
    """A bounded cache of asynchronous results; callers with the same key share one computation.

    Callers must not change the results, which they share as well.

    Parameters
    ----------
    maxsize : int
        Number of results; the least recently used is evicted first.
    """

    def __init__(self, maxsize: int) -> None:
        self._tasks: LRUCache[Hashable, asyncio.Task[Any]] = LRUCache(maxsize)

    async def get(self, key: Hashable, compute: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result for a key, computed unless it is cached or being computed.

        Raises
        ------
        Exception
            Any exception of `compute`, in all callers that wait for it. Failures are not cached.
        """
        task: asyncio.Task[T] | None = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(compute())
            task.add_done_callback(partial(self._drop_failure, key))
        # Shielded: a caller that is cancelled must not cancel the others' computation.
        return await asyncio.shield(task)

    def drop(self, key: Hashable) -> None:
        """Remove the result for a key from the cache; callers that wait for it still get it."""
        self._tasks.pop(key, None)

    def keys(self) -> Set[Hashable]:
        """The keys whose results are cached or being computed."""
        return self._tasks.keys()

    def _drop_failure(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if (task.cancelled() or task.exception()) and self._tasks.get(key) is task:
            del self._tasks[key]
