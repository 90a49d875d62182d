from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU
from pwlapp.core.net import MAX_PARAM, Architecture, from_vector, slopes
from pwlapp.core.optimizers import MAX_LR, AdamOptions
from pwlapp.core.state import LOSS_LIMIT, Budget, SliceResult, TrainState, has_diverged
from pwlapp.core.training import (
    frame_epochs,
    initial_state,
    initial_states,
    train_slice,
    with_params,
)
from pwlapp.errors import UserError

# The lecture's table: seed, epoch -> W1, W1, W2, W2, b2 to 4 decimals, loss to 6.
TABLE = {
    (1, 0): ([0.5153, -0.4414, -0.1371, 0.3319, -0.6657], 0.838499),
    (1, 5_000): ([1.7773, -3.0447, -0.9945, -2.7176, 2.6391], 0.301082),
    (1, 10_000): ([2.8167, -3.9404, -1.7500, -3.5572, 4.9937], 0.266865),
    (2, 5_000): ([2.0478, -3.7188, -1.9264, -3.2127, 4.2395], 0.270344),
    (3, 5_000): ([-2.4492, -2.0526, -1.5177, -1.9014, 2.3080], 0.335776),
}


def assert_in_table(state: TrainState, seed: int, epoch: int) -> None:
    params, loss = TABLE[seed, epoch]
    assert state.epoch == epoch
    assert [round(float(p), 4) for p in state.params] == params
    assert round(state.loss, 6) == loss


def assert_same_state(state: TrainState, other: TrainState) -> None:
    """Bit for bit."""
    for name in ("params", "m", "v"):
        np.testing.assert_array_equal(getattr(state, name), getattr(other, name), err_msg=name)
    assert (state.epoch, state.loss) == (other.epoch, other.loss)


Train = Callable[..., SliceResult]


@pytest.fixture
def train(engine: str) -> Train:
    """Train to the target in one piece, with its frames."""

    def run(
        state: TrainState, points: Points, target: int, options: AdamOptions | None = None
    ) -> SliceResult:
        budget = Budget(target, frame_epochs(state.epoch, target))
        return train_slice(state, points.x, points.y, options or AdamOptions(), budget, engine)

    return run


# The lecture's numbers


def test_the_torch_engine_gives_the_lectures_numbers(pages_run: SliceResult):
    assert_in_table(pages_run.state, 1, 5_000)


@pytest.mark.parametrize(("seed", "epoch"), TABLE)
def test_the_compiled_engine_gives_the_lectures_numbers(lecture: Points, seed: int, epoch: int):
    state = initial_state(seed, lecture.x, lecture.y)
    if epoch:
        budget = Budget(epoch)
        state = train_slice(state, lecture.x, lecture.y, AdamOptions(), budget, FUSED_CPU).state
    assert_in_table(state, seed, epoch)
    if epoch == 10_000:
        left, right = slopes(from_vector(state.params))
        assert (round(left, 1), round(right, 1)) == (14.0, -4.9)


# Slices


def slice_lengths(seed: int, total: int) -> list[int]:
    """Cut a run into slices of 1 to 120 epochs."""
    rng = np.random.default_rng(seed)
    ends = [0]
    while ends[-1] < total:
        ends.append(min(total, ends[-1] + int(rng.integers(1, 121))))
    return ends[1:]


@pytest.mark.parametrize("seed", range(3))
def test_any_slicing_is_the_same_run(lecture: Points, seed: int, engine: str):
    total = 300
    options = AdamOptions(lr=0.01)
    start = initial_state(seed, lecture.x, lecture.y)
    record = frame_epochs(0, total)
    whole = train_slice(start, lecture.x, lecture.y, options, Budget(total, record), engine)

    state, frames = start, {}
    for end in slice_lengths(seed, total):
        result = train_slice(state, lecture.x, lecture.y, options, Budget(end, record), engine)
        state = result.state
        assert result.frames.epochs[-1] == state.epoch == end
        rows = zip(result.frames.epochs, result.frames.losses, result.frames.numbers, strict=True)
        frames |= {int(epoch): (float(loss), params) for epoch, loss, params in rows}

    assert_same_state(state, whole.state)
    assert set(record) <= set(frames)
    assert whole.frames.epochs.tolist() == list(record)
    for epoch, loss, params in zip(
        whole.frames.epochs, whole.frames.losses, whole.frames.numbers, strict=True
    ):
        assert frames[int(epoch)][0] == loss
        np.testing.assert_array_equal(frames[int(epoch)][1], params)


def test_a_slice_out_of_time_still_trains_one_epoch_and_records_it(
    lecture: Points, train: Train, engine: str
):
    start = initial_state(1, lecture.x, lecture.y)
    whole = train(start, lecture, 5).state
    state = start
    for epoch in range(1, 6):
        result = train_slice(
            state, lecture.x, lecture.y, AdamOptions(), Budget(5, record=(5,), slice_ms=0.0), engine
        )
        state = result.state
        assert state.epoch == epoch
        assert result.frames.epochs.tolist() == [epoch]
        assert not result.diverged
        assert result.seconds > 0
    assert_same_state(state, whole)


def test_a_slice_with_time_to_spare_reaches_the_target(lecture: Points, engine: str):
    start = initial_state(1, lecture.x, lecture.y)
    result = train_slice(
        start, lecture.x, lecture.y, AdamOptions(), Budget(3, slice_ms=1e9), engine
    )
    assert result.state.epoch == 3


def test_a_frames_loss_is_the_loss_at_its_params(lecture: Points, train: Train):
    frames = train(initial_state(4, lecture.x, lecture.y), lecture, 40).frames
    assert len(frames.epochs) > 20
    assert (frames.epochs.dtype, frames.losses.dtype, frames.numbers.dtype) == (
        np.int64,
        np.float32,
        np.float32,
    )
    state = initial_state(4, lecture.x, lecture.y)
    for loss, params in zip(frames.losses, frames.numbers, strict=True):
        assert with_params(state, params, lecture.x, lecture.y).loss == pytest.approx(
            loss, abs=1e-6
        )


def test_a_slice_changes_none_of_its_arguments(lecture: Points, train: Train):
    state = train(initial_state(1, lecture.x, lecture.y), lecture, 3).state
    before = {name: getattr(state, name).copy() for name in ("params", "m", "v")}
    x, y = lecture.x.copy(), lecture.y.copy()
    first = train(state, lecture, 10).state
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(state, name), value)
    np.testing.assert_array_equal(lecture.x, x)
    np.testing.assert_array_equal(lecture.y, y)
    assert_same_state(train(state, lecture, 10).state, first)


def test_a_budget_without_an_epoch_is_refused(lecture: Points, train: Train, engine: str):
    state = train(initial_state(1, lecture.x, lecture.y), lecture, 3).state
    for target in (3, 2):
        with pytest.raises(ValueError, match=f"target {target}, expected more than 3"):
            train_slice(state, lecture.x, lecture.y, AdamOptions(), Budget(target), engine)


def test_a_v_that_has_overflowed_is_the_same_in_slices_and_gone_after_an_edit(
    lecture: Points, train: Train
):
    """Its weight does not change; a weight set by hand is trained again."""
    start = train(initial_state(1, lecture.x, lecture.y), lecture, 3).state
    v = start.v.copy()
    v[1] = np.inf
    stuck = dataclasses.replace(start, v=v)
    whole = train(stuck, lecture, 9).state
    assert_same_state(train(train(stuck, lecture, 5).state, lecture, 9).state, whole)
    assert whole.params[1] == start.params[1]
    edited = with_params(whole, whole.params, lecture.x, lecture.y)
    assert np.isfinite(edited.v).all()
    assert train(edited, lecture, 10).state.params[1] != start.params[1]


@pytest.mark.parametrize("name", ["m", "v"])
def test_a_memory_that_has_overflowed_is_reset_by_an_edit_of_any_size(lecture: Points, name: str):
    start = dataclasses.replace(initial_state(1, lecture.x, lecture.y), epoch=3)
    memory = {"m": np.ones(5, np.float32), "v": np.ones(5, np.float32)}
    memory[name] = np.array([1, np.inf, 1, 1, 1], dtype=np.float32)
    large = [3e6, -3e6, 1e30, 0, 1]  # as training may reach, but no slider
    edited = with_params(dataclasses.replace(start, **memory), large, lecture.x, lecture.y)
    assert edited.params.tolist() == np.float32(large).tolist()
    assert (edited.m.any(), edited.v.any(), edited.optimizer_epoch) == (False, False, 3)


@pytest.mark.parametrize(
    ("name", "value"), [("params", np.nan), ("params", np.inf), ("m", np.nan), ("v", np.nan)]
)
def test_numbers_that_are_not_finite_are_refused(
    lecture: Points, name: str, value: float, train: Train
):
    start = initial_state(1, lecture.x, lecture.y)
    spoilt = getattr(start, name).copy()
    spoilt[2] = value
    with pytest.raises(UserError) as refused:
        train(dataclasses.replace(start, **{name: spoilt}), lecture, 5)
    assert (refused.value.code, refused.value.args_) == ("bad_params", {"max": MAX_PARAM})


def test_the_nets_of_a_class_are_those_of_their_seeds(lecture: Points):
    made = initial_states([3, 1], lecture.x, lecture.y, Architecture(3, bias1=True))
    for state, seed in zip(made, [3, 1], strict=True):
        alone = initial_state(seed, lecture.x, lecture.y, Architecture(3, bias1=True))
        assert_same_state(state, alone)


@pytest.mark.parametrize("name", ["params", "m", "v"])
def test_vectors_of_another_net_are_refused(lecture: Points, name: str, train: Train):
    start = initial_state(1, lecture.x, lecture.y)
    longer = dataclasses.replace(start, **{name: np.zeros(7, dtype=np.float32)})
    with pytest.raises(ValueError, match=r"shape \(7,\), expected \(5,\)"):
        train(longer, lecture, 5)


# Divergence


@pytest.mark.parametrize("lr", [100.0, MAX_LR])
@pytest.mark.parametrize("seed", range(1, 9))
def test_a_diverging_run_stops_at_its_last_good_epoch(
    lecture: Points, seed: int, lr: float, train: Train
):
    start = initial_state(seed, lecture.x, lecture.y)
    options = AdamOptions(lr=lr)
    result = train(start, lecture, 1_000, options)
    assert result.diverged
    assert start.epoch <= result.state.epoch < 100
    assert result.state.loss <= LOSS_LIMIT
    assert np.isfinite(result.state.params).all()
    if result.state.epoch == start.epoch:
        assert_same_state(result.state, start)
        assert result.frames.epochs.size == 0
        assert result.frames.numbers.shape == (0, 5)
    else:
        assert result.frames.epochs[-1] == result.state.epoch
        assert_same_state(train(start, lecture, result.state.epoch, options).state, result.state)
    ahead = train(result.state, lecture, result.state.epoch + 1, options)
    assert ahead.diverged  # at the next epoch
    assert ahead.state.epoch == result.state.epoch


def test_divergence_does_not_depend_on_the_slicing(lecture: Points, train: Train, engine: str):
    options = AdamOptions(lr=8.0)
    start = initial_state(3, lecture.x, lecture.y)
    whole = train(start, lecture, 100, options)
    assert whole.diverged
    assert whole.state.epoch > start.epoch
    state, diverged = start, False
    while not diverged:
        result = train_slice(
            state, lecture.x, lecture.y, options, Budget(100, slice_ms=0.0), engine
        )
        state, diverged = result.state, result.diverged
    assert_same_state(state, whole.state)


def test_returning_to_the_last_good_epoch_has_no_time_limit(
    lecture: Points, monkeypatch: pytest.MonkeyPatch, train: Train, engine: str
):
    options = AdamOptions(lr=8.0)
    start = initial_state(3, lecture.x, lecture.y)
    whole = train(start, lecture, 100, options)
    assert whole.state.epoch >= 2
    readings = itertools.count()

    def clock() -> float:
        """A clock that stands still until the slice has diverged, then runs fast."""
        reading = next(readings)
        return max(0.0, reading - (whole.state.epoch + 3))

    monkeypatch.setattr("pwlapp.core.engines.torch_engine.time.perf_counter", clock)
    result = train_slice(start, lecture.x, lecture.y, options, Budget(100, slice_ms=500), engine)
    assert result.diverged
    assert_same_state(result.state, whole.state)


def test_weights_set_by_hand_with_a_large_loss_may_train(lecture: Points, train: Train):
    far = with_params(
        initial_state(1, lecture.x, lecture.y), [9, -9, 9, 9, 0], lecture.x, lecture.y
    )
    assert far.loss > LOSS_LIMIT
    result = train(far, lecture, 50, AdamOptions(lr=0.1))
    assert not result.diverged
    assert result.state.loss < far.loss


def test_a_loss_that_is_not_a_number_is_divergence(lecture: Points, train: Train):
    start = initial_state(1, lecture.x, lecture.y)
    huge = dataclasses.replace(start, params=np.array([3e38, -3e38, 3e38, -3e38, 0], np.float32))
    result = train(huge, Points(lecture.x * 100, lecture.prob, lecture.y, "settings"), 5)
    assert result.diverged
    assert result.state.epoch == 0
    np.testing.assert_array_equal(result.state.params, huge.params)


def test_within_the_limits_nothing_overflows(lecture: Points, train: Train):
    edge = Points(lecture.x * 1e6, lecture.prob, lecture.y, "settings")
    state = initial_state(1, edge.x, edge.y)
    for signs in ([1, -1, 1, 1, 1], [1, 1, -1, 1, -1], [-1, -1, -1, -1, 1]):
        vector = MAX_PARAM * np.array(signs)
        begun = with_params(state, vector, edge.x, edge.y)
        result = train(begun, edge, 30, AdamOptions(lr=MAX_LR))
        for name in ("params", "m", "v"):
            assert np.isfinite(getattr(result.state, name)).all()


def test_the_rule():
    assert has_diverged(0.7, float("nan"))
    assert has_diverged(0.7, float("inf"))
    assert has_diverged(0.7, LOSS_LIMIT + 1)
    assert not has_diverged(0.7, LOSS_LIMIT)
    assert not has_diverged(LOSS_LIMIT + 1, LOSS_LIMIT + 2)
