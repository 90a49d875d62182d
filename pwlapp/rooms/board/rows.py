"""The rows of a teacher's board: each student's net, and the outcome of its training.

Pure functions from seats and the states of their sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from pwlapp.core.analysis.plateaus import Plateaus
from pwlapp.core.analysis.seeds import count_sides, dead_units
from pwlapp.core.data.points import Points
from pwlapp.core.net import Array, from_vector, pre_activation, sigmoid
from pwlapp.core.state import TrainState
from pwlapp.rooms.state import Seat
from pwlapp.sessions.frames import curve, is_wide
from pwlapp.sessions.snapshot import frame_numbers, json_number
from pwlapp.sessions.state import SessionState

Outcome: TypeAlias = Literal["not_started", "diverged", "both", "dead", "left", "right", "not_yet"]
Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Mapping[int, Row]  # by the number of the seat

# A net is trained if its loss exceeds the lowest plateau by less than this share of the difference
# between the highest plateau and the lowest.
TRAINED = 0.1
FLAT = 0.1  # an end is flat if the logit changes by less than this over half of the range of x


class CachedRow(NamedTuple):
    """A row, and what it was made from.

    Attributes
    ----------
    seat : Seat
        With `Seat.seen` set to 0, since it changes with each heartbeat.
    is_here : bool
    state : SessionState
    row : dict
    """

    seat: Seat
    is_here: bool
    state: SessionState
    row: Row


def row(seat: Seat, state: SessionState, points: Points, best: Plateaus, is_here: bool) -> Row:
    """A seat as JSON for the board.

    Parameters
    ----------
    seat : Seat
    state : SessionState
        The session of the seat that the board shows.
    points : Points
        The data of the session.
    best : Plateaus
        The plateaus of these data and of the net's loss function.
    is_here : bool
        Whether a page of the seat is connected.

    Returns
    -------
    dict
        ``numbers`` holds the parameters if ``plain`` is true, else the logits of `frames.curve`.
    """
    train = state.train
    is_plain = not is_wide(train.net)
    numbers = train.params if is_plain else curve(train.params, train.net, points.x)
    return {
        "n": seat.number,
        "name": seat.nickname,
        "name_hidden": seat.name_hidden,
        "here": is_here,
        "data": state.data_key,
        "seed": state.seed,
        "epoch": train.epoch,
        "loss": json_number(train.loss),
        "status": state.run.status if state.run else "idle",
        "outcome": outcome(state, points.x, best),
        "slopes": slopes(train, points.x),
        "net": vars(train.net).copy(),
        "numbers": frame_numbers(numbers),
        "plain": is_plain,
    }


def outcome(state: SessionState, x: Array, best: Plateaus) -> Outcome:
    """The sides on which a net bends, or why it does not bend on both.

    Parameters
    ----------
    state : SessionState
    x : ndarray of shape (n,), float32
        The points of the session.
    best : Plateaus
        The plateaus of these points and of the net's loss function.

    Returns
    -------
    str
        The first of these that is true. ``"not_started"``: the net has the initial weights of its
        seed. ``"diverged"``. ``"both"``: it bends on both sides, see `is_bent`. ``"dead"``: a ReLU
        is on for none of the points, or all W1 are 0. ``"left"`` or ``"right"``: all units are on
        for the same side, by the sign of W1. ``"not_yet"``: there are units for both sides, but
        training has not bent the line yet.
    """
    train = state.train
    if has_initial_weights(state):
        return "not_started"
    if state.is_diverged:
        return "diverged"
    if is_bent(train, x, best):
        return "both"
    left, right = count_sides(train)
    if dead_units(train, x) or not left + right:
        return "dead"
    if left and right:
        return "not_yet"
    return "left" if left else "right"


def is_bent(train: TrainState, x: Array, best: Plateaus) -> bool:
    """Whether a net bends on both sides: its loss is low enough, and neither end is flat.

    The threshold of the loss is `Plateaus.bent_below`, as in Explore. It is None if a bend on one
    side fits the data almost as well; the threshold then follows from `TRAINED`.
    """
    limit = best.bent_below
    if limit is None:
        limit = best.both + TRAINED * (best.flat - best.both)
    if not train.loss < limit:
        return False
    if train.net.activation != "relu":
        return True  # sigmoids have no sides
    if not train.net.bias1:
        return min(count_sides(train)) > 0
    found, reach = slopes(train, x), float(x.max() - x.min()) / 2
    return found is not None and min(map(abs, found)) * reach > FLAT


def has_initial_weights(state: SessionState) -> bool:
    """Whether the net has the initial weights of its seed."""
    return state.train.epoch == 0 and state.by_recipe and not state.is_diverged


def slopes(train: TrainState, x: Array) -> list[float] | None:
    """Slopes of the logit at the smallest and at the largest x; None if they are not finite.

    Parameters
    ----------
    train : TrainState
    x : ndarray of shape (n,), float32
    """
    params = from_vector(train.params, train.net.bias1)
    ends = np.array([x.min(), x.max()], dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        u = pre_activation(params, ends)  # (2, h)
        if train.net.activation == "relu":
            on = (u > 0).astype(np.float64)
        else:
            on = (sigmoid(u) * sigmoid(-u)).astype(np.float64)  # derivative of the sigmoid
        found = on @ (params.W1.astype(np.float64) * params.W2)  # (2, h) @ (h,) -> (2,)
    return [float(f"{slope:.9g}") for slope in found] if np.isfinite(found).all() else None


def changes(before: Rows, after: Rows) -> tuple[list[Row], list[int]]:
    """The difference between two sets of rows.

    Returns
    -------
    changed : list of dict
        New and changed rows, sorted by seat number.
    gone : list of int
        Seat numbers of the rows that were removed.
    """
    changed = [after[n] for n in sorted(after) if before.get(n) != after[n]]
    return changed, sorted(before.keys() - after.keys())
