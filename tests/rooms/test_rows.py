"""The rows of the board: the reason for a net's shape, its slopes, and updates."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pwlapp.core.analysis.plateaus import plateaus
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.engines import TORCH_CPU
from pwlapp.core.engines.torch_engine import make_net
from pwlapp.core.net import LECTURE, Architecture, from_vector
from pwlapp.core.net import slopes as slopes_of_lecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice, with_params
from pwlapp.rooms.board.rows import changes, outcome, row, slopes
from pwlapp.rooms.state import Seat
from pwlapp.sessions.frames import curve
from pwlapp.sessions.state import Notice, Run, SessionState
from tests.support.sessions import make_state

POINTS = lecture_points()
X = POINTS.x
BEST = plateaus(*POINTS.training, "bce")
NETS = [
    LECTURE,
    Architecture(h=5, bias1=True),
    Architecture(h=3, bias1=True, activation="sigmoid"),
    Architecture(h=4, loss="mse"),
    Architecture(h=64, bias1=True),
]


def session(params: list[float] | None = None, loss: float = 0.25, **changes: Any) -> SessionState:
    """A session whose net has these weights, W1, W2 and b2, after some epochs."""
    state = make_state(data_key=POINTS.key, **changes)
    state = replace(state, train=replace(state.train, loss=loss))
    if params is None:
        return state
    train = replace(state.train, params=np.array(params, dtype=np.float32))
    return replace(state, train=train)


class TestWhy:
    @pytest.mark.parametrize(
        ("W1", "expected"),
        [
            ([1.0, -1.0], "not_yet"),
            ([-2.0, -0.1], "left"),
            ([0.1, 2.0], "right"),
            ([0.0, 1.0], "dead"),  # without a bias, u = 0 at all points
            ([0.0, 0.0], "dead"),
        ],
    )
    def test_of_a_loss_that_one_side_can_reach_depends_on_the_units(
        self, W1: list[float], expected: str
    ) -> None:
        assert outcome(session([*W1, -1.0, -1.0, 0.5], loss=BEST.left), X, BEST) == expected

    def test_a_net_with_a_lower_loss_than_one_side_can_reach_bends_on_both(
        self,
    ) -> None:
        start = initial_state(2, *POINTS.training)
        found = []
        for epochs in (1, 5000):
            result = train_slice(start, *POINTS.training, AdamOptions(), Budget(epochs))
            found.append(outcome(replace(session(), train=result.state), X, BEST))
        assert found == ["not_yet", "both"]

    def test_if_one_side_is_enough_two_trained_sides_count_as_both(self) -> None:
        y = np.where(X < 0, -X, 0).astype(np.float32)
        best = plateaus(X, y, "mse")
        assert best.bent_below is None
        for W1, loss, expected in (
            ([1.0, -1.0], best.both, "both"),
            ([1.0, -1.0], best.flat, "not_yet"),
            ([-1.0, -2.0], best.both, "left"),
        ):
            assert outcome(session([*W1, 1.0, 1.0, 0.0], loss=loss), X, best) == expected

    def test_with_a_bias_both_ends_must_slope(self) -> None:
        net = Architecture(bias1=True)
        state = session(loss=BEST.both)
        for W1, b1, expected in (
            ([1.0, 1.0], [0.0, 1.5], "both"),  # which way the units face says nothing
            ([1.0, 1.0], [0.0, -0.9], "right"),
            ([-1.0, -1.0], [0.0, 0.5], "left"),
        ):
            params = np.array([*W1, *b1, -4.0, 2.0, 0.0], dtype=np.float32)
            trained = replace(state.train, params=params, net=net)
            assert outcome(replace(state, train=trained), X, BEST) == expected

    def test_a_unit_that_is_on_for_no_point_is_dead(self) -> None:
        net = Architecture(bias1=True)
        state = session()
        for bias, expected in ((-0.5, "both"), (-1.5, "dead")):
            params = np.array([1.0, -1.0, bias, 0.5, 1.0, 1.0, 0.0], dtype=np.float32)
            trained = replace(state.train, params=params, net=net)
            assert outcome(replace(state, train=trained), X, BEST) == expected

    def test_sigmoids_are_never_dead_but_may_be_flat(self) -> None:
        net = Architecture(activation="sigmoid")
        for params, expected in (([0, 1, 1, 1, 0], "right"), ([0, 0, 1, 1, 0], "dead")):
            state = session([float(param) for param in params], loss=BEST.flat)
            assert outcome(replace(state, train=replace(state.train, net=net)), X, BEST) == expected

    def test_an_untrained_net_has_not_started(self) -> None:
        start = initial_state(1, *POINTS.training)
        untouched = replace(session(), train=start)
        assert outcome(untouched, X, BEST) == "not_started"
        edited = with_params(start, np.array([1, -1, -4.5, -9, 4.5], np.float32), X, POINTS.y)
        assert outcome(replace(untouched, train=edited, by_recipe=False), X, BEST) == "both"

    def test_diverged_goes_before_where_the_weights_ended(self) -> None:
        points = POINTS
        start = initial_state(1, *points.training, Architecture(loss="mse"))
        result = train_slice(start, *points.training, SgdOptions(lr=50.0), Budget(50), TORCH_CPU)
        assert result.diverged
        ended = replace(session(), train=result.state, notice=Notice("diverged"))
        best = plateaus(*points.training, "mse")
        assert outcome(ended, X, best) == "diverged"
        assert outcome(replace(ended, notice=None, by_recipe=False), X, best) != "diverged"

    def test_the_lectures_seeds_are_grouped_as_in_the_lesson(self) -> None:
        found = []
        for seed in (1, 2, 3):
            start = initial_state(seed, *POINTS.training)
            result = train_slice(start, *POINTS.training, AdamOptions(), Budget(5000))
            found.append(outcome(replace(session(), train=result.state), X, BEST))
        assert found == ["both", "both", "left"]


@pytest.mark.parametrize("net", NETS)
def test_slopes_at_both_ends_equal_autograds(net: Architecture) -> None:
    start = initial_state(7, X, POINTS.y, net)
    ends = torch.tensor([[X.min()], [X.max()]], requires_grad=True)
    made = make_net(net)
    torch.nn.utils.vector_to_parameters(torch.tensor(start.params), made.parameters())
    layers = list(made)[:3]  # up to the logit
    torch.nn.Sequential(*layers)(ends).sum().backward()  # type: ignore[no-untyped-call]
    assert ends.grad is not None
    assert slopes(start, X) == pytest.approx(ends.grad.flatten().tolist(), abs=1e-5)


def test_the_lectures_net_has_one_slope_on_each_side() -> None:
    train = initial_state(5, X, POINTS.y)
    assert slopes(train, X) == pytest.approx(slopes_of_lecture(from_vector(train.params)))
    right = X[X > 0.5]  # own points may lie on one side only
    assert slopes(train, right) == pytest.approx(
        [slopes_of_lecture(from_vector(train.params))[1]] * 2
    )


def test_slopes_that_overflow_float32_are_none() -> None:
    state = session([3e38, -3e38, 3e38, 3e38, 0.0])
    broken = replace(state.train, params=np.full(5, np.nan, dtype=np.float32))
    assert slopes(broken, X) is None


class TestRow:
    def test_of_a_plain_net_has_its_parameters(self) -> None:
        run = Run(start_epoch=0, target_epoch=100, status="paused")
        state = session([1.0, -1.0, -4.5, -9.0, 4.5], run=run)
        seat = Seat(own="x", nickname="Mina", name_hidden=True, number=4)
        assert row(seat, state, POINTS, BEST, is_here=True) == {
            "n": 4,
            "name": "Mina",
            "name_hidden": True,
            "here": True,
            "data": POINTS.key,
            "seed": 1,
            "epoch": 7,
            "loss": 0.25,
            "status": "paused",
            "outcome": "both",
            "slopes": [9.0, -4.5],
            "net": {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"},
            "numbers": [1.0, -1.0, -4.5, -9.0, 4.5],
            "plain": True,
        }

    def test_of_a_wide_net_has_its_curve(self) -> None:
        net = Architecture(h=64, bias1=True)
        train = initial_state(3, X, POINTS.y, net)
        found = row(Seat(own="x"), replace(session(), train=train), POINTS, BEST, is_here=False)
        assert found["numbers"] == pytest.approx(curve(train.params, net, X), abs=1e-5)
        assert (found["plain"], found["status"], found["here"]) == (False, "idle", False)

    def test_is_json_whatever_the_numbers(self) -> None:
        state = session()
        wild = replace(state.train, loss=float("inf"), params=np.full(5, np.nan, np.float32))
        found = row(Seat(own="x"), replace(state, train=wild), POINTS, BEST, is_here=False)
        json.dumps(found, allow_nan=False)
        assert (found["loss"], found["slopes"], found["numbers"]) == (None, None, [None] * 5)


def test_the_changes_turn_one_board_into_the_next() -> None:
    before = {n: {"n": n, "epoch": 0} for n in (1, 2, 3)}
    after = {n: {"n": n, "epoch": 5 * (n == 3)} for n in (2, 3, 4)}
    changed, gone = changes(before, after)
    assert changed == [after[3], after[4]]
    assert gone == [1]
    shown = {n: row for n, row in before.items() if n not in gone} | {
        row["n"]: row for row in changed
    }
    assert shown == after
    assert changes(after, after) == ([], [])
