from __future__ import annotations

import numpy as np
import pytest

from pwlapp.core.net import LECTURE, MAX_HIDDEN, Architecture, from_vector, logit
from pwlapp.core.state import Frames
from pwlapp.sessions.frames import (
    CURVE_POINTS,
    PLAIN_HIDDEN,
    curve,
    draw,
    frames_of_run,
    is_curve,
    numbers,
)

X = np.array([0.5, -0.75, 0.0, 0.3], dtype=np.float32)


def random_params(net: Architecture, rows: int = 1) -> np.ndarray:
    return np.random.default_rng(net.h).normal(size=(rows, net.size)).astype(np.float32)


@pytest.mark.parametrize("bias1", [False, True])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_curve_is_the_logit_from_the_smallest_to_the_largest_x(
    bias1: bool, activation: str
) -> None:
    """Against torch's own layers."""
    import torch

    from pwlapp.core.engines.torch_engine import make_net

    net = Architecture(h=30, bias1=bias1, activation=activation, loss="mse")
    [params] = random_params(net)
    oracle = make_net(net)
    torch.nn.utils.vector_to_parameters(torch.tensor(params), oracle.parameters())
    places = torch.linspace(-0.75, 0.5, CURVE_POINTS).reshape(-1, 1)
    with torch.no_grad():
        expected = oracle(places).flatten().numpy()
    drawn = curve(params, net, X)
    assert drawn.dtype == np.float32
    assert np.abs(drawn - expected).max() < 1e-5


def test_frames_hold_parameters_of_narrow_nets_and_curves_of_wide_nets() -> None:
    for h in (1, 2, PLAIN_HIDDEN):
        net = Architecture(h=h, bias1=True)
        [params] = random_params(net)
        assert numbers(params, net, X) is params
        assert not is_curve(params)
        assert frames_of_run(net) == 240
    wide = Architecture(h=PLAIN_HIDDEN + 1)
    drawn = numbers(random_params(wide)[0], wide, X)
    assert drawn.shape == (CURVE_POINTS,)
    assert is_curve(drawn)
    assert frames_of_run(wide) == 120


@pytest.mark.parametrize("net", [LECTURE, Architecture(h=MAX_HIDDEN)])
def test_the_frames_of_a_slice_are_converted_one_by_one(net: Architecture) -> None:
    params = random_params(net, rows=3)
    frames = Frames(np.array([1, 2, 9]), np.array([3, 2, 1], np.float32), params)
    batch = draw(frames, net, X)
    assert batch.epochs.tolist() == [1, 2, 9]
    assert batch.losses.tolist() == [3, 2, 1]
    for drawn, each in zip(batch.numbers, params, strict=True):
        assert np.array_equal(drawn, numbers(each, net, X))


def test_no_frames_give_an_empty_batch() -> None:
    net = Architecture(h=20)
    none = Frames(np.empty(0, np.int64), np.empty(0, np.float32), np.empty((0, 41), np.float32))
    assert draw(none, net, X).numbers.shape == (0, CURVE_POINTS)


def test_a_logit_beyond_float32_does_not_fail() -> None:
    net = Architecture(h=20)
    drawn = curve(np.full(net.size, 3e38, dtype=np.float32), net, X)
    assert not np.isfinite(drawn).all()


def test_points_with_equal_x_have_a_flat_curve() -> None:
    net = Architecture(h=20)
    drawn = curve(random_params(net)[0], net, X[:1])
    assert np.ptp(drawn) == 0


def test_a_wide_nets_frame_has_the_loss_on_the_held_out_points() -> None:
    net = Architecture(h=9, bias1=True, loss="mse")
    params = random_params(net)[0]
    testing = (X, np.array([1, 2, 3, 4], dtype=np.float32))
    drawn = numbers(params, net, X, testing)
    assert is_curve(drawn)
    assert np.array_equal(drawn[:-1], curve(params, net, X))
    fitted = logit(from_vector(params, bias1=True), X)
    assert drawn[-1] == pytest.approx(np.mean((fitted - testing[1]) ** 2), rel=1e-5)
    frames = Frames(np.array([3]), np.zeros(1, np.float32), params[None, :])
    assert np.array_equal(draw(frames, net, X, testing).numbers, drawn[None, :])
