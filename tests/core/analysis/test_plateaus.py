"""Plateaus, compared with torch's LBFGS on the same features and with the ends of long runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pwlapp.core import net as nets
from pwlapp.core.analysis.plateaus import plateaus
from pwlapp.core.data.points import Points
from pwlapp.core.engines.fused_cpu import train_many
from pwlapp.core.net import Array, Loss
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.training import initial_state

SIDES = {"flat": (0, 0), "left": (1, 0), "right": (0, 1), "both": (1, 1)}


def by_lbfgs(x: Array, y: Array, loss: Loss, use: tuple[int, int]) -> tuple[float, list[float]]:
    """The lowest loss of ``left min(x, 0) + right max(x, 0) + b`` with the sides in `use`."""
    wide, target = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    features = torch.stack([wide.clamp(max=0) * use[0], wide.clamp(min=0) * use[1]], dim=1)
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [w],
        max_iter=500,
        tolerance_change=1e-15,
        tolerance_grad=1e-11,
        line_search_fn="strong_wolfe",
    )

    def measure() -> torch.Tensor:
        z = features @ w[:2] + w[2]
        if loss == "bce":
            return torch.nn.functional.binary_cross_entropy_with_logits(z, target)
        return torch.nn.functional.mse_loss(z, target)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = measure()
        value.backward()
        return value

    optimizer.step(closure)
    return measure().item(), w.tolist()


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agree_with_lbfgs(loss: Loss, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.uniform(-3, 2, size=200).astype(np.float32)
    y = random.uniform(0, 1, size=200).astype(np.float32) if seed else (random.random(200) < 0.3)
    found = plateaus(x, y.astype(np.float32), loss)
    for side, use in SIDES.items():
        expected, line = by_lbfgs(x, y.astype(np.float32), loss, use)
        assert getattr(found, side) == pytest.approx(expected, abs=1e-8), side
    assert found.line == pytest.approx(line, abs=1e-5)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_best_line_on_the_lectures_data(lecture: Points, loss: Loss) -> None:
    found = plateaus(lecture.x, lecture.y, loss)
    expected, line = by_lbfgs(lecture.x, lecture.y, loss, (1, 1))
    assert found.line == pytest.approx(line, abs=1e-5)
    assert loss_of_line(found.line, lecture.x, lecture.y, loss) == pytest.approx(expected, abs=1e-7)


def loss_of_line(line: tuple[float, float, float], x: Array, y: Array, loss: Loss) -> float:
    """The loss of the lecture's net with the logit ``left min(x, 0) + right max(x, 0) + b``."""
    left, right, b = line
    params = np.array([1, -1, right, -left, b], np.float32)
    return nets.loss(params, x, y, nets.Architecture(loss=loss))


def test_are_the_lectures_three_numbers(lecture: Points) -> None:
    found = plateaus(lecture.x, lecture.y, "bce")
    assert found.both == pytest.approx(0.267, abs=5e-4)
    assert found.left == pytest.approx(0.336, abs=5e-4)
    assert found.right == pytest.approx(0.622, abs=5e-4)
    assert found.both < found.left < found.right < found.flat


def test_a_net_bends_on_both_sides_below_what_one_side_can_reach(lecture: Points) -> None:
    found = plateaus(lecture.x, lecture.y, "bce")
    assert found.bent_below
    assert found.both < found.bent_below < found.left
    assert found.left - found.bent_below < 0.03 * (found.left - found.both)
    one_side = np.where(lecture.x < 0, lecture.x, 0).astype(np.float32)
    assert plateaus(lecture.x, one_side, "mse").bent_below is None
    assert plateaus(lecture.x, np.ones_like(lecture.x), "mse").bent_below is None


def test_long_runs_stop_at_plateaus(lecture: Points) -> None:
    """Seed 2 bends on both sides, seed 3 only on the left, seed 6 only on the right."""
    x, y = lecture.x, lecture.y
    found = plateaus(x, y, "bce")
    states = [initial_state(seed, x, y) for seed in (2, 3, 6)]
    ends = train_many(states, x, y, AdamOptions(), 30_000)
    expected = [found.both, found.left, found.right]
    assert [state.loss for state in ends] == pytest.approx(expected, abs=2e-5)


def test_points_of_any_size_and_on_one_side_only() -> None:
    x = np.linspace(0.0, 1.0, 50, dtype=np.float32)
    y = (np.arange(50) % 3 == 0).astype(np.float32)
    found = plateaus(x, y, "bce")
    assert found.left == pytest.approx(found.flat)  # nothing is there
    assert found.both == pytest.approx(found.right)
    large = plateaus(1e6 * x, y, "bce")
    assert large.both == pytest.approx(found.both)


def test_separable_points() -> None:
    x = np.linspace(-1, 1, 50, dtype=np.float32)
    found = plateaus(x, (x > 0.5).astype(np.float32), "bce")
    assert 0 <= found.both <= found.right < 1e-6
    one_class = plateaus(x, np.ones_like(x), "bce")
    assert one_class.flat < 1e-6


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_best_line_is_finite_where_the_best_slopes_are_not(loss: Loss) -> None:
    def lowest(x: list[float], y: list[float]) -> float:
        points = np.array(x, np.float32), np.array(y, np.float32)
        line = plateaus(*points, loss).line
        assert np.isfinite(line).all()
        return loss_of_line(line, *points, loss)

    assert lowest([-1, -0.5, 0.5, 1], [0, 0, 1, 1]) < 0.1  # divided by a step
    assert lowest([0.25, 0.5, 1], [1, 1, 1]) == pytest.approx(0, abs=1e-6)  # one side is empty
    lowest([1, 2, 3], [0, 1, 0])


def test_no_points() -> None:
    with pytest.raises(ValueError, match="no points"):
        plateaus(np.zeros(0, np.float32), np.zeros(0, np.float32), "bce")
