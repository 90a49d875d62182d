"""A short scenario of ``python -m tests.faults``, and its parts."""

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
from tests.faults import comparison, scenario, schedule
from tests.faults.persistent_student import NetRecord
from tests.faults.schedule import Plan
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


def test_a_schedule_has_events_of_all_kinds_and_depends_on_its_seed_alone() -> None:
    names = (["web-0", "web-1"], ["worker-0", "worker-1"])
    events = Plan(7, 100).events(*names)
    assert events == Plan(7, 100).events(*names) != Plan(8, 100).events(*names)
    assert {event.kind for event in events} == set(schedule.KINDS)
    assert {event.target for event in events} == {"web-0", "web-1", "worker-0", "worker-1", "redis"}
    assert any(event.wait_s == 0 for event in events[1:])  # simultaneous


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    data = write_points(tmp_path_factory.mktemp("points") / "points.csv")
    return read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)


def record_of(points: Points, runs: list[tuple[int, int]]) -> NetRecord:
    """The record of seed 1 without any fault."""
    planned = sorted({epoch for run in runs for epoch in frame_epochs(*run)})
    ends = {target for _, target in runs}
    start = initial_state(1, points.x, points.y)
    budget = Budget(planned[-1], record=tuple(planned))
    frames = train_slice(start, points.x, points.y, AdamOptions(), budget).frames
    rows: list[Row] = [[1, 0, json_number(start.loss), "start", *json_numbers(start.params)]]
    for epoch, loss, params in zip(planned, frames.losses.tolist(), frames.numbers, strict=True):
        mark = "end" if epoch in ends else ""
        rows.append([len(rows) + 1, epoch, json_number(loss), mark, *json_numbers(params)])
    last = {"loss": rows[-1][2], "params": rows[-1][4:]}
    state = {"status": "idle", "epoch": planned[-1], "notice": None, **last}
    return NetRecord("a student", 1, runs, rows, [row.copy() for row in rows], state)


def change_a_weight(record: NetRecord) -> None:
    for rows in (record.rows, record.seen):
        rows[5][4] *= 1 + 2**-23  # the last bit of a float32


def change_the_end(record: NetRecord) -> None:
    record.snapshot["params"][0] *= 1 + 2**-23


def count_an_epoch_twice(record: NetRecord) -> None:
    record.snapshot["epoch"] += 1


def remove_a_frame(record: NetRecord) -> None:
    for rows in (record.rows, record.seen):
        del rows[7]
        for row in rows[7:]:
            row[0] -= 1


def repeat_a_frame(record: NetRecord) -> None:
    for rows in (record.rows, record.seen):
        rows.insert(7, rows[7].copy())
        for row in rows[8:]:
            row[0] += 1


def remove_a_seen_frame(record: NetRecord) -> None:
    del record.seen[7]


def remove_the_end_mark(record: NetRecord) -> None:
    record.rows[-1][3] = record.seen[-1][3] = ""


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (change_a_weight, "1 frames have other numbers"),
        (change_the_end, "ended with other weights"),
        (count_an_epoch_twice, "ended with idle, epoch 901"),
        (remove_a_frame, "1 epochs have no frame: [7]"),
        (repeat_a_frame, "epochs that come again: [7]"),
        (remove_a_seen_frame, "the student saw other frames than there are: 1 missing"),
        (remove_the_end_mark, "marks [(0, 'start'), (500, 'end')]"),
    ],
)
def test_every_difference_is_found(
    points: Points, change: Callable[[NetRecord], None], what: str
) -> None:
    runs = [(0, 500), (500, 900)]
    assert comparison.violations([record_of(points, runs)], points) == []
    record = record_of(points, runs)
    change(record)
    assert what in "; ".join(comparison.violations([record], points))


async def test_every_epoch_is_trained_once_whatever_fails(tmp_path: Path) -> None:
    lines: list[str] = []
    plan = Plan(1, len(KINDS), KINDS, gap_s=(0.2, 0.8))
    outcome = await scenario.run(tmp_path, plan, 2, lines.append)
    assert outcome.violations == [], "\n".join(lines)
    assert set(outcome.events) == set(KINDS)
    assert outcome.figures["runs"] >= 2
