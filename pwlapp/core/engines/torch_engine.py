"""The lecture's own loop in eager PyTorch: the reference for every other engine.

Weights and the optimizer's memory are restored from a `TrainState` before the loop and saved to one
after it, bit for bit, so that a run can be cut into slices anywhere.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import torch

from pwlapp.core.net import LECTURE, Architecture, Array
from pwlapp.core.optimizers import OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, Frames, Row, SliceResult, TrainState, has_diverged


def make_net(net: Architecture = LECTURE) -> torch.nn.Sequential:
    """Build the lecture's net; its initial weights come from torch's global random generator."""
    hidden = torch.nn.Sigmoid() if net.activation == "sigmoid" else torch.nn.ReLU()
    layers = [
        torch.nn.Linear(1, net.h, bias=net.bias1),  # (n, 1) -> (n, h)
        hidden,
        torch.nn.Linear(net.h, 1, bias=True),  # (n, h) -> (n, 1)
    ]
    return torch.nn.Sequential(*layers, *([torch.nn.Sigmoid()] if net.loss == "bce" else []))


def make_loss(net: Architecture) -> torch.nn.Module:
    """Make the loss function of a net."""
    return torch.nn.BCELoss() if net.loss == "bce" else torch.nn.MSELoss()


def make_optimizer(
    options: OptimizerOptions, net: torch.nn.Sequential
) -> torch.optim.Adam | torch.optim.SGD:
    """Make the optimizer that the options describe."""
    if isinstance(options, SgdOptions):
        return torch.optim.SGD(
            net.parameters(),
            lr=options.lr,
            momentum=options.momentum,
            weight_decay=options.weight_decay,
        )
    return torch.optim.Adam(
        net.parameters(),
        lr=options.lr,
        betas=(options.beta1, options.beta2),
        eps=options.eps,
        weight_decay=options.weight_decay,
    )


def new_net(seed: int, x: Array, y: Array, net: Architecture) -> tuple[Array, float]:
    """Initial weights, of shape (net.size,), after ``torch.manual_seed(seed)``, and their loss."""
    with one_thread(), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        made = make_net(net)
        loss = make_loss(net)(made(column(x, "cpu")), column(y, "cpu"))
        return read_params(made), loss.item()


def column(values: Array, device: str) -> torch.Tensor:
    """Copy (n,) numbers into an (n, 1) tensor.

    A copy, because torch aligns its own memory: on numpy's memory, torch might choose another
    kernel, whose rounding differs from the lecture's numbers.
    """
    return torch.tensor(values, device=device).reshape(-1, 1)


def read_params(net: torch.nn.Sequential) -> Array:
    """Flatten a net's weights: W1, b1 if any, W2, b2; the order in which torch lists them."""
    return flatten([weight.detach() for weight in net.parameters()])


def flatten(tensors: list[torch.Tensor]) -> Array:
    """Concatenate tensors of any shape into a new numpy vector."""
    flat: Array = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu().numpy()
    return flat


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread, so that sums are added in the same order on every machine.

    For a few thousand points one thread is also fastest.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class LectureLoop:
    """The lecture's net, loss and optimizer, restored from a `TrainState`.

    Parameters
    ----------
    state : TrainState
        Copied, never written to.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    device : str
    """

    def __init__(
        self, state: TrainState, x: Array, y: Array, options: OptimizerOptions, device: str
    ) -> None:
        self.x = column(x, device)
        self.y = column(y, device)
        with torch.random.fork_rng(devices=[]):
            self.net = make_net(state.net).to(device)
        self.loss_fn = make_loss(state.net)
        self.optimizer = make_optimizer(options, self.net)
        self._begun = state
        self._restore(state)

    def _restore(self, state: TrainState) -> None:
        weights = list(self.net.parameters())
        sizes = [weight.numel() for weight in weights]
        vectors = (torch.split(torch.tensor(v), sizes) for v in (state.params, state.m, state.v))
        steps = float(state.epoch - state.optimizer_epoch)
        for weight, value, m, v in zip(weights, *vectors, strict=True):
            with torch.no_grad():
                weight.copy_(value.reshape_as(weight))
            m = m.reshape_as(weight).to(weight.device, copy=True)
            v = v.reshape_as(weight).to(weight.device, copy=True)
            # the keys that torch uses; Adam keeps "step" as float32 on the CPU
            if isinstance(self.optimizer, torch.optim.SGD):
                # a buffer of zeros gives the same first step as no buffer
                self.optimizer.state[weight] = {"momentum_buffer": m}
            else:
                step = torch.tensor(steps)
                self.optimizer.state[weight] = {"step": step, "exp_avg": m, "exp_avg_sq": v}

    def loss(self) -> torch.Tensor:
        """Steps 1 and 2 of the lecture's loop: the loss at the current weights.

        NaN if yhat is not finite; `torch.nn.BCELoss` raises an exception then.
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
        """Steps 3 and 4 of the lecture's loop, which complete an epoch."""
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self.optimizer.step()
        self.optimizer.zero_grad()

    def params(self) -> Array:
        """Current weights, of shape (k,)."""
        return read_params(self.net)

    def state(self, epoch: int, loss: float) -> TrainState:
        """The present weights and moments as a `TrainState`."""
        kept = [self.optimizer.state[weight] for weight in self.net.parameters()]
        if isinstance(self.optimizer, torch.optim.SGD):
            m, v = flatten([each["momentum_buffer"] for each in kept]), self._begun.v
        else:
            m, v = (flatten([each[name] for each in kept]) for name in ("exp_avg", "exp_avg_sq"))
        return replace(self._begun, params=self.params(), m=m, v=v, epoch=epoch, loss=loss)


class LoopResult(NamedTuple):
    """Result of `run_slice`; if it diverged, ``state`` is the epoch at which it did."""

    state: TrainState
    frames: Frames
    diverged: bool


def run_slice(loop: LectureLoop, start: int, budget: Budget) -> LoopResult:
    """Repeat the lecture's four steps until the target, the time limit or divergence.

    The operations and their order are the lecture's. An iteration here begins with step 3 and ends
    with the loss at the new weights, so that the loss of a frame belongs to its weights.
    """
    record = frozenset(budget.record)
    kept: list[Row] = []
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
    return LoopResult(state, Frames.of(kept, k=state.params.size), diverged)


class TorchEngine:
    """Trains with the lecture's loop on the CPU or a CUDA device."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    @property
    def name(self) -> str:
        return f"torch@{self.device}"

    def train(
        self, state: TrainState, x: Array, y: Array, options: OptimizerOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`."""
        started = time.perf_counter()
        with one_thread():
            loop = LectureLoop(state, x, y, options, self.device)
            result = run_slice(loop, state.epoch, budget)
            diverged = result.diverged
            if diverged:
                # The step that diverged has overwritten the last good weights. A copy at each epoch
                # would slow down every run; training again to the epoch before slows down only
                # this one.
                last_good = max(state.epoch, result.state.epoch - 1)
                again = replace(budget, target_epoch=last_good, slice_ms=None)
                loop = LectureLoop(state, x, y, options, self.device)
                result = run_slice(loop, state.epoch, again)
        seconds = time.perf_counter() - started
        return SliceResult(result.state, result.frames, diverged, seconds, self.name)
