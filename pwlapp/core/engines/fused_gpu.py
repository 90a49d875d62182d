"""The compiled loop on a CUDA device: whole runs inside one Triton kernel.

The page's loop asks a GPU for some forty small kernels an epoch, and waits for each to be asked
for. Here one launch trains thousands of epochs; see `triton_kernel` for how. A slice with a time
limit is a few launches, each as long as the ones before it say will fit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pwlapp.core.engines.torch_engine import TorchEngine, to_frames
from pwlapp.core.engines.triton_nets import Nets, fits, require_triton
from pwlapp.core.net import Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, Frames, SliceResult, TrainState

FIRST_LAUNCH = 256  # epochs; well under a millisecond, and enough to tell how long one takes
LONGEST_LAUNCH = 2**17  # a second or less: a GPU that also draws a desktop has to come back to it
GROWTH = 8  # how many times longer a launch may be than the one before


def moved(state: TrainState, epochs: int, loss: float, vectors: Array) -> TrainState:
    """Return the state so many epochs on, with these params, m and v, of shape (3, k)."""
    params, m, v = vectors
    return replace(state, params=params, m=m, v=v, epoch=state.epoch + epochs, loss=loss)


def train_many(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    epochs: int,
    device: str,
) -> list[TrainState]:
    """Train independent nets of one architecture, all at once, each as if it were alone.

    A net that diverges keeps its last good state, and its epoch tells which that was.

    Parameters
    ----------
    states : sequence of TrainState
        They need not stand at the same epoch.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    epochs : int
        At least 1.
    device : str
        ``"cuda:<i>"``.

    Raises
    ------
    UserError
        ``bad_engine`` (name) if Triton is not installed.
    ValueError
        If the states differ in architecture, or the kernel has no room for them; see `fits`.
    """
    require_triton(device)
    if not states:
        return []
    net = states[0].net
    if any(state.net != net for state in states):
        raise ValueError(f"several architectures, expected only {net}")
    if not fits(net, x.size) or epochs < 1:
        raise ValueError(f"{epochs} epochs of {net} on {x.size} points, expected what `fits`")
    nets = Nets(states, x, y, options, device)
    lap = nets.advance(epochs)
    rows = zip(states, lap.epochs.tolist(), lap.losses.tolist(), nets.vectors(), strict=True)
    return [moved(*row) for row in rows]


def train_slices(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budgets: Sequence[Budget],
    device: str,
) -> list[SliceResult]:
    """Train one slice of each of several nets of one architecture, all at once.

    Each net is launched as far as the next epoch that it is to keep, until the first time limit is
    reached; so 240 frames take 240 launches, whether for one net or for a class.

    Parameters
    ----------
    states : sequence of TrainState
        They need not stand at the same epoch.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    budgets : sequence of Budget
        One for each state.
    device : str
        ``"cuda:<i>"``.

    Raises
    ------
    UserError
        ``bad_engine`` (name) if Triton is not installed.
    ValueError
        If the states differ in architecture, or the kernel has no room for them; see `fits`.
    """
    require_triton(device)
    net = states[0].net
    if any(state.net != net for state in states) or not fits(net, x.size):
        raise ValueError(f"not all nets are {net}, or it does not fit {x.size} points")
    nets = Nets(states, x, y, options, device)
    lap = nets.advance(0)  # starts that are no numbers; and the kernel is compiled off the clock
    started = time.perf_counter()
    limit = min(b.slice_ms if b.slice_ms is not None else math.inf for b in budgets) / 1000
    now = np.array([state.epoch for state in states], dtype=np.int64)
    live = ~lap.diverged
    kept: list[list[tuple[int, float, Array]]] = [[] for _ in states]
    while True:
        stops = [_next_stop(budget, int(epoch)) for budget, epoch in zip(budgets, now, strict=True)]
        ahead = np.where(live, np.array(stops, dtype=np.int64) - now, 0)
        if not ahead.any():
            break
        lap = nets.advance(ahead)
        now += lap.epochs
        live &= ~lap.diverged
        vectors = nets.vectors()
        for i in np.flatnonzero(live & (ahead > 0)).tolist():
            if now[i] in budgets[i].record or now[i] == budgets[i].target_epoch:
                kept[i].append((int(now[i]), float(lap.losses[i]), vectors[i, 0]))
        if time.perf_counter() - started >= limit:
            break
    seconds, name = time.perf_counter() - started, f"fused@{device}"
    ends = [
        moved(state, int(epoch) - state.epoch, float(loss), vectors)
        for state, epoch, loss, vectors in zip(states, now, lap.losses, nets.vectors(), strict=True)
    ]
    return [
        SliceResult(end, _with_end(state, end, rows), not bool(alive), seconds, name)
        for state, end, rows, alive in zip(states, ends, kept, live, strict=True)
    ]


def _next_stop(budget: Budget, now: int) -> int:
    """The next epoch to launch to: one to keep, or as far as a launch may go."""
    planned = next((epoch for epoch in budget.record if epoch > now), budget.target_epoch)
    return min(planned, budget.target_epoch, now + LONGEST_LAUNCH)


def _with_end(start: TrainState, end: TrainState, kept: list[tuple[int, float, Array]]) -> Frames:
    """Frames of a slice; where it ended is one of them, unless it got nowhere."""
    if end.epoch > start.epoch and (not kept or kept[-1][0] != end.epoch):
        kept.append((end.epoch, end.loss, end.params))
    return to_frames(kept, k=end.net.size)


class FusedGpuEngine:
    """Train with the Triton kernel on a CUDA device.

    Parameters
    ----------
    device : str
        ``"cuda:<i>"``.

    Raises
    ------
    UserError
        ``bad_engine`` (name) if Triton is not installed.
    """

    def __init__(self, device: str) -> None:
        require_triton(device)
        self.device = device

    @property
    def name(self) -> str:
        return f"fused@{self.device}"

    def train(
        self, state: TrainState, x: Array, y: Array, options: OptimizerOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`.

        What does not fit on chip is trained by the page's loop on the same device, and the result
        says so.
        """
        if not fits(state.net, x.size):
            return TorchEngine(self.device).train(state, x, y, options, budget)
        started = time.perf_counter()
        nets = Nets([state], x, y, options, self.device)
        done, loss, diverged, kept = run_launches(nets, state.epoch, budget)
        end = moved(state, done, loss, nets.vectors()[0])
        frames = _with_end(state, end, kept)
        return SliceResult(end, frames, diverged, time.perf_counter() - started, self.name)


def run_launches(
    nets: Nets, start: int, budget: Budget
) -> tuple[int, float, bool, list[tuple[int, float, Array]]]:
    """Launch a single net until the target, the time limit or divergence.

    Returns
    -------
    done : int
        Epochs trained.
    loss : float
    diverged : bool
    kept : list of (epoch, loss, params)
        The epochs that the budget asks for.
    """
    record = np.array(budget.record, dtype=np.int64)
    limit = math.inf if budget.slice_ms is None else budget.slice_ms / 1000
    lap = nets.advance(0)  # a start that is no number; and the kernel is compiled off the clock
    now = start
    kept: list[tuple[int, float, Array]] = []
    size = FIRST_LAUNCH if math.isfinite(limit) else LONGEST_LAUNCH
    started = time.perf_counter()
    while not lap.diverged[0] and now < budget.target_epoch:
        size = max(1, min(size, LONGEST_LAUNCH, budget.target_epoch - now))
        wanted = record[(record > now) & (record <= now + size)]
        lap = nets.advance(size, (wanted - now).astype(np.int32))
        kept += [
            (epoch, float(row[-1]), row[:-1])
            for epoch, row in zip(wanted.tolist(), lap.frames, strict=False)
        ]
        now += int(lap.epochs[0])
        spent = time.perf_counter() - started
        if spent >= limit:
            break
        if math.isfinite(limit):
            size = min(GROWTH * size, int((now - start) * (limit - spent) / spent))
    return now - start, float(lap.losses[0]), bool(lap.diverged[0]), kept
