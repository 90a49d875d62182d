from __future__ import annotations

import numpy as np
import pytest
import torch

from pwlapp.core import net
from pwlapp.core.constructions import Result, literal, programs, run_all
from pwlapp.core.net import START
from pwlapp.errors import UserError

X = torch.linspace(-1, 1, 1001).numpy()
EPS = float(np.finfo(np.float32).eps)


def assert_one_function(results: list[Result], params: net.Params) -> None:
    """Six results, each the bent line within rounding, each with its true difference."""
    assert [result.number for result in results] == [1, 2, 3, 4, 5, 6]
    W1, W2 = params.W1.astype(np.float64), params.W2.astype(np.float64)
    exact = np.maximum(X[:, None].astype(np.float64) * W1, 0) @ W2 + params.b2
    rounding = 8 * EPS * (np.abs(W1) @ np.abs(W2) + abs(params.b2))
    for result in results:
        assert len(result.y) == 1001
        np.testing.assert_allclose(result.y, exact, rtol=0, atol=rounding)
        difference = np.abs(np.subtract(result.y, results[0].y)).max()
        assert result.max_difference == difference <= rounding


def test_with_the_start_values_the_six_are_the_lectures_line():
    results = run_all(net.to_vector(START))
    assert_one_function(results, START)
    for result in results:
        np.testing.assert_allclose(result.y, net.target(X), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 5.0, 1e6])
def test_the_six_are_one_function_for_any_numbers(scale: float):
    rng = np.random.default_rng(0)
    for _ in range(10):
        vector = rng.uniform(-scale, scale, 5)
        assert_one_function(run_all(vector), net.from_vector(vector))


@pytest.mark.parametrize(
    "vector",
    [
        [0, 0, 0, 0, 0],
        [-0.0, 1, -0.0, 1, -0.0],
        [1, 1, -4.5, -9, -4.5],  # both units are on for the same side
        [-1, -1, 2, 3, 1],
        [1e-30, -1e-30, 1e6, 1e6, 1e-6],
        [1 / 3, -1 / 7, 1e-5, 123456.789, -1e6],
    ],
)
def test_special_numbers(vector: list[float]):
    assert_one_function(run_all(vector), net.from_vector(vector))


def test_the_code_is_the_lectures_with_the_numbers_in_it():
    params = net.from_vector([1, -1, -4.5, -9, 4.5])
    steps = programs(params)
    assert "y[x < 0] = (9.0 * x + 4.5)[x < 0]" in steps[0]
    assert "y = -4.5 * relu(x) - 9.0 * relu(-x) + 4.5" in steps[1]
    assert "u = torch.concat([x, -x], axis=1)" in steps[2]
    assert "y = v @ torch.tensor([[-4.5], [-9.0]]) + 4.5" in steps[3]
    assert "u = x @ torch.tensor([[1.0, -1.0]])" in steps[4]
    assert "pwlinr = torch.nn.Sequential(l1, a1, l2)" in steps[5]
    moved = programs(net.from_vector([1.5, -0.25, 2, 0.1, -3]))[1]
    assert "y = 2.0 * relu(1.5 * x) + 0.1 * relu(-0.25 * x) - 3.0" in moved


def test_the_code_runs_as_it_is_shown():
    result = run_all([0.3, -2, 1.7, -0.6, 0.9])[5]
    notebook: dict[str, object] = {}
    exec(result.code, notebook)
    assert notebook["y"].flatten().tolist() == result.y


@pytest.mark.parametrize("value", [0.1, 1 / 3, -9.0, 1e-30, 123456.789, 2.0**40])
def test_a_literal_is_the_same_float32(value: float):
    assert np.float32(float(literal(value))) == np.float32(value)


def test_running_them_does_not_change_the_random_state():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run_all([1, -1, -4.5, -9, 4.5])
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("vector", [None, [1, 2, 3], ["__import__('os')", 1, 1, 1, 1], [1e7] * 5])
def test_anything_but_five_numbers_is_refused(vector: object):
    with pytest.raises(UserError) as refused:
        run_all(vector)
    assert refused.value.code == "bad_params"
