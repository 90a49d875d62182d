"""The read-only part of the service: reads sessions, and computes for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from pwlapp.core import training
from pwlapp.core.data.points import Points
from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.state import TrainState
from pwlapp.errors import UserError
from pwlapp.metrics import Metrics
from pwlapp.report import Counts, Health
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.maintenance import Maintenance
from pwlapp.sessions.protocols import Runner, Scheduler
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.snapshot import FrameText, frame_texts, snapshot
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores.protocol import Store, is_sid
from pwlapp.settings import Settings
from pwlapp.tasks import SingleFlightCache

T = TypeVar("T")

Snapshot: TypeAlias = dict[str, Any]

MANY_FRAMES = 50  # more frames are formatted in a thread, so that the event loop stays free
MAX_RESULTS = 4000  # results in the shared cache, some kilobytes each
MAX_INITIAL_STATES = 100
MAX_AT_ONCE = 8  # simultaneous computations for one session


class SessionReader:
    """Reads sessions.

    Any method may raise `UserError` with ``session_unknown``, ``storage_failed``, ``worker_lost``,
    ``not_ready``, ``busy`` or ``frozen`` (the session is locked). Docstrings list further codes.

    `make_scheduler` is called with the repository of the sessions, and returns the scheduler.
    `events` is notified of every change.
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        events: SessionEvents,
        settings: Settings,
        make_scheduler: Callable[[SessionRepository], Scheduler],
        metrics: Metrics,
    ) -> None:
        self.runner = runner
        self.events = events
        self.max_epochs, self.max_running = settings.max_epochs, settings.max_running
        self.metrics = metrics
        self._store = store
        self._sessions = SessionRepository(store, events.notify)
        self._scheduler = make_scheduler(self._sessions)
        self._maintenance = Maintenance(store, runner, self._sessions, events, settings)
        self._initial_states = SingleFlightCache(MAX_INITIAL_STATES)
        self._results = SingleFlightCache(MAX_RESULTS)
        self._computing: Counter[str] = Counter()  # computations in progress, by session
        self._starting = asyncio.Lock()  # held while a run is counted and started

    async def start(self) -> None:
        """Load data and engines in the background, then continue the runs.

        Returns at once, so that pages can be served. Other methods wait until the data are loaded.
        """
        self.runner.start()
        self._maintenance.start(then=self._scheduler.start)

    async def close(self) -> None:
        """Stop. Runs stay marked as running and continue after the next start."""
        self.events.close()
        await self._maintenance.close()
        await self._scheduler.close()
        await self.runner.close()
        await self._store.close()

    async def loaded(self) -> Points:
        """Wait until data and engines are loaded; returns the data of new sessions."""
        await self._maintenance.loaded()
        return self.points

    @property
    def points(self) -> Points:
        """The data of new sessions, once `loaded`."""
        return self._sessions.points

    @property
    def engines(self) -> tuple[EngineInfo, ...]:
        """The engines that can train now; empty until `loaded`."""
        return self._maintenance.engines

    @property
    def default_engine(self) -> str:
        """The engine of new sessions."""
        return self._maintenance.default_engine

    @property
    def data_problem(self) -> UserError | None:
        """Why the data of the settings can't be used; known once `loaded`."""
        return self._maintenance.problem

    async def health(self) -> Health:
        """Which parts of the server work now; never raises."""
        try:
            await self._store.ping()
            has_store = True
        except UserError:
            has_store = False
        return Health(has_store, self._maintenance.is_loaded, await self.runner.workers())

    async def counts(self) -> Counts:
        """Numbers of sessions, runs and waiting slices; updates the totals in `metrics`."""
        if totals := await self.runner.totals():
            self.metrics.set_totals(totals)
        sessions, running = await self._store.counts()
        return Counts(sessions, running, await self.runner.waiting())

    async def get_snapshot(self, sid: str) -> Snapshot:
        """The session's snapshot."""
        return snapshot(await self.state(sid), self._scheduler.is_stalled)

    async def state(self, sid: str) -> SessionState:
        """The session's state: everything but its frames."""
        return await self._sessions.load(await self._known(sid))

    async def load_many(self, sids: Sequence[str]) -> dict[str, SessionState]:
        """The states of many sessions in one read, by id; unknown ones are left out."""
        return await self._store.load_many([sid for sid in sids if is_sid(sid)])

    async def state_and_frames(self, sid: str, since: int = 0) -> tuple[SessionState, list[Frame]]:
        """The session's state and its frames after number `since`, both of the same version."""
        return await self._sessions.read_since(await self._known(sid), since)

    async def read(self, sid: str, since: int = 0) -> tuple[Snapshot, list[FrameText]]:
        """As `state_and_frames`, but as JSON: a snapshot, and the text of each frame."""
        state, frames = await self.state_and_frames(sid, since)
        shown = snapshot(state, self._scheduler.is_stalled)
        if len(frames) > MANY_FRAMES:
            return shown, await asyncio.to_thread(frame_texts, frames)
        return shown, frame_texts(frames)

    async def points_of(self, state: SessionState) -> Points:
        """The data of a session that was just loaded. Raises ``data_unknown``."""
        return await self._sessions.points_of(state)

    async def find_points(self, key: str) -> Points | None:
        """The data with this key, if the server or the store has it."""
        await self.loaded()
        return await self._sessions.find(key)

    async def initial_state(self, seed: int, net: Architecture, points: Points) -> TrainState:
        """The untrained net of a seed; cached, since a whole class needs the same one.

        Raises ``needs_mse`` if the net's loss is BCE and y is not within [0, 1].
        """
        points.check_loss(net.loss)

        async def compute() -> TrainState:
            state = await self.runner.call(training.initial_state, seed, *points.training, net)
            for array in (state.params, state.m, state.v):
                array.flags.writeable = False  # sessions share the array
            return state

        return await self._initial_states.get((points.key, seed, net), compute)

    async def initial_states(
        self, seeds: Sequence[int], net: Architecture, points: Points
    ) -> dict[int, TrainState]:
        """The untrained nets of many seeds, by seed, computed in one call of a worker."""
        points.check_loss(net.loss)
        made = await self.runner.call(training.initial_states, seeds, *points.training, net)
        return dict(zip(seeds, made, strict=True))

    async def cached(self, sid: str, key: Hashable, function: Callable[..., T], *args: Any) -> T:
        """Compute ``function(*args)`` in a worker, once for all sessions with the same `key`.

        Parameters
        ----------
        sid : str
            The session; ``busy`` is raised if it has too many computations at once.
        key : hashable
            Names the function and everything that its result depends on.
        function : callable
            See `Runner.call`. Callers must not change its result.
        """
        with self._limited(sid):
            return await self._results.get(key, lambda: self.runner.call(function, *args))

    async def compute(self, sid: str, function: Callable[..., T], *args: Any) -> T:
        """Compute ``function(*args)`` in a worker for one session; see `cached`."""
        with self._limited(sid):
            return await self.runner.call(function, *args)

    async def _known(self, sid: str) -> str:
        """Check the form of an id, which may come from a URL; then wait until data are loaded."""
        if not is_sid(sid):
            raise UnknownSession()
        await self.loaded()
        return sid

    def _available(self, engine: str) -> str:
        """Return an engine id if that engine can train here; else raise ``bad_engine`` (name).

        A session may name an engine that only another machine has.
        """
        if engine not in {AUTO, *(known.id for known in self.engines)}:
            raise UserError("bad_engine", name=engine[:40])
        return engine

    async def _check_capacity(self) -> None:
        """Raise ``server_full`` (max) if no run may start. Call it with `_starting` held."""
        _, running = await self._store.counts()
        if running >= self.max_running:
            raise UserError("server_full", max=self.max_running)

    @contextmanager
    def _limited(self, sid: str) -> Iterator[None]:
        """Count a computation for a session; raises ``busy`` above `MAX_AT_ONCE`."""
        if self._computing[sid] >= MAX_AT_ONCE:
            raise UserError("busy")
        self._computing[sid] += 1
        try:
            yield
        finally:
            self._computing[sid] -= 1
            if not self._computing[sid]:
                del self._computing[sid]
