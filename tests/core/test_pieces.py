"""The logit in pieces, against torch's gradient of the net and against its values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.core.net import START, Params
from pwlapp.core.pieces import Pieces, pieces


def drawn(seed: int, h: int, *, bias1: bool = True, tied: bool = False) -> Params:
    """Random numbers; `tied` ones have zeros among W1 and W2, and knots in common."""
    rng = np.random.default_rng(seed)
    W1, W2, b1 = rng.normal(0, 2, (3, h)).astype(np.float32)
    if tied:
        W1[::5] = 0
        W2[1::5] = 0
        b1[2::5] = W1[2::5] / 4  # all of these bend at -1/4
    return Params(W1, W2, float(np.float32(rng.normal())), b1 if bias1 else None)


def by_torch(params: Params, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes of the logit by autograd, in double precision."""
    W1, W2 = (torch.tensor(layer, dtype=torch.float64) for layer in (params.W1, params.W2))
    b1 = torch.zeros_like(W1) if params.b1 is None else torch.tensor(params.b1).double()
    at = torch.tensor(x, requires_grad=True)
    logit = torch.relu(at[:, None] * W1 + b1) @ W2 + params.b2
    (slope,) = torch.autograd.grad(logit.sum(), at)
    return logit.detach().numpy(), slope.numpy()


def middles(line: Pieces, low: float, high: float) -> np.ndarray:
    """A place inside each piece."""
    ends = np.concatenate([[low], line.knots, [high]])
    return (ends[:-1] + ends[1:]) / 2


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("bias1", [False, True])
@pytest.mark.parametrize("h", [1, 2, 8, 512])
def test_slopes_are_those_of_autograd_and_values_those_of_the_net(h: int, bias1: bool, tied: bool):
    for seed in range(5):
        params = drawn(seed, h, bias1=bias1, tied=tied)
        low, high = -1.5, 2.0
        line = pieces(params, low, high)
        assert (np.diff(line.knots) > 0).all()
        assert len(line.slopes) == len(line.intercepts) == len(line.knots) + 1
        x = middles(line, low, high)
        values, slopes = by_torch(params, x)
        scale = np.abs(line.slopes).max() + 1
        np.testing.assert_allclose(line.slopes, slopes, atol=1e-8 * scale)
        np.testing.assert_allclose(line.slopes * x + line.intercepts, values, atol=1e-8 * scale)
        # and anywhere: no knot is missing
        anywhere = np.random.default_rng(seed).uniform(low, high, 300)
        i = np.searchsorted(line.knots, anywhere)
        found = line.slopes[i] * anywhere + line.intercepts[i]
        np.testing.assert_allclose(found, by_torch(params, anywhere)[0], atol=1e-8 * scale)


def test_neighbours_meet_at_their_knot():
    line = pieces(drawn(3, 200))
    left = line.slopes[:-1] * line.knots + line.intercepts[:-1]
    right = line.slopes[1:] * line.knots + line.intercepts[1:]
    np.testing.assert_allclose(left, right, atol=1e-9)


def test_the_lectures_net_is_its_target():
    line = pieces(START)
    assert [values.tolist() for values in line] == [[0], [9, -4.5], [4.5, 4.5]]
    assert math.copysign(1, line.knots[0]) == 1, "0 and not -0"


def params_of(W1: list[float], b1: list[float], W2: list[float], b2: float = 0.5) -> Params:
    return Params(*(np.array(part, np.float32) for part in (W1, W2)), b2, np.array(b1, np.float32))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        # no unit bends: W1 = 0, on and off
        (params_of([0, 0], [2, -3], [4, 5]), ([], [0], [8.5])),
        # a unit that adds nothing
        (params_of([1, 2], [-1, 0], [0, 3]), ([0], [0, 6], [0.5, 0.5])),
        # two units on one knot that cancel, and two that make one bend
        (params_of([1, 1], [-1, -1], [2, -2]), ([], [0], [0.5])),
        (params_of([1, 2], [-1, -2], [2, 2]), ([1], [0, 6], [0.5, -5.5])),
        # relu(x) - relu(-x) is x: it bends nowhere
        (params_of([1, -1], [0, 0], [1, -1]), ([], [1], [0.5])),
    ],
)
def test_knots_that_are_none(params: Params, expected: tuple[list[float], ...]):
    for found, wanted in zip(pieces(params), expected, strict=True):
        assert found.tolist() == pytest.approx(wanted)


def test_a_knot_far_out_is_finite():
    params = params_of([1e-30], [1e6], [1])
    assert pieces(params).knots == pytest.approx([-1e36])
    assert [values.tolist() for values in pieces(params, -1, 1)[::2]] == [[], [1e6 + 0.5]]


def test_knots_outside_of_the_data_are_left_out():
    params = params_of([1, 1, 1, -1], [1, 0, -1, 2], [1, 1, 1, 1])  # knots -1, 0, 1, 2
    assert pieces(params, -1, 1).knots.tolist() == [0], "a knot at the end bends nothing inside"
    assert pieces(params, -0.5, 5).knots.tolist() == [0, 1, 2]
    assert pieces(params, 3, 4).slopes.tolist() == [3]
    with pytest.raises(ValueError, match="low=1"):
        pieces(params, 1, 1)


numbers = st.floats(-8, 8, width=16)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=12), numbers)
def test_any_net(units: list[tuple[float, float, float]], b2: float):
    params = params_of(*map(list, zip(*units, strict=True)), b2)
    line = pieces(params, -2, 2)
    x = np.linspace(-1.9, 1.9, 41)
    i = np.searchsorted(line.knots, x)
    size = 1e-7 * (np.abs(line.slopes).max() + 1) * 100
    np.testing.assert_allclose(
        line.slopes[i] * x + line.intercepts[i], by_torch(params, x)[0], atol=size
    )
