"""What a session is: one net, how it is being trained, and what the browser is told of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import Array
from pwlapp.core.training import OptimizerOptions, SgdOptions, TrainState
from pwlapp.errors import Arg, UserError
from pwlapp.sessions import frames
from pwlapp.sessions.frames import FrameBatch

Mark = Literal["", "start", "end", "edit"]
RunStatus = Literal["running", "paused"]

CURVE_DECIMALS = 5  # a curve is only drawn; parameters are trained on, to the last bit


@dataclass(frozen=True)
class Run:
    """A stretch of training, in absolute epochs."""

    start_epoch: int
    target_epoch: int
    status: RunStatus


@dataclass(frozen=True)
class Notice:
    """Something the user should know; the browser translates ``notice.<code>``."""

    code: str
    args: Mapping[str, Arg] = field(default_factory=dict)


@dataclass(frozen=True)
class Speed:
    """How fast a net trains, or trained last. Each run and engine has a speed of its own.

    Attributes
    ----------
    engine : str or None
        Id of the engine that computed last; None if nothing was trained yet.
    run : int or None
        Epoch at which the run began that the other numbers are about.
    epochs, seconds : int, float
        What that engine trained in the run, and how long it computed.
    per_second : float
        Epochs per second of the run's own time, waiting for a turn included; 0 if not known.
    """

    engine: str | None = None
    run: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    per_second: float = 0.0

    @property
    def computing(self) -> float:
        """Epochs per second of the engine alone; 0 if not known."""
        return self.epochs / self.seconds if self.seconds > 0 else 0.0


UNKNOWN_SPEED = Speed()


@dataclass(frozen=True, eq=False)
class SessionState:
    """Everything that is kept of a session, apart from its frames.

    Attributes
    ----------
    version : int
        Goes up by one with every save; a save on top of another version is refused.
    optimizer : AdamOptions or SgdOptions
        What the last run or step took, or the next one will begin with.
    engine : str
        Id of the engine that was chosen, or ``"auto"``.
    data_key : str
        Which points ``train.loss`` was computed on.
    run : Run or None
        None when nothing is going on.
    first_seq : int
        Frames with a smaller number are gone, as after a reset.
    next_seq : int
        Number of the next frame.
    speed : Speed
    by_recipe : bool
        Whether the seed, trained for ``train.epoch`` epochs with ``optimizer``, leads to these very
        weights: not after an edit by hand, nor after training with more than one setting.
    """

    version: int
    seed: int
    optimizer: OptimizerOptions
    engine: str
    data_key: str
    train: TrainState
    run: Run | None = None
    notice: Notice | None = None
    first_seq: int = 1
    next_seq: int = 1
    speed: Speed = UNKNOWN_SPEED
    by_recipe: bool = True

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    @property
    def is_running(self) -> bool:
        return self.run is not None and self.run.status == "running"


@dataclass(frozen=True, eq=False)
class Frame:
    """One numbered moment of a session.

    Attributes
    ----------
    seq : int
        Counts up within the session, never reused.
    loss : float
    numbers : ndarray of shape (k,), float32
        The parameters, or a wide net's curve; see `drawing`.
    mark : str
        ``"start"``: initial weights; ``"end"``: end of a run; ``"edit"``: changed by hand.
    """

    seq: int
    epoch: int
    loss: float
    numbers: Array
    mark: Mark = ""


class UnknownSession(UserError):
    """There is no such session, or no longer."""


def unknown_session() -> UnknownSession:
    """The error for an id that names no session."""
    return UnknownSession("session_unknown")


def changed(state: SessionState, **changes: Any) -> SessionState:
    """The next version of `state`, with `changes` made."""
    return replace(state, version=state.version + 1, **changes)


def with_frame(state: SessionState, mark: Mark, points: Points) -> tuple[SessionState, list[Frame]]:
    """Record the net as it stands in `state` as one more frame; the points span its curve."""
    train = state.train
    numbers = frames.numbers(train.params, train.net, points.x, points.testing)
    frame = Frame(state.next_seq, train.epoch, train.loss, numbers, mark)
    return replace(state, next_seq=state.next_seq + 1), [frame]


def with_frames(
    state: SessionState, pictures: FrameBatch, last_mark: Mark = ""
) -> tuple[SessionState, list[Frame]]:
    """Give the frames of a slice their numbers; the last one gets `last_mark`."""
    rows = zip(pictures.epochs.tolist(), pictures.losses.tolist(), pictures.numbers, strict=True)
    numbered = [
        Frame(seq, epoch, loss, numbers)
        for seq, (epoch, loss, numbers) in enumerate(rows, start=state.next_seq)
    ]
    if numbered:
        numbered[-1] = replace(numbered[-1], mark=last_mark)
    return replace(state, next_seq=state.next_seq + len(numbered)), numbered


def snapshot(state: SessionState) -> dict[str, Any]:
    """What the browser is told of a session; every value is valid JSON.

    Without a run, ``start_epoch`` and ``target_epoch`` are the epoch where the net stands. A wide
    net has no parameters here: its frames have its curve.
    """
    train, run, notice, speed = state.train, state.run, state.notice, state.speed
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
        "params": None if frames.is_wide(train.net) else json_numbers(train.params),
        "epochs_per_second": json_number(speed.per_second),
        "notice": {"code": notice.code, "args": dict(notice.args)} if notice else None,
        "by_recipe": state.by_recipe,
    }


def optimizer_row(options: OptimizerOptions) -> dict[str, Any]:
    """An optimizer as the browser reads it."""
    if isinstance(options, SgdOptions):
        return {
            "kind": "sgd",
            "lr": json_number(options.lr),
            "momentum": json_number(options.momentum),
        }
    return {"kind": "adam", "lr": json_number(options.lr)}


def frame_rows(frames: Sequence[Frame]) -> list[list[Any]]:
    """`frame_row` for each of the frames."""
    return [frame_row(frame) for frame in frames]


def frame_row(frame: Frame) -> list[Any]:
    """A frame as the browser reads it: ``[seq, epoch, loss, mark, numbers ...]``."""
    return [
        frame.seq,
        frame.epoch,
        json_number(frame.loss),
        frame.mark,
        *frame_numbers(frame.numbers),
    ]


def frame_texts(frames: Sequence[Frame]) -> list[tuple[int, str]]:
    """The number of each frame, and its `frame_row` as JSON, written in a tenth of the time."""
    return [(frame.seq, _frame_text(frame)) for frame in frames]


def _frame_text(frame: Frame) -> str:
    values = (frame.loss, *frame.numbers.tolist())
    if frames.is_curve(frame.numbers) or not all(map(math.isfinite, values)):
        return json.dumps(frame_row(frame), separators=(",", ":"), allow_nan=False)
    loss, *numbers = (f"{value:.9g}" for value in values)  # as json_number has it
    mark = json.dumps(frame.mark)
    return f"[{frame.seq},{frame.epoch},{loss},{mark},{','.join(numbers)}]"


def frame_numbers(numbers: Array) -> list[float | None]:
    """Parameters exactly, or a curve as exactly as a screen can show it."""
    if not frames.is_curve(numbers):
        return json_numbers(numbers)
    if not np.isfinite(numbers).all():
        return [json_number(round(value, CURVE_DECIMALS)) for value in numbers.tolist()]
    shown: list[float | None] = np.round(numbers.astype(np.float64), CURVE_DECIMALS).tolist()
    return shown


def json_number(value: float) -> float | None:
    """Nine significant digits, enough to restore any float32; None where JSON has no number."""
    return float(f"{value:.9g}") if math.isfinite(value) else None


def json_numbers(values: Array | Sequence[float]) -> list[float | None]:
    """`json_number` for each of the values."""
    return [json_number(value) for value in np.asarray(values).tolist()]


def _status(state: SessionState) -> str:
    if state.run is not None:
        return state.run.status
    if state.notice is not None and state.notice.code == "diverged":
        return "diverged"
    return "idle"
