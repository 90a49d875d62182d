"""The types that engines take and return, and the definition of divergence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.net import LECTURE, Architecture, Array

MAX_EPOCHS = 1_000_000
MAX_SEED = 2**32 - 1
LOSS_LIMIT = 10.0  # a net with yhat = 1/2 everywhere has a loss of 0.69

Row: TypeAlias = tuple[int, float, Array]  # a recorded epoch: epoch, loss, params


@dataclass(frozen=True, eq=False)
class TrainState:
    """The net and the optimizer between two epochs: everything that the next epoch depends on.

    Attributes
    ----------
    params : ndarray of shape (k,), float32
        Weights in the order of `net.to_vector`; k = net.size.
    m, v : ndarray of shape (k,), float32
        Adam's running means of the gradient and of its square. SGD keeps its momentum in m.
    epoch : int
        Epochs trained so far.
    loss : float
        The loss at ``params``.
    net : Architecture
    optimizer_epoch : int
        The epoch at which the optimizer was created; Adam's t is ``epoch - optimizer_epoch``.
    """

    params: Array
    m: Array
    v: Array
    epoch: int
    loss: float
    net: Architecture = LECTURE
    optimizer_epoch: int = 0


@dataclass(frozen=True, eq=False)
class Frames:
    """The recorded epochs of a run, for drawing.

    Attributes
    ----------
    epochs : ndarray of shape (m,), int64
    losses : ndarray of shape (m,), float32
        The loss at the params of the same epoch.
    numbers : ndarray of shape (m, k), float32
        The params. `sessions.frames.draw` replaces those of a wide net by its curve.
    """

    epochs: NDArray[np.int64]
    losses: Array
    numbers: Array

    @classmethod
    def of(cls, rows: Sequence[Row], k: int) -> Frames:
        """Stack rows (epoch, loss, params), the params of shape (k,); there may be none."""
        return cls(
            epochs=np.array([epoch for epoch, _, _ in rows], dtype=np.int64),
            losses=np.array([loss for _, loss, _ in rows], dtype=np.float32),
            numbers=np.array([params for _, _, params in rows], dtype=np.float32).reshape(-1, k),
        )


@dataclass(frozen=True)
class Budget:
    """Where a slice ends, and which of its epochs are recorded.

    Attributes
    ----------
    target_epoch : int
        The epoch at which the run ends; greater than the state's epoch.
    record : tuple of int
        Epochs to record as frames, ascending. The slice's last epoch is recorded as well.
    slice_ms : float or None
        End the slice after about this time, but not before one epoch. None: no time limit.
    """

    target_epoch: int
    record: tuple[int, ...] = ()
    slice_ms: float | None = None


@dataclass(frozen=True)
class SliceResult:
    """Result of one slice.

    Attributes
    ----------
    state : TrainState
        The state at the end of the slice; if it diverged, at the last epoch before that.
    frames : Frames
        Ascending; empty only if the first epoch diverged.
    diverged : bool
    seconds : float
        Wall-clock time that the slice took.
    engine : str
        Id of the engine that computed the slice; see `engines`.
    """

    state: TrainState
    frames: Frames
    diverged: bool
    seconds: float
    engine: str


def has_diverged(before: float, loss: float) -> bool:
    """Whether a run has diverged from one epoch to the next.

    That is so if the loss is not finite, or has jumped over `LOSS_LIMIT`. With y within [0, 1],
    both BCE and MSE begin far below the limit. BCELoss clamps its logarithms, so even at lr = 100
    the loss stays finite: the weights become so large that every yhat is exactly 0 or 1, the
    gradient is 0, and the loss stays between 7 and 75. A net whose weights were set by hand may
    begin above the limit; it has not diverged and can be trained.

    Only two neighbouring epochs are compared, so the slicing of a run does not matter. Weights are
    not checked, since a weight that is NaN makes the loss NaN.

    Parameters
    ----------
    before, loss : float
        The loss at the previous and at the present epoch.
    """
    return not math.isfinite(loss) or before <= LOSS_LIMIT < loss
