"""Restarts, also with other data or broken settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from tests.support.sessions import (
    ThreadRunner,
    finished,
    has_moved,
    make_service,
    read_rows,
    status_of,
    until,
    write_points,
)
from tests.support.training import ADAM, assert_at, first_state, trained


async def test_expired_sessions_are_unknown(service: SessionService, settings: Settings) -> None:
    sid, _ = await service.open()
    later = SqliteStore(settings.data_dir / "sessions.sqlite3", clock=lambda: 86400.0 * 365 * 100)
    assert await later.expire(7 * 86400.0) == 1
    await later.close()
    with pytest.raises(UserError, match="session_unknown"):
        await service.get_snapshot(sid)
    _, snapshot = await service.open(sid)
    assert snapshot["notice"]["code"] == "session_new"


async def started(settings: Settings) -> SessionService:
    service = make_service(settings, ThreadRunner())
    await service.start()
    return service


async def test_runs_continue_after_a_restart(settings: Settings) -> None:
    first = await started(settings)
    sid, _ = await first.open()
    paused, _ = await first.open()
    await first.start_run(sid, 1500, ADAM, "torch@cpu")
    await first.start_run(paused, 1500, ADAM, "torch@cpu")
    await first.pause(paused)
    await until(lambda: has_moved(first, sid))
    await first.close()

    second = await started(settings)
    await second.loaded()
    snapshot = await finished(second, sid)  # it runs without being opened
    assert_at(snapshot, trained(second, first_state(second), 1500))
    _, rows = await read_rows(second, sid)
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    assert await status_of(second, paused) == "paused"
    await second.close()


async def test_a_restart_with_other_data_keeps_the_net(settings: Settings, tmp_path: Path) -> None:
    first = await started(settings)
    sid, _ = await first.open()
    await first.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(first, sid))
    await first.close()

    write_points(tmp_path / "points.csv", slope=-9.0)
    second = await started(settings)
    _, snapshot = await second.open(sid)
    assert snapshot["status"] == "paused"
    assert snapshot["notice"] == {"code": "data_changed", "args": {}}
    assert snapshot["data_key"] == second.points.key
    assert snapshot["epoch"] > 0
    _, rows = await read_rows(second, sid)
    assert [(row[0], row[3]) for row in rows] == [(snapshot["first_seq"], "start")]
    _, again = await second.open(sid)
    assert again == snapshot
    stepped = await second.step(sid, ADAM)
    assert stepped["notice"] is None
    assert stepped["loss"] < snapshot["loss"]
    await second.close()


def break_it(data: Path) -> None:
    data.write_text("x,prob\n1,1\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "code"), [(break_it, "data_missing_column"), (Path.unlink, "data_not_found")]
)
async def test_a_broken_data_file_is_reported_and_replaced(
    settings: Settings, damage: Callable[[Path], None], code: str
) -> None:
    damage(Path(settings.data))
    service = await started(settings)
    points = await service.loaded()
    assert points.origin == "lecture"
    assert service.data_problem is not None
    assert service.data_problem.code == code
    _, snapshot = await service.open()
    assert snapshot["data_key"] == points.key
    await service.close()


async def test_an_unknown_engine_in_the_settings_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    service = await started(replace(settings, engine="fused@cuda:99"))
    _, snapshot = await service.open()
    assert snapshot["engine"] == "auto"
    assert "engine fused@cuda:99 is not available" in caplog.text
    await service.close()
