"""The drill of ``python -m tests.faults``, shortened: a few things of all sorts go wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pwlapp.core.data.files import read_points
from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import frame_epochs, initial_state, train_slice
from pwlapp.sessions.snapshot import json_number, json_numbers
from tests.faults import drill, judge, script
from tests.faults.pupil import Chapter
from tests.faults.script import Plan
from tests.support.client.frame_log import Row
from tests.support.sessions import write_points

KINDS = (
    "kill a web process",
    "kill a worker",
    "kill Redis",
    "freeze a worker's child",
    "repeat messages",
    "drop messages",
)


def test_the_script_is_the_same_for_the_same_seed_and_has_events_of_all_kinds() -> None:
    names = (["web-0", "web-1"], ["worker-0", "worker-1"])
    events = Plan(7, 100).events(*names)
    assert events == Plan(7, 100).events(*names) != Plan(8, 100).events(*names)
    assert {event.kind for event in events} == set(script.KINDS)
    assert {event.target for event in events} == {"web-0", "web-1", "worker-0", "worker-1", "redis"}
    assert any(event.wait_s == 0 for event in events[1:])  # two at once


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    data = write_points(tmp_path_factory.mktemp("points") / "points.csv")
    return read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)


def chapter_of(points: Points, runs: list[tuple[int, int]]) -> Chapter:
    """What an untroubled student is shown of seed 1."""
    planned = sorted({epoch for run in runs for epoch in frame_epochs(*run)})
    ends = {target for _, target in runs}
    start = initial_state(1, points.x, points.y)
    budget = Budget(planned[-1], record=tuple(planned))
    frames = train_slice(start, points.x, points.y, AdamOptions(), budget).frames
    rows: list[Row] = [[1, 0, json_number(start.loss), "start", *json_numbers(start.params)]]
    for epoch, loss, params in zip(planned, frames.losses.tolist(), frames.params, strict=True):
        mark = "end" if epoch in ends else ""
        rows.append([len(rows) + 1, epoch, json_number(loss), mark, *json_numbers(params)])
    last = {"loss": rows[-1][2], "params": rows[-1][4:]}
    state = {"status": "idle", "epoch": planned[-1], "notice": None, **last}
    return Chapter("somebody", 1, runs, rows, [row.copy() for row in rows], state)


def spoil_a_weight(chapter: Chapter) -> None:
    for rows in (chapter.rows, chapter.seen):
        rows[5][4] *= 1 + 2**-23  # a float32 has 23 bits behind the first


def spoil_the_end(chapter: Chapter) -> None:
    chapter.snapshot["params"][0] *= 1 + 2**-23


def train_an_epoch_twice(chapter: Chapter) -> None:
    chapter.snapshot["epoch"] += 1


def lose_a_frame(chapter: Chapter) -> None:
    for rows in (chapter.rows, chapter.seen):
        del rows[7]
        for row in rows[7:]:
            row[0] -= 1


def repeat_a_frame(chapter: Chapter) -> None:
    for rows in (chapter.rows, chapter.seen):
        rows.insert(7, rows[7].copy())
        for row in rows[8:]:
            row[0] += 1


def hide_a_frame_from_the_student(chapter: Chapter) -> None:
    del chapter.seen[7]


def end_without_a_mark(chapter: Chapter) -> None:
    chapter.rows[-1][3] = chapter.seen[-1][3] = ""


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (spoil_a_weight, "1 frames have other numbers"),
        (spoil_the_end, "ended with other weights"),
        (train_an_epoch_twice, "ended with idle, epoch 901"),
        (lose_a_frame, "1 epochs have no frame: [7]"),
        (repeat_a_frame, "epochs that come again: [7]"),
        (hide_a_frame_from_the_student, "the student saw other frames than there are: 1 missing"),
        (end_without_a_mark, "marks [(0, 'start'), (500, 'end')]"),
    ],
)
def test_the_judge_sees_what_must_not_be(
    points: Points, spoil: Callable[[Chapter], None], what: str
) -> None:
    runs = [(0, 500), (500, 900)]
    assert judge.violations([chapter_of(points, runs)], points) == []
    chapter = chapter_of(points, runs)
    spoil(chapter)
    assert what in "; ".join(judge.violations([chapter], points))


async def test_training_is_exactly_once_in_effect_whatever_fails(tmp_path: Path) -> None:
    told: list[str] = []
    plan = Plan(1, len(KINDS), KINDS, calm_s=(0.3, 2.0))
    outcome = await drill.hold(tmp_path, plan, 4, told.append)
    assert outcome.violations == [], "\n".join(told)
    assert set(outcome.events) == set(KINDS)
    assert outcome.figures["runs"] >= 4
