"""The transitions: the new state, the new frames, or None."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.core.net import MAX_PARAM, Architecture, bce, from_vector, yhat
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Frames, SliceResult
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import PLAIN_HIDDEN, Frame, Mark
from pwlapp.sessions.snapshot import frame_row
from pwlapp.sessions.state import Notice, Run, Speed
from tests.support.sessions import make_state

X = np.linspace(-1, 1, 11, dtype=np.float32)
POINTS = Points(x=X, prob=np.full_like(X, 0.5), y=(X > 0).astype(np.float32), origin="lecture")

IDLE = make_state(data_key=POINTS.key)
RUNNING = make_state(run=Run(0, 100, "running"), data_key=POINTS.key)
KNOWN = Speed("torch@cpu", run=5, epochs=1000, seconds=2.0, per_second=30.0)
PAUSED = make_state(run=Run(0, 100, "paused"))


def result_at(*epochs: int, diverged: bool = False) -> SliceResult:
    """The result of a slice that recorded these epochs."""
    batch = Frames(
        epochs=np.array(epochs, dtype=np.int64),
        losses=np.zeros(len(epochs), dtype=np.float32),
        numbers=np.zeros((len(epochs), 5), dtype=np.float32),
    )
    last = epochs[-1] if epochs else IDLE.train.epoch
    train = replace(IDLE.train, epoch=last)
    return SliceResult(train, batch, diverged, seconds=0.02, engine="torch@cpu")


def test_a_new_session_begins_with_one_frame() -> None:
    state, [frame] = transitions.new_session(3, AdamOptions(0.1), "auto", IDLE.train, POINTS, None)
    assert (state.version, state.seed, state.lr, state.run) == (1, 3, 0.1, None)
    assert (state.engine, state.data_key) == ("auto", POINTS.key)
    assert (frame.seq, frame.mark, state.next_seq) == (1, "start", 2)
    told, _ = transitions.new_session(
        3, AdamOptions(), "auto", IDLE.train, POINTS, Notice("session_new")
    )
    assert told.notice == Notice("session_new")


def test_every_transition_is_one_version() -> None:
    made = [
        transitions.reopen(make_state(notice=Notice("session_new"))),
        transitions.use_default_data(IDLE, POINTS),
        transitions.start_run(IDLE, 5, AdamOptions(0.1), "auto"),
        transitions.pause(RUNNING),
        transitions.resume(PAUSED, AdamOptions(), "auto"),
        transitions.halt(RUNNING, UserError("worker_lost")),
        transitions.reset(RUNNING, 2, IDLE.train, POINTS),
        transitions.edit(IDLE, [1, 2, 3, 4, 5], POINTS),
        transitions.after_slice(RUNNING, result_at(8)),
    ]
    assert all(move is not None and move[0].version == 2 for move in made)


def test_transitions_that_do_not_apply_change_nothing() -> None:
    assert transitions.reopen(make_state(notice=Notice("diverged"))) is None
    assert transitions.pause(IDLE) is None
    assert transitions.pause(PAUSED) is None
    assert transitions.resume(IDLE, AdamOptions(), "auto") is None
    assert transitions.resume(RUNNING, AdamOptions(), "auto") is None
    assert transitions.halt(IDLE, UserError("worker_lost")) is None
    assert transitions.halt(PAUSED, UserError("worker_lost")) is None
    assert transitions.edit(IDLE, IDLE.train.params.tolist(), POINTS) is None


def test_start_counts_from_the_present_epoch() -> None:
    diverged_before = make_state(notice=Notice("diverged"))
    after, frames = transitions.start_run(
        diverged_before, 100, AdamOptions(0.01), "torch@cuda:0"
    ) or pytest.fail("no move")
    assert after.run == Run(7, 107, "running")
    assert (after.lr, after.engine, after.notice, frames) == (0.01, "torch@cuda:0", None, [])
    again, _ = transitions.start_run(PAUSED, 5, AdamOptions(0.01), "auto") or pytest.fail("no move")
    assert again.run == Run(7, 12, "running")
    with pytest.raises(UserError, match=r"^already_running$"):
        transitions.start_run(RUNNING, 100, AdamOptions(0.01), "auto")


def test_another_kind_of_optimizer_begins_with_an_empty_memory() -> None:
    kept, _ = transitions.start_run(IDLE, 5, AdamOptions(0.5, beta1=0.5), "auto") or pytest.fail(
        "no move"
    )
    assert kept.train is IDLE.train
    sgd, _ = transitions.start_run(IDLE, 5, SgdOptions(0.5), "auto") or pytest.fail("no move")
    assert not sgd.train.m.any()
    assert not sgd.train.v.any()
    assert (sgd.train.epoch, sgd.train.optimizer_epoch) == (7, 7)
    assert sgd.train.params is IDLE.train.params
    assert IDLE.train.m.any()  # the earlier state is not changed
    assert transitions.prepare_run(sgd, SgdOptions(0.1, momentum=0.9), "auto").train is sgd.train


def test_pause_and_resume_keep_the_target() -> None:
    paused, _ = transitions.pause(RUNNING) or pytest.fail("no move")
    assert paused.run == Run(0, 100, "paused")
    resumed, _ = transitions.resume(paused, SgdOptions(0.5), "torch@cpu") or pytest.fail("no move")
    assert resumed.run == Run(0, 100, "running")
    assert (resumed.optimizer, resumed.engine) == (SgdOptions(0.5), "torch@cpu")
    assert not resumed.train.m.any()  # of another kind than before


def test_a_run_that_goes_on_has_no_notice_of_its_failure() -> None:
    failed = replace(PAUSED, notice=Notice("worker_lost"))
    resumed, _ = transitions.resume(failed, AdamOptions(), "auto") or pytest.fail("no move")
    assert resumed.notice is None


def test_a_run_that_failed_is_paused_with_a_notice() -> None:
    after, _ = transitions.halt(
        RUNNING, UserError("training_failed", engine="torch@cuda:0")
    ) or pytest.fail("no move")
    assert after.run == Run(0, 100, "paused")
    assert after.notice == Notice("training_failed", {"engine": "torch@cuda:0"})


def test_reset_drops_the_run_and_the_frames() -> None:
    state = make_state(run=Run(0, 100, "running"), next_seq=40, notice=Notice("diverged"))
    state = replace(state, speed=KNOWN)
    fresh = replace(state.train, epoch=0, loss=0.8)
    after, [frame] = transitions.reset(state, 9, fresh, POINTS) or pytest.fail("no move")
    assert (after.seed, after.run, after.notice, after.train) == (9, None, None, fresh)
    assert (after.first_seq, after.next_seq) == (40, 41)
    assert (after.data_key, after.speed) == (POINTS.key, Speed())
    assert (frame.seq, frame.epoch, frame.mark) == (40, 0, "start")


def test_an_edit_keeps_moments_epoch_and_run() -> None:
    after, [frame] = transitions.edit(RUNNING, [1, -2, 3, -4, 5], POINTS) or pytest.fail("no move")
    assert after.train.params.tolist() == [1, -2, 3, -4, 5]
    assert after.train.m is RUNNING.train.m
    assert after.train.v is RUNNING.train.v
    assert (after.train.epoch, after.run) == (7, RUNNING.run)
    expected = bce(yhat(from_vector([1, -2, 3, -4, 5]), POINTS.x), POINTS.y)
    assert after.train.loss == pytest.approx(expected)
    assert (frame.mark, frame.loss, frame.epoch) == ("edit", after.train.loss, 7)
    assert (after.train.params.dtype, frame.numbers.dtype) == (np.float32, np.float32)
    assert transitions.edit(after, [1, -2, 3, -4, 5], POINTS) is None


def test_an_edit_of_weights_that_cannot_be_set_is_refused() -> None:
    for params in ([1.0, 2, 3, 4], [1.0, 2, 3, 4, 5, 6]):
        with pytest.raises(UserError, match="bad_params") as bad:
            transitions.edit(IDLE, params, POINTS)
        assert (bad.value.code, bad.value.args_) == ("bad_params", {"max": MAX_PARAM})
    net = Architecture(PLAIN_HIDDEN + 1)
    wide = replace(IDLE, train=replace(IDLE.train, net=net))
    with pytest.raises(UserError, match="too_wide") as refused:
        transitions.edit(wide, [0.0] * net.size, POINTS)
    assert (refused.value.code, refused.value.args_) == ("too_wide", {"max": PLAIN_HIDDEN})


def test_weights_are_compared_in_float32() -> None:
    params = [0.1, 0.2, 0.3, 0.4, 0.5]
    train = replace(IDLE.train, params=np.array(params, dtype=np.float32))
    assert transitions.edit(replace(IDLE, train=train), params, POINTS) is None


def test_an_edit_drops_the_notice() -> None:
    diverged = replace(IDLE, notice=Notice("diverged"))
    after, _ = transitions.edit(diverged, [1, -2, 3, -4, 5], POINTS) or pytest.fail("no move")
    assert after.notice is None


def test_other_data_gives_other_losses_and_a_pause() -> None:
    state = make_state(run=Run(0, 100, "running"), next_seq=40)
    state = replace(state, speed=Speed("torch@cpu", 0, 100, 2.0, 50.0))
    after, [frame] = transitions.use_default_data(state, POINTS) or pytest.fail("no move")
    assert after.data_key == POINTS.key
    assert after.train.params.tobytes() == state.train.params.tobytes()
    expected = bce(yhat(from_vector(state.train.params), POINTS.x), POINTS.y)
    assert after.train.loss == pytest.approx(expected)
    assert after.run == Run(0, 100, "paused")
    assert after.notice == Notice("data_changed")
    assert (after.first_seq, frame.seq, frame.mark, after.speed) == (40, 40, "start", Speed())
    idle, _ = transitions.use_default_data(IDLE, POINTS) or pytest.fail("no move")
    assert idle.run is None


@pytest.mark.parametrize(
    ("epoch", "by_recipe", "after"), [(0, True, True), (0, False, False), (7, True, False)]
)
def test_on_other_data_only_an_untrained_net_is_reproducible(
    epoch: int, by_recipe: bool, after: bool
) -> None:
    state = make_state(by_recipe=by_recipe)
    state = replace(state, train=replace(state.train, epoch=epoch))
    assert transitions.use_default_data(state, POINTS)[0].by_recipe is after


def test_a_slice_advances_the_run() -> None:
    after, frames = transitions.after_slice(RUNNING, result_at(8, 20))
    assert (after.train.epoch, after.run) == (20, RUNNING.run)
    assert [(frame.epoch, frame.mark) for frame in frames] == [(8, ""), (20, "")]
    measured, _ = transitions.after_slice(RUNNING, result_at(8, 20), elapsed_s=0.5)
    assert measured.speed == Speed("torch@cpu", 0, epochs=13, seconds=0.02, per_second=26.0)


def test_the_last_slice_ends_the_run() -> None:
    after, frames = transitions.after_slice(RUNNING, result_at(50, 100))
    assert (after.run, after.notice) == (None, None)
    assert [(frame.epoch, frame.mark) for frame in frames] == [(50, ""), (100, "end")]


def test_divergence_ends_the_run_at_the_last_good_epoch() -> None:
    after, frames = transitions.after_slice(RUNNING, result_at(8, 12, diverged=True))
    assert (after.run, after.train.epoch) == (None, 12)
    assert after.notice == Notice("diverged", {"epoch": 12, "lr": 0.001})
    assert [frame.mark for frame in frames] == ["", "end"]
    at_once, none = transitions.after_slice(RUNNING, result_at(diverged=True))
    assert (at_once.run, at_once.train.epoch, none) == (None, 7, [])


def test_a_step_without_a_run_marks_no_end() -> None:
    after, [frame] = transitions.after_slice(
        transitions.prepare_run(IDLE, AdamOptions(0.5), "auto"), result_at(8)
    )
    assert (after.lr, after.run, frame.mark) == (0.5, None, "")


def test_by_recipe_tells_whether_the_seed_reproduces_the_weights() -> None:
    state = make_state(data_key=POINTS.key)
    assert transitions.prepare_run(state, state.optimizer, "torch@cpu").by_recipe
    assert not transitions.prepare_run(state, AdamOptions(lr=0.5), "auto").by_recipe
    untrained = replace(state, train=replace(state.train, epoch=0))
    assert transitions.prepare_run(untrained, AdamOptions(lr=0.5), "auto").by_recipe, (
        "nothing trained yet"
    )
    by_hand = replace(state, by_recipe=False)
    assert not transitions.prepare_run(by_hand, by_hand.optimizer, "torch@cpu").by_recipe
    moved = transitions.edit(state, [1.0, 2.0, 3.0, 4.0, 5.0], POINTS)
    assert moved is not None
    assert not moved[0].by_recipe
    again = transitions.reset(moved[0], 2, state.train, POINTS)
    assert again is not None
    assert again[0].by_recipe


def test_frames_are_numbered_from_next_seq() -> None:
    batch = Frames(
        epochs=np.array([8, 9], dtype=np.int64),
        losses=np.array([0.5, 0.25], dtype=np.float32),
        numbers=np.arange(10, dtype=np.float32).reshape(2, 5),
    )
    after, numbered = transitions.with_frames(make_state(next_seq=43), batch, "end")
    assert after.next_seq == 45
    assert [frame_row(frame) for frame in numbered] == [
        [43, 8, 0.5, "", 0.0, 1.0, 2.0, 3.0, 4.0],
        [44, 9, 0.25, "end", 5.0, 6.0, 7.0, 8.0, 9.0],
    ]


def test_no_frames_take_no_numbers() -> None:
    none = Frames(np.empty(0, np.int64), np.empty(0, np.float32), np.empty((0, 5), np.float32))
    after, numbered = transitions.with_frames(make_state(next_seq=41), none, "end")
    assert (after.next_seq, numbered) == (41, [])


def test_the_current_net_becomes_a_frame() -> None:
    after, frames = transitions.with_frame(make_state(next_seq=5), "edit", POINTS)
    assert after.next_seq == 6
    assert [frame_row(frame) for frame in frames] == [
        [5, 7, 0.25, "edit", 1.0, -1.0, -4.5, -9.0, 4.5]
    ]


def speed_after(known: Speed, elapsed_s: float = 0.5, **changes: Any) -> Speed:
    """The speed of a session at epoch 7 after a slice of 50 epochs in 0.1 seconds."""
    state = make_state(**({"run": Run(5, 100, "running"), "speed": known} | changes))
    result = replace(result_at(57), seconds=0.1)
    return transitions.speed_after(state, result, elapsed_s)


def test_the_first_speed_of_a_run_is_that_of_its_first_slice() -> None:
    first = Speed("torch@cpu", run=5, epochs=50, seconds=0.1, per_second=100.0)
    assert speed_after(Speed()) == first
    assert speed_after(replace(KNOWN, engine="fused@cpu")) == first
    assert speed_after(replace(KNOWN, run=4)) == first
    assert speed_after(Speed(), elapsed_s=0.0).per_second == 500.0  # at least what it computed


def test_the_speed_follows_the_last_second() -> None:
    found = speed_after(KNOWN)
    weight = 1 - math.exp(-0.5)
    assert found.per_second == pytest.approx(30 * (1 - weight) + 100 * weight)
    assert (found.engine, found.run, found.epochs) == ("torch@cpu", 5, 1050)
    assert found.seconds == pytest.approx(2.1)
    assert found.computing == pytest.approx(1050 / 2.1)
    slow = speed_after(KNOWN, elapsed_s=20.0)
    assert slow.per_second == pytest.approx(2.5)


def test_a_single_step_measures_no_speed_but_names_its_engine() -> None:
    assert speed_after(KNOWN, run=None) == KNOWN
    assert speed_after(KNOWN, run=Run(5, 100, "paused")) == KNOWN
    assert speed_after(Speed(), run=None) == Speed(engine="torch@cpu")
    other = speed_after(replace(KNOWN, engine="fused@cpu"), run=None)
    assert other == Speed(engine="torch@cpu")


def saved_frame(epoch: int, params: Sequence[float], mark: Mark = "") -> Frame:
    return Frame(0, epoch, 0.5, np.array(params, dtype=np.float32), mark)


def test_frames_of_a_file_are_numbered_and_end_with_the_net() -> None:
    state = make_state(next_seq=30)
    saved = [
        saved_frame(0, [0] * 5, "start"),
        saved_frame(3, [1] * 5),
        saved_frame(7, [1, -1, -4.5, -9, 4.500001], "end"),
    ]
    after, frames = transitions.with_saved_frames(state, saved, POINTS)
    assert [(each.seq, each.epoch, each.mark) for each in frames] == [
        (30, 0, "start"),
        (31, 3, ""),
        (32, 7, "end"),  # is the session's net, except for rounding
    ]
    assert after.next_seq == 33


@pytest.mark.parametrize(
    "last", [saved_frame(6, [1, -1, -4.5, -9, 4.5]), saved_frame(7, [1, -1, -4.5, -9, 4.6])]
)
def test_a_frame_is_added_if_a_files_last_frame_is_missing(last: Frame) -> None:
    after, frames = transitions.with_saved_frames(
        make_state(next_seq=30), [saved_frame(0, [0] * 5), last], POINTS
    )
    assert [(each.seq, each.epoch, each.mark) for each in frames] == [
        (30, 0, ""),
        (31, last.epoch, ""),
        (32, 7, ""),
    ]
    assert frames[-1].numbers.tolist() == [1, -1, -4.5, -9, 4.5]
    assert after.next_seq == 33


@pytest.mark.parametrize(("rounding", "count"), [(9e-6, 1), (1.5e-5, 2)])
def test_a_files_numbers_near_zero_are_rounded_too(rounding: float, count: int) -> None:
    zero = replace(IDLE.train, params=np.zeros(5, dtype=np.float32))
    last = saved_frame(7, [rounding] * 5)
    _, frames = transitions.with_saved_frames(replace(IDLE, train=zero), [last], POINTS)
    assert len(frames) == count


def test_a_net_that_is_no_number_equals_its_own_frame() -> None:
    broken = replace(IDLE.train, params=np.array([np.nan, 1, 2, 3, 4], dtype=np.float32))
    last = saved_frame(7, [float("nan"), 1, 2, 3, 4])
    _, frames = transitions.with_saved_frames(replace(IDLE, train=broken), [last], POINTS)
    assert len(frames) == 1


def test_without_frames_of_a_file_the_net_is_the_start() -> None:
    after, [frame] = transitions.with_saved_frames(make_state(next_seq=30), [], POINTS)
    assert (frame.seq, frame.epoch, frame.mark, after.next_seq) == (30, 7, "start", 31)


@pytest.mark.parametrize("key", ["0" * 16, "f" * 16])
def test_an_edit_on_data_that_were_replaced_is_refused(key: str) -> None:
    with pytest.raises(UserError, match=r"^busy$"):
        transitions.edit(make_state(data_key=key), [1, 2, 3, 4, 5], POINTS)


@pytest.mark.parametrize("code", ["data_changed", "undo_trained_since"])
def test_a_reload_drops_only_the_notice_of_a_new_session(code: str) -> None:
    assert transitions.reopen(make_state(notice=Notice(code))) is None
    assert transitions.reopen(make_state()) is None
    after, _ = transitions.reopen(make_state(notice=Notice("session_new"))) or pytest.fail("none")
    assert after.notice is None


def test_begin_run_starts_over_and_trains() -> None:
    fresh = replace(IDLE.train, epoch=0)
    after, [frame] = transitions.begin_run(
        replace(RUNNING, next_seq=40), 9, SgdOptions(0.5), "fused@cpu", fresh, POINTS, 300
    )
    assert (after.seed, after.optimizer, after.engine) == (9, SgdOptions(0.5), "fused@cpu")
    assert (after.run, after.train, after.version) == (Run(0, 300, "running"), fresh, 2)
    assert (frame.seq, frame.mark, after.first_seq) == (40, "start", 40)
    assert after.by_recipe
