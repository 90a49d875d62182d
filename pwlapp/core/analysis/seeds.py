"""Trains a net from many seeds and summarises where each run ends.

Each run gives the same numbers, to the last bit, as a run of that seed in Fit with the compiled
engine: both start from torch's initial weights.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.engines import FUSED_CPU
from pwlapp.core.net import Architecture, Array, from_vector, pre_activation
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice

CURVE_POINTS = 40
PLAIN_HIDDEN = 8  # the widest net whose parameters are kept

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of m consecutive seeds: ``first``, ``first + 1``, ...

    Attributes
    ----------
    first : int
        The first seed.
    epochs : ndarray of shape (c,), int64
        The epochs of `curves`, from 0 to the last one.
    curves : ndarray of shape (m, c), float32
        The loss at these epochs; NaN after a run has diverged.
    losses : ndarray of shape (m,), float64
        The loss at the last epoch; of a run that diverged, at the last epoch before that.
    start, end : ndarray of shape (m, 2), int64
        Number of units with W1 < 0 and with W1 > 0, before and after training.
    dead : ndarray of shape (m,), int64
        Number of units that are on for none of the points after training.
    diverged : ndarray of shape (m,), int64
        1 or 0.
    params : ndarray of shape (m, net.size), float32; (m, 0) for a net wider than `PLAIN_HIDDEN`
        The parameters after training.
    """

    first: int
    epochs: Counts
    curves: Array
    losses: NDArray[np.float64]
    start: Counts
    end: Counts
    dead: Counts
    diverged: Counts
    params: Array


def curve_epochs(epochs: int) -> Counts:
    """Epoch 0 and about `CURVE_POINTS` epochs up to the last, evenly spaced on a log axis."""
    spaced = np.geomspace(1, epochs, CURVE_POINTS)
    return np.unique(np.concatenate([[0], np.round(spaced)])).astype(np.int64)


def seconds_per_seed(net: Architecture, n: int, epochs: int) -> float:
    """A generous estimate of the time of one seed on one core, in seconds.

    An epoch takes the compiled loops n + h steps for ReLUs and n * h steps for sigmoids.
    """
    if net.activation == "relu":
        micros = 1.0 + 0.001 * n + 0.05 * net.h
    else:
        micros = 2.0 + 0.004 * n + 0.002 * n * net.h
    return 1e-6 * micros * epochs


def train_seeds(
    first: int,
    count: int,
    x: Array,
    y: Array,
    net: Architecture,
    options: OptimizerOptions,
    epochs: int,
    budget_ms: float,
) -> Runs:
    """Train a net from each of the seeds, for about ``budget_ms`` and at least one seed.

    Parameters
    ----------
    first, count : int
        The seeds ``first`` to ``first + count - 1``; count at least 1.
    x, y : ndarray of shape (n,), float32
    net : Architecture
    options : AdamOptions or SgdOptions
    epochs : int
        At least 1.
    budget_ms : float
        Time after which no further seed is started.

    Raises
    ------
    ValueError
        If there are no points, no seeds or no epochs.
    """
    if min(x.size, count, epochs) < 1:
        raise ValueError(
            f"{x.size} points, {count} seeds and {epochs} epochs, expected at least 1 of each"
        )
    until = time.perf_counter() + budget_ms / 1000
    record = curve_epochs(epochs)
    begun, ended, curves = [], [], []
    for seed in range(first, first + count):
        begun.append(initial_state(seed, x, y, net))
        state, curve = train_one(begun[-1], x, y, options, record)
        ended.append(state)
        curves.append(curve)
        if time.perf_counter() >= until:
            break
    return gather(first, record, begun, ended, curves, x)


def train_one(
    state: TrainState, x: Array, y: Array, options: OptimizerOptions, record: Counts
) -> tuple[TrainState, Array]:
    """Train one net and record its loss curve.

    Parameters
    ----------
    state : TrainState
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    record : ndarray of shape (c,), int64
        The epochs of the curve, ascending. The first is ``state.epoch``; the run ends at the last.

    Returns
    -------
    state : TrainState
        After training; if the run diverged, the last epoch before that.
    curve : ndarray of shape (c,), float32
        The loss at each epoch of ``record``; NaN from the epoch at which it diverged.
    """
    budget = Budget(int(record[-1]), tuple(record[1:].tolist()))
    result = train_slice(state, x, y, options, budget, FUSED_CPU)
    losses = dict(zip(result.frames.epochs.tolist(), result.frames.losses.tolist(), strict=True))
    losses[state.epoch] = state.loss
    curve = [losses.get(epoch, np.nan) for epoch in record.tolist()]
    return result.state, np.array(curve, dtype=np.float32)


def gather(
    first: int,
    record: Counts,
    begun: list[TrainState],
    ended: list[TrainState],
    curves: list[Array],
    x: Array,
) -> Runs:
    """Collect the runs of consecutive seeds in arrays."""
    is_plain = begun[0].net.h <= PLAIN_HIDDEN
    vectors = np.stack([state.params for state in ended])
    return Runs(
        first=first,
        epochs=record,
        curves=np.stack(curves),
        losses=np.array([state.loss for state in ended]),
        start=np.array([count_sides(state) for state in begun]),
        end=np.array([count_sides(state) for state in ended]),
        dead=np.array([dead_units(state, x) for state in ended]),
        diverged=np.array([int(state.epoch < record[-1]) for state in ended]),
        params=vectors if is_plain else vectors[:, :0],
    )


def count_sides(state: TrainState) -> tuple[int, int]:
    """Number of units with a negative W1, and with a positive one."""
    W1 = from_vector(state.params, state.net.bias1).W1
    return int((W1 < 0).sum()), int((W1 > 0).sum())


def dead_units(state: TrainState, x: Array) -> int:
    """Number of ReLUs that are on for none of the points x; 0 for sigmoid units."""
    if state.net.activation != "relu":
        return 0
    ends = np.array([x.min(), x.max()], dtype=np.float32)
    # u is a straight line in x, so its maximum over the points is at one of the ends
    u = pre_activation(from_vector(state.params, state.net.bias1), ends)  # (2, h)
    return int((u.max(axis=0) <= 0).sum())
