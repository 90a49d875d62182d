"""Challenges to a class: the score of each seat, and the ranking. Lower is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE
from pwlapp.core.state import TrainState
from pwlapp.rooms.state import Place, Seat
from pwlapp.sessions.frames import Frame, curve


def match_score(train: TrainState, target: Sequence[float], points: Points) -> float | None:
    """How far the net's bent line is from another one: the root mean square difference.

    Parameters
    ----------
    train : TrainState
    target : sequence of float
        Parameters of a net as the lecture's, in the order of `net.to_vector`.
    points : Points
        The lines are compared over their range.

    Returns
    -------
    float or None
        Of the logits; None if it is not finite.
    """
    wanted = curve(np.asarray(target, dtype=np.float32), LECTURE, points.x).astype(np.float64)
    found = curve(train.params, train.net, points.x).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        score = float(np.sqrt(np.mean(np.square(found - wanted))))
    return score if math.isfinite(score) else None


def lowest_score(frames: Iterable[Frame], epochs: int) -> float | None:
    """The lowest loss that training has reached in at most so many epochs.

    Parameters
    ----------
    frames : iterable of Frame
        Of a session, by number. What follows weights set by hand does not count.
    epochs : int

    Returns
    -------
    float or None
        None without a frame that counts; the untrained net's does not.
    """
    trained = takewhile(lambda frame: frame.mark != "edit", frames)
    losses = (frame.loss for frame in trained if 0 < frame.epoch <= epochs)
    return min(filter(math.isfinite, losses), default=None)


def ranking(scores: Mapping[int, float], seats: Iterable[Seat]) -> tuple[Place, ...]:
    """The seats with a score, the best first; equal scores share a place.

    Parameters
    ----------
    scores : mapping of int to float
        By the number of the seat.
    seats : iterable of Seat
        Those that have left are not ranked.
    """
    ranked = sorted((scores[seat.number], seat.number, seat.name) for seat in seats
                    if seat.number in scores)  # fmt: skip
    places: list[Place] = []
    for count, (score, number, name) in enumerate(ranked, start=1):
        is_tie = bool(places) and places[-1].score == score
        places.append(Place(places[-1].place if is_tie else count, number, name, score))
    return tuple(places)
