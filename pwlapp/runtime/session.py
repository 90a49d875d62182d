"""What a session is: one net, how it is being trained, and what the browser is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from pwlapp.core.net import Array
from pwlapp.core.training import Frames, TrainState
from pwlapp.errors import Arg, UserError

Mark = Literal["", "start", "end", "edit"]
RunStatus = Literal["running", "paused"]


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


@dataclass(frozen=True, eq=False)
class SessionState:
    """Everything that is kept of a session, apart from its frames.

    Attributes
    ----------
    version : int
        Goes up by one with every save; a save on top of another version is refused.
    data_key : str
        Which points ``train.loss`` was computed on.
    run : Run or None
        None when nothing is going on.
    first_seq : int
        Frames with a smaller number are gone, as after a reset.
    next_seq : int
        Number of the next frame.
    """

    version: int
    seed: int
    lr: float
    device: str
    data_key: str
    train: TrainState
    run: Run | None = None
    notice: Notice | None = None
    first_seq: int = 1
    next_seq: int = 1

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
    params : ndarray of shape (k,), float32
    loss : float
        At ``params``.
    mark : str
        ``"start"``: initial weights; ``"end"``: end of a run; ``"edit"``: changed by hand.
    """

    seq: int
    epoch: int
    loss: float
    params: Array
    mark: Mark = ""


class UnknownSession(UserError):
    """There is no such session, or no longer."""


def unknown_session() -> UnknownSession:
    """The error for an id that names no session."""
    return UnknownSession("session_unknown")


def changed(state: SessionState, **changes: Any) -> SessionState:
    """The next version of `state`, with `changes` made."""
    return replace(state, version=state.version + 1, **changes)


def with_frame(state: SessionState, mark: Mark) -> tuple[SessionState, list[Frame]]:
    """Record the net as it stands in `state` as one more frame."""
    train = state.train
    frame = Frame(state.next_seq, train.epoch, train.loss, train.params, mark)
    return replace(state, next_seq=state.next_seq + 1), [frame]


def with_frames(
    state: SessionState, frames: Frames, last_mark: Mark = ""
) -> tuple[SessionState, list[Frame]]:
    """Give the frames of a slice their numbers; the last one gets `last_mark`."""
    rows = zip(frames.epochs.tolist(), frames.losses.tolist(), frames.params, strict=True)
    numbered = [
        Frame(seq, epoch, loss, params)
        for seq, (epoch, loss, params) in enumerate(rows, start=state.next_seq)
    ]
    if numbered:
        numbered[-1] = replace(numbered[-1], mark=last_mark)
    return replace(state, next_seq=state.next_seq + len(numbered)), numbered


def snapshot(state: SessionState, epochs_per_second: float = 0.0) -> dict[str, Any]:
    """What the browser is told of a session; every value is valid JSON.

    Without a run, ``start_epoch`` and ``target_epoch`` are the epoch where the net stands.
    """
    train, run, notice = state.train, state.run, state.notice
    return {
        "version": state.version,
        "status": _status(state),
        "epoch": train.epoch,
        "start_epoch": run.start_epoch if run else train.epoch,
        "target_epoch": run.target_epoch if run else train.epoch,
        "seed": state.seed,
        "lr": json_number(state.lr),
        "device": state.device,
        "data_key": state.data_key,
        "first_seq": state.first_seq,
        "next_seq": state.next_seq,
        "loss": json_number(train.loss),
        "params": json_numbers(train.params),
        "epochs_per_second": json_number(epochs_per_second),
        "notice": {"code": notice.code, "args": dict(notice.args)} if notice else None,
    }


def frame_row(frame: Frame) -> list[Any]:
    """A frame as the browser reads it: ``[seq, epoch, loss, mark, parameters ...]``."""
    return [
        frame.seq,
        frame.epoch,
        json_number(frame.loss),
        frame.mark,
        *json_numbers(frame.params),
    ]


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
