"""The whole runtime with real processes, some of which are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from pwlapp.compute.pool import PoolRunner
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.services import build_services
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from tests.support.sessions import ThreadRunner, finished, has_moved, make_service, read_rows, until


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[SessionService]:
    service = build_services(replace(settings, workers=1)).sessions
    await service.start()
    yield service
    await service.close()


def uninterrupted(service: SessionService, epochs: int) -> TrainState:
    """The oracle: the same run without interruption, in this process."""
    points = service.points
    start = initial_state(1, points.x, points.y)
    return train_slice(start, points.x, points.y, AdamOptions(), Budget(epochs)).state


async def assert_ends_as_if_nothing_happened(
    service: SessionService, sid: str, epochs: int
) -> None:
    snapshot = await finished(service, sid)
    expected = uninterrupted(service, epochs)
    assert (snapshot["status"], snapshot["epoch"]) == ("idle", epochs)
    assert snapshot["notice"] is None
    assert snapshot["params"] == json_numbers(expected.params)
    _, rows = await read_rows(service, sid)
    recorded = [row[1] for row in rows]
    assert recorded == sorted(set(recorded))  # no epoch twice
    assert [row[3] for row in rows if row[3]] == ["start", "end"]


async def test_killed_workers_are_replaced_and_the_run_ends_with_the_same_weights(
    service: SessionService,
) -> None:
    runner = cast(PoolRunner, service.runner)
    sid, _ = await service.open()
    await service.start_run(sid, 4000, AdamOptions(), "torch@cpu")
    killed: set[int] = set()
    for least in (1, 1500):

        async def has_come_so_far(epoch: int = least) -> bool:
            return int((await service.get_snapshot(sid))["epoch"]) >= epoch

        await until(has_come_so_far)
        assert (await service.get_snapshot(sid))["status"] == "running"
        [pid] = runner.pids()
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
    assert len(killed) == 2
    await assert_ends_as_if_nothing_happened(service, sid, 4000)
    assert not killed & set(runner.pids())


async def test_a_long_run_does_not_starve_short_ones(settings: Settings) -> None:
    """With one process for all sessions, which take turns slice by slice."""

    class Recorder(SessionEvents):
        """Records whose slice was saved."""

        def __init__(self) -> None:
            super().__init__()
            self.saved: list[str] = []

        def notify(self, sid: str) -> None:
            self.saved.append(sid)
            super().notify(sid)

    stream = Recorder()
    service = make_service(replace(settings, workers=1), PoolRunner(1), events=stream)
    await service.start()
    long, _ = await service.open()
    await service.start_run(long, 1_000_000, AdamOptions(), "torch@cpu")
    await until(lambda: has_moved(service, long))
    one, _ = await service.open()  # a page that loads meanwhile
    other, _ = await service.open()
    await service.start_run(one, 1500, AdamOptions(), "torch@cpu")
    await service.start_run(other, 1500, AdamOptions(), "torch@cpu")
    since = len(stream.saved)
    await asyncio.gather(finished(service, one), finished(service, other))
    turns = stream.saved[since:]
    until_first_end = turns[: min(len(turns) - turns[::-1].index(sid) for sid in (one, other))]
    counts = [until_first_end.count(sid) for sid in (long, one, other)]
    assert min(counts) > 3
    assert max(counts) - min(counts) <= 2
    assert (await service.get_snapshot(long))["status"] == "running"
    for sid in (one, other):
        await assert_ends_as_if_nothing_happened(service, sid, 1500)
    await service.close()


SERVER = """
import asyncio, sys
from pathlib import Path
from pwlapp.core.optimizers import AdamOptions
from pwlapp.services import build_services
from pwlapp.settings import Settings

async def main():
    folder = Path(sys.argv[1])
    csv, data_dir = str(folder / "points.csv"), folder / "data"
    service = build_services(Settings(data=csv, data_dir=data_dir, workers=1)).sessions
    await service.start()
    sid, _ = await service.open()
    await service.start_run(sid, 4000, AdamOptions(), "torch@cpu")
    print(sid, flush=True)
    await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_run_continues_after_its_server_is_killed_and_restarted(
    settings: Settings, tmp_path: Path
) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert server.stdout is not None
    sid = (await server.stdout.readline()).decode().strip()
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")

    async def has_saved() -> bool:
        return (await store.load(sid)).train.epoch > 0

    await until(has_saved)
    server.kill()
    await server.communicate()
    left = await store.load(sid)
    assert left.is_running
    assert 0 < left.train.epoch < 4000

    service = make_service(replace(settings, workers=1), ThreadRunner(), store)
    await service.start()
    await service.loaded()
    await assert_ends_as_if_nothing_happened(service, sid, 4000)
    await service.close()
