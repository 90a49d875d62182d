from __future__ import annotations

import itertools

from pwlapp.sessions.stores.thinning import FrameInfo, frames_to_drop


def thinned(frames: list[FrameInfo], **limits: int) -> list[FrameInfo]:
    dropped = set(frames_to_drop(frames, **limits))
    assert dropped <= {frame.seq for frame in frames}
    return [frame for frame in frames if frame.seq not in dropped]


def line(n: int, every: int = 7) -> list[FrameInfo]:
    return [FrameInfo(i + 1, 1 + i * every, "") for i in range(n)]


def test_few_frames_are_all_kept() -> None:
    assert frames_to_drop([]) == []
    assert frames_to_drop(line(2000)) == []


def test_excess_frames_are_dropped_but_not_the_ends() -> None:
    frames = line(2250)
    left = thinned(frames)
    assert len(left) == 2000
    assert left[0] == frames[0]
    assert left[-1] == frames[-1]


def test_marked_frames_and_checkpoints_are_kept() -> None:
    marks = ["start", *[""] * 998, "edit", *[""] * 998, "end"]
    frames = [FrameInfo(i + 1, 50 * i, mark) for i, mark in enumerate(marks * 3)]
    left = thinned(frames, max_plain=100)
    wanted = [frame for frame in frames if frame.mark or frame.epoch % 5000 == 0]
    assert len(wanted) > 30
    assert set(wanted) <= set(left)
    assert len(left) < len(frames)


def test_marked_frames_are_thinned_too_when_there_are_very_many() -> None:
    frames = [FrameInfo(i + 1, 5000 * i, "edit") for i in range(4500)]
    left = thinned(frames)
    assert len(left) == 4000
    assert (left[0], left[-1]) == (frames[0], frames[-1])


def test_a_long_run_keeps_its_shape() -> None:
    """While a run of a million epochs appends frames, no part of the curve becomes empty."""
    frames: list[FrameInfo] = []
    for seq in range(1, 20_001):
        frames.append(FrameInfo(seq, seq * 50 - 1, ""))
        if seq % 250 == 0:
            frames = thinned(frames)
    assert len(frames) == 2000
    roots = [frame.epoch**0.5 for frame in frames]
    gaps = [after - before for before, after in itertools.pairwise(roots)]
    even = roots[-1] / 2000
    # The first frames are as close as they were recorded; no later gap is too large.
    assert max(gaps[100:]) < 4 * even
    # Denser at the start: the first tenth of the epochs holds about a third of the frames.
    early = sum(frame.epoch < 100_000 for frame in frames)
    assert 400 < early < 800
