"""Chooses the frames to drop when a session has too many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pwlapp.core.training import CHECKPOINT_EVERY
from pwlapp.sessions.frames import CURVE_POINTS

MAX_PLAIN = 2000
MAX_KEPT = 4000
CURVE_WEIGHT = 4  # a frame with a curve counts as 4, since it has more numbers
THIN_EVERY = 250  # frames: thinning at each save would cost more than the save


class FrameInfo(NamedTuple):
    """The properties of a frame that decide whether it is dropped."""

    seq: int
    epoch: int
    mark: str


def is_time(next_seq: int, added: int) -> bool:
    """Whether adding these frames has passed a multiple of THIN_EVERY."""
    return next_seq // THIN_EVERY > (next_seq - added) // THIN_EVERY


def limits(numbers: int) -> tuple[int, int]:
    """`max_plain` and `max_kept` of `frames_to_drop` for frames of at most this many numbers."""
    weight = CURVE_WEIGHT if numbers >= CURVE_POINTS else 1
    return MAX_PLAIN // weight, MAX_KEPT // weight


def frames_to_drop(
    frames: Sequence[FrameInfo], max_plain: int = MAX_PLAIN, max_kept: int = MAX_KEPT
) -> list[int]:
    """Choose the frames of one session to drop.

    Marked frames, checkpoints (multiples of 5,000 epochs), the first and the last frame are kept.
    Marked frames and checkpoints are thinned only above `max_kept`, so that no session grows
    without limit. A session reaches that number only after months of training, or by a script.

    Parameters
    ----------
    frames : sequence of FrameInfo
        All frames of the session, sorted by seq.
    max_plain, max_kept : int
        Limits of plain frames, and of marked frames and checkpoints.

    Returns
    -------
    list of int
        Seqs of the frames to drop.
    """
    kept = [frame for frame in frames if frame.mark or frame.epoch % CHECKPOINT_EVERY == 0]
    plain = [frame for frame in frames if not frame.mark and frame.epoch % CHECKPOINT_EVERY]
    return _densest(plain, len(plain) - max_plain) + _densest(kept, len(kept) - max_kept)


def _densest(frames: Sequence[FrameInfo], excess: int) -> list[int]:
    """Seqs of up to `excess` frames whose removal leaves the smallest gaps.

    Neither two neighbours nor the first or last frame are chosen. Gaps are measured in square roots
    of epochs: the loss changes most at the start of a run, so frames stay denser there.
    """
    if excess <= 0:
        return []
    roots = [math.sqrt(frame.epoch) for frame in frames]
    by_gap = sorted(range(1, len(frames) - 1), key=lambda i: abs(roots[i + 1] - roots[i - 1]))
    dropped: set[int] = set()
    for i in by_gap:
        if len(dropped) == excess:
            break
        if i - 1 not in dropped and i + 1 not in dropped:
            dropped.add(i)
    return [frames[i].seq for i in sorted(dropped)]
