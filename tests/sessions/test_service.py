"""Sessions on real stores and with real training: opened, reset, edited."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pwlapp.core.engines import engines
from pwlapp.core.net import LECTURE, Architecture, from_vector, logit
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.training import frame_epochs, train_slice
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.service import SessionService
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


async def test_a_new_session_has_the_initial_weights(either: SessionService) -> None:
    sid, snapshot = await either.open()
    assert_at(snapshot, first_state(either))
    assert (snapshot["status"], snapshot["notice"]) == ("idle", None)
    assert snapshot["data_key"] == either.points.key
    state, rows = await read_rows(either, sid)
    assert state == snapshot
    assert [row[:2] + row[3:4] for row in rows] == [[1, 0, "start"]]


async def test_a_class_that_opens_the_page_computes_one_initial_net(
    service: SessionService, runner: ThreadRunner
) -> None:
    runner.gate.clear()
    opening = [asyncio.create_task(service.open(None, 7)) for _ in range(30)]
    await until(lambda: runner.held == 1)
    opening[0].cancel()  # the first caller is cancelled
    runner.gate.set()
    opened = await asyncio.gather(*opening[1:])
    assert len({sid for sid, _ in opened}) == 29
    for _, snapshot in opened:
        assert_at(snapshot, first_state(service, 7))


async def test_an_initial_net_that_failed_is_computed_again(
    service: SessionService, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any) -> None:
        raise WorkerLost()

    with monkeypatch.context() as patch:
        patch.setattr(runner, "call", lost)
        with pytest.raises(WorkerLost):
            await service.open(None, 8)
    _, snapshot = await service.open(None, 8)
    assert_at(snapshot, first_state(service, 8))


async def test_reset_while_running(service: SessionService, runner: ThreadRunner) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 100_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))
    snapshot = await service.reset(sid, 5)
    assert (snapshot["status"], snapshot["seed"]) == ("idle", 5)
    assert_at(snapshot, first_state(service, 5))
    assert snapshot["next_seq"] == snapshot["first_seq"] + 1
    _, rows = await read_rows(service, sid)
    assert [row[:2] for row in rows] == [[snapshot["first_seq"], 0]]
    await service.start_run(sid, 50, ADAM, "torch@cpu")  # waits for the dropped slice
    assert_at(await finished(service, sid), trained(service, first_state(service, 5), 50))


async def test_reset_gives_the_same_weights_again(either: SessionService) -> None:
    sid, before = await either.open(None, 42)
    await either.step(sid, AdamOptions(0.1))
    after = await either.reset(sid, 42)
    assert (after["params"], after["loss"]) == (before["params"], before["loss"])


async def test_weights_set_while_running_are_trained_from(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 100, ADAM, "torch@cpu")
    await until(lambda: runner.held)
    edited = await service.set_params(sid, [1, -1, -4.5, -9, 4])
    assert (edited["status"], edited["epoch"]) == ("running", 0)
    assert edited["params"] == [1, -1, -4.5, -9, 4]
    runner.gate.set()
    start = first_state(service)
    edited_start = replace(start, params=np.array([1, -1, -4.5, -9, 4], dtype=np.float32))
    assert_at(await finished(service, sid), trained(service, edited_start, 100))
    _, rows = await read_rows(service, sid)
    assert [row[3] for row in rows if row[3]] == ["start", "edit", "end"]


async def test_sessions_do_not_affect_each_other(either: SessionService) -> None:
    one, _ = await either.open()
    other, before = await either.open()
    assert one != other
    await either.start_run(one, 20, ADAM, "torch@cpu")
    await finished(either, one)
    assert await either.get_snapshot(other) == before


async def test_opening_again_finds_the_session(either: SessionService) -> None:
    sid, _ = await either.open()
    stepped = await either.step(sid, ADAM)
    assert await either.open(sid) == (sid, stepped)


@pytest.mark.parametrize("sid", ["A" * 22, "short", "x" * 9999, "\x00", 5, True, [1], {"a": 1}])
async def test_an_unknown_id_opens_a_new_session(service: SessionService, sid: Any) -> None:
    new, snapshot = await service.open(sid)
    assert new != sid
    assert snapshot["notice"] == {"code": "session_new", "args": {}}
    _, again = await service.open(new)
    assert again["notice"] is None


@pytest.mark.parametrize("nothing", [None, ""])
async def test_no_id_opens_a_new_session_without_a_notice(
    service: SessionService, nothing: Any
) -> None:
    _, snapshot = await service.open(nothing)
    assert snapshot["notice"] is None


async def test_engines_and_limits_are_known_when_loaded(either: SessionService) -> None:
    assert list(either.engines) == engines()
    assert (either.max_epochs, either.max_running) == (1_000_000, 2000)


async def test_the_speed_is_measured_and_stays_known(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, before = await service.open()
    assert (before["epochs_per_second"], before["engine_speed"]) == (0, 0)
    assert (before["engine"], before["engine_used"]) == ("torch@cpu", None)
    stepped = await service.step(sid, ADAM)
    assert (stepped["engine_used"], stepped["engine_speed"]) == ("torch@cpu", 0)

    def in_half_a_second(*args: Any) -> Any:
        return replace(train_slice(*args), seconds=0.5, engine="fused@cpu")

    monkeypatch.setattr("pwlapp.compute.slices.train_slice", in_half_a_second)
    monkeypatch.setattr(service._scheduler, "_slice_ms", None)
    await service.start_run(sid, 200, ADAM, "auto")
    done = await finished(service, sid)
    assert done["epochs_per_second"] > 0
    assert (done["engine"], done["engine_used"], done["engine_speed"]) == ("auto", "fused@cpu", 400)
    await service.start_run(sid, 100, ADAM, "auto")
    assert (await finished(service, sid))["engine_speed"] == 200
    assert (await service.step(sid, ADAM))["engine_speed"] == 200  # one epoch is not measured
    await service.reset(sid, 1, Architecture(h=3))
    new = await service.get_snapshot(sid)  # the speed of another net would mislead
    assert (new["engine_used"], new["engine_speed"], new["epochs_per_second"]) == (None, 0, 0)
    await service.start_run(sid, 100, ADAM, "auto")
    assert (await finished(service, sid))["engine_speed"] == 200  # not a mean with the net before


WIDE = Architecture(h=50, bias1=True, activation="sigmoid", loss="mse")


async def test_the_frames_of_a_wide_net_hold_its_curve(either: SessionService) -> None:
    sid, _ = await either.open()
    fresh = await either.reset(sid, 3, WIDE)
    start = first_state(either, 3, WIDE)
    assert fresh["net"] == {"h": 50, "bias1": True, "activation": "sigmoid", "loss": "mse"}
    assert fresh["loss"] == pytest.approx(start.loss, abs=1e-6)
    assert fresh["params"] is None
    await either.start_run(sid, 300, ADAM, "torch@cpu")
    done = await finished(either, sid)
    expected = trained(either, start, 300)
    x = either.points.x
    places = np.linspace(x.min(), x.max(), 101, dtype=np.float32)
    assert done["params"] is None
    _, rows = await read_rows(either, sid)
    assert all(len(row) == 4 + 101 for row in rows)
    assert {0, *frame_epochs(0, 300, 120)} <= {row[1] for row in rows}
    for row, state in ((rows[0], start), (rows[-1], expected)):
        line = logit(from_vector(state.params, True), places, "sigmoid")
        assert row[4:] == pytest.approx(line.tolist(), rel=1e-4, abs=1e-6)


async def test_the_weights_of_a_wide_net_cannot_be_set(either: SessionService) -> None:
    sid, before = await either.open(None, 1, ADAM, Architecture(h=9))
    for values in ([0.0] * 19, None, [1, 2, 3, 4, 5]):
        with pytest.raises(UserError) as caught:
            await either.set_params(sid, values)
        assert (caught.value.code, caught.value.args_) == ("too_wide", {"max": 8})
    assert await either.get_snapshot(sid) == before
    await either.reset(sid, 1, Architecture(h=8, bias1=True))
    edited = await either.set_params(sid, [0.5] * 25)
    assert edited["params"] == [0.5] * 25


async def test_a_reset_keeps_the_architecture_unless_another_is_wanted(
    either: SessionService,
) -> None:
    net = Architecture(h=3)
    sid, before = await either.open(None, 5, ADAM, net)
    await either.step(sid, ADAM)
    assert (await either.reset(sid, 5))["params"] == before["params"]
    assert (await either.reset(sid, 5, LECTURE))["net"]["h"] == 2


async def test_starting_a_run_reads_the_session_only_twice(
    settings: Settings, runner: ThreadRunner
) -> None:
    """Between the click and the first slice the session is not read again."""

    class CountingStore(SqliteStore):
        loads = 0

        async def load(self, sid: str) -> SessionState:
            self.loads += 1
            return await super().load(sid)

    store = CountingStore(settings.data_dir / "sessions.sqlite3")
    service = make_service(settings, runner, store)
    await service.start()
    sid, _ = await service.open()
    await service.start_run(sid, 1, ADAM, "torch@cpu")
    await until(lambda: not service._scheduler._tasks)
    assert store.loads == 2  # whether it runs already, and in order to change it
    assert (await service.get_snapshot(sid))["epoch"] == 1
    await service.close()
