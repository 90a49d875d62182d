"""The compiled engine for CUDA devices: one Triton kernel trains many epochs of many nets.

The lecture's loop launches about forty small kernels per epoch, and most of its time goes into the
launches. Here one launch trains thousands of epochs; see `triton_kernel`. A slice with a time limit
takes a few launches, each of a length that follows from the speed so far.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.engines.torch_engine import TorchEngine
from pwlapp.core.engines.triton_nets import Launch, Nets, fits, require_triton
from pwlapp.core.net import Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, Frames, Row, SliceResult, TrainState

FIRST_LAUNCH = 256  # epochs: well under a millisecond, and enough to measure the speed
LONGEST_LAUNCH = 2**17  # epochs: about a second at most, since the GPU may also draw the desktop
GROWTH = 8  # a launch is at most this many times as long as the one before


class FusedGpuEngine:
    """Trains with the Triton kernel on a CUDA device.

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

        A net that is too large for the kernel is trained by the lecture's loop on the same device;
        the result names that engine.
        """
        if not fits(state.net, x.size):
            return TorchEngine(self.device).train(state, x, y, options, budget)
        return train_slices([state], x, y, options, [budget], self.device)[0]


def train_slices(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budgets: Sequence[Budget],
    device: str,
) -> list[SliceResult]:
    """Train one slice of each of several nets of the same architecture, all at once.

    Each net ends exactly where it would end alone. All slices end at the shortest time limit.

    Parameters
    ----------
    states : sequence of TrainState
        They may be at different epochs.
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
        If the states differ in architecture, or are too large for the kernel; see `fits`.
    """
    require_triton(device)
    net = states[0].net
    if any(state.net != net for state in states) or not fits(net, x.size):
        raise ValueError(f"not all nets are {net}, or it does not fit {x.size} points")
    nets = Nets(states, x, y, options, device)
    launch = nets.advance(0)  # evaluates the loss, and compiles the kernel before the clock starts
    started = time.perf_counter()
    kept, now, launch = _run_launches(nets, launch, states, budgets)
    seconds, name = time.perf_counter() - started, f"fused@{device}"
    results = []
    for i, (params, m, v) in enumerate(nets.vectors()):
        begun, epoch, loss = states[i], int(now[i]), float(launch.losses[i])
        end = replace(begun, params=params, m=m, v=v, epoch=epoch, loss=loss)
        if epoch > begun.epoch and epoch not in budgets[i].record:
            kept[i].append((epoch, loss, params))
        frames = Frames.of(kept[i], k=net.size)
        results.append(SliceResult(end, frames, bool(launch.diverged[i]), seconds, name))
    return results


def _run_launches(
    nets: Nets, launch: Launch, states: Sequence[TrainState], budgets: Sequence[Budget]
) -> tuple[list[list[Row]], NDArray[np.int64], Launch]:
    """Launch until every net is at its target or has diverged, or the time is over.

    Returns
    -------
    kept : list of list of (epoch, loss, params)
        For each net the epochs that its budget records.
    now : ndarray of shape (S,), int64
        The epoch of each net.
    launch : Launch
        The last launch, with ``losses`` at ``now``; ``diverged`` is true for each net that has
        diverged in any launch.
    """
    limit = min(b.slice_ms if b.slice_ms is not None else math.inf for b in budgets) / 1000
    now = np.array([state.epoch for state in states], dtype=np.int64)
    targets = np.array([budget.target_epoch for budget in budgets], dtype=np.int64)
    records = [np.array(budget.record, dtype=np.int64) for budget in budgets]
    kept: list[list[Row]] = [[] for _ in states]
    diverged = launch.diverged
    size, done = (FIRST_LAUNCH if math.isfinite(limit) else LONGEST_LAUNCH), 0
    started = time.perf_counter()
    while (ahead := np.where(diverged, 0, np.minimum(targets - now, size))).any():
        wanted = [
            record[(record > epoch) & (record <= epoch + n)] - epoch
            for record, epoch, n in zip(records, now, ahead, strict=True)
        ]
        launch = nets.advance(ahead, wanted)
        for rows, epoch, offsets, frames in zip(kept, now, wanted, launch.frames, strict=True):
            rows += [
                (int(epoch + offset), float(frame[-1]), frame[:-1])
                # fewer frames than offsets if the net diverged
                for offset, frame in zip(offsets, frames, strict=False)
            ]
        now = now + launch.epochs
        diverged = diverged | launch.diverged
        done += int(ahead.max())
        spent = time.perf_counter() - started
        if spent >= limit:
            break
        if math.isfinite(limit):
            fitting = int(done * (limit - spent) / spent)
            size = max(1, min(GROWTH * size, LONGEST_LAUNCH, fitting))
    return kept, now, replace(launch, diverged=diverged)
