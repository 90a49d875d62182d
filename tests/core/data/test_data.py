"""Points, and the data of a server."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pwlapp.core.data.files import load
from pwlapp.core.data.points import MAX_POINTS, DataSpec, Points
from pwlapp.errors import UserError
from tests.support.csv_files import GOOD, LIMIT, assert_good, parse

# Points


def test_the_key_names_the_numbers():
    points = parse(GOOD)
    assert len(points.key) == 16
    assert int(points.key, 16)
    assert parse(GOOD.replace(b",", b";")).key == points.key
    assert parse(GOOD.replace(b"0.75", b"0.76")).key != points.key
    assert pickle.loads(pickle.dumps(points)).key == points.key


# The data of a server


def test_without_a_source_the_lectures(lecture: Points) -> None:
    points, problem = load("", LIMIT)
    assert (points.origin, points.label, points.key, problem) == ("lecture", "", lecture.key, None)


def test_a_file_in_the_settings(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_bytes(GOOD)
    points, problem = load(str(mine), LIMIT)
    assert (points.origin, points.label, problem) == ("settings", "mine.csv", None)
    assert_good(points)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (None, "data_not_found"),
        (b"x,y\n1,1\n", "data_missing_column"),
        (b"\0", "data_not_csv"),
        (b"1" * (LIMIT + 1), "data_too_big"),
    ],
)
def test_a_file_that_cannot_be_used_is_reported_and_the_lectures_data_shown(
    tmp_path: Path,
    lecture: Points,
    caplog: pytest.LogCaptureFixture,
    raw: bytes | None,
    code: str,
) -> None:
    mine = tmp_path / "mine.csv"
    if raw is not None:
        mine.write_bytes(raw)
    points, problem = load(str(mine), LIMIT)
    assert points.key == lecture.key
    assert problem is not None
    assert problem.code == code
    assert f"mine.csv ({code}" in caplog.text


# Specs, and held-out points


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"n": -1}, "bad_data"),
        ({"n": MAX_POINTS + 1}, "bad_data"),
        ({"noise": -0.1}, "bad_data"),
        ({"noise": float("nan")}, "bad_data"),
        ({"seed": 2**32}, "bad_data"),
        ({"held_out": 0.91}, "bad_held_out"),
        ({"held_out": -0.1}, "bad_held_out"),
    ],
)
def test_an_invalid_spec_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as refused:
        DataSpec(**wrong)
    assert refused.value.code == code


def test_a_share_is_held_out_and_never_the_outermost() -> None:
    points = parse(GOOD)
    assert points.testing is None
    assert points.training == (points.x, points.y)
    assert points.holding_out(0.9).testing is None  # both points are outermost
    x = np.random.default_rng(0).permutation(np.linspace(-1, 1, 50)).astype(np.float32)
    many = Points(x, None, 3 * x, "own")
    assert not many.is_binary
    assert many.true_loss is None
    half = many.holding_out(0.5)
    assert half.key != many.key
    for held in (half, many.holding_out(0.5)):  # the same ones again
        assert held.testing is not None
        (seen_x, seen_y), (kept_x, kept_y) = held.training, held.testing
        assert (kept_x.size, held.testing_rows.size) == (25, 25)
        assert sorted([*seen_x, *kept_x]) == sorted(x)
        assert {x.min(), x.max()} <= set(seen_x.tolist())
        np.testing.assert_array_equal(seen_y, 3 * seen_x)
        np.testing.assert_array_equal(kept_y, 3 * kept_x)
        np.testing.assert_array_equal(held.testing_rows, half.testing_rows)


@pytest.mark.parametrize(
    ("y", "is_binary"), [([0, 0.5, 1], True), ([0, 0.5, 1.5], False), ([-0.5, 0.5, 1], False)]
)
def test_bce_needs_y_between_0_and_1(y: list[float], is_binary: bool):
    x, prob = np.float32([-1, 0, 1]), np.float32([0.5, 0.5, 0.5])
    points = Points(x, prob, np.float32(y), "own")
    assert points.is_binary is is_binary
    assert points.true_loss == (pytest.approx(np.log(2)) if is_binary else None)
    assert Points(x, None, np.float32(y), "own").true_loss is None
    points.check_loss("mse")
    if is_binary:
        points.check_loss("bce")
    else:
        with pytest.raises(UserError, match=r"^needs_mse$"):
            points.check_loss("bce")
