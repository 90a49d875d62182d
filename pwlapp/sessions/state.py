"""The state of a session: one net, its training, and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import TrainState
from pwlapp.errors import Arg, UserError

RunStatus = Literal["running", "paused"]


@dataclass(frozen=True)
class Run:
    """A run in progress or paused. Epochs count from the net's initial weights."""

    start_epoch: int
    target_epoch: int
    status: RunStatus


@dataclass(frozen=True)
class Notice:
    """A message for the user; the browser shows ``notice.<code>`` of the message catalogue."""

    code: str
    args: Mapping[str, Arg] = field(default_factory=dict)


@dataclass(frozen=True)
class Speed:
    """The speed of training, measured separately for each run and engine.

    Attributes
    ----------
    engine : str or None
        Id of the engine that computed last; None if nothing was trained yet.
    run : int or None
        Epoch at which the measured run began.
    epochs, seconds : int, float
        Epochs that this engine has trained in this run, and its computing time.
    per_second : float
        Epochs per second of elapsed time, which includes waiting in the queue; 0 if not known.
    """

    engine: str | None = None
    run: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    per_second: float = 0.0

    @property
    def computing(self) -> float:
        """Epochs per second of computing time; 0 if not known."""
        return self.epochs / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class History:
    """Which steps of a session can be undone and redone. The steps are stored separately.

    Attributes
    ----------
    first : int
        Number of the oldest stored step; numbers increase within the session.
    now : int
        Number of the next step. Steps before it can be undone; steps from it on can be redone.
    sizes : tuple of int
        How many numbers each step stores, from `first` on.
    merge_key : str
        Names the weight that the latest step changed: a change of the same weight soon after is
        merged into that step. Empty if the step changed anything else.
    at : float
        Time of the latest change, in seconds since 1970.
    """

    first: int = 1
    now: int = 1
    sizes: tuple[int, ...] = ()
    merge_key: str = ""
    at: float = 0.0

    @property
    def end(self) -> int:
        """The number after that of the newest step."""
        return self.first + len(self.sizes)

    @property
    def can_undo(self) -> int:
        """How many steps can be undone."""
        return self.now - self.first

    @property
    def can_redo(self) -> int:
        """How many steps can be redone."""
        return self.end - self.now


UNKNOWN_SPEED = Speed()
NO_HISTORY = History()


@dataclass(frozen=True, eq=False)
class SessionState:
    """The stored state of a session, apart from its frames and steps.

    Attributes
    ----------
    version : int
        Increases by one with every save. The store refuses a save that started from a version
        other than the stored one.
    optimizer : AdamOptions or SgdOptions
        The optimizer of the present or latest run; before the first run, that of the next one.
    engine : str
        Id of the chosen engine, or ``"auto"``.
    data_key : str
        The key of the session's points, on which ``train.loss`` was computed.
    run : Run or None
        None if no run is in progress or paused.
    first_seq : int
        Frames with a smaller number have been dropped, for example by a reset.
    next_seq : int
        Number of the next frame.
    speed : Speed
    by_recipe : bool
        Whether training from the seed for ``train.epoch`` epochs with ``optimizer`` reproduces
        these weights. False after an edit by hand, and after training with more than one setting.
    history : History
    locked : bool
        Whether only the teacher of the session's room may change it.
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
    history: History = NO_HISTORY
    locked: bool = False

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    @property
    def is_running(self) -> bool:
        return self.run is not None and self.run.status == "running"

    @property
    def is_diverged(self) -> bool:
        """Whether the latest run ended because it diverged."""
        return self.run is None and self.notice is not None and self.notice.code == "diverged"


class UnknownSession(UserError):
    """Raised if there is no session with this id."""

    def __init__(self, code: str = "session_unknown") -> None:
        super().__init__(code)


def changed(state: SessionState, **changes: Any) -> SessionState:
    """The next version of `state`, with `changes`."""
    return replace(state, version=state.version + 1, **changes)
