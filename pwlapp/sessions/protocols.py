"""The protocols that the compute layer implements for the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

from pwlapp.core.data.points import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.frames import Slice
from pwlapp.sessions.state import SessionState

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WorkerLost(UserError):
    """The same call killed its process repeatedly."""


class Runner(Protocol):
    """Computes in other processes, so that the web process stays free."""

    def start(self) -> None:
        """Start the processes in the background."""

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Compute ``function(*args)``.

        Parameters
        ----------
        function : callable
            At the top of a module, and pure: it is called again if its process dies.

        Raises
        ------
        UserError
            ``busy`` if too many calls are waiting already.
        WorkerLost
            If its process died too often.
        Exception
            Whatever `function` raises.
        """

    async def engines(self) -> list[EngineInfo]:
        """The engines that can train now."""

    async def workers(self) -> int:
        """Number of worker processes that are alive; never raises."""

    async def waiting(self) -> int:
        """Number of calls and slices in the queue; 0 where that is unknown."""

    async def totals(self) -> dict[str, float]:
        """Counts of the worker processes, for `Metrics.set_totals`; empty if they don't count."""

    async def close(self) -> None:
        """Stop at once; calls in progress end with WorkerLost."""


class Scheduler(Protocol):
    """Trains the sessions that are running, slice by slice.

    Attributes
    ----------
    is_stalled : bool
        Whether all runs wait because the store can't be written.
    """

    @property
    def is_stalled(self) -> bool: ...

    async def start(self) -> None:
        """Continue the runs that an earlier server did not finish."""

    def schedule(self, sid: str, state: SessionState) -> None:
        """Train a running session until its run ends; does nothing if it is being trained already.

        Parameters
        ----------
        sid : str
        state : SessionState
            As it is in the store, so that it need not be read again. If the store has a newer
            version, the first slice is lost.
        """

    async def train_epoch(self, state: SessionState, points: Points) -> Slice:
        """Train one epoch; nothing is saved.

        Parameters
        ----------
        state : SessionState
        points : Points
            The session's data.

        Raises
        ------
        UserError
            ``training_failed`` (engine) where the engine gave up, for example for want of memory;
            ``bad_engine`` (name).
        WorkerLost
        """

    async def close(self) -> None:
        """Stop. The runs stay marked as running and continue with the next scheduler."""
