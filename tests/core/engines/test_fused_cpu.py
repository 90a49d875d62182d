"""The compiled engine against eager PyTorch; test_training.py tests both engines."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.compute import warmup
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU, TORCH_CPU, fused_cpu
from pwlapp.core.engines.fused_cpu import FusedCpuEngine, train_many
from pwlapp.core.engines.kernels.loop import train_epochs
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import MAX_LR, AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, SliceResult, TrainState
from pwlapp.core.training import initial_state, train_slice, with_params

ARCHITECTURES = [
    Architecture(h, bias1, activation, loss)
    for h in (1, 2, 3, 17)
    for bias1 in (False, True)
    for activation in ("relu", "sigmoid")
    for loss in ("bce", "mse")
]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile as a server does: the servers of other tests wait for it and do not compile again."""
    warmup.load_compiled()


def both(
    state: TrainState, x: Array, y: Array, options: OptimizerOptions, epochs: int
) -> tuple[SliceResult, SliceResult]:
    """The same slice from PyTorch and from the compiled engine, each epoch a frame."""
    end = state.epoch + epochs
    budget = Budget(end, record=tuple(range(state.epoch + 1, end + 1)))
    eager, fused = (
        train_slice(state, x, y, options, budget, engine) for engine in (TORCH_CPU, FUSED_CPU)
    )
    assert (eager.engine, fused.engine) == (TORCH_CPU, FUSED_CPU)
    return eager, fused


def assert_close(fused: Array, eager: Array, tolerance: float, what: str = "") -> None:
    """Compare with a tolerance relative to the vector's largest number."""
    size = max(float(np.abs(eager).max(initial=0.0)), 1e-3)
    np.testing.assert_allclose(fused, eager, rtol=0, atol=tolerance * size, err_msg=what)


def a_state(rng: np.random.Generator, net: Architecture, epoch: int = 40) -> TrainState:
    """A state in mid-training: moments are set, and v is above a gradient's rounding error."""
    params = rng.normal(0, 1.5, net.size).astype(np.float32)
    m = rng.normal(0, 0.05, net.size).astype(np.float32)
    v = rng.uniform(1e-4, 1e-2, net.size).astype(np.float32)
    return TrainState(params, m, v, epoch, loss=0.7, net=net, optimizer_epoch=3)


def some_points(rng: np.random.Generator, n: int, labels: str) -> tuple[Array, Array]:
    x = rng.normal(0, 1, n).astype(np.float32)  # unsorted
    y = {
        "zeros and ones": rng.integers(0, 2, n),
        "fractions": rng.uniform(0, 1, n),
        "ones": np.ones(n),
        "zeros": np.zeros(n),
    }[labels]
    return x, y.astype(np.float32)


def some_options(rng: np.random.Generator, kind: str) -> OptimizerOptions:
    lr, decay = float(10 ** rng.uniform(-4, -1)), float(rng.choice([0.0, 0.01]))
    if kind == "sgd":
        return SgdOptions(lr, momentum=float(rng.choice([0.0, 0.5, 0.95])), weight_decay=decay)
    beta1, beta2 = float(rng.uniform(0, 0.95)), float(rng.uniform(0.9, 0.9999))
    return AdamOptions(lr, beta1, beta2, eps=float(10 ** rng.uniform(-10, -3)), weight_decay=decay)


# Numbers equal PyTorch's


def test_the_lectures_run_is_eager_pytorchs(lecture: Points, pages_run: SliceResult):
    start, frames = initial_state(1, lecture.x, lecture.y), pages_run.frames
    budget = Budget(pages_run.state.epoch, tuple(frames.epochs.tolist()))
    fused = train_slice(start, lecture.x, lecture.y, AdamOptions(), budget, FUSED_CPU)
    np.testing.assert_allclose(fused.state.params, pages_run.state.params, rtol=0, atol=1e-4)
    np.testing.assert_allclose(fused.frames.numbers, frames.numbers, rtol=0, atol=1e-4)
    np.testing.assert_allclose(fused.frames.losses, frames.losses, rtol=0, atol=2e-6)


@given(
    seed=st.integers(0, 2**32 - 1),
    net=st.sampled_from(ARCHITECTURES),
    n=st.integers(1, 700),
    kind=st.sampled_from(["adam", "sgd"]),
    labels=st.sampled_from(["zeros and ones", "fractions", "ones", "zeros"]),
)
@settings(derandomize=True, database=None, deadline=None, max_examples=250)
def test_a_step_is_pytorchs(seed: int, net: Architecture, n: int, kind: str, labels: str):
    rng = np.random.default_rng(seed)
    state, (x, y) = a_state(rng, net), some_points(rng, n, labels)
    state = with_params(state, state.params, x, y)  # for its loss
    eager, fused = both(state, x, y, some_options(rng, kind), 1)
    assert fused.diverged == eager.diverged
    assert_close(fused.state.params, eager.state.params, 1e-6, "params")
    # a gradient can almost cancel, which leaves float32's rounding error in both
    assert_close(fused.state.m, eager.state.m, 5e-6, "m")
    assert_close(fused.state.v, eager.state.v, 1e-5, "v")
    # torch takes the logarithm of a rounded 1 - yhat, so with few points its loss is inexact
    assert fused.state.loss == pytest.approx(eager.state.loss, rel=1e-3, abs=1e-6)


@given(
    seed=st.integers(0, 2**32 - 1),
    net=st.sampled_from(ARCHITECTURES),
    n=st.integers(1, 700),
    kind=st.sampled_from(["adam", "sgd"]),
)
@settings(derandomize=True, database=None, deadline=None, max_examples=60)
def test_a_short_run_is_pytorchs(seed: int, net: Architecture, n: int, kind: str):
    rng = np.random.default_rng(seed)
    x, y = some_points(rng, n, "zeros and ones")
    start = initial_state(seed, x, y, net)
    options = dataclasses.replace(some_options(rng, kind), lr=float(10 ** rng.uniform(-4, -2)))
    eager, fused = both(start, x, y, options, 25)
    assert fused.frames.epochs.tolist() == eager.frames.epochs.tolist()
    assert_close(fused.frames.numbers, eager.frames.numbers, 1e-4)
    np.testing.assert_allclose(fused.frames.losses, eager.frames.losses, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("net", ARCHITECTURES, ids=str)
def test_the_loss_is_that_of_the_same_weights_in_double_precision(
    lecture: Points, net: Architecture
):
    start = initial_state(6, lecture.x, lecture.y, net)
    state = train_slice(start, lecture.x, lecture.y, AdamOptions(0.03), Budget(90), FUSED_CPU).state
    layers = [torch.nn.Linear(1, net.h, bias=net.bias1), torch.nn.Linear(net.h, 1)]
    layers = [layer.double() for layer in layers]
    torch.nn.utils.vector_to_parameters(
        torch.tensor(state.params).double(), [p for layer in layers for p in layer.parameters()]
    )
    x, y = (torch.tensor(values).double().reshape(-1, 1) for values in (lecture.x, lecture.y))
    u = layers[0](x)
    line = layers[1](torch.sigmoid(u) if net.activation == "sigmoid" else torch.relu(u))
    bce, mse = torch.nn.BCEWithLogitsLoss(), torch.nn.MSELoss()
    exact = (bce if net.loss == "bce" else mse)(line, y).item()
    assert state.loss == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_wide_net_is_pytorchs(lecture: Points, activation: str):
    net = Architecture(2048, bias1=True, activation=activation)
    start = initial_state(1, lecture.x, lecture.y, net)
    eager, fused = both(start, lecture.x, lecture.y, AdamOptions(), 3)
    assert_close(fused.state.params, eager.state.params, 1e-5)
    assert fused.state.loss == pytest.approx(eager.state.loss, abs=1e-5)


# Divergence and edge cases as in PyTorch


def test_no_points_is_divergence(lecture: Points):
    nothing = np.zeros(0, dtype=np.float32)
    start = initial_state(1, lecture.x, lecture.y)
    for result in both(start, nothing, nothing, AdamOptions(), 5):
        assert result.diverged
        assert np.isnan(result.state.loss)
        assert result.state.epoch == 0
        assert result.frames.numbers.shape == (0, 5)
    with pytest.raises(ValueError, match="0 points and 5 epochs"):
        train_many([start], nothing, nothing, AdamOptions(), 5)


@pytest.mark.parametrize("net", ARCHITECTURES[:8], ids=str)
@pytest.mark.parametrize("value", [-2.0, 0.0, 1e4, -1e4])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_point(net: Architecture, value: float, label: float):
    x, y = np.array([value], np.float32), np.array([label], np.float32)
    eager, fused = both(initial_state(5, x, y, net), x, y, AdamOptions(lr=0.01), 30)
    assert (fused.diverged, fused.state.epoch) == (eager.diverged, eager.state.epoch)
    assert_close(fused.state.params, eager.state.params, 1e-4)


@pytest.mark.parametrize("net", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_extreme_x(lecture: Points, net: Architecture, seed: int):
    """At x = 1e4 almost every sigmoid is saturated, where BCELoss has a gradient of its own."""
    x = lecture.x * np.float32(1e4)
    eager, fused = both(initial_state(seed, x, lecture.y, net), x, lecture.y, AdamOptions(), 10)
    assert (fused.diverged, fused.state.epoch) == (eager.diverged, eager.state.epoch)
    assert_close(fused.state.params, eager.state.params, 1e-4)
    # torch takes the logarithm of a rounded 1 - yhat: its own loss is good to a few digits here
    assert fused.state.loss == pytest.approx(eager.state.loss, rel=2e-3)


@pytest.mark.parametrize("factor", [1.0, 3.0, 10.0, 100.0])
@pytest.mark.parametrize("net", [Architecture(2), Architecture(3, True, "sigmoid")], ids=str)
def test_saturated_sigmoids(lecture: Points, net: Architecture, factor: float):
    rng = np.random.default_rng(8)
    vector = rng.normal(0, 4 * factor, net.size)
    start = with_params(initial_state(1, lecture.x, lecture.y, net), vector, lecture.x, lecture.y)
    eager, fused = both(start, lecture.x, lecture.y, SgdOptions(lr=0.01), 5)
    assert fused.diverged == eager.diverged
    assert_close(fused.state.params, eager.state.params, 1e-5)
    np.testing.assert_allclose(fused.frames.losses, eager.frames.losses, rtol=2e-3)


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("net", ARCHITECTURES[:16], ids=str)
def test_labels_that_are_all_equal(lecture: Points, net: Architecture, label: float):
    y = np.full_like(lecture.y, label)
    eager, fused = both(
        initial_state(2, lecture.x, y, net), lecture.x, y, AdamOptions(lr=0.05), 200
    )
    assert not fused.diverged
    assert not eager.diverged
    assert_close(fused.state.params, eager.state.params, 2e-3)


@pytest.mark.parametrize("net", [Architecture(2), Architecture(2, True, "sigmoid")], ids=str)
@pytest.mark.parametrize("lr", [8.0, 20.0, 100.0, MAX_LR])
@pytest.mark.parametrize("seed", range(4))
def test_a_learning_rate_that_blows_up(lecture: Points, net: Architecture, seed: int, lr: float):
    start = initial_state(seed, lecture.x, lecture.y, net)
    eager, fused = both(start, lecture.x, lecture.y, AdamOptions(lr=lr), 40)
    assert (fused.diverged, fused.state.epoch) == (eager.diverged, eager.state.epoch)


@pytest.mark.parametrize("net", [Architecture(2), Architecture(5, True, "relu", "mse")], ids=str)
def test_gradient_descent_that_blows_up(lecture: Points, net: Architecture):
    start = initial_state(1, lecture.x, lecture.y, net)
    eager, fused = both(start, lecture.x, lecture.y, SgdOptions(lr=900.0, momentum=0.9), 60)
    assert eager.diverged
    assert (fused.diverged, fused.state.epoch) == (eager.diverged, eager.state.epoch)
    assert np.isfinite(fused.state.params).all()


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_nan_is_divergence(lecture: Points, name: str, value: float, activation: str, loss: str):
    """Without `train_slice`, which refuses such states; a step could lead to one."""
    net = Architecture(2, True, activation, loss)
    state = a_state(np.random.default_rng(0), net)
    params = state.params.copy()
    params[["W1", "b1", "W2", "b2"].index(name) * 2] = value
    spoilt = dataclasses.replace(state, params=params)
    result = FusedCpuEngine().train(
        spoilt, lecture.x * 10, lecture.y, AdamOptions(), Budget(state.epoch + 3)
    )
    if result.diverged:
        assert result.state.epoch == state.epoch
    else:
        assert np.isfinite(result.state.loss)
        assert np.isfinite(result.state.params).all()
    if not np.isfinite(value):
        assert result.diverged


# Slices


def test_a_run_that_diverges_at_the_start_of_a_chunk_has_each_frame_once(lecture: Points):
    start, budget = initial_state(2, lecture.x, lecture.y), Budget(50, tuple(range(1, 51)), 20.0)
    for lr in (10.0, 20.0, 50.0, 100.0):
        result = train_slice(start, lecture.x, lecture.y, AdamOptions(lr=lr), budget, FUSED_CPU)
        assert result.diverged
        assert result.frames.epochs.tolist() == list(range(1, result.state.epoch + 1))


@pytest.mark.parametrize("net", ARCHITECTURES[8:], ids=str)
def test_a_run_does_not_depend_on_its_slices(lecture: Points, net: Architecture):
    options = AdamOptions(lr=0.05)  # bends move far, also past each other
    start = initial_state(4, lecture.x, lecture.y, net)
    whole = train_slice(start, lecture.x, lecture.y, options, Budget(120), FUSED_CPU).state
    state = start
    while state.epoch < 120:
        budget = Budget(120, slice_ms=0.05)
        state = train_slice(state, lecture.x, lecture.y, options, budget, FUSED_CPU).state
    for name in ("params", "m", "v"):
        np.testing.assert_array_equal(getattr(state, name), getattr(whole, name))
    assert state.loss == whole.loss


def test_the_order_of_the_points_does_not_matter(lecture: Points):
    order = np.random.default_rng(0).permutation(lecture.x.size)
    start = initial_state(1, lecture.x, lecture.y)
    first, second = (
        train_slice(start, x, y, AdamOptions(), Budget(300), FUSED_CPU).state.params
        for x, y in ((lecture.x, lecture.y), (lecture.x[order], lecture.y[order]))
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


# Many nets


def test_many_nets_end_as_each_does_alone(lecture: Points):
    options = AdamOptions(lr=0.01)
    states = [initial_state(seed, lecture.x, lecture.y) for seed in range(40)]
    states += [initial_state(1, lecture.x, lecture.y, net) for net in ARCHITECTURES]
    states[7] = train_slice(states[7], lecture.x, lecture.y, options, Budget(11), FUSED_CPU).state
    ends = train_many(states, lecture.x, lecture.y, options, 60, threads=4)
    assert [end.epoch for end in ends] == [state.epoch + 60 for state in states]
    for state, end in zip(states, ends, strict=True):
        budget = Budget(state.epoch + 60)
        alone = train_slice(state, lecture.x, lecture.y, options, budget, FUSED_CPU).state
        np.testing.assert_array_equal(end.params, alone.params)
        assert end.loss == alone.loss


def test_one_of_many_that_diverges_keeps_its_last_good_weights(lecture: Points):
    options = AdamOptions(lr=8.0)
    states = [initial_state(seed, lecture.x, lecture.y) for seed in range(1, 6)]
    alone = [
        train_slice(state, lecture.x, lecture.y, options, Budget(100), FUSED_CPU)
        for state in states
    ]
    assert any(result.diverged for result in alone)
    for end, result in zip(
        train_many(states, lecture.x, lecture.y, options, 100), alone, strict=True
    ):
        assert end.epoch == result.state.epoch
        np.testing.assert_array_equal(end.params, result.state.params)


# Compilation


def test_nothing_is_compiled_after_warm(lecture: Points):
    fused_cpu.warm()
    assert len(train_epochs.signatures) == 1
    for net in ARCHITECTURES:
        start = initial_state(1, lecture.x, lecture.y, net)
        for options in (AdamOptions(), SgdOptions(0.1, momentum=0.9)):
            train_slice(start, lecture.x, lecture.y, options, Budget(2, record=(1,)), FUSED_CPU)
    assert len(train_epochs.signatures) == 1


CHECKED = """
import numpy as np
from pwlapp.core.engines.fused_cpu import FusedCpuEngine
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, TrainState

rng = np.random.default_rng(0)
for n in (1, 2, 255, 256, 257, 600):
    for h in (1, 2, 40):
        for activation in ("relu", "sigmoid"):
            net = Architecture(h, h != 2, activation)
            x = rng.normal(0, 1, n).astype(np.float32)
            y = rng.integers(0, 2, n).astype(np.float32)
            params, zeros = rng.normal(0, 1, net.size).astype(np.float32), np.zeros(net.size, "f4")
            state = TrainState(params, zeros, zeros, epoch=0, loss=0.0, net=net)
            budget = Budget(40, record=(1, 2, 40))
            result = FusedCpuEngine().train(state, x, y, AdamOptions(lr=0.3), budget)
            assert result.state.epoch == 40
print("no index out of bounds")
"""


def test_no_index_is_out_of_bounds(tmp_path: Path):
    """With loops that check every index, compiled in another process: Numba can't cache them."""
    environment = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_OPT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", CHECKED],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "no index out of bounds\n", done.stderr
