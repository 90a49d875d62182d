from __future__ import annotations

import asyncio
import contextlib

import pytest

from pwlapp import tasks
from pwlapp.errors import UserError
from pwlapp.tasks import SingleFlightCache


async def test_a_task_that_ignores_a_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_S", 0.01)
    ignored: list[int] = []

    async def deaf() -> None:
        for i in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            ignored.append(i)
        await asyncio.sleep(60)

    async def failing() -> None:
        raise ZeroDivisionError

    stopped = [asyncio.create_task(deaf()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.stop(stopped)
        await tasks.stop([])
    assert ignored == [0, 1, 2]
    assert all(task.done() for task in stopped)


async def test_only_a_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def failing() -> None:
        raise ZeroDivisionError("of all things")

    for work, name in ((asyncio.sleep(0), "well"), (asyncio.sleep(60), "cancelled")):
        task = tasks.start(work, name)
        if name == "cancelled":
            task.cancel()
        await asyncio.wait([task])
    task = tasks.start(failing(), "counting")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    [record] = caplog.records
    assert record.getMessage() == "counting failed"
    assert "of all things" in caplog.text


class Calls:
    """A computation that waits for its gate, then returns the number of calls."""

    def __init__(self, is_open: bool = True) -> None:
        self.count = 0
        self.fails = False
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def __call__(self) -> int:
        self.count += 1
        await self.gate.wait()
        if self.fails:
            raise UserError("busy")
        return self.count


async def test_callers_share_one_computation_and_its_cached_result() -> None:
    cache, calls = SingleFlightCache(10), Calls(is_open=False)
    callers = [asyncio.create_task(cache.get("a", calls)) for _ in range(300)]
    await asyncio.sleep(0)
    assert cache.keys() == {"a"}
    callers[0].cancel()  # the one that started it
    calls.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [1] * 299
    assert await cache.get("a", calls) == 1
    assert cache.keys() == {"a"}


async def test_a_computation_continues_when_all_callers_are_cancelled() -> None:
    cache, calls = SingleFlightCache(10), Calls(is_open=False)
    caller = asyncio.create_task(cache.get("a", calls))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    calls.gate.set()
    assert await cache.get("a", calls) == 1


async def test_a_failure_is_raised_to_all_callers_and_tried_again() -> None:
    cache, calls = SingleFlightCache(10), Calls()
    calls.fails = True
    for count in (1, 2):
        callers = [cache.get("a", calls) for _ in range(3)]
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [str(result) for result in results] == ["busy"] * 3
        assert not cache.keys()
        assert calls.count == count


async def test_the_least_recently_used_result_is_evicted() -> None:
    cache, calls = SingleFlightCache(2), Calls()
    for key in ("a", "b", "a", "c"):
        await cache.get(key, calls)
    assert cache.keys() == {"a", "c"}


async def test_the_failure_of_an_evicted_computation_leaves_its_successor() -> None:
    cache, failing, calls = SingleFlightCache(1), Calls(is_open=False), Calls()
    failing.fails = True
    caller = asyncio.create_task(cache.get("a", failing))
    await asyncio.sleep(0)
    await cache.get("b", calls)
    assert await cache.get("a", calls) == 2
    failing.gate.set()
    await asyncio.wait([caller])
    assert cache.keys() == {"a"}


async def test_a_dropped_result_is_computed_again() -> None:
    cache, calls = SingleFlightCache(10), Calls(is_open=False)
    waiting = asyncio.create_task(cache.get("a", calls))
    await asyncio.sleep(0)
    cache.drop("a")
    cache.drop("b")  # never cached
    calls.gate.set()
    assert await waiting == 1
    assert await cache.get("a", calls) == 2
