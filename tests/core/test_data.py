"""Points, and the places they come from."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pwlapp.core.data.files import cache_path, draw_embedded, load
from pwlapp.core.data.points import Points
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


def test_drawn_points_follow_the_lectures_law(drawn: Points):
    x = np.linspace(-1, 1, 2000)
    truth = 1 / (1 + np.exp(-np.where(x < 0, 5 + 15 * x, 5 - 5 * x)))
    np.testing.assert_allclose(drawn.x, x, atol=1e-6)
    np.testing.assert_allclose(drawn.prob, truth, atol=1e-5)
    assert set(drawn.y.tolist()) == {0.0, 1.0}
    sigma = np.sqrt(np.sum(truth * (1 - truth)))
    assert abs(drawn.y.sum() - truth.sum()) < 3 * sigma
    entropy = -np.mean(truth * np.log(truth) + (1 - truth) * np.log(1 - truth))
    assert drawn.true_loss == pytest.approx(entropy, abs=0.03)
    assert (drawn.origin, drawn.label) == ("embedded", "")


def test_the_same_seed_draws_the_same_points(drawn: Points):
    assert draw_embedded().key == drawn.key
    assert draw_embedded(seed=1).key != drawn.key


def test_the_lectures_prob_is_the_same_law(lecture: Points, drawn: Points):
    np.testing.assert_allclose(lecture.prob, drawn.prob, atol=1e-5)


# Where points come from

Load = Callable[..., tuple[Points, UserError | None]]


@pytest.fixture
def load_from(tmp_path: Path) -> Load:
    """`load` with nothing to be found anywhere, unless a test says otherwise.

    The lecture's file may be a local one: `read_source` takes both, and its own tests fetch.
    """

    def call(**changes: object) -> tuple[Points, UserError | None]:
        defaults = {
            "source": "",
            "lecture_url": str(tmp_path / "no-such-lecture.csv"),
            "cache_dir": tmp_path / "cache",
            "max_bytes": LIMIT,
        }
        return load(**defaults | changes)

    return call


@pytest.fixture
def lectures_file(tmp_path: Path) -> str:
    path = tmp_path / "lecture.csv"
    path.write_bytes(GOOD)
    return str(path)


def test_first_the_settings_source(load_from: Load, tmp_path: Path, lectures_file: str):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(GOOD.replace(b"0.75", b"0.5"))
    points, problem = load_from(source=str(mine), lecture_url=lectures_file)
    assert (points.origin, points.label, problem) == ("settings", "mine.csv", None)
    assert points.prob.tolist() == [0.25, 0.5]
    assert not (tmp_path / "cache").exists()


def test_then_the_lectures_file_which_is_kept(
    load_from: Load, tmp_path: Path, lectures_file: str, caplog: pytest.LogCaptureFixture
):
    points, problem = load_from(lecture_url=lectures_file)
    assert (points.origin, points.label, problem) == ("lecture", "lecture.csv", None)
    assert_good(points)
    kept = cache_path(lectures_file, tmp_path / "cache")
    assert kept.read_bytes() == GOOD
    assert list(kept.parent.iterdir()) == [kept]  # nothing half-written is left beside it

    Path(lectures_file).unlink()
    points, problem = load_from(lecture_url=lectures_file)
    assert (points.origin, points.label, problem) == ("cache", "lecture.csv", None)
    assert_good(points)
    assert caplog.records == []


def test_a_copy_of_another_address_is_not_used(load_from: Load, tmp_path: Path, lectures_file: str):
    load_from(lecture_url=lectures_file)
    points, _ = load_from(lecture_url=str(tmp_path / "elsewhere.csv"))
    assert points.origin == "embedded"


def test_last_the_drawn_points(load_from: Load, drawn: Points, caplog: pytest.LogCaptureFixture):
    points, problem = load_from()
    assert (points.origin, points.key, problem) == ("embedded", drawn.key, None)
    assert "no-such-lecture.csv" in caplog.text


def test_an_empty_address_is_never_looked_for(
    load_from: Load, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    points, problem = load_from(lecture_url="")
    assert (points.origin, problem) == ("embedded", None)
    assert caplog.records == []
    assert not (tmp_path / "cache").exists()


def test_points_are_drawn_only_when_needed(load_from: Load, lectures_file: str):
    def never() -> Points:
        raise AssertionError("drawn")

    assert load_from(lecture_url=lectures_file, draw=never)[0].origin == "lecture"


@pytest.mark.parametrize(
    ("raw", "code"),
    [(None, "data_not_found"), (b"x,y\n1,1\n", "data_missing_column"), (b"\0", "data_not_csv")],
)
def test_a_broken_settings_source_is_reported_and_the_next_one_used(
    load_from: Load, tmp_path: Path, lectures_file: str, raw: bytes | None, code: str
):
    mine = tmp_path / "mine.csv"
    if raw is not None:
        mine.write_bytes(raw)
    points, problem = load_from(source=str(mine), lecture_url=lectures_file)
    assert points.origin == "lecture"
    assert problem is not None
    assert problem.code == code
    points, problem = load_from(source=str(mine), lecture_url="")
    assert points.origin == "embedded"
    assert problem is not None
    assert problem.code == code


def test_a_settings_source_over_the_limit(load_from: Load, lectures_file: str):
    points, problem = load_from(source=lectures_file, max_bytes=10)
    assert points.origin == "embedded"
    assert problem is not None
    assert problem.code == "data_too_big"


def test_a_damaged_copy_is_logged_ignored_and_overwritten(
    load_from: Load, tmp_path: Path, lectures_file: str, caplog: pytest.LogCaptureFixture
):
    kept = cache_path(lectures_file, tmp_path / "cache")
    kept.parent.mkdir()
    kept.write_bytes(GOOD[:-12] + b"?")
    points, problem = load_from(lecture_url=lectures_file)
    assert (points.origin, problem) == ("lecture", None)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert kept.name in caplog.text
    assert kept.read_bytes() == GOOD


def test_what_is_not_the_lectures_file_is_not_kept(load_from: Load, tmp_path: Path):
    login = tmp_path / "login.html"
    login.write_bytes(b"<html>Please sign in to this network</html>")
    points, problem = load_from(lecture_url=str(login))
    assert (points.origin, problem) == ("embedded", None)
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_only_costs_the_copy(
    load_from: Load, tmp_path: Path, lectures_file: str, caplog: pytest.LogCaptureFixture
):
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    points, problem = load_from(lecture_url=lectures_file, cache_dir=in_the_way / "cache")
    assert (points.origin, problem) == ("lecture", None)
    assert "not cached" in caplog.text


def test_a_copy_that_cannot_be_finished_leaves_nothing_behind(
    load_from: Load, tmp_path: Path, lectures_file: str, monkeypatch: pytest.MonkeyPatch
):
    def full(*_args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    points, _ = load_from(lecture_url=lectures_file)
    assert points.origin == "lecture"
    assert list((tmp_path / "cache").iterdir()) == []
