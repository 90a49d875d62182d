"""The engine against the page's loop, written out here once more."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pwlapp.core.data import Points
from pwlapp.core.engines import pick
from pwlapp.core.net import Array
from pwlapp.core.training import AdamOptions, Budget, TrainState, initial_state, train_slice

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def eager(
    net: torch.nn.Sequential, x: Array, y: Array, options: AdamOptions, epochs: int
) -> tuple[list[list[float]], list[float]]:
    """Train as the page does; return weights and loss at each epoch, from 0 on."""
    xs, ys = torch.tensor(x).reshape(-1, 1), torch.tensor(y).reshape(-1, 1)
    loss_fn = torch.nn.BCELoss()
    optimizr = torch.optim.Adam(
        net.parameters(), options.lr, (options.beta1, options.beta2), options.eps
    )
    weights, losses = [], []
    for _ in range(epochs + 1):
        weights.append([w for p in net.parameters() for w in p.detach().flatten().tolist()])
        yhat = net(xs)
        loss = loss_fn(yhat, ys)
        losses.append(loss.item())
        loss.backward()
        optimizr.step()
        optimizr.zero_grad()
    return weights, losses


def pages_net(h: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Linear(1, h, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(h, 1, bias=True),
        torch.nn.Sigmoid(),
    )


@pytest.fixture(autouse=True)
def _one_thread():
    """The same order of summation in the loop above as in the engine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", range(12))
def test_random_configurations_are_the_pages_loop_bit_for_bit(case: int):
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
    )
    epochs = int(rng.integers(1, 150))
    net = pages_net(h)
    first = np.array(
        [w for p in net.parameters() for w in p.detach().flatten().tolist()], dtype=np.float32
    )
    start = TrainState(first, np.zeros_like(first), np.zeros_like(first), epoch=0, loss=0.0)
    weights, losses = eager(net, x, y, options, epochs)

    budget = Budget(epochs, record=tuple(range(1, epochs + 1)))
    result = train_slice(start, x, y, options, budget)

    assert result.frames.epochs.tolist() == list(range(1, epochs + 1))
    assert result.frames.params.tolist() == weights[1:]
    assert result.frames.losses.tolist() == losses[1:]
    assert result.state.params.tolist() == weights[-1]
    assert result.state.loss == losses[-1]


def test_a_new_net_has_the_loss_that_the_page_would_print(drawn: Points):
    torch.manual_seed(7)
    _, losses = eager(pages_net(2), drawn.x, drawn.y, AdamOptions(), 1)
    assert initial_state(7, drawn.x, drawn.y).loss == losses[0]


def test_an_error_that_is_not_about_numbers_is_not_hidden(drawn: Points):
    start = initial_state(1, drawn.x, drawn.y)
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        train_slice(start, drawn.x, drawn.y + 5, AdamOptions(), Budget(3))


def test_the_engine_of_the_cpu():
    assert pick("cpu").name == "torch"


@needs_cuda
def test_the_gpu_agrees_with_the_cpu_and_with_itself(drawn: Points):
    x, y, options = drawn.x, drawn.y, AdamOptions()
    start = initial_state(1, x, y, "cuda:0")
    np.testing.assert_array_equal(start.params, initial_state(1, x, y).params)
    whole = train_slice(start, x, y, options, Budget(400), "cuda:0").state
    half = train_slice(start, x, y, options, Budget(150), "cuda:0").state
    again = train_slice(half, x, y, options, Budget(400), "cuda:0").state
    np.testing.assert_array_equal(again.params, whole.params)
    on_cpu = train_slice(start, x, y, options, Budget(400)).state
    np.testing.assert_allclose(whole.params, on_cpu.params, atol=1e-4)
    assert whole.loss == pytest.approx(on_cpu.loss, abs=1e-5)


@needs_cuda
def test_the_gpu_catches_divergence_too(drawn: Points):
    start = initial_state(1, drawn.x, drawn.y)
    result = train_slice(start, drawn.x, drawn.y, AdamOptions(lr=100), Budget(50), "cuda:0")
    assert result.diverged
    assert np.isfinite(result.state.params).all()
