"""The built-in lecture data against the lecture's file, if there is a copy of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pwlapp.core.data.files import parse_csv
from pwlapp.core.data.lecture import is_lecture
from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from tests.core.test_training import assert_same_state
from tests.support.csv_files import LIMIT

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "lesson" / "ironyofspec.csv"


@pytest.fixture
def filed() -> Points:
    """The lecture's ironyofspec.csv, which is not part of this repository."""
    path = Path(os.environ.get("PWLAPP_DATA") or BESIDE)
    if not path.is_file():
        pytest.skip(f"the lecture's file is not at {path}; PWLAPP_DATA can say where it is")
    return parse_csv(path.read_bytes(), max_bytes=LIMIT)


def test_the_points_are_those_of_the_file(lecture: Points, filed: Points) -> None:
    assert lecture.x.tobytes() == filed.x.tobytes()
    assert lecture.y.tobytes() == filed.y.tobytes()
    np.testing.assert_allclose(lecture.prob, filed.prob, atol=2e-7, rtol=0)
    assert is_lecture(filed)


def test_training_is_bit_for_bit_training_on_the_file(
    lecture: Points, filed: Points, engine: str
) -> None:
    ends = [
        train_slice(
            initial_state(1, points.x, points.y),
            points.x,
            points.y,
            AdamOptions(),
            Budget(100),
            engine,
        ).state
        for points in (lecture, filed)
    ]
    assert_same_state(*ends)


def test_the_points(lecture: Points) -> None:
    """Their labels are proved by the weights that the lecture prints, in test_training."""
    x = np.linspace(-1, 1, 2000)
    assert lecture.x.tolist() == x.astype(np.float32).tolist()
    truth = 1 / (1 + np.exp(-np.where(x < 0, 5 + 15 * x, 5 - 5 * x)))
    np.testing.assert_allclose(lecture.prob, truth, atol=1e-7)
    assert {lecture.x.dtype, lecture.prob.dtype, lecture.y.dtype} == {np.dtype(np.float32)}
    assert set(lecture.y.tolist()) == {0.0, 1.0}
    assert lecture.y.shape == (2000,)
    assert f"{lecture.true_loss:.6f}" == "0.269138"
    assert is_lecture(lecture)
    flipped = lecture.y.copy()
    flipped[1234] = 1 - flipped[1234]
    assert not is_lecture(Points(lecture.x, lecture.prob, flipped, "settings"))
