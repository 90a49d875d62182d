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
    """The root mean square difference between the logits of a net and of a target net.

    Parameters
    ----------
    train : TrainState
    target : sequence of float
        Parameters of a net with the lecture's architecture, in the order of `net.to_vector`.
    points : Points
        The logits are compared over their range of x.

    Returns
    -------
    float or None
        None if the difference is not finite.
    """
    wanted = curve(np.asarray(target, dtype=np.float32), LECTURE, points.x).astype(np.float64)
    found = curve(train.params, train.net, points.x).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        score = float(np.sqrt(np.mean(np.square(found - wanted))))
    return score if math.isfinite(score) else None


def lowest_score(frames: Iterable[Frame], epochs: int) -> float | None:
    """The lowest loss that training has reached within a number of epochs.

    Parameters
    ----------
    frames : iterable of Frame
        Frames of a session, in order. An edit by hand and all frames after it do not count.
    epochs : int

    Returns
    -------
    float or None
        None if no frame counts. The frame of the untrained net does not.
    """
    trained = takewhile(lambda frame: frame.mark != "edit", frames)
    losses = (frame.loss for frame in trained if 0 < frame.epoch <= epochs)
    return min(filter(math.isfinite, losses), default=None)


def ranking(scores: Mapping[int, float], seats: Iterable[Seat]) -> tuple[Place, ...]:
    """The seats with a score, the best first; equal scores share a place.

    Parameters
    ----------
    scores : mapping of int to float
        By seat number.
    seats : iterable of Seat
        The seats of the room; scores of other seats are left out.
    """
    ranked = sorted((scores[seat.number], seat.number, seat.name) for seat in seats
                    if seat.number in scores)  # fmt: skip
    places: list[Place] = []
    for count, (score, number, name) in enumerate(ranked, start=1):
        is_tie = bool(places) and places[-1].score == score
        places.append(Place(places[-1].place if is_tie else count, number, name, score))
    return tuple(places)
