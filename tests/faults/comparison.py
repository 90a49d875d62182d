"""Compares the nets and frames of the students with uninterrupted runs."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import frame_epochs, initial_state, train_slice
from pwlapp.sessions.snapshot import json_number, json_numbers
from tests.faults.persistent_student import NetRecord
from tests.support.client.frame_log import Row

MAX_LISTED = 3  # differences of one kind that a message lists

Numbers = list[float | None]  # loss, then the parameters


def violations(records: Sequence[NetRecord], points: Points) -> list[str]:
    """Compare with uninterrupted runs; returns a message for each difference.

    Parameters
    ----------
    records : sequence of NetRecord
        Nets that were trained with the default optimizer and ``torch@cpu``.
    points : Points
        Their training data.
    """
    expected = uncut_runs(records, points)
    return [
        f"{record.who}, seed {record.seed}, runs {record.runs}: {what}"
        for record in records
        for what in (
            *_wrong_end(record, expected[record.seed]),
            *_wrong_frames(record),
            *_wrong_numbers(record, expected[record.seed]),
        )
    ]


def uncut_runs(records: Iterable[NetRecord], points: Points) -> dict[int, dict[int, Numbers]]:
    """Train each seed once, uninterrupted; returns the numbers of the net by seed and epoch."""
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for record in records:
        wanted[record.seed] |= {row[1] for row in record.rows + record.seen}
        wanted[record.seed] |= {target for _, target in record.runs}
    return {seed: _uncut_run(seed, sorted(epochs), points) for seed, epochs in wanted.items()}


def _uncut_run(seed: int, epochs: list[int], points: Points) -> dict[int, Numbers]:
    start = initial_state(seed, points.x, points.y)
    expected = {0: [json_number(start.loss), *json_numbers(start.params)]}
    later = tuple(epoch for epoch in epochs if epoch > 0)
    if later:
        budget = Budget(later[-1], record=later)
        frames = train_slice(start, points.x, points.y, AdamOptions(), budget).frames
        rows = zip(frames.epochs.tolist(), frames.losses.tolist(), frames.numbers, strict=True)
        expected |= {epoch: [json_number(loss), *json_numbers(each)] for epoch, loss, each in rows}
    return expected


def _wrong_end(record: NetRecord, expected: dict[int, Numbers]) -> Iterable[str]:
    state = record.snapshot
    target = record.runs[-1][1] if record.runs else 0
    if (state["status"], state["epoch"], state["notice"]) != ("idle", target, None):
        where = f"{state['status']}, epoch {state['epoch']}, notice {state['notice']}"
        yield f"ended with {where}, expected idle, epoch {target}"
    elif [state["loss"], *state["params"]] != expected[target]:
        yield f"ended with other weights: {state['params']}, expected {expected[target][1:]}"


def _wrong_frames(record: NetRecord) -> Iterable[str]:
    if record.seen != record.rows:
        yield f"the student saw other frames than there are: {_differences(record)}"
    seqs = [row[0] for row in record.rows]
    if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
        yield f"frames are numbered {seqs[0]} to {seqs[-1]}, but there are {len(seqs)}"
    epochs = [row[1] for row in record.rows]
    if epochs != sorted(set(epochs)):
        again = [b for a, b in itertools.pairwise(epochs) if b <= a]
        yield f"epochs that come again: {again[:MAX_LISTED]}"
    planned = {e for start, target in record.runs for e in frame_epochs(start, target)}
    if missing := sorted(planned - set(epochs)):
        yield f"{len(missing)} epochs have no frame: {missing[:MAX_LISTED]}"
    marks = [(row[1], row[3]) for row in record.rows if row[3]]
    expected = [(0, "start"), *((target, "end") for _, target in record.runs)]
    if marks != expected:
        yield f"marks {marks}, expected {expected}"


def _differences(record: NetRecord) -> str:
    there, seen = ({row[0]: row for row in rows} for rows in (record.rows, record.seen))
    missing = sorted(there.keys() - seen.keys())
    extra = sorted(seen.keys() - there.keys())
    other = [seq for seq in there.keys() & seen.keys() if there[seq] != seen[seq]]
    return (
        f"{len(missing)} missing {missing[:MAX_LISTED]}, {len(extra)} too many "
        f"{extra[:MAX_LISTED]}, {len(other)} different {sorted(other)[:MAX_LISTED]}"
    )


def _wrong_numbers(record: NetRecord, expected: dict[int, Numbers]) -> Iterable[str]:
    wrong = [row[1] for row in record.rows if not _is_expected(row, expected)]
    if wrong:
        first = wrong[:MAX_LISTED]
        yield f"{len(wrong)} frames have other numbers, the first ones at epochs {first}"


def _is_expected(row: Row, expected: dict[int, Numbers]) -> bool:
    return [row[2], *row[4:]] == expected.get(row[1])
