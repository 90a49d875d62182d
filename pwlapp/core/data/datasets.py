"""Datasets that are drawn at random from a law.

A law is the distribution of y at each x, the range of x, and a net that can fit it. A yes/no law
gives the probability that y is 1 (else y is 0). Any other law gives a number, to which Gaussian
noise is added. ``step_like`` and ``curve`` are data of the next lecture: with the default noise and
seed the points equal those of the lecture's code, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pwlapp.core.data import lecture
from pwlapp.core.data.points import MAX_POINTS, MIN_POINTS
from pwlapp.core.net import LECTURE, Activation, Architecture, Array, sigmoid
from pwlapp.core.state import MAX_SEED
from pwlapp.errors import UserError

if TYPE_CHECKING:
    from torch import Generator, Tensor

SEED = 43052  # the seed that the course draws its data with
MAX_FLIPPED = 0.5  # at this share a label carries no information
MAX_SD = 2.0


@dataclass(frozen=True)
class Law:
    """A distribution of points.

    Attributes
    ----------
    name : str
        One of `LAWS`.
    truth : callable, (x, library) -> array of that library
        The logit of the probability of y = 1 for yes/no laws, the noiseless y for the others.
    is_binary : bool
        Whether y is 0 or 1.
    low, high : float
        x is spread evenly from low to high.
    noise : float
        Default noise; for its meaning see `draw`.
    net : Architecture
        A net that can fit the law.
    lr : float
        Adam's learning rate for that net.
    epochs : int
        Epochs that the net needs.
    n, seed : int
        Default number of points and default seed.
    """

    name: str
    truth: Callable[[Any, Any], Any]
    is_binary: bool
    low: float
    high: float
    noise: float
    net: Architecture
    lr: float = 0.001
    epochs: int = 5000
    n: int = lecture.N
    seed: int = SEED

    @property
    def max_noise(self) -> float:
        """The most noise that `draw` accepts."""
        return MAX_FLIPPED if self.is_binary else MAX_SD


# `lib` is torch when points are drawn, and numpy when the law is sketched.
def _step_like(x: Any, lib: Any) -> Any:
    return lib.where(x < -0.2, 15 * x + 6, lib.where(x < 0.4, -1.0, -3.0))


def _curve(x: Any, lib: Any) -> Any:
    return lib.exp(-x) * lib.abs(lib.cos(3 * x)) * lib.sin(3 * x)


def _abs(x: Any, lib: Any) -> Any:
    return lib.abs(x)


def _sine(x: Any, lib: Any) -> Any:
    return lib.sin(math.pi * x)


def _step(x: Any, lib: Any) -> Any:
    """1 between -2 and 2, else 0: the step that the lecture builds from two sigmoid units."""
    return lib.where(lib.abs(x) < 2, 1.0, 0.0)


def _two_steps(x: Any, lib: Any) -> Any:
    """1 from -4 to -1, 2 from 1 to 4, else 0."""
    first = lib.where((x > -4) & (x < -1), 1.0, 0.0)
    return lib.where((x > 1) & (x < 4), 2.0, first)


def _mse_net(h: int, activation: Activation = "relu", bias1: bool = True) -> Architecture:
    return Architecture(h, bias1, activation, "mse")


TABLE = {
    law.name: law
    for law in (
        Law("irony", lecture.logit, True, -1, 1, 0.0, LECTURE),
        Law("step_like", _step_like, True, -1, 1, 0.0, Architecture(512, bias1=True)),
        Law("curve", _curve, False, 0, 2, 0.05, _mse_net(2048), epochs=1000),
        Law("abs", _abs, False, -1, 1, 0.05, _mse_net(2, bias1=False), lr=0.01),
        Law("sine", _sine, False, -1, 1, 0.1, _mse_net(8, "sigmoid"), lr=0.01),
        Law("step", _step, False, -5, 5, 0.05, _mse_net(2, "sigmoid"), lr=0.05),
        # four units are enough, but Adam rarely finds that solution
        Law("two_steps", _two_steps, False, -5, 5, 0.05, _mse_net(8, "sigmoid"), lr=0.05),
    )
}
LAWS = tuple(TABLE)


def draw(law: str, n: int, noise: float, seed: int) -> tuple[Array, Array, Array]:
    """Draw points from a law. Imports torch.

    The same arguments give the same points, and the global random generator is not touched.

    Parameters
    ----------
    law : str
        One of `LAWS`.
    n : int
        `MIN_POINTS` to `MAX_POINTS`.
    noise : float
        For yes/no laws the share of labels that are flipped, 0 to `MAX_FLIPPED`; for the others
        the standard deviation of the Gaussian noise, 0 to `MAX_SD`.
    seed : int
        0 to `state.MAX_SEED`.

    Returns
    -------
    x : ndarray of shape (n,), float32
        Ascending.
    truth : ndarray of shape (n,), float32
        For yes/no laws the probability of y = 1 after flipping, ``p + noise (1 - 2p)``; for the
        others y without noise.
    y : ndarray of shape (n,), float32

    Raises
    ------
    UserError
        ``bad_law``, ``bad_n`` (min, max), ``bad_noise`` (min, max), ``bad_seed`` (max).
    """
    chosen = TABLE.get(law)
    if chosen is None:
        raise UserError("bad_law")
    if not MIN_POINTS <= n <= MAX_POINTS:
        raise UserError("bad_n", min=MIN_POINTS, max=MAX_POINTS)
    if not 0 <= noise <= chosen.max_noise:  # also refuses NaN
        raise UserError("bad_noise", min=0, max=chosen.max_noise)
    if not 0 <= seed <= MAX_SEED:
        raise UserError("bad_seed", max=MAX_SEED)

    import torch

    generator = torch.Generator().manual_seed(seed)
    x = torch.linspace(chosen.low, chosen.high, n)
    truth = chosen.truth(x, torch)  # (n,)
    if chosen.is_binary:
        truth, y = _labels(torch.sigmoid(truth), noise, generator, chosen.name)
    else:
        y = truth + noise * torch.randn(n, generator=generator)
    return x.numpy(), truth.numpy(), y.numpy()


def _labels(prob: Tensor, noise: float, generator: Generator, law: str) -> tuple[Tensor, Tensor]:
    """Draw labels with probability `prob` and flip a share `noise` of them.

    Returns the probability of y = 1 after flipping, and the labels; both of shape (n,).
    """
    import torch

    if law == "irony":  # links name these points by their seed: another generator would break them
        y = (torch.rand(prob.numel(), generator=generator) < prob).float()
    else:
        y = torch.bernoulli(prob, generator=generator)
    if noise == 0:
        return prob, y
    flipped = torch.rand(prob.numel(), generator=generator) < noise
    return prob + noise * (1 - 2 * prob), torch.where(flipped, 1 - y, y)


def sketch(law: Law, n: int = 41) -> tuple[Array, Array]:
    """The true curve at n points: x and y, each of shape (n,), float32. Needs no torch."""
    x = np.linspace(law.low, law.high, n, dtype=np.float32)
    truth = law.truth(x, np).astype(np.float32)
    return x, sigmoid(truth) if law.is_binary else truth
