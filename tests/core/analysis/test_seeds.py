"""Training of many seeds: each run equals a run of that seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from pwlapp.core.analysis.seeds import curve_epochs, seconds_per_seed, train_seeds
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU, TORCH_CPU
from pwlapp.core.net import LECTURE, Architecture, from_vector, hidden
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice

FOREVER_MS = 1e9


def test_each_seed_is_its_own_run_bit_for_bit(lecture: Points) -> None:
    runs = train_seeds(5, 3, lecture.x, lecture.y, LECTURE, AdamOptions(), 300, FOREVER_MS)
    for i, seed in enumerate((5, 6, 7)):
        start = initial_state(seed, lecture.x, lecture.y)
        record = tuple(runs.epochs[1:].tolist())
        budget = Budget(300, record)
        whole = train_slice(start, lecture.x, lecture.y, AdamOptions(), budget, FUSED_CPU)
        assert runs.losses[i] == whole.state.loss
        assert runs.params[i].tobytes() == whole.state.params.tobytes()
        assert runs.curves[i].tolist() == [np.float32(start.loss), *whole.frames.losses.tolist()]
        eager = train_slice(start, lecture.x, lecture.y, AdamOptions(), Budget(300), TORCH_CPU)
        assert runs.losses[i] == pytest.approx(eager.state.loss, abs=1e-5)
        assert runs.start[i].tolist() == [
            (start.params[:2] < 0).sum(),
            (start.params[:2] > 0).sum(),
        ]
    assert runs.first == 5
    assert runs.diverged.tolist() == [0, 0, 0]


def test_the_lectures_seeds_end_where_the_lesson_says(lecture: Points) -> None:
    runs = train_seeds(1, 3, lecture.x, lecture.y, LECTURE, AdamOptions(), 5000, FOREVER_MS)
    assert runs.losses == pytest.approx([0.301082, 0.270344, 0.335776], abs=2e-6)
    assert runs.start.tolist()[2] == [2, 0]
    assert runs.end.tolist() == [[1, 1], [1, 1], [2, 0]]
    assert runs.params[2] == pytest.approx([-2.4492, -2.0526, -1.5177, -1.9014, 2.3080], abs=1e-4)


def test_a_budget_of_0_still_trains_one_seed(lecture: Points) -> None:
    runs = train_seeds(1, 50, lecture.x, lecture.y, LECTURE, AdamOptions(), 10, budget_ms=0)
    assert len(runs.losses) == 1


def test_dead_units_are_those_that_are_never_on(lecture: Points) -> None:
    net = Architecture(h=4, bias1=True)
    options = AdamOptions(lr=0.05)
    runs = train_seeds(1, 40, lecture.x, lecture.y, net, options, 200, FOREVER_MS)
    on = [
        (hidden(from_vector(params, True), lecture.x) > 0).any(axis=0).sum()
        for params in runs.params
    ]
    assert (4 - runs.dead).tolist() == on
    assert runs.dead.any()


def test_a_diverged_run_keeps_its_last_good_loss(lecture: Points) -> None:
    net = Architecture(loss="mse")
    runs = train_seeds(1, 4, lecture.x, lecture.y, net, SgdOptions(lr=50.0), 100, FOREVER_MS)
    assert runs.diverged.all()
    assert np.isfinite(runs.losses).all()
    assert np.isnan(runs.curves[:, -1]).all()


def test_wide_nets_keep_no_parameters(lecture: Points) -> None:
    net = Architecture(h=32, activation="sigmoid")
    runs = train_seeds(1, 2, lecture.x, lecture.y, net, AdamOptions(), 5, FOREVER_MS)
    assert runs.params.shape == (2, 0)
    assert runs.start.sum(axis=1).tolist() == [32, 32]
    assert runs.dead.tolist() == [0, 0]


@pytest.mark.parametrize("epochs", [1, 2, 7, 5000, 1_000_000])
def test_curves_run_from_the_start_to_the_end(epochs: int) -> None:
    record = curve_epochs(epochs)
    assert (record[0], record[-1]) == (0, epochs)
    assert (np.diff(record) > 0).all()
    assert len(record) <= 41


def test_the_estimate_grows_with_the_work() -> None:
    assert 0.005 < seconds_per_seed(LECTURE, 2000, 5000) < 0.05
    wide = Architecture(2048, activation="sigmoid")
    assert seconds_per_seed(wide, 2000, 5000) > 10


def test_nothing_to_train(lecture: Points) -> None:
    with pytest.raises(ValueError, match="0 seeds"):
        train_seeds(1, 0, lecture.x, lecture.y, LECTURE, AdamOptions(), 10, FOREVER_MS)
