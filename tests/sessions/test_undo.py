"""Undo and redo of a session, on real stores and with real training."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pwlapp.commands.table import run
from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions import history
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from tests.support.sessions import ThreadRunner, finished, has_moved, make_service, read_rows, until

ADAM = AdamOptions()
WIDE = Architecture(h=50, bias1=True)


async def everything(service: SessionService, sid: str) -> dict[str, Any]:
    """All numbers of a session's net, and its frames without their seqs."""
    saved = (await run(service, sid, "saved", {}))["saved"]
    _, rows = await read_rows(service, sid)
    return {**saved, "frames": [row[1:] for row in rows]}


async def trained(service: SessionService, net: Architecture = LECTURE, epochs: int = 200) -> str:
    sid, _ = await service.open(net=net)
    await service.start_run(sid, epochs, ADAM, "torch@cpu")
    await finished(service, sid)
    return sid


@pytest.mark.parametrize("net", [LECTURE, WIDE])
async def test_a_reset_is_undone_with_its_frames_and_trains_on_bit_for_bit(
    either: SessionService, net: Architecture
) -> None:
    sid = await trained(either, net)
    before = await everything(either, sid)
    reset = await either.reset(sid, 5, Architecture(h=3))
    assert (reset["can_undo"], reset["can_redo"]) == (1, 0)
    await either.step(sid, ADAM)
    stepped = await everything(either, sid)
    undone = await either.undo(sid)
    assert (undone["can_undo"], undone["can_redo"]) == (0, 1)
    assert (undone["status"], undone["epoch"], undone["notice"]) == ("idle", 200, None)
    assert await everything(either, sid) == before
    redone = await either.redo(sid)
    assert (redone["can_undo"], redone["can_redo"], redone["epoch"]) == (1, 0, 1)
    assert await everything(either, sid) == stepped
    await either.undo(sid)
    await either.start_run(sid, 100, ADAM, "torch@cpu")
    await finished(either, sid)
    uninterrupted = await trained(either, net)
    await either.start_run(uninterrupted, 100, ADAM, "torch@cpu")
    await finished(either, uninterrupted)
    assert await run(either, sid, "saved", {}) == await run(either, uninterrupted, "saved", {})


async def test_a_watcher_gets_all_frames_that_came_back(service: SessionService) -> None:
    sid = await trained(service)
    _, before = await read_rows(service, sid)
    reset = await service.reset(sid, 5)
    undone = await service.undo(sid)
    _, rows = await read_rows(service, sid, since=reset["next_seq"] - 1)
    assert [row[1:] for row in rows] == [row[1:] for row in before]
    assert rows[0][0] == undone["first_seq"] == reset["next_seq"]
    assert rows[-1][0] == undone["next_seq"] - 1


async def test_another_seeds_run_is_undone(either: SessionService) -> None:
    sid = await trained(either)
    before = await everything(either, sid)
    await either.begin_run(sid, 9, Architecture(h=4), SgdOptions(0.1), 1_000_000)
    await until(lambda: has_moved(either, sid))
    undone = await either.undo(sid)
    assert undone["status"] == "idle"
    assert undone["notice"] == {"code": "back_halted", "args": {"epoch": 200}}
    assert await everything(either, sid) == before
    redone = await either.redo(sid)
    assert (redone["status"], redone["seed"], redone["target_epoch"]) == ("paused", 9, 1_000_000)
    epoch = redone["epoch"]
    assert epoch > 0
    await either.resume(sid)

    async def has_resumed() -> bool:
        return int((await either.get_snapshot(sid))["epoch"]) > epoch

    await until(has_resumed)
    await either.pause(sid)


async def test_a_restored_session_is_undone(service: SessionService) -> None:
    sid, other = await trained(service), await trained(service, WIDE)
    before = await everything(service, sid)
    await run(service, sid, "restore", await run(service, other, "saved", {}))
    assert (await service.get_snapshot(sid))["net"]["h"] == 50
    await service.undo(sid)
    assert await everything(service, sid) == before


async def test_other_data_are_undone_with_their_points(either: SessionService) -> None:
    sid = await trained(either)
    x = either.points.x
    own = Points(x, None, abs(x), "own")
    await either.reset(sid, 1, points=own)
    await either.step(sid, ADAM)
    before = await everything(either, sid)
    undone = await either.undo(sid)
    assert undone["data_key"] == either.points.key
    redone = await either.redo(sid)
    assert redone["data_key"] == own.key
    assert await everything(either, sid) == before


async def test_undo_restores_the_net_if_its_data_were_deleted(
    service: SessionService, settings: Settings
) -> None:
    sid, _ = await service.open()
    x = service.points.x
    await service.reset(sid, 1, points=Points(x, None, abs(x), "own"))
    await service.step(sid, ADAM)
    params = (await service.get_snapshot(sid))["params"]
    await service.undo(sid)
    service._sessions._cached.clear()
    await service._store.run(lambda db: db.execute("DELETE FROM points"))  # type: ignore[attr-defined]
    redone = await service.redo(sid)
    assert redone["params"] == params
    adopted = await service.get_snapshot(sid)
    assert (adopted["params"], adopted["data_key"]) == (params, service.points.key)
    assert adopted["notice"] == {"code": "data_changed", "args": {}}


async def test_weights_set_by_hand_are_swapped_during_a_run(either: SessionService) -> None:
    sid, _ = await either.open()
    edited = await either.set_params(sid, [1, 1, 1, 1, 1])
    assert (edited["can_undo"], edited["can_redo"]) == (1, 0)
    await either.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(either, sid))
    undone = await either.undo(sid)
    assert undone["status"] == "running"
    assert undone["epoch"] > 0
    assert undone["notice"]["code"] == "undo_trained_since"
    epoch = undone["epoch"]

    async def goes_on() -> bool:
        return int((await either.get_snapshot(sid))["epoch"]) > epoch

    await until(goes_on)
    await either.pause(sid)
    await either.redo(sid)
    assert (await either.get_snapshot(sid))["epoch"] >= epoch


async def test_quick_edits_of_one_weight_are_one_step(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, before = await service.open()
    rest = before["params"][1:]
    monkeypatch.setattr(history, "MERGE_S", 1e6)
    for weight in (1, 2, 3):
        await service.set_params(sid, [weight, *rest])
    edited = await service.set_params(sid, [3, 7, *rest[1:]])
    assert edited["can_undo"] == 2
    assert (await service.undo(sid))["params"] == [3, *rest]
    assert (await service.undo(sid))["params"] == before["params"]


async def test_training_is_not_a_step(either: SessionService) -> None:
    sid = await trained(either)
    await either.step(sid, ADAM)
    await either.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    await either.pause(sid)
    await either.resume(sid)
    paused = await either.pause(sid)
    assert (paused["can_undo"], paused["can_redo"]) == (0, 0)
    assert await either.undo(sid) == paused
    assert await either.redo(sid) == paused


async def test_a_refused_command_is_not_a_step(service: SessionService) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError):
        await service.set_params(sid, [1, 2])
    await service.set_params(sid, before["params"])
    with pytest.raises(UserError):
        await service.reset(sid, -1)
    assert await service.get_snapshot(sid) == before


async def test_concurrent_undos_in_two_tabs_undo_two_steps(either: SessionService) -> None:
    sid, _ = await either.open(seed=1)
    for seed in (2, 3, 4):
        await either.reset(sid, seed)
    await asyncio.gather(either.undo(sid), either.undo(sid))
    now = await either.get_snapshot(sid)
    assert (now["seed"], now["can_undo"], now["can_redo"]) == (2, 1, 2)


async def test_the_history_survives_a_restart(settings: Settings) -> None:
    first = make_service(settings, ThreadRunner())
    await first.start()
    sid = await trained(first)
    before = await everything(first, sid)
    await first.reset(sid, 2)
    await first.close()
    second = make_service(settings, ThreadRunner())
    await second.start()
    assert (await second.get_snapshot(sid))["can_undo"] == 1
    await second.undo(sid)
    assert await everything(second, sid) == before
    await second.close()


async def test_a_damaged_step_is_refused_and_changes_nothing(
    settings: Settings, runner: ThreadRunner, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")
    service = make_service(settings, runner, store)
    await service.start()
    sid, _ = await service.open()
    reset = await service.reset(sid, 2)
    await store.run(lambda db: db.execute("UPDATE step SET body = x'00'"))
    with pytest.raises(UserError, match="storage_failed"):
        await service.undo(sid)
    assert "is damaged" in caplog.text
    assert await service.get_snapshot(sid) == reset
    await service.close()
