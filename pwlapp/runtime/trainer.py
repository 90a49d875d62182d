"""All that can be done with a session: the one door from the user interface to the training."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import LECTURE
from pwlapp.core.points import Points
from pwlapp.core.training import AdamOptions, OptimizerOptions
from pwlapp.errors import UserError
from pwlapp.runtime import checks, moves
from pwlapp.runtime.beginnings import Beginnings
from pwlapp.runtime.checks import Limits
from pwlapp.runtime.driver import Driver, TaskDriver, train
from pwlapp.runtime.metrics import Metrics
from pwlapp.runtime.moves import Move
from pwlapp.runtime.once import Once
from pwlapp.runtime.report import Counts, Health
from pwlapp.runtime.runner import Runner
from pwlapp.runtime.session import (
    Frame,
    Notice,
    SessionState,
    UnknownSession,
    frame_rows,
    snapshot,
)
from pwlapp.runtime.sessions import MAX_ATTEMPTS, Sessions
from pwlapp.runtime.store import Conflict, Store
from pwlapp.runtime.stream import Stream
from pwlapp.runtime.upkeep import Upkeep
from pwlapp.settings import Settings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Snapshot: TypeAlias = dict[str, Any]

DEFAULT_SEED = 1
DEFAULT_OPTIMIZER = AdamOptions()

MANY_FRAMES = 50
MAX_KEPT = 4000  # answers that many ask for, each of some kilobytes at most
MAX_COMMANDS = 8  # of one session that compute at the same time; nobody presses faster


class Trainer:
    """Sessions, and the verbs on them.

    Every verb checks what it is given, takes effect wholly or not at all, and answers with a
    snapshot of the session (see `session.snapshot`). A verb that makes no sense just now, such as
    a pause without a run, changes nothing. All raise `UserError`: ``session_unknown``,
    ``storage_failed``, ``worker_lost``, ``not_ready``, ``busy``, or what they name themselves.

    Parameters
    ----------
    store : Store
    runner : Runner
    stream : Stream
        Told of every change.
    settings : Settings
    make_driver : callable or None
        Given the sessions; None: a TaskDriver on the runner.
    metrics : Metrics or None

    Attributes
    ----------
    limits : Limits
    stream : Stream
    metrics : Metrics
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        stream: Stream,
        settings: Settings,
        make_driver: Callable[[Sessions], Driver] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._runner = runner
        self._sessions = Sessions(store, stream.notify)
        self._upkeep = Upkeep(store, runner, self._sessions, stream, settings)
        self._beginnings = Beginnings(runner)
        self._once = Once(MAX_KEPT)
        self._computing: Counter[str] = Counter()
        self._room = asyncio.Lock()
        self.stream = stream
        self.limits = Limits(settings.max_epochs, settings.max_running)
        self.metrics = metrics or Metrics()
        if make_driver is None:
            make_driver = partial(
                TaskDriver,
                runner=runner,
                metrics=self.metrics,
                slice_ms=settings.slice_ms,
                at_once=settings.workers,
            )
        self._driver = make_driver(self._sessions)

    async def start(self) -> None:
        """Begin: data and engines are found in the background, then the runs go on.

        Returns at once, so that pages can be served; the verbs wait for what they need.
        """
        self._runner.start()
        self._upkeep.start(then=self._driver.begin)

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
        await self._driver.close()
        await self._runner.close()
        await self._store.close()

    async def open(
        self,
        sid: object = None,
        seed: object = DEFAULT_SEED,
        optimizer: object = DEFAULT_OPTIMIZER,
        net: object = LECTURE,
    ) -> tuple[str, Snapshot]:
        """Find the session that the browser remembers, or begin a new one; gives id and snapshot.

        Parameters
        ----------
        sid : object
            None or ``""`` if it remembers nothing. An id that names no session gives a new one
            with the notice ``session_new``.
        seed, optimizer, net : object
            For a new session: an int, an AdamOptions or SgdOptions, an Architecture.
        """
        try:
            known = await self._known(sid)
            return known, self._drive(known, await self._sessions.update(known, moves.revisit))
        except UnknownSession:
            notice = Notice("session_new") if sid else None
            return await self._begin(seed, optimizer, net, notice)

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

    async def put(
        self, sid: object, move: Callable[[SessionState], Move], points: Points | None = None
    ) -> Snapshot:
        """Make a move of your own; a session that runs after it is trained.

        Parameters
        ----------
        sid : object
        move : callable
            See `Sessions.update`.
        points : Points or None
            Data that the session has after it, if they are not the server's.
        """
        known = await self._known(sid)
        if points is not None:
            await self._sessions.keep(points)
        return self._drive(known, await self._sessions.update(known, move))

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
            return await self._once.get(key, lambda: self.compute(function, *args))

    def has_once(self, key: Hashable) -> bool:
        """Whether `once` would answer without computing."""
        return self._once.has(key)

    async def begin_run(
        self, sid: object, seed: object, net: object, optimizer: object, epochs: object
    ) -> Snapshot:
        """Start over with this seed, net and optimizer, and train: a reset and a run in one.

        Nobody sees the one without the other. The engine stays the session's.

        Raises
        ------
        UserError
            What `reset` and `start_run` raise, apart from ``already_running``.
        """
        known, number = await self._known(sid), checks.seed(seed)
        wanted, count = checks.architecture(net), checks.epochs(epochs, self.limits.max_epochs)
        with self._one_of_few(known):
            now = await self._sessions.load(known)
            options, chosen = self._checked(now, optimizer, None)
            data = await self._sessions.points_of(now)
            train = await self._beginnings.state(number, checks.net_for(wanted, data), data)
            move = partial(
                moves.begin_run,
                seed=number,
                optimizer=options,
                engine=chosen,
                train=train,
                points=data,
                epochs=count,
            )
            await self._sessions.keep(data)
            async with self._room:
                await self._check_room(await self._sessions.load(known))
                state = await self._sessions.update(known, move)
        self.metrics.run_began()
        return self._drive(known, state)

    async def start_run(
        self, sid: object, epochs: object, optimizer: object, engine: object
    ) -> Snapshot:
        """Train `epochs` more from where the net stands, the optimizer's memory included.

        An optimizer of another kind than before begins with an empty memory.

        Parameters
        ----------
        sid, epochs, optimizer, engine : object
            An AdamOptions or SgdOptions; an id, or ``"auto"``.

        Raises
        ------
        UserError
            ``bad_epochs``, ``bad_optimizer``, ``bad_engine``, ``already_running``, ``server_full``
            (max)
        """
        known = await self._known(sid)
        move = partial(
            moves.start_run,
            epochs=checks.epochs(epochs, self.limits.max_epochs),
            optimizer=checks.optimizer(optimizer),
            engine=checks.engine(engine, self.engines),
        )
        async with self._room:
            await self._check_room(await self._sessions.load(known))
            state = await self._sessions.update(known, move)
        self.metrics.run_began()
        return self._drive(known, state)

    async def pause(self, sid: object) -> Snapshot:
        """Stop the run for now; answered at once, without waiting for the slice in flight."""
        known = await self._known(sid)
        return snapshot(await self._sessions.update(known, moves.pause))

    async def resume(
        self, sid: object, optimizer: object = None, engine: object = None
    ) -> Snapshot:
        """Go on with a paused run, from now on with another optimizer or engine if one is given.

        Raises
        ------
        UserError
            ``bad_optimizer``; ``bad_engine``, also if the run's engine is no longer there;
            ``server_full`` (max).
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        options, chosen = self._checked(state, optimizer, engine)
        move = partial(moves.resume, optimizer=options, engine=chosen)
        async with self._room:
            await self._check_room(state)
            return self._drive(known, await self._sessions.update(known, move))

    async def step(self, sid: object, optimizer: object, engine: object = None) -> Snapshot:
        """Train one epoch. Within a paused run it counts as one of the run's.

        Raises
        ------
        UserError
            ``bad_optimizer``, ``bad_engine``, ``training_failed``
        """
        known, given = await self._known(sid), checks.optimizer(optimizer)
        with self._one_of_few(known):
            for _ in range(MAX_ATTEMPTS):
                state = await self._sessions.load(known)
                options, chosen = self._checked(state, given, engine)
                if state.is_running:
                    return snapshot(state)
                begun = moves.ready(state, options, chosen)
                target = state.train.epoch + 1
                points = await self._sessions.points_of(state)
                result = await train(self._runner, points, begun, target, None)
                after, frames = moves.after_slice(begun, result)
                try:
                    await self._sessions.save(known, state, after, frames)
                except Conflict:
                    continue
                return snapshot(after)
        raise UserError("busy")

    async def reset(
        self, sid: object, seed: object = None, net: object = None, points: Points | None = None
    ) -> Snapshot:
        """Back to epoch 0, at the initial weights of `seed`; the run and its frames are gone.

        Parameters
        ----------
        sid : object
        seed, net : object
            An int, an Architecture; None: as they are.
        points : Points or None
            Data that take the place of the session's.

        Raises
        ------
        UserError
            ``bad_seed``, ``bad_architecture``, ``needs_mse`` (BCE makes no sense of the data)
        """
        known = await self._known(sid)
        number = None if seed is None else checks.seed(seed)
        wanted = None if net is None else checks.architecture(net)
        with self._one_of_few(known):
            state = await self._sessions.load(known)
            number = state.seed if number is None else number
            data = points or await self._sessions.points_of(state)
            wanted = checks.net_for(wanted or state.train.net, data)
            train = await self._beginnings.state(number, wanted, data)
            await self._sessions.keep(data)
            move = partial(moves.reset, seed=number, train=train, points=data)
            return snapshot(await self._sessions.update(known, move))

    async def set_params(self, sid: object, params: object) -> Snapshot:
        """Replace the weights by hand: W1, b1 if there is one, W2, b2. A run goes on from them.

        Raises
        ------
        UserError
            ``bad_params``, ``too_wide`` (max)
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        values = checks.params(params, state.train.net)
        points = await self._sessions.points_of(state)
        move = partial(moves.edit, params=values, points=points)
        return self._drive(known, await self._sessions.update(known, move))

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
        return checks.session_id(sid)

    def _checked(
        self, state: SessionState, optimizer: object, engine: object
    ) -> tuple[OptimizerOptions, str]:
        """What to train with; None is what the session has."""
        options = state.optimizer if optimizer is None else checks.optimizer(optimizer)
        return options, checks.engine(state.engine if engine is None else engine, self.engines)

    def _drive(self, sid: str, state: SessionState) -> Snapshot:
        if state.is_running:
            self._driver.drive(sid, state)
        return snapshot(state)

    async def _begin(
        self, seed: object, optimizer: object, net: object, notice: Notice | None
    ) -> tuple[str, Snapshot]:
        number, options = checks.seed(seed), checks.optimizer(optimizer)
        train = await self._beginnings.state(number, checks.architecture(net), self.points)
        engine = self._upkeep.default_engine
        state, frames = moves.begin(number, options, engine, train, self.points, notice)
        sid = await self._store.create(state, frames)
        return sid, snapshot(state)

    async def _check_room(self, state: SessionState) -> None:
        """Refuse one run too many. To be called with `_room` held, by one at a time."""
        if state.is_running:
            return
        _, running = await self._store.counts()
        if running >= self.limits.max_running:
            raise UserError("server_full", max=self.limits.max_running)

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
