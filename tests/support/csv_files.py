"""A valid data file, and its values."""

from __future__ import annotations

import numpy as np

from pwlapp.core.data.files import parse_csv
from pwlapp.core.data.points import Points

LIMIT = 1_000_000
GOOD = b"x,prob,y\n-1.0,0.25,0.0\n0.5,0.75,1.0\n"


def parse(raw: bytes) -> Points:
    return parse_csv(raw, max_bytes=LIMIT)


def assert_good(points: Points) -> None:
    assert points.x.tolist() == [-1.0, 0.5]
    assert points.prob.tolist() == [0.25, 0.75]
    assert points.y.tolist() == [0.0, 1.0]
    assert points.x.dtype == points.prob.dtype == points.y.dtype == np.float32
