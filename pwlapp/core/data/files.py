"""Files of points: x, prob (the truth, which the net never sees) and y (its targets)."""

from __future__ import annotations

import base64
import logging
from typing import Any

from pwlapp.core.data.importing import Choices, Import, Rules
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import MAX_POINTS, MAX_X, MIN_POINTS, Points
from pwlapp.core.data.source import display_name, read_source
from pwlapp.core.net import Array
from pwlapp.errors import UserError

MAX_OWN = 10_000  # of a student's x and y, so that the axis labels are readable

log = logging.getLogger(__name__)


def parse_csv(raw: bytes, *, max_bytes: int, label: str = "") -> Points:
    """Read a server's points: columns x, prob and y, the last two within [0, 1].

    Raises what `Import` and `Import.points` raise. `label` is that of `Points`.
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
    """Read a student's points: columns x and y, and perhaps prob. Raises what `Import` raises."""
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
    """`Import.points` of a student's file in base64, as it travels between processes."""
    return read_own(base64.b64decode(text), max_bytes, choices).points()


def preview_encoded(text: str, max_bytes: int, choices: Choices) -> dict[str, Any]:
    """`Import.preview` of a student's file in base64."""
    return read_own(base64.b64decode(text), max_bytes, choices).preview()


def read_points(source: str, *, timeout_s: float, max_bytes: int) -> Points:
    """Read points from a file or URL; see `source.read_source` and `parse_csv`."""
    raw = read_source(source, timeout_s=timeout_s, max_bytes=max_bytes)
    return parse_csv(raw, max_bytes=max_bytes, label=display_name(source))


def load(source: str, max_bytes: int, timeout_s: float = 3.0) -> tuple[Points, UserError | None]:
    """Load the points that a server shows.

    Parameters
    ----------
    source : str
        The file or URL in the settings; empty: the lecture's points.
    max_bytes : int
        More than this is refused.
    timeout_s : float
        Seconds that fetching may take.

    Returns
    -------
    points : Points
        The lecture's if ``source`` can't be used.
    problem : UserError or None
        Why ``source`` can't be used.
    """
    if not source:
        return lecture_points(), None
    try:
        return read_points(source, timeout_s=timeout_s, max_bytes=max_bytes), None
    except UserError as problem:
        name = display_name(source)
        log.warning("data source %s not used (%s): the lecture's data instead", name, problem)
        return lecture_points(), problem
