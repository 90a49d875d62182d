"""The frames of a run as CSV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.sessions.frames import CURVE_POINTS, Frame, is_wide
from pwlapp.sessions.snapshot import json_number


def columns(net: Architecture, points: Points) -> list[str]:
    """Names of the columns: epoch, loss, mark, then each parameter.

    For a wide net, whose frames hold its curve, the columns are ``logit(x=-1)`` to ``logit(x=1)``,
    and ``test_loss`` if points are held out.
    """
    if is_wide(net):
        grid = np.linspace(points.x.min(), points.x.max(), CURVE_POINTS)
        numbers = [f"logit(x={x:.6g})" for x in grid]
        numbers += [] if points.testing is None else ["test_loss"]
    else:
        numbers = net.weight_names
    return ["epoch", "loss", "mark", *numbers]


def lines(frames: Sequence[Frame]) -> list[str]:
    """A line of CSV for each frame, in the order of `columns`; NaN and infinity are empty cells."""
    return [",".join(_cells(frame)) for frame in frames]


def _cells(frame: Frame) -> list[str]:
    values = (json_number(value) for value in (frame.loss, *frame.numbers.tolist()))
    loss, *numbers = ("" if value is None else repr(value) for value in values)
    return [str(frame.epoch), loss, frame.mark, *numbers]
