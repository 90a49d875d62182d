"""The transitions of a session: pure functions from one state to the next.

A transition returns the next version and the frames to append, or None if nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import MAX_PARAM
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Frames, SliceResult, TrainState
from pwlapp.core.training import with_new_optimizer, with_params
from pwlapp.errors import UserError
from pwlapp.sessions.frames import PLAIN_HIDDEN, Frame, Mark, is_wide, numbers
from pwlapp.sessions.state import UNKNOWN_SPEED, Notice, Run, SessionState, Speed, changed

SPEED_MEMORY_S = 1.0  # time constant of the moving average of the speed
CURVE_ERROR = 1e-5  # curves in files are rounded to five decimals

Transition: TypeAlias = tuple[SessionState, list[Frame]] | None


def new_session(
    seed: int,
    optimizer: OptimizerOptions,
    engine: str,
    train: TrainState,
    points: Points,
    notice: Notice | None,
) -> tuple[SessionState, list[Frame]]:
    """A new session with initial weights."""
    state = SessionState(1, seed, optimizer, engine, points.key, train, notice=notice)
    return with_frame(state, "start", points)


def reopen(state: SessionState) -> Transition:
    """Drop the notice that the session is new, when its page is loaded again."""
    if state.notice is None or state.notice.code != "session_new":
        return None
    return changed(state, notice=None), []


def replace_data(state: SessionState, points: Points) -> tuple[SessionState, list[Frame]]:
    """Give the session other data; its net, the optimizer's memory and its run stay."""
    train = with_params(state.train, state.train.params, *points.training)
    after = changed(
        state,
        data_key=points.key,
        train=train,
        notice=None,
        first_seq=state.next_seq,  # losses on other data are not comparable
        speed=UNKNOWN_SPEED,
        by_recipe=state.by_recipe and not train.epoch,
    )
    return with_frame(after, "start", points)


def use_default_data(state: SessionState, points: Points) -> tuple[SessionState, list[Frame]]:
    """Give the session the server's data, since its own was deleted; a run is paused."""
    after, frames = replace_data(state, points)
    run = replace(state.run, status="paused") if state.run else None
    return replace(after, run=run, notice=Notice("data_changed")), frames


def start_run(
    state: SessionState, epochs: int, optimizer: OptimizerOptions, engine: str
) -> Transition:
    """Start a run of `epochs` from the present state; it replaces a paused run.

    Raises
    ------
    UserError
        ``already_running``
    """
    if state.is_running:
        raise UserError("already_running")
    epoch = state.train.epoch
    run = Run(epoch, epoch + epochs, "running")
    return changed(prepare_run(state, optimizer, engine), run=run, notice=None), []


def pause(state: SessionState) -> Transition:
    """Pause the run."""
    if state.run is None or not state.is_running:
        return None
    return changed(state, run=replace(state.run, status="paused")), []


def resume(state: SessionState, optimizer: OptimizerOptions, engine: str) -> Transition:
    """Continue a paused run, with this optimizer and engine."""
    if state.run is None or state.is_running:
        return None
    run = replace(state.run, status="running")
    return changed(prepare_run(state, optimizer, engine), run=run, notice=None), []


def halt(state: SessionState, reason: UserError) -> Transition:
    """Pause a run that failed, and set a notice with the reason."""
    if state.run is None or not state.is_running:
        return None
    notice = Notice(reason.code, reason.args_)
    return changed(state, run=replace(state.run, status="paused"), notice=notice), []


def with_new_net(
    state: SessionState, seed: int, train: TrainState, points: Points, **changes: Any
) -> SessionState:
    """Replace the session's net and data; the run, its frames and its speed are dropped."""
    return changed(
        state,
        seed=seed,
        data_key=points.key,
        train=train,
        run=None,
        first_seq=state.next_seq,
        speed=UNKNOWN_SPEED,
        **({"notice": None} | changes),
    )


def reset(
    state: SessionState, seed: int, train: TrainState, points: Points
) -> tuple[SessionState, list[Frame]]:
    """Start over with the initial weights `train` of `seed`; drops the frames and the run."""
    return with_frame(with_new_net(state, seed, train, points, by_recipe=True), "start", points)


def begin_run(
    state: SessionState,
    seed: int,
    optimizer: OptimizerOptions,
    engine: str,
    train: TrainState,
    points: Points,
    epochs: int,
) -> tuple[SessionState, list[Frame]]:
    """`reset`, then start a run of `epochs` with this optimizer and engine."""
    begun = replace(state, optimizer=optimizer, engine=engine)
    after, frames = reset(begun, seed, train, points)
    return replace(after, run=Run(0, epochs, "running")), frames


def edit(state: SessionState, params: Sequence[float], points: Points) -> Transition:
    """Set the weights by hand; a run continues from them, and Adam's moments stay.

    Raises
    ------
    UserError
        ``busy`` if the session has other data meanwhile; ``too_wide`` (max) if the net's frames
        hold no parameters; ``bad_params`` (max) if the number of weights is wrong.
    """
    net = state.train.net
    if is_wide(net):
        raise UserError("too_wide", max=PLAIN_HIDDEN)
    if len(params) != net.size:
        raise UserError("bad_params", max=MAX_PARAM)
    if state.data_key != points.key:
        raise UserError("busy")
    vector = np.asarray(params, dtype=np.float32)  # (k,)
    if np.array_equal(vector, state.train.params):
        return None
    train = with_params(state.train, vector, *points.training)
    after = changed(state, train=train, notice=None, by_recipe=False)
    return with_frame(after, "edit", points)


def prepare_run(state: SessionState, optimizer: OptimizerOptions, engine: str) -> SessionState:
    """The state from which a run or a step with this optimizer and engine starts; not saved.

    An optimizer of another kind starts with empty moments: SGD can't use Adam's.
    """
    same_kind = type(optimizer) is type(state.optimizer)
    train = state.train if same_kind else with_new_optimizer(state.train)
    by_recipe = state.by_recipe and (optimizer == state.optimizer or not train.epoch)
    return replace(state, optimizer=optimizer, engine=engine, train=train, by_recipe=by_recipe)


def after_slice(
    state: SessionState, result: SliceResult, elapsed_s: float = 0.0
) -> tuple[SessionState, list[Frame]]:
    """The state after a slice or a single step.

    Parameters
    ----------
    state : SessionState
        The state from which the slice or step started.
    result : SliceResult
        With the frames that the browser gets; see `frames.draw`.
    elapsed_s : float
        Time since the slice was requested; not used for a single step.
    """
    train, run, notice = result.state, state.run, None
    if result.diverged:
        notice = Notice("diverged", {"epoch": train.epoch, "lr": state.lr})
    ended = result.diverged or (run is not None and train.epoch >= run.target_epoch)
    speed = speed_after(state, result, elapsed_s)
    after = changed(state, train=train, run=None if ended else run, notice=notice, speed=speed)
    return with_frames(after, result.frames, "end" if ended else "")


def speed_after(state: SessionState, result: SliceResult, elapsed_s: float) -> Speed:
    """The speed of a session after one more slice or single step; see `after_slice`.

    ``per_second``, from which the page estimates the remaining time, uses `elapsed_s`, so it
    includes waiting in the queue.
    """
    run = state.run.start_epoch if state.run else None
    known = state.speed
    is_same = known.engine == result.engine and run in (None, known.run)
    speed = known if is_same else Speed(engine=result.engine, run=run)
    if not state.is_running:  # a single step is too short to measure
        return speed
    epochs = result.state.epoch - state.train.epoch
    now = epochs / max(elapsed_s, result.seconds, 1e-9)
    weight = 1.0 - math.exp(-elapsed_s / SPEED_MEMORY_S) if speed.per_second else 1.0
    return replace(
        speed,
        epochs=speed.epochs + epochs,
        seconds=speed.seconds + result.seconds,
        per_second=speed.per_second + weight * (now - speed.per_second),
    )


def with_frame(state: SessionState, mark: Mark, points: Points) -> tuple[SessionState, list[Frame]]:
    """Record the present net of `state` as one more frame."""
    train = state.train
    values = numbers(train.params, train.net, points.x, points.testing)
    frame = Frame(state.next_seq, train.epoch, train.loss, values, mark)
    return replace(state, next_seq=state.next_seq + 1), [frame]


def with_frames(
    state: SessionState, added: Frames, last_mark: Mark
) -> tuple[SessionState, list[Frame]]:
    """Number the frames of a slice; the last one gets `last_mark`."""
    rows = zip(added.epochs.tolist(), added.losses.tolist(), added.numbers, strict=True)
    frames = [
        Frame(seq, epoch, loss, values)
        for seq, (epoch, loss, values) in enumerate(rows, start=state.next_seq)
    ]
    if frames:
        frames[-1] = replace(frames[-1], mark=last_mark)
    return replace(state, next_seq=state.next_seq + len(frames)), frames


def with_saved_frames(
    state: SessionState, saved: Sequence[Frame], points: Points
) -> tuple[SessionState, list[Frame]]:
    """Number the frames of a file; add one of the present net unless the last one shows it."""
    after, frames = with_numbers(state, saved)
    ended, [last] = with_frame(after, "" if saved else "start", points)
    return (after, frames) if frames and _is_same(frames[-1], last) else (ended, [*frames, last])


def with_numbers(state: SessionState, frames: Sequence[Frame]) -> tuple[SessionState, list[Frame]]:
    """Give the session's next numbers to frames."""
    first = state.next_seq
    numbered = [replace(frame, seq=seq) for seq, frame in enumerate(frames, start=first)]
    return replace(state, next_seq=first + len(numbered)), numbered


def _is_same(one: Frame, other: Frame) -> bool:
    return one.epoch == other.epoch and np.allclose(
        one.numbers, other.numbers, atol=CURVE_ERROR, equal_nan=True
    )
