"""Frames: the recorded moments of a session, from which the browser draws its net.

A narrow net's frame has the parameters, and the browser computes the curve itself. A wide net has
too many parameters to send, so its frame has its curve: the logit at `CURVE_POINTS` places, then
the loss on the held-out points, if there are any. A narrow net has fewer parameters than a
curve has points, so the length distinguishes the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture, Array, from_vector, logit, loss
from pwlapp.core.state import Frames, TrainState
from pwlapp.errors import UserError

PLAIN_HIDDEN = 8  # the widest net that sends its parameters: at most 25 of them
CURVE_POINTS = 101
CURVE_PARTS = 4  # computed in parts, so that the widest net's hidden layer fits into the cache
PLAIN_FRAMES = 240
WIDE_FRAMES = 120  # a curve has four times the numbers
MAX_SAVED = 10_000  # frames in a file; a session keeps far fewer
LARGEST = float(np.finfo(np.float32).max)

Mark = Literal["", "start", "end", "edit"]
Testing: TypeAlias = tuple[Array, Array] | None  # x and y of the held-out points, (n_test,) each


@dataclass(frozen=True, eq=False)
class Frame:
    """One numbered moment of a session.

    Attributes
    ----------
    seq : int
        Counts up within the session, never reused.
    epoch : int
    loss : float
    numbers : ndarray of shape (k,), float32
        The parameters, or a wide net's curve; see `numbers`.
    mark : str
        ``"start"``: initial weights; ``"end"``: end of a run; ``"edit"``: changed by hand.
    """

    seq: int
    epoch: int
    loss: float
    numbers: Array
    mark: Mark = ""


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """The frames of a slice, not numbered yet.

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
    """Result of training one slice: `state.SliceResult` with frames for the browser.

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
    """Whether a net sends its curve instead of its parameters."""
    return net.h > PLAIN_HIDDEN


def is_curve(numbers: Array) -> bool:
    """Whether a frame's numbers, of shape (k,), are logits and not parameters."""
    return numbers.size >= CURVE_POINTS


def frames_of_run(net: Architecture) -> int:
    """About how many frames to record of one run of such a net."""
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
    with np.errstate(over="ignore", invalid="ignore"):  # becomes null for the browser
        parts = [
            logit(layers, part, net.activation) for part in np.array_split(places, CURVE_PARTS)
        ]
    return np.concatenate(parts)


def numbers(params: Array, net: Architecture, x: Array, testing: Testing = None) -> Array:
    """The numbers of a frame: the parameters, or the curve of a wide net."""
    if not is_wide(net):
        return params
    logits = curve(params, net, x)
    if testing is None:
        return logits
    with np.errstate(over="ignore", invalid="ignore"):
        tested = loss(params, *testing, net)
    return np.append(logits, np.float32(tested))


def draw(frames: Frames, net: Architecture, x: Array, testing: Testing = None) -> FrameBatch:
    """Turn an engine's frames into the browser's.

    Frame by frame: all curves of a run at once would take a gigabyte for the widest net.
    """
    drawn = frames.params
    if is_wide(net):
        rows = [numbers(params, net, x, testing) for params in frames.params]
        width = CURVE_POINTS + (testing is not None)
        drawn = np.array(rows, dtype=np.float32).reshape(-1, width)
    return FrameBatch(frames.epochs, frames.losses, drawn)


def read_frames(rows: object, train: TrainState, points: Points) -> list[Frame]:
    """Check the frames of a file, rows as `snapshot.frame_row` writes them; their seq is 0.

    Parameters
    ----------
    rows : object
        None: no frames.
    train : TrainState
        Where the run of these frames ended.
    points : Points
        The data of the run.

    Raises
    ------
    UserError
        ``bad_saved``
    """
    if rows is None:
        return []
    if not isinstance(rows, list) or len(rows) > MAX_SAVED:
        raise UserError("bad_saved")
    size = numbers(train.params, train.net, points.x, points.testing).size
    read = [_read_frame(row, size) for row in rows]
    epochs = [frame.epoch for frame in read]
    if epochs != sorted(epochs) or (epochs and epochs[-1] > train.epoch):
        raise UserError("bad_saved")
    return read


def _read_frame(row: object, size: int) -> Frame:
    if not isinstance(row, list) or len(row) != 4 + size:
        raise UserError("bad_saved")
    _, epoch, loss, mark, *rest = row
    if type(epoch) is not int or epoch < 0 or mark not in get_args(Mark):
        raise UserError("bad_saved")
    values = np.array([_read_number(value) for value in rest], dtype=np.float32)
    return Frame(0, epoch, _read_number(loss), values, mark)


def _read_number(value: Any) -> float:
    """A number in float32's range; NaN for None, its form in JSON."""
    if value is None:
        return math.nan
    if type(value) not in (int, float) or abs(value) > LARGEST:
        raise UserError("bad_saved")
    return float(value)
