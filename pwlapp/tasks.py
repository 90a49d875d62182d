"""Tasks that run beside everything else: how their failure is seen, and how they are stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

logger = logging.getLogger(__name__)

AGAIN_S = 0.5


def log_failure(task: asyncio.Task[None]) -> None:
    """Say in the log what ended a task that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)


async def stop(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their end; what they raise is dropped.

    A task that goes on is cancelled again: in the middle of a command, redis-py can take a
    cancellation for a connection that was lost.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_S)
        await asyncio.gather(*done, return_exceptions=True)
