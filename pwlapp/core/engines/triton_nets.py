"""Nets in a GPU's memory, and the launches of `triton_kernel` that train them.

Triton is imported at the first launch. With ``TRITON_INTERPRET=1`` the device ``"cpu"`` works too,
slowly, so that the kernel can be tested without a GPU.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pwlapp.core.engines import MAX_FUSED_GPU_HIDDEN
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import TrainState
from pwlapp.errors import UserError

MAX_POINTS = 4096  # all points are held in registers
MAX_TILE = 2**15  # padded points times padded units
NO_EPOCH = -1  # pads a row of epochs to record


def require_triton(device: str) -> None:
    """Raise ``bad_engine`` (name) if Triton is not installed."""
    if importlib.util.find_spec("triton") is None:
        raise UserError("bad_engine", name=f"fused@{device}")


def fits(net: Architecture, n: int) -> bool:
    """Whether the kernel can train a net on n points."""
    points, units = tile(net, n)
    return net.h <= MAX_FUSED_GPU_HIDDEN and n <= MAX_POINTS and points * units <= MAX_TILE


def tile(net: Architecture, n: int) -> tuple[int, int]:
    """Points and units, each padded to a power of two; at least two units."""
    return 1 << (n - 1).bit_length(), max(2, 1 << (net.h - 1).bit_length())


def warps(net: Architecture, n: int) -> int:
    """How many warps train a net: 16 numbers of the tile per thread, at most 16 warps."""
    points, units = tile(net, n)
    return min(16, max(1, points * units // 512))


def constants(options: OptimizerOptions) -> Array:
    """The optimizer's constants except the step size, of shape (6,), float32.

    keep1, take1, keep2 and take2 are the factors of ``m = keep1 * m + take1 * g`` and of
    ``v = keep2 * v + take2 * g^2``; eps and weight decay follow. ``1 - beta`` is computed in
    float64 and then rounded, as torch does.
    """
    if isinstance(options, SgdOptions):
        values = [options.momentum, 1.0, 0.0, 0.0, 0.0, options.weight_decay]
    else:
        b1, b2 = options.beta1, options.beta2
        values = [b1, 1.0 - b1, b2, 1.0 - b2, options.eps, options.weight_decay]
    return np.array(values, dtype=np.float32)


def schedule(options: OptimizerOptions, first: int, last: int) -> Array:
    """Step sizes of the optimizer steps `first` to `last`, and one unused row at the end.

    Parameters
    ----------
    options : AdamOptions or SgdOptions
    first, last : int
        Numbers of steps, counted from 1, with first <= last + 1.

    Returns
    -------
    ndarray of shape (last - first + 2, 2), float32
        For Adam ``lr / (1 - beta1^t)`` and ``sqrt(1 - beta2^t)``; for SGD one row, lr and 1.
    """
    if isinstance(options, SgdOptions):
        return np.array([[options.lr, 1.0]], dtype=np.float32)
    t = np.arange(first, last + 2, dtype=np.float64)
    sizes = options.lr / (1.0 - options.beta1**t)
    return np.stack([sizes, np.sqrt(1.0 - options.beta2**t)], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Launch:
    """Result of one launch for each of S nets.

    Attributes
    ----------
    epochs : ndarray of shape (S,), int32
        Epochs trained, without one that diverged.
    losses : ndarray of shape (S,), float32
        The loss after these epochs.
    diverged : ndarray of shape (S,), bool
        Whether the next epoch diverged.
    frames : list of S ndarrays of shape (m, k + 1), float32
        Params and loss of the wanted epochs that were trained.
    """

    epochs: NDArray[np.int32]
    losses: Array
    diverged: NDArray[np.bool_]
    frames: list[Array]


class Nets:
    """S nets of one architecture in a device's memory, and the launches that train them.

    Parameters
    ----------
    states : sequence of TrainState
        Copied, never written to.
    x, y : ndarray of shape (n,), float32
    options : AdamOptions or SgdOptions
    device : str
    num_warps : int or None
        By default the result of `warps`.
    """

    def __init__(
        self,
        states: Sequence[TrainState],
        x: Array,
        y: Array,
        options: OptimizerOptions,
        device: str,
        num_warps: int | None = None,
    ) -> None:
        self.device = device
        self.options = options
        self.net = states[0].net
        self.n = int(x.size)
        self.num_warps = num_warps or warps(self.net, self.n)
        vectors = np.array([[s.params, s.m, s.v] for s in states], dtype=np.float32)
        self.begin = self._send(vectors)  # (S, 3, k)
        self.end = torch.empty_like(self.begin)
        self.steps = np.array([s.epoch - s.optimizer_epoch for s in states], dtype=np.int64)
        self.points = self._send(np.stack([x, y]).astype(np.float32))
        self.constants = self._send(constants(options))
        self.outcome = torch.zeros((len(states), 2), dtype=torch.int32, device=device)
        self.losses = torch.zeros(len(states), dtype=torch.float32, device=device)

    def _send(self, values: NDArray[np.generic]) -> torch.Tensor:
        return torch.tensor(values, device=self.device)

    def advance(
        self, epochs: int | NDArray[np.int64], wanted: Sequence[NDArray[np.int64]] = ()
    ) -> Launch:
        """Train all nets in place; a net that diverges ends at the last epoch before that.

        Parameters
        ----------
        epochs : int or ndarray of shape (S,), int64
            One number for all nets, or one for each net; 0 only evaluates the loss.
        wanted : sequence of S ndarrays of shape (m,), int64, or empty
            For each net the epochs to record, ascending, counted from the present epoch.
        """
        goals = np.broadcast_to(epochs, self.steps.shape).astype(np.int32)
        record = np.full((goals.size, max(map(len, wanted), default=0)), NO_EPOCH, np.int32)
        for row, offsets in zip(record, wanted, strict=False):
            row[: len(offsets)] = offsets
        frames = self._launch(np.arange(goals.size, dtype=np.int32), goals, record).cpu().numpy()
        done, failed = self.outcome.cpu().numpy().T.copy()
        diverged = failed.astype(np.bool_)
        if diverged.any():
            done = np.where(diverged, np.maximum(done - 1, 0), done)
            self._launch(np.flatnonzero(diverged).astype(np.int32), done, record[:, :0])
        self.begin, self.end = self.end, self.begin
        self.steps += done
        good = ((record > 0) & (record <= done[:, None])).sum(axis=1)
        kept = [rows[:count] for rows, count in zip(frames, good, strict=True)]
        return Launch(done, self.losses.cpu().numpy().copy(), diverged, kept)

    def _launch(
        self, which: NDArray[np.int32], goals: NDArray[np.int32], record: NDArray[np.int32]
    ) -> torch.Tensor:
        """Train some of the nets, from ``begin`` to ``end``.

        Returns the recorded frames, of shape (S, m, k + 1); they are undefined for epochs that a
        net did not reach.

        Raises
        ------
        RuntimeError
            If Triton can't compile or launch the kernel.
        """
        from triton.errors import TritonError

        from pwlapp.core.engines.triton_kernel import train_nets

        first = int(self.steps.min())
        table = schedule(self.options, first + 1, int((self.steps + goals).max()))
        at = self.steps - first if isinstance(self.options, AdamOptions) else 0 * self.steps
        frames = torch.empty((*record.shape, self.net.size + 1), device=self.device)
        points, units = tile(self.net, self.n)
        try:
            with on(self.device):
                train_nets[(which.size,)](
                    self._send(which),
                    self.points,
                    self.begin,
                    self.end,
                    self._send(np.stack([goals, at], axis=1).astype(np.int32)),
                    self.outcome,
                    self.losses,
                    self.constants,
                    self._send(table),
                    self._send(record),
                    frames,
                    self.n,
                    record.shape[1],
                    self.net.h,
                    N=points,
                    H=units,
                    BIAS1=self.net.bias1,
                    RELU=self.net.activation == "relu",
                    BCE=self.net.loss == "bce",
                    ADAM=isinstance(self.options, AdamOptions),
                    num_warps=self.num_warps,
                )
        except TritonError as error:
            raise RuntimeError(f"Triton: {error}") from error
        return frames

    def vectors(self) -> Array:
        """A copy of the present params, m and v, of shape (S, 3, k), float32."""
        found: Array = self.begin.cpu().numpy().copy()
        return found


def on(device: str) -> AbstractContextManager[object]:
    """Make a CUDA device the current one: Triton launches on it, whatever the tensors' device."""
    return torch.cuda.device(device) if device.startswith("cuda") else nullcontext()
