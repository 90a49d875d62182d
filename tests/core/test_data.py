"""Points, and where those of a server come from."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pwlapp.core.data.files import load
from pwlapp.core.data.points import Points
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
    assert f"mine.csv not used ({code}" in caplog.text
