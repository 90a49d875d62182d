"""The protocols that `pwlapp.compute` implements for the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

from pwlapp.core.data.points import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.core.state import SliceResult
from pwlapp.errors import UserError
from pwlapp.sessions.state import SessionState

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WorkerLost(UserError):
    """Raised if a call has killed its process repeatedly."""

    def __init__(self, code: str = "worker_lost") -> None:
        super().__init__(code)


class Runner(Protocol):
    """Computes in other processes, so that the web process stays free."""

    def start(self) -> None:
        """Start the processes in the background."""

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Compute ``function(*args)``.

        Parameters
        ----------
        function : callable
            Defined at the top of a module, and pure, since it is called again if its process dies.

        Raises
        ------
        UserError
            ``busy`` if too many calls are waiting already.
        WorkerLost
            If the process died too often.
        Exception
            Any exception that `function` raises.
        """

    async def engines(self) -> list[EngineInfo]:
        """The engines that can train at present."""

    async def workers(self) -> int:
        """Number of worker processes that are alive; never raises."""

    async def waiting(self) -> int:
        """Number of calls and slices in the queue; 0 if it is unknown."""

    async def totals(self) -> dict[str, float]:
        """What the workers have counted, for `Metrics.set_totals`; empty if they do not count."""

    async def close(self) -> None:
        """Stop at once; calls in progress end with WorkerLost."""


class Scheduler(Protocol):
    """Trains the sessions that are running, slice by slice.

    Attributes
    ----------
    is_stalled : bool
        Whether all runs are waiting because the store can't be written.
    """

    @property
    def is_stalled(self) -> bool: ...

    async def start(self) -> None:
        """Continue the runs that an earlier server did not finish."""

    def schedule(self, sid: str, state: SessionState) -> None:
        """Train a running session until its run ends; does nothing if it is being trained already.

        `state` is the stored state, so that it need not be read again. If the store has a newer
        version already, the first slice is dropped.
        """

    async def train_epoch(self, state: SessionState, points: Points) -> SliceResult:
        """Train one epoch of a session's net on its data; nothing is saved.

        Raises
        ------
        UserError
            ``training_failed`` (engine) if the engine failed, for example for lack of memory;
            ``bad_engine`` (name).
        WorkerLost
        """

    async def close(self) -> None:
        """Stop. The runs stay marked as running and continue with the next scheduler."""
