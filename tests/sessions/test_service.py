"""The verbs, on a real store and real training, with threads in the place of processes."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pwlapp.core.net import LECTURE, Architecture, from_vector, logit
from pwlapp.core.training import (
    AdamOptions,
    Budget,
    OptimizerOptions,
    SgdOptions,
    TrainState,
    frame_epochs,
    initial_state,
    train_slice,
    with_new_optimizer,
)
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
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
    status_of,
    until,
    write_points,
)

ADAM = AdamOptions()
UNKNOWN = "A" * 22
ODD_VALUES = [
    None,
    "",
    "5000",
    "x" * 10_000,
    b"1",
    True,
    False,
    math.nan,
    math.inf,
    -math.inf,
    -1,
    10**400,
    -(10**400),
    1e308,
    [],
    [1],
    {},
    {"a": 1},
    object(),
]


def trained(
    service: SessionService,
    state: TrainState,
    epochs: int,
    optimizer: OptimizerOptions = ADAM,
) -> TrainState:
    """The oracle: an uninterrupted run in this thread."""
    budget = Budget(target_epoch=state.epoch + epochs)
    points = service.points
    return train_slice(state, points.x, points.y, optimizer, budget).state


def first_state(service: SessionService, seed: int = 1, net: Architecture = LECTURE) -> TrainState:
    return initial_state(seed, service.points.x, service.points.y, net)


def assert_at(snapshot: dict[str, Any], expected: TrainState) -> None:
    assert snapshot["epoch"] == expected.epoch
    assert snapshot["params"] == json_numbers(expected.params)
    assert snapshot["loss"] == pytest.approx(expected.loss, abs=1e-6)


async def test_a_new_session_stands_at_the_initial_weights(either: SessionService) -> None:
    sid, snapshot = await either.open()
    assert_at(snapshot, first_state(either))
    assert (snapshot["status"], snapshot["notice"]) == ("idle", None)
    assert snapshot["data_key"] == either.points.key
    state, rows = await either.read(sid)
    assert state == snapshot
    assert [row[:2] + row[3:4] for row in rows] == [[1, 0, "start"]]


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


async def test_the_frames_tell_the_run_from_start_to_end(either: SessionService) -> None:
    sid, _ = await either.open()
    await either.start_run(sid, 400, ADAM, "torch@cpu")
    snapshot = await finished(either, sid)
    _, rows = await either.read(sid)
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
    assert (await either.look(sid))["epoch"] == paused["epoch"] < 2000
    assert (await either.resume(sid))["status"] == "running"
    assert (await finished(either, sid))["epoch"] == 2000


async def test_a_pause_is_answered_while_a_slice_is_under_way_and_its_work_is_dropped(
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
    """A store that can keep what it has read back for a while."""

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


async def test_a_resume_before_the_driver_has_seen_the_pause(
    settings: Settings, runner: ThreadRunner
) -> None:
    """The driver reads the pause, but acts on its reading only after the resume."""
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


async def test_pauses_and_resumes_lose_nothing(either: SessionService) -> None:
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
    _, rows = await either.read(sid, 1)
    assert [row[:2] for row in rows] == [[2, 1], [3, 2]]


async def test_steps_at_once_all_count(either: SessionService) -> None:
    sid, _ = await either.open()
    await asyncio.gather(*(either.step(sid, ADAM) for _ in range(5)))
    assert_at(await either.look(sid), trained(either, first_state(either), 5))


async def test_a_session_that_asks_for_too_much_at_once_is_refused(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    steps = [asyncio.create_task(service.step(sid, ADAM)) for _ in range(8)]
    await until(lambda: runner.held == 8)
    with pytest.raises(UserError, match="busy"):
        await service.step(sid, ADAM)
    with pytest.raises(UserError, match="busy"):
        await service.reset(sid, 2)
    runner.gate.set()
    await asyncio.gather(*steps)
    assert_at(await service.look(sid), trained(service, first_state(service), 8))


async def test_a_server_that_is_full_asks_to_wait(settings: Settings) -> None:
    service = await restarted(replace(settings, max_running=2))
    sids = [(await service.open())[0] for _ in range(3)]
    for sid in sids[:2]:
        await service.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="server_full") as refused:
        await service.start_run(sids[2], 10, ADAM, "torch@cpu")
    assert refused.value.args_ == {"max": 2}
    await service.pause(sids[0])
    await service.start_run(sids[2], 10, ADAM, "torch@cpu")
    await finished(service, sids[2])
    await service.start_run(sids[2], 1_000_000, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="server_full"):
        await service.resume(sids[0])
    await service.close()


async def test_a_class_that_opens_the_page_asks_for_one_net(
    service: SessionService, runner: ThreadRunner
) -> None:
    runner.gate.clear()
    opening = [asyncio.create_task(service.open(None, 7)) for _ in range(30)]
    await until(lambda: runner.held == 1)
    opening[0].cancel()  # who asked first leaves
    runner.gate.set()
    opened = await asyncio.gather(*opening[1:])
    assert len({sid for sid, _ in opened}) == 29
    for _, snapshot in opened:
        assert_at(snapshot, first_state(service, 7))


async def test_a_net_that_could_not_be_made_is_asked_for_again(
    service: SessionService, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any) -> None:
        raise WorkerLost("worker_lost")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "call", lost)
        with pytest.raises(WorkerLost):
            await service.open(None, 8)
    _, snapshot = await service.open(None, 8)
    assert_at(snapshot, first_state(service, 8))


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
    _, rows = await service.read(sid)
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


async def test_reset_while_running(service: SessionService, runner: ThreadRunner) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 100_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))
    snapshot = await service.reset(sid, 5)
    assert (snapshot["status"], snapshot["seed"]) == ("idle", 5)
    assert_at(snapshot, first_state(service, 5))
    assert snapshot["next_seq"] == snapshot["first_seq"] + 1
    _, rows = await service.read(sid)
    assert [row[:2] for row in rows] == [[snapshot["first_seq"], 0]]
    await service.start_run(sid, 50, ADAM, "torch@cpu")  # waits in line behind the slice given up
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
    _, rows = await service.read(sid)
    assert [row[3] for row in rows if row[3]] == ["start", "edit", "end"]


async def test_a_second_run_has_to_wait(service: SessionService, runner: ThreadRunner) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 10, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="already_running"):
        await service.start_run(sid, 10, ADAM, "torch@cpu")
    runner.gate.set()
    assert (await finished(service, sid))["epoch"] == 10


async def test_verbs_out_of_place_are_harmless(either: SessionService) -> None:
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


async def test_what_a_user_waits_for_overtakes_the_slices_that_wait(
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


async def test_two_sessions_never_see_each_other(either: SessionService) -> None:
    one, _ = await either.open()
    other, before = await either.open()
    assert one != other
    await either.start_run(one, 20, ADAM, "torch@cpu")
    await finished(either, one)
    assert await either.look(other) == before


async def test_opening_again_finds_the_session(either: SessionService) -> None:
    sid, _ = await either.open()
    stepped = await either.step(sid, ADAM)
    assert await either.open(sid) == (sid, stepped)


@pytest.mark.parametrize("sid", [UNKNOWN, "short", "x" * 9999, "\x00", 5, True, [1], {"a": 1}])
async def test_an_id_that_names_nothing_opens_a_new_session(
    service: SessionService, sid: Any
) -> None:
    new, snapshot = await service.open(sid)
    assert new != sid
    assert snapshot["notice"] == {"code": "session_new", "args": {}}
    _, again = await service.open(new)
    assert again["notice"] is None


@pytest.mark.parametrize("nothing", [None, ""])
async def test_no_id_opens_a_new_session_without_a_word(
    service: SessionService, nothing: Any
) -> None:
    _, snapshot = await service.open(nothing)
    assert snapshot["notice"] is None


async def test_expired_sessions_are_unknown(service: SessionService, settings: Settings) -> None:
    sid, _ = await service.open()
    later = SqliteStore(settings.data_dir / "sessions.sqlite3", clock=lambda: 86400.0 * 365 * 100)
    assert await later.expire(7 * 86400.0) == 1
    await later.close()
    with pytest.raises(UserError, match="session_unknown"):
        await service.look(sid)
    _, snapshot = await service.open(sid)
    assert snapshot["notice"]["code"] == "session_new"


@pytest.mark.parametrize("sid", [UNKNOWN, *ODD_VALUES])
async def test_verbs_on_unknown_sessions(service: SessionService, sid: Any) -> None:
    for verb in (
        service.look(sid),
        service.start_run(sid, 5, ADAM, "torch@cpu"),
        service.pause(sid),
        service.resume(sid),
        service.step(sid, ADAM),
        service.reset(sid, 1),
        service.set_params(sid, [1, 1, 1, 1, 1]),
        service.read(sid),
    ):
        with pytest.raises(UserError, match="session_unknown"):
            await verb


@pytest.mark.parametrize("odd", ODD_VALUES)
async def test_odd_values_are_refused_and_leave_the_session_alone(
    service: SessionService, odd: Any
) -> None:
    sid, before = await service.open()
    cases = [
        (service.start_run(sid, odd, ADAM, "auto"), "bad_epochs", {"min": 1, "max": 1_000_000}),
        (service.start_run(sid, 5, odd, "auto"), "bad_optimizer", {}),
        (service.start_run(sid, 5, ADAM, odd), "bad_engine", None),
        (service.step(sid, odd), "bad_optimizer", {}),
        (service.reset(sid, odd), "bad_seed", {"max": 2**32 - 1}),
        (service.set_params(sid, odd), "bad_params", {"max": 1e6}),
        (service.set_params(sid, [1, 1, odd, 1, 1]), "bad_params", {"max": 1e6}),
        (service.open(None, odd), "bad_seed", {"max": 2**32 - 1}),
        (service.open(None, 1, odd), "bad_optimizer", {}),
        (service.open(None, 1, ADAM, odd), "bad_architecture", {}),
        (service.reset(sid, 1, odd or "odd"), "bad_architecture", {}),
    ]
    if odd == -1:  # a weight like any other
        cases.pop(6)[0].close()
    if odd is None:  # the seed as it is
        cases.pop(4)[0].close()
    for verb, code, args in cases:
        with pytest.raises(UserError) as caught:
            await verb
        assert caught.value.code == code
        assert args is None or caught.value.args_ == args
        json.dumps(caught.value.args_)
    assert await service.look(sid) == before


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        (lambda t, sid: t.start_run(sid, 0, ADAM, "auto"), "bad_epochs"),
        (lambda t, sid: t.start_run(sid, 1_000_001, ADAM, "auto"), "bad_epochs"),
        (lambda t, sid: t.start_run(sid, 1.0, ADAM, "auto"), "bad_epochs"),
        (lambda t, sid: t.start_run(sid, 5, AdamOptions(True), "auto"), "bad_optimizer"),
        (lambda t, sid: t.start_run(sid, 5, ADAM, "torch@cuda:99"), "bad_engine"),
        (lambda t, sid: t.start_run(sid, 5, ADAM, "AUTO"), "bad_engine"),
        (lambda t, sid: t.reset(sid, 1, Architecture(h=2.0)), "bad_hidden"),
        (lambda t, sid: t.reset(sid, 1, Architecture(bias1=1)), "bad_architecture"),
        (lambda t, sid: t.reset(sid, 2**32), "bad_seed"),
        (lambda t, sid: t.reset(sid, 1.0), "bad_seed"),
        (lambda t, sid: t.set_params(sid, [1, 1, 1, 1]), "bad_params"),
        (lambda t, sid: t.set_params(sid, [1, 1, 1, 1, 1, 1]), "bad_params"),
        (lambda t, sid: t.set_params(sid, [1, 1, 1, 1, 1e6 + 1]), "bad_params"),
        (lambda t, sid: t.set_params(sid, [1, 1, 1, 1, "1"]), "bad_params"),
    ],
)
async def test_the_limits(service: SessionService, verb: Any, code: str) -> None:
    sid, _ = await service.open()
    with pytest.raises(UserError, match=code):
        await verb(service, sid)


async def test_the_limits_themselves_are_taken(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open(None, 2**32 - 1, AdamOptions(1000))
    await service.reset(sid, 0)
    await service.set_params(sid, [1e6, -1e6, 1e6, -1e6, 1_000_000])
    runner.gate.clear()
    snapshot = await service.start_run(sid, 1_000_000, AdamOptions(1e-300), "torch@cpu")
    assert snapshot["target_epoch"] == 1_000_000
    await service.pause(sid)
    runner.gate.set()


async def test_an_engine_that_gives_up_pauses_the_run_with_a_message(
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


async def restarted(settings: Settings) -> SessionService:
    service = make_service(settings, ThreadRunner())
    await service.start()
    return service


async def test_a_restart_goes_on_with_what_was_running(settings: Settings) -> None:
    first = await restarted(settings)
    sid, _ = await first.open()
    paused, _ = await first.open()
    await first.start_run(sid, 1500, ADAM, "torch@cpu")
    await first.start_run(paused, 1500, ADAM, "torch@cpu")
    await first.pause(paused)
    await until(lambda: has_moved(first, sid))
    await first.close()

    second = await restarted(settings)
    await second.loaded()
    snapshot = await finished(second, sid)  # nobody opened it: it was found running
    assert_at(snapshot, trained(second, first_state(second), 1500))
    _, rows = await second.read(sid)
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    assert await status_of(second, paused) == "paused"
    await second.close()


async def test_a_restart_with_other_data_keeps_the_net(settings: Settings, tmp_path: Path) -> None:
    first = await restarted(settings)
    sid, _ = await first.open()
    await first.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(first, sid))
    await first.close()

    write_points(tmp_path / "points.csv", slope=-9.0)
    second = await restarted(settings)
    _, snapshot = await second.open(sid)
    assert snapshot["status"] == "paused"
    assert snapshot["notice"] == {"code": "data_changed", "args": {}}
    assert snapshot["data_key"] == second.points.key
    assert snapshot["epoch"] > 0
    _, rows = await second.read(sid)
    assert [(row[0], row[3]) for row in rows] == [(snapshot["first_seq"], "start")]
    _, again = await second.open(sid)
    assert again == snapshot
    stepped = await second.step(sid, ADAM)
    assert stepped["notice"] is None
    assert stepped["loss"] < snapshot["loss"]
    await second.close()


@pytest.fixture
def broken(settings: Settings) -> Settings:
    Path(settings.data).write_text("x,prob\n1,1\n", encoding="utf-8")
    return settings


async def test_a_broken_file_in_the_settings_is_told_and_other_data_used(
    broken: Settings,
) -> None:
    service = await restarted(broken)
    points = await service.loaded()
    assert points.origin == "lecture"
    assert service.data_problem is not None
    assert service.data_problem.code == "data_missing_column"
    _, snapshot = await service.open()
    assert snapshot["data_key"] == points.key
    await service.close()


async def test_engines_and_limits_are_known_when_loaded(either: SessionService) -> None:
    assert [engine.id for engine in either.engines][:2] == ["fused@cpu", "torch@cpu"]
    assert either.limits == (1_000_000, 2000, 1000.0, 2**32 - 1, 1e6, 2048)


async def test_an_engine_in_the_settings_that_is_not_there_is_told(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    service = await restarted(replace(settings, engine="fused@cuda:99"))
    _, snapshot = await service.open()
    assert snapshot["engine"] == "auto"
    assert "no engine fused@cuda:99" in caplog.text
    await service.close()


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
    assert (await service.step(sid, ADAM))["engine_speed"] == 200  # one epoch tells no speed
    await service.reset(sid, 1, Architecture(h=3))
    new = await service.look(sid)  # the speed of another net would mislead
    assert (new["engine_used"], new["engine_speed"], new["epochs_per_second"]) == (None, 0, 0)
    await service.start_run(sid, 100, ADAM, "auto")
    assert (await finished(service, sid))["engine_speed"] == 200  # not a mean with the net before


async def test_a_paused_run_goes_on_with_what_is_chosen(either: SessionService) -> None:
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
    for odd in ("jax@cpu", 5):
        with pytest.raises(UserError, match="bad_engine"):
            await either.resume(sid, ADAM, odd)


async def test_another_kind_of_optimizer_begins_afresh(either: SessionService) -> None:
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


WIDE = Architecture(h=50, bias1=True, activation="sigmoid", loss="mse")


async def test_a_wide_net_sends_its_curve(either: SessionService) -> None:
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
    _, rows = await either.read(sid)
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
    assert await either.look(sid) == before
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


async def test_a_run_begins_with_what_was_just_saved(
    settings: Settings, runner: ThreadRunner
) -> None:
    """On the way from the click to the first slice nothing is read that is at hand."""

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
    assert (await service.look(sid))["epoch"] == 1
    await service.close()
