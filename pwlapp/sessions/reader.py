"""Where all that asks about sessions comes to: it reads them, and has things computed for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

from pwlapp.core import training
from pwlapp.core.data.points import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.training import TrainState
from pwlapp.errors import UserError
from pwlapp.metrics import Metrics
from pwlapp.report import Counts, Health
from pwlapp.sessions import validation
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.maintenance import Maintenance
from pwlapp.sessions.protocols import Runner, Scheduler
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.snapshot import frame_rows, snapshot
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Store
from pwlapp.sessions.validation import Limits
from pwlapp.settings import Settings
from pwlapp.tasks import SingleFlightCache

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Snapshot: TypeAlias = dict[str, Any]

MANY_FRAMES = 50
MAX_RESULTS = 4000  # of computations that many sessions ask for, some kilobytes each
MAX_INITIAL_STATES = 100
MAX_COMMANDS = 8  # of one session that compute at the same time; nobody presses faster


class SessionReader:
    """The sessions, to be looked at.

    All raise `UserError`: ``session_unknown``, ``storage_failed``, ``worker_lost``, ``not_ready``,
    ``busy``, or what they name themselves.

    Parameters
    ----------
    store : Store
    runner : Runner
    stream : SessionEvents
        Told of every change.
    settings : Settings
    make_scheduler : callable
        Given the sessions' repository, makes the scheduler.
    metrics : Metrics

    Attributes
    ----------
    limits : Limits
    stream : SessionEvents
    metrics : Metrics
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        stream: SessionEvents,
        settings: Settings,
        make_scheduler: Callable[[SessionRepository], Scheduler],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._runner = runner
        self._sessions = SessionRepository(store, stream.notify)
        self._upkeep = Maintenance(store, runner, self._sessions, stream, settings)
        self._initial_states = SingleFlightCache(MAX_INITIAL_STATES)
        self._results = SingleFlightCache(MAX_RESULTS)
        self._computing: Counter[str] = Counter()
        self._room = asyncio.Lock()
        self.stream = stream
        self.limits = Limits(settings.max_epochs, settings.max_running)
        self.metrics = metrics
        self._scheduler = make_scheduler(self._sessions)

    async def start(self) -> None:
        """Begin: data and engines are found in the background, then the runs go on.

        Returns at once, so that pages can be served; the verbs wait for what they need.
        """
        self._runner.start()
        self._upkeep.start(then=self._scheduler.start)

    async def loaded(self) -> Points:
        """Wait until data and engines are known; returns the data."""
        await self._upkeep.loaded()
        return self.points

    @property
    def points(self) -> Points:
        """The data that a new session has, once `loaded`."""
        return self._sessions.points

    @property
    def engines(self) -> tuple[EngineInfo, ...]:
        """What one can train with just now; empty until `loaded`."""
        return self._upkeep.engines

    @property
    def data_problem(self) -> UserError | None:
        """Why the data is not what the settings ask for; known when `loaded`."""
        return self._upkeep.problem

    async def health(self) -> Health:
        """What works just now; never raises."""
        try:
            await self._store.ping()
            has_store = True
        except UserError:
            has_store = False
        return Health(has_store, self._upkeep.is_loaded, await self._runner.workers())

    async def counts(self) -> Counts:
        """How much there is; `metrics` learn of what workers elsewhere have done."""
        if totals := await self._runner.totals():
            self.metrics.took_over(totals)
        sessions, running = await self._store.counts()
        return Counts(sessions, running, await self._runner.waiting())

    async def close(self) -> None:
        """Stop. Runs stay marked as running and go on after the next start."""
        self.stream.close()
        await self._upkeep.close()
        await self._scheduler.close()
        await self._runner.close()
        await self._store.close()

    async def look(self, sid: object) -> Snapshot:
        """The session as it stands."""
        known = await self._known(sid)
        return snapshot(await self._sessions.load(known))

    async def state(self, sid: object) -> SessionState:
        """All that is kept of the session, frames aside."""
        return await self._sessions.load(await self._known(sid))

    async def points_of(self, state: SessionState) -> Points:
        """The data of a session that was just loaded. Raises ``data_unknown``."""
        return await self._sessions.points_of(state)

    async def find_points(self, key: str) -> Points | None:
        """The data of this key: the server's, or some session's own."""
        await self.loaded()
        return await self._sessions.find(key)

    async def compute(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Compute in a worker; see `Runner.call`."""
        return await self._runner.call(function, *args)

    async def once(self, sid: str, key: Hashable, function: Callable[..., Any], *args: Any) -> Any:
        """Have a worker compute ``function(*args)``, once for all who ask under this key.

        Parameters
        ----------
        sid : str
            Of a session, which may not ask for much more than a person can.
        key : hashable
            Names the function and everything that its result depends on.
        function : callable
            As `Runner.call` takes it; nobody may change what it returned.
        """
        with self._one_of_few(sid):
            return await self._results.get(key, lambda: self.compute(function, *args))

    async def initial_state(self, seed: int, net: Architecture, points: Points) -> TrainState:
        """The untrained net of a seed; a class that opens the page at once computes it once."""

        async def compute() -> TrainState:
            state = await self._runner.call(training.initial_state, seed, *points.training, net)
            for array in (state.params, state.m, state.v):
                array.flags.writeable = False  # many sessions share it
            return state

        return await self._initial_states.get((points.key, seed, net), compute)

    def has_once(self, key: Hashable) -> bool:
        """Whether `once` would answer without computing."""
        return self._results.has(key)

    async def read(
        self, sid: object, since: int = 0, form: Callable[[list[Frame]], list[Any]] = frame_rows
    ) -> tuple[Snapshot, list[Any]]:
        """The session and its frames after number `since`.

        Parameters
        ----------
        sid : object
        since : int
        form : callable
            What makes of frames what is wanted: `session.frame_rows`, or `session.frame_texts`.
        """
        known = await self._known(sid)
        state, frames = await self._sessions.read_since(known, since)
        if len(frames) > MANY_FRAMES:  # beside the event loop, not on it
            return snapshot(state), await asyncio.to_thread(form, frames)
        return snapshot(state), form(frames)

    async def _known(self, sid: object) -> str:
        """Wait for the data, and check the form of an id."""
        await self.loaded()
        return validation.session_id(sid)

    @contextmanager
    def _one_of_few(self, sid: str) -> Iterator[None]:
        """Refuse a session that asks for more at once than a person can."""
        if self._computing[sid] >= MAX_COMMANDS:
            raise UserError("busy")
        self._computing[sid] += 1
        try:
            yield
        finally:
            self._computing[sid] -= 1
            if not self._computing[sid]:
                del self._computing[sid]
