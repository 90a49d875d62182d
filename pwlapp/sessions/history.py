"""Undo and redo: the earlier states of a session.

Two kinds of change can be undone. A step of kind ``"session"`` has replaced the net or the data.
Undo restores the whole earlier state with its frames; a run that was in progress is then paused. A
step of kind ``"weights"`` has set weights by hand. Undo sets the earlier weights; the epoch and the
optimizer's memory stay, as with any edit. Training is not a step.

A step holds a state. Undo and redo are the same operation: they exchange the step's state with the
session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.state import NO_HISTORY, History, Notice, SessionState, changed

MAX_STEPS = 100
MAX_FRAME_NUMBERS = 300_000  # in the frames of one step; if there are more, none are stored
MAX_NUMBERS = 1_000_000  # in all steps of a session, 4 bytes each
MERGE_S = 0.7  # edits of the same weight that follow each other faster are one step

StepKind: TypeAlias = Literal["session", "weights"]


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a session's history.

    Attributes
    ----------
    number : int
    kind : {"session", "weights"}
    state : SessionState
        The state that undo or redo of the step restores, without its history.
    frames : sequence of Frame, or None
        The frames of `state`; None if there were too many to store.
    """

    number: int
    kind: StepKind
    state: SessionState
    frames: Sequence[Frame] | None


def record(
    before: SessionState, frames: Sequence[Frame], after: SessionState, kind: StepKind, at: float
) -> tuple[SessionState, Step | None]:
    """Add the change from `before` to `after` to the history, and drop the steps to redo.

    Parameters
    ----------
    before : SessionState
    frames : sequence of Frame
        The frames of `before`; not used for weights.
    after : SessionState
        Still has the history of `before`.
    kind : {"session", "weights"}
    at : float
        The present time, in seconds since 1970.

    Returns
    -------
    after : SessionState
        With the new history.
    step : Step or None
        The step to save with the state; None if the change was merged into the latest step.
    """
    history = before.history
    key = _merge_key(before, after) if kind == "weights" else ""
    is_soon = abs(at - history.at) < MERGE_S  # also if the clock was set back
    if key and key == history.merge_key and is_soon and not history.can_redo:
        return replace(after, history=replace(history, at=at)), None
    step = _step(history.now, kind, before, frames)
    sizes = (*history.sizes[: history.can_undo], _size(step))
    first = history.first
    while len(sizes) > MAX_STEPS or (len(sizes) > 1 and sum(sizes) > MAX_NUMBERS):
        first, sizes = first + 1, sizes[1:]
    return replace(after, history=History(first, history.now + 1, sizes, key, at)), step


def swap(
    state: SessionState, frames: Sequence[Frame], step: Step, points: Points
) -> tuple[SessionState, list[Frame], Step]:
    """Undo or redo a step: exchange its state with the session's.

    Parameters
    ----------
    state : SessionState
    frames : sequence of Frame
        All frames of the session.
    step : Step
        Its number is ``state.history.now - 1`` to undo it, ``state.history.now`` to redo it.
    points : Points
        The data that the session has afterwards.

    Returns
    -------
    after : SessionState
    added : list of Frame
        Frames to append.
    step : Step
        The step to save in place of `step`.
    """
    history = state.history
    other = _step(step.number, step.kind, state, frames)
    sizes = list(history.sizes)
    sizes[step.number - history.first] = _size(other)
    now = step.number if step.number < history.now else step.number + 1
    if step.kind == "weights":
        after, added = _with_weights(state, step.state, points)
    else:
        after, added = _restored(state, step, points)
    return replace(after, history=History(history.first, now, tuple(sizes))), added, other


def _restored(state: SessionState, step: Step, points: Points) -> tuple[SessionState, list[Frame]]:
    earlier, epoch = step.state, step.state.train.epoch
    notice = earlier.notice if earlier.is_diverged else None
    if step.frames is None:
        notice = Notice("back_no_curve", {"epoch": epoch})
    elif earlier.run:
        notice = Notice("back_paused", {"epoch": epoch})
    elif state.run:
        notice = Notice("back_halted", {"epoch": epoch})
    after = replace(
        earlier,
        version=state.version + 1,
        run=replace(earlier.run, status="paused") if earlier.run else None,
        notice=notice,
        first_seq=state.next_seq,
        next_seq=state.next_seq,
        locked=state.locked,
    )
    if not step.frames:
        return transitions.with_frame(after, "start", points)
    return transitions.with_numbers(after, step.frames)


def _with_weights(
    state: SessionState, earlier: SessionState, points: Points
) -> tuple[SessionState, list[Frame]]:
    epoch, then = state.train.epoch, earlier.train.epoch
    edited = transitions.edit(state, earlier.train.params.tolist(), points)
    after, added = edited or (changed(state), [])
    if epoch != then:
        after = replace(after, notice=Notice("undo_trained_since", {"epoch": epoch, "then": then}))
    return after, added


def _merge_key(before: SessionState, after: SessionState) -> str:
    """Names the weight that changed; empty if several did."""
    changed_at = np.flatnonzero(before.train.params != after.train.params)
    return f"weight {changed_at[0]}" if changed_at.size == 1 else ""


def _step(number: int, kind: StepKind, state: SessionState, frames: Sequence[Frame]) -> Step:
    kept: Sequence[Frame] | None = frames if kind == "session" else ()
    if sum(frame.numbers.size for frame in kept or ()) > MAX_FRAME_NUMBERS:
        kept = None
    return Step(number, kind, replace(state, history=NO_HISTORY), kept)


def _size(step: Step) -> int:
    return 3 * step.state.train.net.size + sum(frame.numbers.size for frame in step.frames or ())
