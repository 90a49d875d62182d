"""Converts the state and the frames of a session to JSON for the browser."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from pwlapp.core.net import Array
from pwlapp.core.optimizers import OptimizerOptions, SgdOptions
from pwlapp.sessions.frames import Frame, is_curve, is_wide
from pwlapp.sessions.state import Notice, SessionState

CURVE_DECIMALS = 5  # enough to draw a curve

FrameText: TypeAlias = tuple[int, str]  # number, JSON


def snapshot(state: SessionState, is_stalled: bool = False) -> dict[str, Any]:
    """The state of a session as JSON.

    Without a run, ``start_epoch`` and ``target_epoch`` are the net's epoch. ``params`` is None for
    a wide net, whose frames hold its curve. A stalled run has the notice ``run_waits``.
    """
    train, run, notice, speed = state.train, state.run, state.notice, state.speed
    if is_stalled and state.is_running:
        notice = Notice("run_waits")
    return {
        "version": state.version,
        "status": _status(state),
        "epoch": train.epoch,
        "start_epoch": run.start_epoch if run else train.epoch,
        "target_epoch": run.target_epoch if run else train.epoch,
        "seed": state.seed,
        "net": vars(train.net).copy(),
        "optimizer": optimizer_row(state.optimizer),
        "lr": json_number(state.lr),
        "engine": state.engine,
        "engine_used": speed.engine,
        "engine_speed": json_number(speed.computing),
        "data_key": state.data_key,
        "first_seq": state.first_seq,
        "next_seq": state.next_seq,
        "loss": json_number(train.loss),
        "params": None if is_wide(train.net) else json_numbers(train.params),
        "epochs_per_second": json_number(speed.per_second),
        "notice": {"code": notice.code, "args": dict(notice.args)} if notice else None,
        "by_recipe": state.by_recipe,
        "can_undo": state.history.can_undo,
        "can_redo": state.history.can_redo,
    }


def optimizer_row(options: OptimizerOptions) -> dict[str, Any]:
    """An optimizer as JSON: the hyperparameters that the page shows."""
    if isinstance(options, SgdOptions):
        return {
            "kind": "sgd",
            "lr": json_number(options.lr),
            "momentum": json_number(options.momentum),
        }
    return {"kind": "adam", "lr": json_number(options.lr)}


def frame_row(frame: Frame) -> list[Any]:
    """A frame as JSON: ``[seq, epoch, loss, mark, numbers ...]``."""
    return [
        frame.seq,
        frame.epoch,
        json_number(frame.loss),
        frame.mark,
        *frame_numbers(frame.numbers),
    ]


def frame_texts(frames: Sequence[Frame]) -> list[FrameText]:
    """The number of each frame and its `frame_row` as text, ten times as fast as `json.dumps`."""
    return [(frame.seq, _frame_text(frame)) for frame in frames]


def _frame_text(frame: Frame) -> str:
    values = (frame.loss, *frame.numbers.tolist())
    if is_curve(frame.numbers) or not all(map(math.isfinite, values)):
        return json.dumps(frame_row(frame), separators=(",", ":"), allow_nan=False)
    loss, *numbers = (f"{value:.9g}" for value in values)  # the same format as json_number
    mark = json.dumps(frame.mark)
    return f"[{frame.seq},{frame.epoch},{loss},{mark},{','.join(numbers)}]"


def frame_numbers(numbers: Array) -> list[float | None]:
    """Parameters with all digits, or a curve rounded to `CURVE_DECIMALS`."""
    if not is_curve(numbers):
        return json_numbers(numbers)
    if not np.isfinite(numbers).all():
        return [json_number(round(value, CURVE_DECIMALS)) for value in numbers.tolist()]
    shown: list[float | None] = np.round(numbers.astype(np.float64), CURVE_DECIMALS).tolist()
    return shown


def json_number(value: float) -> float | None:
    """Round to nine significant digits, which restore any float32; None for NaN and infinity."""
    return float(f"{value:.9g}") if math.isfinite(value) else None


def json_numbers(values: Array | Sequence[float]) -> list[float | None]:
    """`json_number` for each of the values."""
    return [json_number(value) for value in np.asarray(values).tolist()]


def _status(state: SessionState) -> str:
    if state.run is not None:
        return state.run.status
    return "diverged" if state.is_diverged else "idle"
