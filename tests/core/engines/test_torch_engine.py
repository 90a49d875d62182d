"""The torch engine compared with the lecture's loop, which is written out here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pwlapp.core.data.points import Points
from pwlapp.core.engines import TORCH_CPU, pick
from pwlapp.core.net import LECTURE, Architecture, Array
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice, with_new_optimizer

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def eager(
    net: torch.nn.Sequential,
    loss_fn: torch.nn.Module,
    optimizr: torch.optim.Optimizer,
    x: Array,
    y: Array,
    epochs: int,
) -> tuple[list[list[float]], list[float]]:
    """Train with the lecture's loop; return weights and loss at each epoch, from 0 on."""
    xs, ys = torch.tensor(x).reshape(-1, 1), torch.tensor(y).reshape(-1, 1)
    weights, losses = [], []
    for _ in range(epochs + 1):
        weights.append(flat(net))
        yhat = net(xs)
        loss = loss_fn(yhat, ys)
        losses.append(loss.item())
        loss.backward()
        optimizr.step()
        optimizr.zero_grad()
    return weights, losses


def flat(net: torch.nn.Sequential) -> list[float]:
    return [w for p in net.parameters() for w in p.detach().flatten().tolist()]


def pages_net(h: int, bias1: bool = False) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Linear(1, h, bias=bias1),
        torch.nn.ReLU(),
        torch.nn.Linear(h, 1, bias=True),
        torch.nn.Sigmoid(),
    )


def adam(net: torch.nn.Sequential, options: AdamOptions) -> torch.optim.Adam:
    betas = (options.beta1, options.beta2)
    return torch.optim.Adam(
        net.parameters(), options.lr, betas, options.eps, weight_decay=options.weight_decay
    )


@pytest.fixture(autouse=True)
def _one_thread():
    """The same order of summation in the loop above as in the engine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", range(12))
def test_random_configurations_are_the_lectures_loop_bit_for_bit(case: int):
    rng = np.random.default_rng(case)
    n, h = int(rng.integers(1, 3000)), int(rng.choice([1, 2, 3, 16]))
    x = rng.normal(0, 2, n).astype(np.float32)
    y = rng.uniform(0, 1, n).astype(np.float32)
    if case % 2:
        y = np.round(y)
    options = AdamOptions(
        lr=float(10 ** rng.uniform(-4, -1)),
        beta1=float(rng.uniform(0.5, 0.95)),
        beta2=float(rng.uniform(0.9, 0.9999)),
        eps=float(10 ** rng.uniform(-10, -4)),
        weight_decay=float(rng.choice([0.0, 0.01])),
    )
    epochs = int(rng.integers(1, 150))
    shape = Architecture(h, bias1=bool(rng.integers(2)))
    net = pages_net(h, shape.bias1)
    first = np.array(flat(net), dtype=np.float32)
    zeros = np.zeros_like(first)
    start = TrainState(first, zeros, zeros, epoch=0, loss=0.0, net=shape)
    weights, losses = eager(net, torch.nn.BCELoss(), adam(net, options), x, y, epochs)

    budget = Budget(epochs, record=tuple(range(1, epochs + 1)))
    result = train_slice(start, x, y, options, budget)

    assert result.frames.epochs.tolist() == list(range(1, epochs + 1))
    assert result.frames.numbers.tolist() == weights[1:]
    assert result.frames.losses.tolist() == losses[1:]
    assert result.state.params.tolist() == weights[-1]
    assert result.state.loss == losses[-1]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_sigmoid_units_and_mse_are_torchs_too(lecture: Points, momentum: float):
    net = torch.nn.Sequential(torch.nn.Linear(1, 3), torch.nn.Sigmoid(), torch.nn.Linear(3, 1))
    shape = Architecture(3, bias1=True, activation="sigmoid", loss="mse")
    first = np.array(flat(net), dtype=np.float32)
    zeros = np.zeros_like(first)
    start = TrainState(first, zeros, zeros, epoch=0, loss=0.0, net=shape)
    options = SgdOptions(lr=0.2, momentum=momentum, weight_decay=0.001)
    sgd = torch.optim.SGD(net.parameters(), 0.2, momentum, weight_decay=0.001)
    weights, losses = eager(net, torch.nn.MSELoss(), sgd, lecture.x, lecture.y, 60)

    state = train_slice(start, lecture.x, lecture.y, options, Budget(25)).state
    assert state.params.tolist() == weights[25]
    state = train_slice(state, lecture.x, lecture.y, options, Budget(60)).state
    assert state.params.tolist() == weights[60]
    assert state.loss == losses[60]


def test_another_optimizer_midway_is_a_new_one(lecture: Points):
    torch.manual_seed(3)
    net = pages_net(2)
    eager(net, torch.nn.BCELoss(), adam(net, AdamOptions(lr=0.05)), lecture.x, lecture.y, 29)
    sgd = torch.optim.SGD(net.parameters(), 0.1, 0.9)
    eager(net, torch.nn.BCELoss(), sgd, lecture.x, lecture.y, 29)
    again = adam(net, AdamOptions(lr=0.01))
    weights, _ = eager(net, torch.nn.BCELoss(), again, lecture.x, lecture.y, 30)

    state = initial_state(3, lecture.x, lecture.y)
    for epochs, options in (
        (30, AdamOptions(lr=0.05)),
        (30, SgdOptions(lr=0.1, momentum=0.9)),
        (30, AdamOptions(lr=0.01)),
    ):
        begun = with_new_optimizer(state)
        target = Budget(state.epoch + epochs)
        state = train_slice(begun, lecture.x, lecture.y, options, target).state
    assert state.params.tolist() == weights[-1]


def test_a_new_net_has_the_loss_of_the_lectures_loop(lecture: Points):
    torch.manual_seed(7)
    net = pages_net(2)
    _, losses = eager(net, torch.nn.BCELoss(), adam(net, AdamOptions()), lecture.x, lecture.y, 1)
    assert initial_state(7, lecture.x, lecture.y).loss == losses[0]


def test_other_errors_of_the_loss_are_raised(lecture: Points):
    start = initial_state(1, lecture.x, lecture.y)
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        train_slice(start, lecture.x, lecture.y + 5, AdamOptions(), Budget(3))


def test_the_engine_says_its_name(lecture: Points):
    assert pick(TORCH_CPU, LECTURE, 2000).name == TORCH_CPU
    start = initial_state(1, lecture.x, lecture.y)
    assert train_slice(start, lecture.x, lecture.y, AdamOptions(), Budget(1)).engine == TORCH_CPU


@needs_cuda
def test_the_gpu_agrees_with_the_cpu_and_with_itself(lecture: Points):
    x, y, options = lecture.x, lecture.y, AdamOptions()
    start = initial_state(1, x, y)
    whole = train_slice(start, x, y, options, Budget(400), "torch@cuda:0").state
    half = train_slice(start, x, y, options, Budget(150), "torch@cuda:0").state
    again = train_slice(half, x, y, options, Budget(400), "torch@cuda:0").state
    np.testing.assert_array_equal(again.params, whole.params)
    on_cpu = train_slice(start, x, y, options, Budget(400)).state
    np.testing.assert_allclose(whole.params, on_cpu.params, atol=1e-4)
    assert whole.loss == pytest.approx(on_cpu.loss, abs=1e-5)


@needs_cuda
def test_the_gpu_catches_divergence_too(lecture: Points):
    start = initial_state(1, lecture.x, lecture.y)
    result = train_slice(
        start, lecture.x, lecture.y, AdamOptions(lr=100), Budget(50), "torch@cuda:0"
    )
    assert result.diverged
    assert np.isfinite(result.state.params).all()
