"""Compares what the students were shown with runs that nobody has interrupted."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import frame_epochs, initial_state, train_slice
from pwlapp.sessions.snapshot import json_number, json_numbers
from tests.faults.pupil import Chapter
from tests.support.client.frame_log import Row

NAMED = 3  # differences that are told of one kind in one chapter

Moment = list[float | None]  # loss, then the parameters


def violations(chapters: Sequence[Chapter], points: Points) -> list[str]:
    """Everything that is not as it would be if nothing had gone wrong, in words.

    Parameters
    ----------
    chapters : sequence of Chapter
        Of nets that were trained with the default optimizer and ``torch@cpu``.
    points : Points
        The data they were trained on.
    """
    expected = uninterrupted(chapters, points)
    return [
        f"{chapter.who}, seed {chapter.seed}, runs {chapter.runs}: {what}"
        for chapter in chapters
        for what in (
            *_of_the_end(chapter, expected[chapter.seed]),
            *_of_the_frames(chapter),
            *_of_the_numbers(chapter, expected[chapter.seed]),
        )
    ]


def uninterrupted(chapters: Iterable[Chapter], points: Points) -> dict[int, dict[int, Moment]]:
    """Train each seed once, in one piece; gives, by seed, the net at each epoch that was shown."""
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for chapter in chapters:
        wanted[chapter.seed] |= {row[1] for row in chapter.rows + chapter.seen}
        wanted[chapter.seed] |= {target for _, target in chapter.runs}
    return {seed: _film(seed, sorted(epochs), points) for seed, epochs in wanted.items()}


def _film(seed: int, epochs: list[int], points: Points) -> dict[int, Moment]:
    start = initial_state(seed, points.x, points.y)
    film = {0: [json_number(start.loss), *json_numbers(start.params)]}
    later = tuple(epoch for epoch in epochs if epoch > 0)
    if later:
        budget = Budget(later[-1], record=later)
        frames = train_slice(start, points.x, points.y, AdamOptions(), budget).frames
        rows = zip(frames.epochs.tolist(), frames.losses.tolist(), frames.params, strict=True)
        film |= {epoch: [json_number(loss), *json_numbers(each)] for epoch, loss, each in rows}
    return film


def _of_the_end(chapter: Chapter, film: dict[int, Moment]) -> Iterable[str]:
    state = chapter.snapshot
    target = chapter.runs[-1][1] if chapter.runs else 0
    if (state["status"], state["epoch"], state["notice"]) != ("idle", target, None):
        where = f"{state['status']}, epoch {state['epoch']}, notice {state['notice']}"
        yield f"ended with {where}, expected idle, epoch {target}"
    elif [state["loss"], *state["params"]] != film[target]:
        yield f"ended with other weights: {state['params']}, expected {film[target][1:]}"


def _of_the_frames(chapter: Chapter) -> Iterable[str]:
    if chapter.seen != chapter.rows:
        yield f"the student saw other frames than there are: {_differences(chapter)}"
    seqs = [row[0] for row in chapter.rows]
    if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
        yield f"frames are numbered {seqs[0]} to {seqs[-1]}, but there are {len(seqs)}"
    epochs = [row[1] for row in chapter.rows]
    if epochs != sorted(set(epochs)):
        again = [b for a, b in itertools.pairwise(epochs) if b <= a]
        yield f"epochs that come again: {again[:NAMED]}"
    planned = {e for start, target in chapter.runs for e in frame_epochs(start, target)}
    if missing := sorted(planned - set(epochs)):
        yield f"{len(missing)} epochs have no frame: {missing[:NAMED]}"
    marks = [(row[1], row[3]) for row in chapter.rows if row[3]]
    expected = [(0, "start"), *((target, "end") for _, target in chapter.runs)]
    if marks != expected:
        yield f"marks {marks}, expected {expected}"


def _differences(chapter: Chapter) -> str:
    there, seen = ({row[0]: row for row in rows} for rows in (chapter.rows, chapter.seen))
    missing = sorted(there.keys() - seen.keys())
    extra = sorted(seen.keys() - there.keys())
    other = [seq for seq in there.keys() & seen.keys() if there[seq] != seen[seq]]
    return (
        f"{len(missing)} missing {missing[:NAMED]}, {len(extra)} too many {extra[:NAMED]},"
        f" {len(other)} different {sorted(other)[:NAMED]}"
    )


def _of_the_numbers(chapter: Chapter, film: dict[int, Moment]) -> Iterable[str]:
    wrong = [row[1] for row in chapter.rows if not _is(row, film)]
    if wrong:
        yield f"{len(wrong)} frames have other numbers, the first ones at epochs {wrong[:NAMED]}"


def _is(row: Row, film: dict[int, Moment]) -> bool:
    return [row[2], *row[4:]] == film.get(row[1])
