"""Runs, on real stores and with real training: started, paused, resumed, stepped."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.training import frame_epochs, with_new_optimizer
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from tests.support.sessions import (
    ThreadRunner,
    finished,
    has_moved,
    make_service,
    read_rows,
    until,
)
from tests.support.training import ADAM, assert_at, first_state, trained


async def test_a_run_trains_exactly_what_an_uninterrupted_one_does(either: SessionService) -> None:
    sid, _ = await either.open(None, 7, AdamOptions(0.01))
    started = await either.start_run(sid, 300, AdamOptions(0.02), "torch@cpu")
    assert (started["status"], started["start_epoch"], started["target_epoch"]) == (
        "running",
        0,
        300,
    )
    done = await finished(either, sid)
    assert done["status"] == "idle"
    halfway = trained(either, first_state(either, 7), 300, AdamOptions(0.02))
    assert_at(done, halfway)
    await either.start_run(sid, 200, ADAM, "torch@cpu")
    assert_at(await finished(either, sid), trained(either, halfway, 200))


async def test_the_frames_record_the_run_from_start_to_end(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 400, ADAM, "torch@cpu")
    snapshot = await finished(either, sid)
    _, rows = await read_rows(either, sid)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert snapshot["next_seq"] == len(rows) + 1
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    assert {0, *frame_epochs(0, 400)} <= set(epochs)
    assert (rows[0][3], rows[-1][3]) == ("start", "end")
    assert not any(row[3] for row in rows[1:-1])
    assert rows[-1][1:3] + rows[-1][4:] == [400, snapshot["loss"], *snapshot["params"]]
    middle = next(row for row in rows if row[1] > 150)
    assert middle[4:] == json_numbers(trained(either, first_state(either), middle[1]).params)


async def test_pause_and_resume(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 2000, ADAM, "torch@cpu")
    paused = await either.pause(sid)
    assert (paused["status"], paused["target_epoch"]) == ("paused", 2000)
    await either.set_params(sid, [1, 1, 1, 1, 1])  # by now a slice would have been saved
    assert (await either.get_snapshot(sid))["epoch"] == paused["epoch"] < 2000
    assert (await either.resume(sid))["status"] == "running"
    assert (await finished(either, sid))["epoch"] == 2000


async def test_a_pause_does_not_wait_for_the_slice_in_progress_whose_result_is_dropped(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 100, ADAM, "torch@cpu")
    await until(lambda: runner.held)
    paused = await service.pause(sid)  # would hang if it waited for the slice
    assert (paused["status"], paused["epoch"]) == ("paused", 0)
    runner.gate.set()
    stepped = await service.step(sid, ADAM)
    assert_at(stepped, trained(service, first_state(service), 1))
    assert (stepped["status"], stepped["target_epoch"]) == ("paused", 100)
    await service.resume(sid)
    assert_at(await finished(service, sid), trained(service, first_state(service), 100))


class HoldingStore(SqliteStore):
    """A store whose reads a test can delay."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.holds_next = False
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()

    async def load(self, sid: str) -> SessionState:
        state = await super().load(sid)
        if self.holds_next:
            self.holds_next = False
            self.held.set()
            await self.let_go.wait()
        return state


async def test_a_resume_before_the_scheduler_has_seen_the_pause(
    settings: Settings, runner: ThreadRunner
) -> None:
    """The scheduler reads the paused state, but acts on it only after the resume."""
    store = HoldingStore(settings.data_dir / "sessions.sqlite3")
    service = make_service(settings, runner, store)
    await service.start()
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 100, ADAM, "torch@cpu")
    await until(lambda: runner.held)
    await service.pause(sid)
    store.holds_next = True
    runner.gate.set()
    await store.held.wait()
    await service.resume(sid)
    store.let_go.set()
    assert_at(await finished(service, sid), trained(service, first_state(service), 100))
    await service.close()


async def test_many_pauses_and_resumes_lose_no_epoch(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 2000, ADAM, "torch@cpu")
    for _ in range(50):
        await either.pause(sid)
        await either.resume(sid)
    assert_at(await finished(either, sid), trained(either, first_state(either), 2000))


async def test_a_step_is_one_epoch_and_one_frame(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.step(sid, AdamOptions(0.5))
    snapshot = await either.step(sid, ADAM)
    expected = trained(either, trained(either, first_state(either), 1, AdamOptions(0.5)), 1)
    assert_at(snapshot, expected)
    assert (snapshot["status"], snapshot["lr"]) == ("idle", 0.001)
    _, rows = await read_rows(either, sid, 1)
    assert [row[:2] for row in rows] == [[2, 1], [3, 2]]


async def test_steps_at_once_all_count(either: SessionService) -> None:
    sid, _ = await either.open()
    await asyncio.gather(*(either.step(sid, ADAM) for _ in range(5)))
    assert_at(await either.get_snapshot(sid), trained(either, first_state(either), 5))


async def test_a_step_can_be_the_last_of_a_paused_run(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 1, ADAM, "torch@cpu")
    await service.pause(sid)
    runner.gate.set()
    snapshot = await service.step(sid, ADAM)
    assert (snapshot["status"], snapshot["epoch"]) == ("idle", 1)
    _, rows = await read_rows(service, sid)
    assert [(row[1], row[3]) for row in rows] == [(0, "start"), (1, "end")]


async def test_a_step_while_running_changes_nothing(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    started = await service.start_run(sid, 10, ADAM, "torch@cpu")
    assert await service.step(sid, AdamOptions(0.5)) == started
    runner.gate.set()
    assert_at(await finished(service, sid), trained(service, first_state(service), 10))


async def test_commands_that_do_not_apply_change_nothing(either: SessionService) -> None:
    sid, before = await either.open()
    assert await either.pause(sid) == before
    assert await either.resume(sid) == before
    assert await either.set_params(sid, before["params"]) == before


async def test_a_diverging_run_stops_at_its_last_good_weights(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 5000, AdamOptions(1000.0), "torch@cpu")
    snapshot = await finished(either, sid)
    assert snapshot["status"] == "diverged"
    assert snapshot["notice"] == {
        "code": "diverged",
        "args": {"epoch": snapshot["epoch"], "lr": 1000.0},
    }
    assert all(math.isfinite(number) for number in [snapshot["loss"], *snapshot["params"]])
    again = await either.step(sid, ADAM)
    assert (again["status"], again["notice"]) == ("idle", None)


async def test_calls_of_users_go_before_waiting_slices(
    service: SessionService, runner: ThreadRunner
) -> None:
    sids = [(await service.open())[0] for _ in range(5)]
    runner.gate.clear()
    for sid in sids:
        await service.start_run(sid, 100, ADAM, "torch@cpu")
    await until(lambda: runner.held == 2)  # as many as there are workers in the settings
    opening = asyncio.create_task(service.open(None, 2))
    await until(lambda: runner.held == 3)  # next in line, with three slices behind it
    await asyncio.sleep(0.05)
    assert runner.held == 3
    runner.gate.set()
    await opening
    for sid in sids:
        assert_at(await finished(service, sid), trained(service, first_state(service), 100))


async def test_an_engine_that_fails_pauses_the_run_with_a_notice(
    service: SessionService, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, _ = await service.open()

    def give_up(*_args: Any) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("pwlapp.compute.slices.train_slice", give_up)
        with pytest.raises(UserError, match="training_failed"):
            await service.step(sid, ADAM)
        await service.start_run(sid, 10, ADAM, "torch@cpu")
        snapshot = await finished(service, sid)
    assert snapshot["status"] == "paused"
    assert snapshot["notice"] == {"code": "training_failed", "args": {"engine": "torch@cpu"}}
    assert (await service.resume(sid))["notice"] is None
    assert_at(await finished(service, sid), trained(service, first_state(service), 10))


async def test_a_paused_run_resumes_with_the_chosen_optimizer_and_engine(
    either: SessionService,
) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 100_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(either, sid))
    paused = await either.pause(sid)
    sgd = SgdOptions(0.01, momentum=0.5)
    stepped = await either.step(sid, sgd, "fused@cpu")
    assert stepped["epoch"] == paused["epoch"] + 1
    assert (stepped["optimizer"]["kind"], stepped["engine"]) == ("sgd", "fused@cpu")
    resumed = await either.resume(sid, ADAM, "auto")
    assert (resumed["status"], resumed["target_epoch"]) == ("running", paused["target_epoch"])
    assert (resumed["optimizer"]["kind"], resumed["engine"]) == ("adam", "auto")
    with pytest.raises(UserError, match="bad_engine"):
        await either.resume(sid, ADAM, "jax@cpu")


async def test_another_kind_of_optimizer_starts_without_memory(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 30, ADAM, "torch@cpu")
    with_adam = await finished(either, sid)
    sgd = SgdOptions(0.5, momentum=0.9)
    await either.start_run(sid, 20, sgd, "torch@cpu")
    after = await finished(either, sid)
    assert after["optimizer"] == {"kind": "sgd", "lr": 0.5, "momentum": 0.9}
    begun = with_new_optimizer(trained(either, first_state(either), 30))
    assert_at(with_adam, begun)
    expected = trained(either, begun, 20, sgd)
    assert_at(after, expected)
    await either.start_run(sid, 10, sgd, "torch@cpu")  # the same kind: its momentum is kept
    expected = trained(either, expected, 10, sgd)
    assert_at(await finished(either, sid), expected)
    again = await either.step(sid, AdamOptions(0.5))
    assert_at(again, trained(either, with_new_optimizer(expected), 1, AdamOptions(0.5)))
