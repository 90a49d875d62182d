"""The contract of a runner; each test runs on a pool of processes and on Celery workers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from pwlapp.core.engines import engines
from pwlapp.core.net import Architecture
from pwlapp.core.training import initial_state
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import Runner, WorkerLost
from tests.support import jobs
from tests.support.sessions import until

X = np.linspace(-1, 1, 11, dtype=np.float32)


async def test_a_call_is_computed_in_another_process(computing: Runner) -> None:
    assert await computing.call(jobs.add, 2, 3) == 5
    assert await computing.call(jobs.pid) != os.getpid()


async def test_nets_travel_bit_for_bit(computing: Runner) -> None:
    net = Architecture(5, True, "sigmoid", "mse")
    there = await computing.call(initial_state, 3, X, abs(X), net)
    here = initial_state(3, X, abs(X), net)
    assert there.params.tobytes() == here.params.tobytes()
    assert (there.net, there.loss) == (here.net, here.loss)


async def test_errors_come_back_as_they_are(computing: Runner) -> None:
    with pytest.raises(UserError) as caught:
        await computing.call(jobs.refuse, 9)
    assert (caught.value.code, caught.value.args_) == ("bad_epochs", {"min": 1, "max": 9})
    with pytest.raises(ZeroDivisionError, match="of all things") as crash:
        await computing.call(jobs.fail)
    assert "in fail" in crash.value.__notes__[0]
    assert await computing.call(jobs.add, 1, 1) == 2


async def test_a_value_that_cannot_be_sent_is_an_error_not_a_hang(computing: Runner) -> None:
    with pytest.raises((AttributeError, TypeError), match="lambda"):
        await computing.call(lambda: None)
    with pytest.raises((AttributeError, TypeError)):
        await computing.call(jobs.unpicklable)
    assert await computing.call(jobs.add, 1, 1) == 2


async def test_calls_at_once_each_get_their_own_answer(computing: Runner) -> None:
    answers = await asyncio.gather(*(computing.call(jobs.add, n, 1) for n in range(50)))
    assert answers == list(range(1, 51))


async def test_a_call_whose_process_dies_is_made_again(computing: Runner, tmp_path: Path) -> None:
    assert await computing.call(jobs.die, tmp_path / "calls", 1) == 2


async def test_too_many_calls_at_once_are_refused(
    computing: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwlapp.compute.pool.MAX_CALLS", 3)
    monkeypatch.setattr("pwlapp.compute.celery.runner.MAX_CALLS", 3)
    gate = tmp_path / "gate"
    waiting = [asyncio.create_task(computing.call(jobs.wait_for, gate)) for _ in range(3)]
    await asyncio.sleep(0)  # so that they are under way
    with pytest.raises(UserError, match="busy"):
        await computing.call(jobs.add, 1, 1)
    gate.touch()
    await asyncio.gather(*waiting)
    assert await computing.call(jobs.add, 1, 1) == 2


async def test_engines_and_workers_are_known(computing: Runner) -> None:
    assert list(await computing.engines()) == engines()
    assert await computing.workers() >= 2  # one that was killed is counted for some seconds
    await until(lambda: _nothing_waits(computing))


async def _nothing_waits(runner: Runner) -> bool:
    return await runner.waiting() == 0


async def test_closing_ends_calls_in_flight(computing: Runner, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    calls = [asyncio.create_task(computing.call(jobs.wait_for, gate)) for _ in range(3)]
    await asyncio.sleep(0)  # so that they are under way
    async with asyncio.timeout(10):
        await computing.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
    gate.touch()
    assert [type(result) for result in results] == [WorkerLost] * 3
