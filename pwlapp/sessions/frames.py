"""What a frame carries: the numbers from which the browser draws a net.

A narrow net sends its parameters, and the browser computes the curve itself. The parameters of a
wide one are more than a page could show or a phone could multiply, so it sends its curve: the logit
at `CURVE_POINTS` places, and after it the loss at the points that are held out, if there are any.
Every net that is not wide has fewer parameters than that, so the length tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.net import Architecture, Array, from_vector, logit, loss
from pwlapp.core.training import Frames, TrainState

PLAIN_HIDDEN = 8  # the widest net that sends its parameters: at most 25 of them
CURVE_POINTS = 101
CURVE_PARTS = 4  # computed one by one, the widest net's hidden layer stays in the cache
PLAIN_FRAMES = 240
Testing: TypeAlias = tuple[Array, Array] | None  # x and y of the points held out, (n_test,) each

WIDE_FRAMES = 120  # a curve weighs four times what the parameters do


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """The frames of a slice, as the browser needs them.

    Attributes
    ----------
    epochs : ndarray of shape (m,), int64
    losses : ndarray of shape (m,), float32
    numbers : ndarray of shape (m, k), float32
        k parameters; or `CURVE_POINTS` logits, and the test loss if points are held out.
    """

    epochs: NDArray[np.int64]
    losses: Array
    numbers: Array


@dataclass(frozen=True, eq=False)
class Slice:
    """What training one slice of a run gives back: `training.SliceResult` with browser frames.

    Attributes
    ----------
    state : TrainState
        Where the slice ended; if it diverged, the last epoch before that.
    frames : FrameBatch
    diverged : bool
    seconds : float
        Wall-clock time of the training alone.
    engine : str
        Id of the engine that computed it.
    """

    state: TrainState
    frames: FrameBatch
    diverged: bool
    seconds: float
    engine: str


def is_wide(net: Architecture) -> bool:
    """Whether a net sends its curve rather than its parameters."""
    return net.h > PLAIN_HIDDEN


def is_curve(numbers: Array) -> bool:
    """Whether a frame's numbers, of shape (k,), are logits rather than parameters."""
    return numbers.size >= CURVE_POINTS


def frames_of_run(net: Architecture) -> int:
    """About how many frames a run of such a net is worth."""
    return WIDE_FRAMES if is_wide(net) else PLAIN_FRAMES


def curve(params: Array, net: Architecture, x: Array) -> Array:
    """The logit at `CURVE_POINTS` places, evenly spaced from the smallest to the largest x.

    Parameters
    ----------
    params : ndarray of shape (net.size,), float32
    net : Architecture
    x : ndarray of shape (n,), float32
        n >= 1.

    Returns
    -------
    ndarray of shape (CURVE_POINTS,), float32
        Infinite or NaN where float32 has no number for the logit.
    """
    places = np.linspace(x.min(), x.max(), CURVE_POINTS, dtype=np.float32)
    layers = from_vector(params, net.bias1)
    with np.errstate(over="ignore", invalid="ignore"):  # the browser gets null there
        parts = [
            logit(layers, part, net.activation) for part in np.array_split(places, CURVE_PARTS)
        ]
    return np.concatenate(parts)


def numbers(params: Array, net: Architecture, x: Array, testing: Testing = None) -> Array:
    """What a frame of these parameters carries; see `curve`."""
    if not is_wide(net):
        return params
    logits = curve(params, net, x)
    if testing is None:
        return logits
    with np.errstate(over="ignore", invalid="ignore"):
        tested = loss(params, *testing, net)
    return np.append(logits, np.float32(tested))


def draw(frames: Frames, net: Architecture, x: Array, testing: Testing = None) -> FrameBatch:
    """Turn the frames of a slice into what the browser needs.

    One after the other: all curves of a run at once would take a gigabyte for the widest net.
    """
    drawn = frames.params
    if is_wide(net):
        rows = [numbers(params, net, x, testing) for params in frames.params]
        width = CURVE_POINTS + (testing is not None)
        drawn = np.array(rows, dtype=np.float32).reshape(-1, width)
    return FrameBatch(frames.epochs, frames.losses, drawn)
