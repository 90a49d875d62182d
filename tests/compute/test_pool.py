from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pwlapp.compute.pool import PoolRunner, Worker
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
from tests.support import jobs
from tests.support.sessions import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def pool() -> AsyncIterator[PoolRunner]:
    pool = PoolRunner(1, jobs.nothing)
    yield pool
    await pool.close()


@pytest.fixture
async def pair() -> AsyncIterator[PoolRunner]:
    pool = PoolRunner(2, jobs.nothing)
    yield pool
    await pool.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie doesn't."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_a_call_is_computed_in_another_process(pool: PoolRunner) -> None:
    assert await pool.call(jobs.add, 2, 3) == 5
    other = await pool.call(jobs.pid)
    assert other != os.getpid()
    assert pool.pids() == [other]


async def test_errors_come_back_as_they_are(pool: PoolRunner) -> None:
    with pytest.raises(UserError) as caught:
        await pool.call(jobs.refuse, 9)
    assert (caught.value.code, caught.value.args_) == ("bad_epochs", {"min": 1, "max": 9})
    with pytest.raises(ZeroDivisionError, match="of all things") as crash:
        await pool.call(jobs.fail)
    assert "in fail" in crash.value.__notes__[0]  # where in the worker it happened
    assert await pool.call(jobs.add, 1, 1) == 2


async def test_a_value_that_cannot_be_pickled_is_an_error_not_a_hang(pool: PoolRunner) -> None:
    with pytest.raises((AttributeError, TypeError), match="lambda"):
        await pool.call(lambda: None)
    with pytest.raises((AttributeError, TypeError), match="lambda"):
        await pool.call(jobs.unpicklable)
    assert await pool.call(jobs.add, 1, 1) == 2


async def test_a_process_killed_at_rest_is_replaced(pool: PoolRunner) -> None:
    before = await pool.call(jobs.pid)
    os.kill(before, signal.SIGKILL)
    await until(lambda: not is_alive(before))
    after = await pool.call(jobs.pid)
    assert after != before
    assert is_alive(after)


async def test_a_call_whose_process_dies_is_made_again(
    pool: PoolRunner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await pool.call(jobs.die, tmp_path / "calls", 3) == 4
    assert caplog.text.count("a worker process died") == 3


async def test_a_call_is_not_repeated_for_ever(pool: PoolRunner, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with pytest.raises(WorkerLost, match="worker_lost"):
        await pool.call(jobs.die, calls, 1000)
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 4
    assert await pool.call(jobs.add, 1, 1) == 2


async def test_first_come_first_served(pool: PoolRunner, tmp_path: Path) -> None:
    """Callers that call again and again take turns."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    blocked = asyncio.create_task(pool.call(jobs.wait_for, gate))

    async def ask(word: str) -> None:
        for _ in range(20):
            await pool.call(jobs.note, log, word)

    callers = [asyncio.create_task(ask(word)) for word in ("one", "two", "three")]
    await asyncio.sleep(0)
    gate.touch()
    await asyncio.gather(blocked, *callers)
    assert log.read_text(encoding="utf-8").split() == ["one", "two", "three"] * 20


async def test_calls_run_at_the_same_time_in_several_processes(
    pair: PoolRunner, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    blocked = asyncio.create_task(pair.call(jobs.wait_for, gate))
    assert await pair.call(jobs.add, 1, 1) == 2
    assert not blocked.done()
    gate.touch()
    await blocked
    assert len(set(pair.pids())) == 2


async def test_the_process_of_a_cancelled_call_stays_busy_until_it_answers(
    pair: PoolRunner, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    cancelled = asyncio.create_task(pair.call(jobs.wait_for, gate))
    await until(lambda: pair.pids())
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    for _ in range(3):  # while that process is busy with the cancelled call
        assert await asyncio.wait_for(pair.call(jobs.add, 1, 1), 30) == 2
    gate.touch()
    again = asyncio.create_task(pair.call(jobs.wait_for, tmp_path / "again"))
    assert await pair.call(jobs.add, 1, 1) == 2  # now it serves again beside the other
    (tmp_path / "again").touch()
    await again


async def test_closing_ends_calls_in_flight_and_in_the_queue(tmp_path: Path) -> None:
    pool = PoolRunner(1, jobs.nothing)
    started = tmp_path / "started"
    calls = [asyncio.create_task(pool.call(jobs.hang, started)) for _ in range(3)]
    await until(started.exists)
    [pid] = pool.pids()
    async with asyncio.timeout(10):
        await pool.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [WorkerLost] * 3
    assert not is_alive(pid)


def test_a_process_ends_by_itself_when_its_pipe_is_closed() -> None:
    worker = Worker(jobs.nothing)
    assert worker.call(jobs.add, (2, 3)) == 5
    with pytest.raises(ZeroDivisionError, match="of all things"):
        worker.call(jobs.fail, ())
    process = worker._process
    worker.close()
    assert process is not None
    assert (process.exitcode, worker.pid) == (0, None)


async def test_closing_an_unused_pool() -> None:
    await PoolRunner(3, jobs.nothing).close()


async def test_starting_starts_all_processes() -> None:
    pool = PoolRunner(2, jobs.nothing)
    pool.start()
    await until(lambda: len(pool.pids()) == 2)
    await pool.close()
    assert pool.pids() == []


async def test_workers_ignore_ctrl_c(pool: PoolRunner) -> None:
    before = await pool.call(jobs.pid)
    assert await pool.call(jobs.interrupt) == "still here"
    assert await pool.call(jobs.pid) == before


async def test_workers_have_torch_at_hand_on_one_thread() -> None:
    pool = PoolRunner(1)
    assert await pool.call(jobs.imported, "torch") is True
    assert await pool.call(jobs.torch_threads) == 1
    assert await pool.call(jobs.imported, "dash") is False
    await pool.close()


PARENT = """
import asyncio, sys, time
from pathlib import Path
from pwlapp.compute.pool import PoolRunner, Worker
from tests.support import jobs

async def main():
    pool = PoolRunner(2, jobs.nothing)
    hanging = [asyncio.create_task(pool.call(jobs.wait_for, Path(sys.argv[1]))) for _ in range(1)]
    await pool.call(jobs.nothing)
    while len(pool.pids()) < 2:
        await asyncio.sleep(0.01)
    print(*pool.pids(), flush=True)
    await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_workers_end_when_the_server_is_killed(tmp_path: Path) -> None:
    script, gate = tmp_path / "parent.py", tmp_path / "gate"
    script.write_text(PARENT, encoding="utf-8")
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        gate,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert parent.stdout is not None
    pids = [int(word) for word in (await parent.stdout.readline()).split()]
    assert len(pids) == 2
    assert all(map(is_alive, pids))
    parent.kill()
    gate.touch()  # one of them was in the middle of a job, and ends after it
    await parent.communicate()
    await until(lambda: not any(map(is_alive, pids)))


CLOSED_WHILE_LOADING = """
import asyncio
from pwlapp.compute import pool
from tests.support import jobs

async def main():
    runner = pool.PoolRunner(2, jobs.nothing)
    runner.start()
    while not pool._start_lock.locked():
        await asyncio.sleep(0.01)
    await runner.close()

if __name__ == "__main__":
    pool._PROCESSES.set_forkserver_preload(["endless"])
    asyncio.run(main())
"""


def test_a_pool_is_closed_while_its_fork_server_still_loads(tmp_path: Path) -> None:
    """Ctrl-C in the first seconds of a server does not wait until torch is imported."""
    (tmp_path / "endless.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    script = tmp_path / "closed.py"
    script.write_text(CLOSED_WHILE_LOADING, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ended = subprocess.run(
        [sys.executable, script], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
