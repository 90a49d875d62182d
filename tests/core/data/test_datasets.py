"""The laws, compared with the course's own code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pwlapp.core.data import datasets
from pwlapp.core.data.datasets import LAWS, TABLE, draw
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from pwlapp.errors import UserError

SEED = 43052

# The true y at x of the laws that are not the course's own.
FORMULAS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "sine": lambda x: np.sin(np.pi * x),
    "step": lambda x: np.where(np.abs(x) < 2, 1, 0),
    "two_steps": lambda x: 1 * ((x > -4) & (x < -1)) + 2 * ((x > 1) & (x < 4)),
}


def default(law: str) -> tuple[datasets.Array, datasets.Array, datasets.Array]:
    known = TABLE[law]
    return draw(law, known.n, known.noise, known.seed)


def test_the_step_like_set_is_the_courses_own_bit_for_bit() -> None:
    torch.manual_seed(SEED)
    x = torch.linspace(-1, 1, 2000)
    logit = torch.zeros(2000)
    for i in range(2000):
        if x[i] < -0.2:
            logit[i] = 15 * x[i] + 6
        elif x[i] < 0.4:
            logit[i] = -1
        else:
            logit[i] = -3
    prob = torch.sigmoid(logit)
    expected = (x, prob, torch.bernoulli(prob))
    for found, wanted in zip(default("step_like"), expected, strict=True):
        assert np.array_equal(found, wanted.numpy())


def test_the_curve_is_the_courses_own_bit_for_bit() -> None:
    torch.manual_seed(SEED)
    x = torch.linspace(0, 2, 2000)
    f = torch.exp(-x) * torch.abs(torch.cos(3 * x)) * torch.sin(3 * x)
    expected = (x, f, f + 0.05 * torch.randn(2000))
    for found, wanted in zip(default("curve"), expected, strict=True):
        assert np.array_equal(found, wanted.numpy())


def test_irony_is_the_lectures_law() -> None:
    generator = torch.Generator().manual_seed(SEED)
    x = torch.linspace(-1, 1, 2000)
    prob = torch.sigmoid(torch.where(x < 0, 5 + 15 * x, 5 - 5 * x))
    expected = (x, prob, (torch.rand(2000, generator=generator) < prob).float())
    for found, wanted in zip(default("irony"), expected, strict=True):
        assert np.array_equal(found, wanted.numpy())


@pytest.mark.parametrize("law", FORMULAS)
def test_y_is_the_formula_plus_noise(law: str) -> None:
    x, truth, y = draw(law, 500, 0.1, 7)
    assert truth == pytest.approx(FORMULAS[law](x.astype(np.float64)), abs=1e-6)
    torch.manual_seed(7)
    assert y - truth == pytest.approx(0.1 * torch.randn(500).numpy(), abs=1e-6)


@pytest.mark.parametrize("law", LAWS)
def test_the_same_arguments_give_the_same_points_and_leave_the_random_state(law: str) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, again, other = draw(law, 50, 0.2, 3), draw(law, 50, 0.2, 3), draw(law, 50, 0.2, 4)
    assert torch.equal(torch.rand(3), expected)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[2], other[2])
    x, truth, y = first
    assert {x.dtype, truth.dtype, y.dtype} == {np.dtype(np.float32)}
    assert (np.diff(x) > 0).all()
    assert set(y.tolist()) <= {0.0, 1.0} or not TABLE[law].is_binary


def test_flipped_labels_are_counted_into_the_truth() -> None:
    _, plain, labels = draw("step_like", 10_000, 0, 5)
    _, truth, flipped = draw("step_like", 10_000, 0.3, 5)
    assert truth == pytest.approx(plain + 0.3 * (1 - 2 * plain), abs=1e-6)
    assert (flipped != labels).mean() == pytest.approx(0.3, abs=0.015)


@pytest.mark.parametrize("law", LAWS)
def test_the_sketch_in_numpy_is_the_law_in_torch(law: str) -> None:
    x, y = datasets.sketch(TABLE[law], 40)
    drawn_x, truth, _ = draw(law, 40, 0, 1)
    assert x == pytest.approx(drawn_x, abs=1e-6)
    assert y == pytest.approx(truth, abs=2e-6)


@pytest.mark.parametrize("law", FORMULAS)
def test_the_net_of_a_law_learns_it(law: str) -> None:
    known = TABLE[law]
    x, truth, y = default(law)
    state = initial_state(1, x, y, known.net)
    trained = train_slice(
        state, x, y, AdamOptions(known.lr), Budget(known.epochs), "fused@cpu"
    ).state
    assert trained.loss < known.noise**2 + 0.02
    assert trained.loss < state.loss / 5
    assert np.mean(np.square(truth - y)) == pytest.approx(known.noise**2, rel=0.1)


@pytest.mark.parametrize(
    ("law", "n", "noise", "seed", "code"),
    [
        ("parabola", 10, 0, 1, "bad_law"),
        ("abs", 1, 0, 1, "bad_n"),
        ("abs", 10_001, 0, 1, "bad_n"),
        ("abs", 10, 2.1, 1, "bad_noise"),
        ("abs", 10, float("nan"), 1, "bad_noise"),
        ("irony", 10, 0.6, 1, "bad_noise"),
        ("irony", 10, -0.1, 1, "bad_noise"),
        ("irony", 10, 0, -1, "bad_seed"),
        ("irony", 10, 0, 2**32, "bad_seed"),
    ],
)
def test_bad_arguments(law: str, n: int, noise: float, seed: int, code: str) -> None:
    with pytest.raises(UserError) as caught:
        draw(law, n, noise, seed)
    assert caught.value.code == code
