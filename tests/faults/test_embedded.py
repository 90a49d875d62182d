"""Embedded mode: a server that is killed, and a disk that is full or locked."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pwlapp.core.data.files import read_points
from pwlapp.core.data.points import Points
from tests.faults import embedded
from tests.faults.embedded import EmbeddedServer
from tests.faults.helpers import assert_same_as_uncut_run, student_at
from tests.faults.persistent_student import PersistentStudent
from tests.support.sessions import write_points

EPOCHS = 4000


async def test_every_epoch_is_trained_once_whenever_the_server_is_killed(tmp_path: Path) -> None:
    lines: list[str] = []
    done, violations = await embedded.run(tmp_path, 1, 2, 2, lines.append, up_s=(0.0, 1.0))
    assert violations == [], "\n".join(lines)
    assert done == {"killed": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_points(tmp_path_factory.mktemp("points") / "points.csv")


@pytest.fixture(scope="module")
def points(data: Path) -> Points:
    return read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)


@contextlib.asynccontextmanager
async def served(folder: Path, data: Path) -> AsyncIterator[EmbeddedServer]:
    with EmbeddedServer(folder, data) as server:
        await server.ready()
        yield server


async def test_a_run_waits_for_the_disk_with_a_notice(
    tmp_path: Path, data: Path, points: Points
) -> None:
    async with served(tmp_path, data) as server, student_at(server.address) as student:
        for outage in (server.full, server.locked):
            begun = student.epoch
            await student.begin(EPOCHS)
            await student.wait_until(lambda begun=begun: student.epoch > begun)
            with outage():
                await student.wait_until(lambda: notice_of(student) == "run_waits")
                assert embedded.status_of(f"{server.address}/healthz") == 200
                assert embedded.status_of(f"{server.address}/readyz") == 503
                assert (await student.fetch())["state"]["epoch"] == student.epoch
            await student.wait_for_end()
        await assert_same_as_uncut_run(student, points)
    log = server.log.read_text("utf-8")
    assert [log.count(why) for why in ("disk I/O error", "database is locked")] == [1, 1]
    assert embedded.TRACEBACK not in log


def notice_of(student: PersistentStudent) -> str | None:
    """The code of the notice that the page shows."""
    notice = (student.snapshot or {}).get("notice")
    return notice and notice["code"]
