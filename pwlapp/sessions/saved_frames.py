"""The frames of a run that comes back from a file: each number checked, then numbered anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.training import TrainState
from pwlapp.errors import UserError
from pwlapp.sessions import frames
from pwlapp.sessions.state import Frame, Mark, SessionState, with_frame

MAX_FRAMES = 10_000  # many more than a session keeps
LARGEST = float(np.finfo(np.float32).max)


def read_frames(rows: object, train: TrainState, points: Points) -> list[Frame]:
    """Frames as `session.frame_row` writes them, of a run that led to `train`.

    Parameters
    ----------
    rows : object
        None gives no frames.
    train : TrainState
    points : Points

    Raises
    ------
    UserError
        ``bad_saved``
    """
    if rows is None:
        return []
    if not isinstance(rows, list) or len(rows) > MAX_FRAMES:
        raise UserError("bad_saved")
    size = frames.numbers(train.params, train.net, points.x, points.testing).size
    read = [_frame(row, size) for row in rows]
    epochs = [frame.epoch for frame in read]
    if epochs != sorted(epochs) or (epochs and epochs[-1] > train.epoch):
        raise UserError("bad_saved")
    return read


def with_saved_frames(
    state: SessionState, film: Sequence[Frame], points: Points
) -> tuple[SessionState, list[Frame]]:
    """Give the frames the session's next numbers; the last one is the net as it stands."""
    first = state.next_seq
    frames = [replace(frame, seq=seq) for seq, frame in enumerate(film, start=first)]
    after, [now] = with_frame(
        replace(state, next_seq=first + len(frames)), "" if film else "start", points
    )
    if frames and _is_same(frames[-1], now):
        return replace(after, next_seq=after.next_seq - 1), frames
    return after, [*frames, now]


def _is_same(one: Frame, other: Frame) -> bool:
    """Whether two frames look the same; a curve was written with five decimals."""
    return one.epoch == other.epoch and np.allclose(
        one.numbers, other.numbers, atol=1e-5, equal_nan=True
    )


def _frame(row: object, size: int) -> Frame:
    if not isinstance(row, list) or len(row) != 4 + size:
        raise UserError("bad_saved")
    _, epoch, loss, mark, *numbers = row
    if type(epoch) is not int or epoch < 0 or mark not in get_args(Mark):
        raise UserError("bad_saved")
    values = np.array([_number(value) for value in numbers], dtype=np.float32)
    return Frame(0, epoch, _number(loss), values, mark)


def _number(value: Any) -> float:
    """A number that float32 holds; NaN for None, as JSON has it."""
    if value is None:
        return math.nan
    if type(value) not in (int, float) or abs(value) > LARGEST:
        raise UserError("bad_saved")
    return float(value)
