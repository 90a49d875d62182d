from __future__ import annotations

import asyncio
import contextlib

import pytest

from pwlapp import tasks


async def test_a_task_that_takes_a_cancellation_for_something_else_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.01)
    swallowed: list[int] = []

    async def deaf() -> None:
        for i in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            swallowed.append(i)
        await asyncio.sleep(60)

    async def failing() -> None:
        raise ZeroDivisionError

    stopped = [asyncio.create_task(deaf()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.stop(stopped)
        await tasks.stop([])
    assert swallowed == [0, 1, 2]
    assert all(task.done() for task in stopped)
