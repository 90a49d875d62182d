"""Frames: the recorded moments of a session, from which the browser draws its net.

A frame of a narrow net holds its parameters, from which the browser computes the curve. A wide net
has too many parameters to send, so its frame holds the curve: the logit at `CURVE_POINTS` values of
x, and the loss on the held-out points, if there are any. A narrow net has fewer parameters than a
curve has points, so the length tells which of the two a frame holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture, Array, from_vector, logit, loss
from pwlapp.core.state import Frames, TrainState
from pwlapp.errors import UserError

PLAIN_HIDDEN = 8  # the widest net that sends its parameters: at most 25 of them
CURVE_POINTS = 101
CURVE_PARTS = 4  # a curve is computed in parts, so that a wide hidden layer fits into the cache
PLAIN_FRAMES = 240  # of a run; see `frames_of_run`
WIDE_FRAMES = 120  # fewer, since a curve has four times as many numbers
MAX_SAVED = 10_000  # frames in a file; a session has far fewer
LARGEST = float(np.finfo(np.float32).max)

Mark = Literal["", "start", "end", "edit"]
Testing: TypeAlias = tuple[Array, Array] | None  # x and y of the held-out points, (n_test,) each


@dataclass(frozen=True, eq=False)
class Frame:
    """One numbered moment of a session.

    Attributes
    ----------
    seq : int
        Number of the frame; increases within the session and is never reused.
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


def is_wide(net: Architecture) -> bool:
    """Whether the frames of a net hold its curve instead of its parameters."""
    return net.h > PLAIN_HIDDEN


def is_curve(numbers: Array) -> bool:
    """Whether a frame's numbers, of shape (k,), are a curve and not parameters."""
    return numbers.size >= CURVE_POINTS


def frames_of_run(net: Architecture) -> int:
    """How many frames to record of one run of a net, approximately."""
    return WIDE_FRAMES if is_wide(net) else PLAIN_FRAMES


def curve(params: Array, net: Architecture, x: Array) -> Array:
    """The logit at `CURVE_POINTS` values of x, evenly spaced from the smallest to the largest.

    Parameters
    ----------
    params : ndarray of shape (net.size,), float32
    net : Architecture
    x : ndarray of shape (n,), float32
        n >= 1.

    Returns
    -------
    ndarray of shape (CURVE_POINTS,), float32
        Infinite or NaN where the logit overflows float32.
    """
    grid = np.linspace(x.min(), x.max(), CURVE_POINTS, dtype=np.float32)
    layers = from_vector(params, net.bias1)
    with np.errstate(over="ignore", invalid="ignore"):  # the browser gets null for these
        parts = [logit(layers, part, net.activation) for part in np.array_split(grid, CURVE_PARTS)]
    return np.concatenate(parts)


def numbers(params: Array, net: Architecture, x: Array, testing: Testing = None) -> Array:
    """The numbers of a frame: the parameters, or a wide net's curve and its test loss."""
    if not is_wide(net):
        return params
    logits = curve(params, net, x)
    if testing is None:
        return logits
    with np.errstate(over="ignore", invalid="ignore"):
        tested = loss(params, *testing, net)
    return np.append(logits, np.float32(tested))


def draw(frames: Frames, net: Architecture, x: Array, testing: Testing = None) -> Frames:
    """Convert an engine's frames, which hold parameters, to those that the browser gets.

    Frames are converted one by one: for the widest net, all curves of a run at once would need a
    gigabyte.
    """
    if not is_wide(net):
        return frames
    rows = [numbers(params, net, x, testing) for params in frames.numbers]
    width = CURVE_POINTS + (testing is not None)
    return replace(frames, numbers=np.array(rows, dtype=np.float32).reshape(-1, width))


def read_frames(rows: object, train: TrainState, points: Points) -> list[Frame]:
    """Check and read the frames of a file, in the form of `snapshot.frame_row`; their seq is 0.

    Parameters
    ----------
    rows : object
        A list, or None for no frames.
    train : TrainState
        The state at the end of the run that these frames record.
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
    """A number in float32's range; NaN for None, which stands for it in JSON."""
    if value is None:
        return math.nan
    if type(value) not in (int, float) or abs(value) > LARGEST:
        raise UserError("bad_saved")
    return float(value)
