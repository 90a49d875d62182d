"""Reads files of points.

The columns are x, y (the targets) and prob (the true probability, which the net never sees).
"""

from __future__ import annotations

import base64
import logging
from typing import Any

from pwlapp.core.data.choices import Choices, Rules
from pwlapp.core.data.importing import Import
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import MAX_POINTS, MAX_X, MIN_POINTS, Points
from pwlapp.core.data.source import display_name, read_source
from pwlapp.core.net import Array
from pwlapp.errors import UserError

TIMEOUT_S = 3.0  # of a download when the server starts
MAX_OWN = 10_000  # largest |x| and |y| of a student's points, so that axis labels stay readable

log = logging.getLogger(__name__)


def parse_csv(raw: bytes, *, max_bytes: int, label: str = "") -> Points:
    """Read the points that a server shows: columns x, prob and y, the last two within [0, 1].

    Raises the errors of `Import` and `Import.points`. `label` becomes `Points.label`.
    """
    rules = Rules(
        needed=("x", "prob", "y"),
        x=(-MAX_X, MAX_X),
        y=(0, 1),
        prob=(0, 1),
        least=1,
        most=max_bytes,
        max_bytes=max_bytes,
    )
    x, prob, y = Import(raw, Choices(header=True), rules).points()
    return Points(x, prob, y, "settings", label)


def read_own(raw: bytes, max_bytes: int, choices: Choices, max_points: int = MAX_POINTS) -> Import:
    """Read a student's points: columns x and y, prob if present. Raises the errors of `Import`."""
    own = (-MAX_OWN, MAX_OWN)
    return Import(
        raw,
        choices,
        Rules(
            needed=("x", "y"),
            x=own,
            y=own,
            prob=own,
            least=MIN_POINTS,
            most=max_points,
            max_bytes=max_bytes,
        ),
    )


def parse_encoded(text: str, max_bytes: int, choices: Choices) -> tuple[Array, Array | None, Array]:
    """`Import.points` of a student's file in base64, as processes exchange it."""
    return read_own(base64.b64decode(text), max_bytes, choices).points()


def preview_encoded(text: str, max_bytes: int, choices: Choices) -> dict[str, Any]:
    """`Import.preview` of a student's file in base64."""
    return read_own(base64.b64decode(text), max_bytes, choices).preview()


def read_points(source: str, *, timeout_s: float, max_bytes: int) -> Points:
    """Read points from a file or URL; see `source.read_source` and `parse_csv`."""
    raw = read_source(source, timeout_s=timeout_s, max_bytes=max_bytes)
    return parse_csv(raw, max_bytes=max_bytes, label=display_name(source))


def load(source: str, max_bytes: int) -> tuple[Points, UserError | None]:
    """Load the points that a server shows.

    Parameters
    ----------
    source : str
        The file or URL in the settings. If it is empty, the lecture's points are used.
    max_bytes : int
        A larger file is refused.

    Returns
    -------
    points : Points
        The lecture's points if ``source`` can't be used.
    problem : UserError or None
        The reason why ``source`` can't be used.
    """
    if not source:
        return lecture_points(), None
    try:
        return read_points(source, timeout_s=TIMEOUT_S, max_bytes=max_bytes), None
    except UserError as problem:
        name = display_name(source)
        log.warning("cannot read data from %s (%s); using the lecture's data", name, problem)
        return lecture_points(), problem
