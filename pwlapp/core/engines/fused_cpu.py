"""The compiled engine for the CPU: loops compiled by Numba, one thread for each net.

The loops are in `kernels`. This module sorts the points by x, copies a net's numbers in and out,
ends a slice when its time is over, and trains many nets at once on all cores.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.engines import FUSED_CPU, cores
from pwlapp.core.engines.kernels.arguments import BLOCK, Scratch, Setting
from pwlapp.core.engines.kernels.loop import train_epochs
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, Frames, Row, SliceResult, TrainState

FIRST_CHUNK = 1  # epochs of the first chunk of a slice, which measures the speed
CHUNK_S = 0.002  # length of later chunks; the clock is read after each
NO_EPOCHS = np.zeros(0, dtype=np.int64)


class Training:
    """A net in training: `run` changes its weights, its optimizer's memory, epoch and loss.

    Parameters
    ----------
    state : TrainState
        Copied, never written to.
    x, y : ndarray of shape (n,), float32
        Sorted by x; n > 0.
    options : AdamOptions or SgdOptions

    Attributes
    ----------
    epoch : int
    loss : float
        The loss at that epoch.
    """

    def __init__(self, state: TrainState, x: Array, y: Array, options: OptimizerOptions) -> None:
        self._begun = state
        self._points = (x, y)
        self._setting = compiled_setting(state, options)
        self._scratch = make_scratch(state.net)
        self._vectors = [vector.copy() for vector in (state.params, state.m, state.v)]
        self.epoch = state.epoch
        self.loss = state.loss

    def run(self, stop: int, record: NDArray[np.int64] = NO_EPOCHS) -> tuple[list[Row], bool]:
        """Train to epoch ``stop``; if the run diverges, to the last epoch before that.

        Parameters
        ----------
        stop : int
        record : ndarray of shape (m,), int64
            Epochs to keep, ascending; each greater than `epoch`, and at most `stop`.

        Returns
        -------
        kept : list of (epoch, loss, params)
            A row for each epoch of `record` that was reached.
        diverged : bool
        """
        kept = np.empty((record.size, self._begun.net.size), dtype=np.float32)
        losses = np.empty(record.size)
        start, loss, before = self.epoch, self.loss, [vector.copy() for vector in self._vectors]
        failed_at, n_kept, diverged = self._train(stop, record, kept, losses)
        if diverged:
            # The step that diverged has overwritten the last good weights, so train again from the
            # start to the epoch before it. A copy at each epoch would slow down every run.
            self._vectors, self.epoch = before, start
            if failed_at - 1 > start:
                self._train(failed_at - 1, NO_EPOCHS, kept[:0], losses[:0])
            elif failed_at > start:
                self.loss = loss
        good = slice(0, n_kept)
        return list(zip(record[good].tolist(), losses[good].tolist(), kept, strict=False)), diverged

    def state(self) -> TrainState:
        """A copy of the present state."""
        params, m, v = (vector.copy() for vector in self._vectors)
        return replace(self._begun, params=params, m=m, v=v, epoch=self.epoch, loss=self.loss)

    def _train(
        self, stop: int, record: NDArray[np.int64], kept: Array, losses: NDArray[np.float64]
    ) -> tuple[int, int, bool]:
        self.epoch, n_kept, self.loss, diverged = train_epochs(
            *self._points,
            *self._vectors,
            self._setting,
            self._scratch,
            self.epoch,
            stop,
            record,
            kept,
            losses,
        )
        return self.epoch, n_kept, diverged


def compiled_setting(state: TrainState, options: OptimizerOptions) -> Setting:
    """The net and its optimizer in the form that the compiled loops take."""
    net = state.net
    if isinstance(options, SgdOptions):
        sgd, beta1, beta2, eps = 1, options.momentum, 0.0, 0.0
    else:
        sgd, beta1, beta2, eps = 0, options.beta1, options.beta2, options.eps
    return Setting(
        h=net.h,
        bias1=int(net.bias1),
        sigmoid=int(net.activation == "sigmoid"),
        mse=int(net.loss == "mse"),
        sgd=sgd,
        lr=float(options.lr),
        beta1=float(beta1),
        beta2=float(beta2),
        eps=float(eps),
        weight_decay=float(options.weight_decay),
        optimizer_epoch=state.optimizer_epoch,
    )


def make_scratch(net: Architecture) -> Scratch:
    """Allocate the working memory of an epoch."""
    sigmoids = net.h if net.activation == "sigmoid" else 1
    return Scratch(
        position=np.zeros(net.h, dtype=np.int64),
        order=np.arange(net.h),
        before_r=np.zeros(net.h),
        before_rx=np.zeros(net.h),
        gradient=np.zeros(net.size, dtype=np.float32),
        activations=np.zeros((sigmoids, BLOCK), dtype=np.float32),
        block=np.zeros((2, BLOCK), dtype=np.float32),
        sums=np.zeros((3, sigmoids)),
    )


def sort_by_x(x: Array, y: Array) -> tuple[Array, Array]:
    """Sort points by x, which the loops require; sorted points are returned without a copy."""
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
    if (x[1:] >= x[:-1]).all():
        return x, y
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


class FusedCpuEngine:
    """Trains with the compiled loops, in the caller's thread."""

    name = FUSED_CPU

    def train(
        self, state: TrainState, x: Array, y: Array, options: OptimizerOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`."""
        started = time.perf_counter()
        if x.size == 0:  # the mean loss of no points is NaN
            nothing = replace(state, loss=float("nan"))
            return SliceResult(nothing, Frames.of([], state.net.size), True, 0.0, self.name)
        training = Training(state, *sort_by_x(x, y), options)
        kept, diverged = run_slice(training, budget, started)
        after = training.state()
        if after.epoch > state.epoch and (not kept or kept[-1][0] != after.epoch):
            kept.append((after.epoch, after.loss, after.params))
        frames = Frames.of(kept, state.net.size)
        return SliceResult(after, frames, diverged, time.perf_counter() - started, self.name)


def run_slice(training: Training, budget: Budget, started: float) -> tuple[list[Row], bool]:
    """Train until the target, divergence, or the end of the slice's time.

    Training goes in chunks of about 2 ms, and the clock is read after each.

    Parameters
    ----------
    training : Training
        Is changed.
    budget : Budget
    started : float
        Start of the slice, in seconds of `time.perf_counter`.

    Returns
    -------
    kept : list of (epoch, loss, params)
        The epochs that the budget records.
    diverged : bool
    """
    record = np.array(budget.record, dtype=np.int64)
    kept: list[Row] = []
    chunk = FIRST_CHUNK if budget.slice_ms is not None else budget.target_epoch
    while True:
        start, before = training.epoch, time.perf_counter()
        stop = min(start + chunk, budget.target_epoch)
        rows, diverged = training.run(stop, record[(record > start) & (record <= stop)])
        kept += rows
        if diverged or training.epoch == budget.target_epoch:
            return kept, diverged
        if budget.slice_ms is not None:
            now = time.perf_counter()
            left = budget.slice_ms / 1000 - (now - started)
            if left <= 0:
                return kept, diverged
            rate = (stop - start) / max(now - before, 1e-9)
            chunk = max(1, int(rate * min(CHUNK_S, left)))


def train_many(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    epochs: int,
    threads: int | None = None,
) -> list[TrainState]:
    """Train independent nets, also thousands of them, on all cores.

    Each net is trained on one thread by the same loop as a single net, so it ends exactly where it
    would end alone. The loops release Python's global lock, so the threads run in parallel.

    Parameters
    ----------
    states : sequence of TrainState
        Of any architectures.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    epochs : int
        Further epochs for each net; at least 1.
    threads : int, optional
        By default the number of cores that this process may use.

    Returns
    -------
    list of TrainState
        In the order of ``states``. A net that diverged ends at the last epoch before that.

    Raises
    ------
    ValueError
        If there are no points, or epochs is less than 1.
    """
    if x.size == 0 or epochs < 1:
        raise ValueError(f"{x.size} points and {epochs} epochs, expected at least 1 of each")
    points = sort_by_x(x, y)

    def train(state: TrainState) -> TrainState:
        training = Training(state, *points, options)
        training.run(state.epoch + epochs)
        return training.state()

    with ThreadPoolExecutor(threads or cores()) as pool:
        return list(pool.map(train, states))


def warm() -> None:
    """Load the compiled loops from Numba's disk cache, or compile them.

    They are compiled once for all nets, losses and optimizers. Numba's cache is in the folder
    ``NUMBA_CACHE_DIR``, or if that is unset, beside the files of `kernels`.
    """
    x = np.zeros(1, dtype=np.float32)
    zeros = np.zeros(5, dtype=np.float32)
    Training(TrainState(zeros, zeros, zeros, epoch=0, loss=0.0), x, x, AdamOptions()).run(1)
