"""The page's own loop in eager PyTorch: the oracle that every other engine is measured against.

Nothing here is clever. What it adds to the page is a way in and out: the weights and Adam's
moments are put back from a `TrainState` before the loop and read out after it, bit for bit, so a
run can be cut into slices anywhere.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from pwlapp.core.net import Array
from pwlapp.core.training import (
    AdamOptions,
    Budget,
    Frames,
    SliceResult,
    TrainState,
    has_diverged,
)


def make_net(h: int) -> torch.nn.Sequential:
    """Build the page's net; its initial weights come from torch's global generator."""
    return torch.nn.Sequential(
        torch.nn.Linear(1, h, bias=False),  # (n, 1) -> (n, h)
        torch.nn.ReLU(),
        torch.nn.Linear(h, 1, bias=True),  # (n, h) -> (n, 1)
        torch.nn.Sigmoid(),
    )


def new_net(seed: int, x: Array, y: Array, device: str) -> tuple[Array, float]:
    """Weights, of shape (5,), and loss of the page's net after ``torch.manual_seed(seed)``."""
    with one_thread(), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        net = make_net(h=2).to(device)
        loss = torch.nn.BCELoss()(net(column(x, device)), column(y, device))
        return read_params(net), loss.item()


def column(values: Array, device: str) -> torch.Tensor:
    """Copy (n,) numbers into an (n, 1) tensor.

    A copy, because torch aligns its own memory: a view of numpy's could take another path through
    a kernel and round differently from the page.
    """
    return torch.tensor(values, device=device).reshape(-1, 1)


def read_params(net: torch.nn.Sequential) -> Array:
    """Flatten a net's weights: W1, W2, b2; the order in which the page's net lists them."""
    return flatten([weight.detach() for weight in net.parameters()])


def flatten(tensors: list[torch.Tensor]) -> Array:
    """Concatenate tensors of any shape into one numpy vector of its own memory."""
    flat: Array = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu().numpy()
    return flat


def is_available(device: str) -> bool:
    """Whether torch can compute on ``"cpu"`` or ``"cuda:<i>"`` here."""
    kind, _, index = device.partition(":")
    return kind == "cpu" or int(index) < torch.cuda.device_count()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread, so that sums are added in one order on every machine.

    It is also the fastest: a few thousand points are too few to share.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class PageLoop:
    """The page's net, loss and optimizer, standing where a `TrainState` left them.

    Parameters
    ----------
    state : TrainState
        Copied, never written to.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions
    device : str
    """

    def __init__(
        self, state: TrainState, x: Array, y: Array, options: AdamOptions, device: str
    ) -> None:
        self.x = column(x, device)
        self.y = column(y, device)
        with torch.random.fork_rng(devices=[]):
            self.net = make_net(state.params.size // 2).to(device)
        self.loss_fn = torch.nn.BCELoss()
        self.optimizer = torch.optim.Adam(
            self.net.parameters(),
            lr=options.lr,
            betas=(options.beta1, options.beta2),
            eps=options.eps,
        )
        self._restore(state)

    def _restore(self, state: TrainState) -> None:
        weights = list(self.net.parameters())
        sizes = [weight.numel() for weight in weights]
        vectors = (torch.split(torch.tensor(v), sizes) for v in (state.params, state.m, state.v))
        for weight, value, m, v in zip(weights, *vectors, strict=True):
            with torch.no_grad():
                weight.copy_(value.reshape_as(weight))
            self.optimizer.state[weight] = {
                "step": torch.tensor(float(state.epoch)),  # float32 on the CPU, as Adam keeps it
                "exp_avg": m.reshape_as(weight).to(weight.device, copy=True),
                "exp_avg_sq": v.reshape_as(weight).to(weight.device, copy=True),
            }

    def loss(self) -> torch.Tensor:
        """Steps 1 and 2 of the page: the loss at the current weights.

        NaN where yhat is not a number, which `torch.nn.BCELoss` refuses with an exception.
        """
        yhat = self.net(self.x)
        try:
            loss: torch.Tensor = self.loss_fn(yhat, self.y)
        except RuntimeError:
            if yhat.isfinite().all():
                raise
            return torch.tensor(math.nan)
        return loss

    def step(self, loss: torch.Tensor) -> None:
        """Steps 3 and 4 of the page: one epoch."""
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self.optimizer.step()
        self.optimizer.zero_grad()

    def params(self) -> Array:
        """Current weights, of shape (k,)."""
        return read_params(self.net)

    def state(self, epoch: int, loss: float) -> TrainState:
        """Read out what `__init__` put in."""
        moments = [self.optimizer.state[weight] for weight in self.net.parameters()]
        return TrainState(
            params=self.params(),
            m=flatten([moment["exp_avg"] for moment in moments]),
            v=flatten([moment["exp_avg_sq"] for moment in moments]),
            epoch=epoch,
            loss=loss,
        )


class Lap(NamedTuple):
    """How far `run_lap` came; if it diverged, ``state`` is the one that is spoilt."""

    state: TrainState
    frames: Frames
    diverged: bool


def run_lap(loop: PageLoop, start: int, budget: Budget) -> Lap:
    """Repeat the page's four steps until the target, the time limit or divergence.

    The page evaluates the loss and then steps away from it. Here each turn ends with the loss at
    the weights it arrived at, the same sequence of operations cut at another place, so that a
    frame's loss belongs to its weights.
    """
    record = frozenset(budget.record)
    kept: list[tuple[int, float, Array]] = []
    limit = math.inf if budget.slice_ms is None else budget.slice_ms / 1000
    loss = loop.loss()
    epoch, value = start, loss.item()
    diverged = not math.isfinite(value)
    started = time.perf_counter()
    while not diverged and epoch < budget.target_epoch:
        loop.step(loss)
        loss = loop.loss()
        epoch, before, value = epoch + 1, value, loss.item()
        diverged = has_diverged(before, value)
        if epoch in record:
            kept.append((epoch, value, loop.params()))
        if time.perf_counter() - started >= limit:
            break
    state = loop.state(epoch, value)
    if epoch > start and epoch not in record:
        kept.append((epoch, value, state.params))
    return Lap(state, to_frames(kept, k=state.params.size), diverged)


def to_frames(kept: list[tuple[int, float, Array]], k: int) -> Frames:
    """Stack (epoch, loss, params) rows; no rows give arrays of length 0."""
    return Frames(
        epochs=np.array([epoch for epoch, _, _ in kept], dtype=np.int64),
        losses=np.array([loss for _, loss, _ in kept], dtype=np.float32),
        params=np.array([params for _, _, params in kept], dtype=np.float32).reshape(-1, k),
    )


class TorchEngine:
    """Train with the page's loop on the CPU or a CUDA device."""

    name = "torch"

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def train(
        self, state: TrainState, x: Array, y: Array, options: AdamOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`."""
        started = time.perf_counter()
        with one_thread():
            lap = run_lap(PageLoop(state, x, y, options, self.device), state.epoch, budget)
            diverged = lap.diverged
            if diverged:
                # The step that spoiled the weights overwrote the good ones. Keeping a copy at each
                # epoch would slow every run down; running up to there again slows only this one.
                last_good = max(state.epoch, lap.state.epoch - 1)
                again = replace(budget, target_epoch=last_good, slice_ms=None)
                lap = run_lap(PageLoop(state, x, y, options, self.device), state.epoch, again)
        return SliceResult(lap.state, lap.frames, diverged, time.perf_counter() - started)
