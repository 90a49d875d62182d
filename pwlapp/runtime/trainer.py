"""All that can be done with a session: the one door from the user interface to the training."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import Any, TypeAlias

from pwlapp.core import training
from pwlapp.core.data import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.training import AdamOptions, OptimizerOptions, TrainState
from pwlapp.errors import UserError
from pwlapp.runtime import checks, moves
from pwlapp.runtime.checks import Limits
from pwlapp.runtime.driver import Driver, log_failure
from pwlapp.runtime.found import find
from pwlapp.runtime.runner import Runner
from pwlapp.runtime.session import Notice, SessionState, UnknownSession, frame_rows, snapshot
from pwlapp.runtime.sessions import MAX_ATTEMPTS, Sessions
from pwlapp.runtime.store import Conflict, Store
from pwlapp.runtime.stream import Stream
from pwlapp.settings import Settings

logger = logging.getLogger(__name__)

Snapshot: TypeAlias = dict[str, Any]

DEFAULT_SEED = 1
DEFAULT_OPTIMIZER = AdamOptions()

EXPIRE_EVERY_S = 3600.0
MANY_FRAMES = 50


class Trainer:
    """Sessions, and the verbs on them.

    Every verb checks what it is given, takes effect wholly or not at all, and answers with a
    snapshot of the session (see `session.snapshot`). A verb that makes no sense just now, such as
    a pause without a run, changes nothing. All raise `UserError`: ``session_unknown``,
    ``storage_failed``, ``worker_lost``, ``busy``, or what they name themselves.

    Parameters
    ----------
    store : Store
    runner : Runner
    stream : Stream
        Told of every change.
    settings : Settings

    Attributes
    ----------
    limits : Limits
    engines : tuple of EngineInfo
        What one can train with; empty until `loaded`.
    data_problem : UserError or None
        Why the data is not what the settings ask for; known when `loaded`.
    """

    def __init__(self, store: Store, runner: Runner, stream: Stream, settings: Settings) -> None:
        self._store = store
        self._runner = runner
        self._settings = settings
        self._sessions = Sessions(store, stream.notify)
        self._driver = Driver(self._sessions, runner, settings.slice_ms, settings.workers)
        self._loading: asyncio.Task[None] | None = None
        self._expiring: asyncio.Task[None] | None = None
        self.stream = stream
        self.limits = Limits(settings.max_epochs)
        self.engines: tuple[EngineInfo, ...] = ()
        self._default_engine = settings.engine
        self.data_problem: UserError | None = None

    async def start(self) -> None:
        """Begin: data and engines are found in the background, then the runs go on.

        Returns at once, so that pages can be served; the verbs wait for what they need.
        """
        self._runner.start()
        self._loading = asyncio.create_task(self._load(), name="loading the data")
        self._loading.add_done_callback(log_failure)
        self._expiring = asyncio.create_task(self._expire())

    async def loaded(self) -> Points:
        """Wait until data and engines are known; returns the data."""
        if self._loading is None:
            raise RuntimeError("the trainer is not started")
        await asyncio.shield(self._loading)  # a visitor who leaves must not stop the loading
        return self.points

    @property
    def points(self) -> Points:
        """The data in use, once `loaded`."""
        return self._sessions.points

    async def close(self) -> None:
        """Stop. Runs stay marked as running and go on after the next start."""
        self.stream.close()
        tasks = [task for task in (self._loading, self._expiring) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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
        return self._snapshot(known, await self._sessions.load(known))

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
            ``bad_epochs``, ``bad_optimizer``, ``bad_engine``, ``already_running``
        """
        known = await self._known(sid)
        move = partial(
            moves.start_run,
            epochs=checks.epochs(epochs, self.limits.max_epochs),
            optimizer=checks.optimizer(optimizer),
            engine=checks.engine(engine, self.engines),
        )
        return self._drive(known, await self._sessions.update(known, move))

    async def pause(self, sid: object) -> Snapshot:
        """Stop the run for now; answered at once, without waiting for the slice in flight."""
        known = await self._known(sid)
        return self._snapshot(known, await self._sessions.update(known, moves.pause))

    async def resume(
        self, sid: object, optimizer: object = None, engine: object = None
    ) -> Snapshot:
        """Go on with a paused run, from now on with another optimizer or engine if one is given.

        Raises
        ------
        UserError
            ``bad_optimizer``; ``bad_engine``, also if the run's engine is no longer there.
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        options, chosen = self._checked(state, optimizer, engine)
        move = partial(moves.resume, optimizer=options, engine=chosen)
        return self._drive(known, await self._sessions.update(known, move))

    async def step(self, sid: object, optimizer: object, engine: object = None) -> Snapshot:
        """Train one epoch. Within a paused run it counts as one of the run's.

        Raises
        ------
        UserError
            ``bad_optimizer``, ``bad_engine``, ``training_failed``
        """
        known, given = await self._known(sid), checks.optimizer(optimizer)
        for _ in range(MAX_ATTEMPTS):
            state = await self._sessions.load(known)
            options, chosen = self._checked(state, given, engine)
            if state.is_running:
                return self._snapshot(known, state)
            begun = moves.ready(state, options, chosen)
            result = await self._driver.train(known, begun, state.train.epoch + 1, None)
            after, frames = moves.after_slice(begun, result)
            try:
                await self._sessions.save(known, state, after, frames)
            except Conflict:
                continue
            return self._snapshot(known, after)
        raise UserError("busy")

    async def reset(self, sid: object, seed: object, net: object = None) -> Snapshot:
        """Back to epoch 0, at the initial weights of `seed`; the run and its frames are gone.

        `net` is an Architecture if the net is to become another one.

        Raises
        ------
        UserError
            ``bad_seed``, ``bad_architecture``
        """
        known, number = await self._known(sid), checks.seed(seed)
        wanted = None if net is None else checks.architecture(net)
        state = await self._sessions.load(known)
        train = await self._initial_state(number, wanted or state.train.net)
        move = partial(moves.reset, seed=number, train=train, x=self.points.x)
        return self._snapshot(known, await self._sessions.update(known, move))

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
        move = partial(moves.edit, params=values, points=self.points)
        return self._snapshot(known, await self._sessions.update(known, move))

    async def read(self, sid: object, since: int = 0) -> tuple[Snapshot, list[list[Any]]]:
        """The session and its frames after number `since`, as rows (see `session.frame_row`)."""
        known = await self._known(sid)
        state, frames = await self._sessions.read_since(known, since)
        if len(frames) > MANY_FRAMES:  # beside the event loop, not on it
            return self._snapshot(known, state), await asyncio.to_thread(frame_rows, frames)
        return self._snapshot(known, state), frame_rows(frames)

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
        return self._snapshot(sid, state)

    def _snapshot(self, sid: str, state: SessionState) -> Snapshot:
        return snapshot(state, self._driver.speed(sid, state))

    async def _begin(
        self, seed: object, optimizer: object, net: object, notice: Notice | None
    ) -> tuple[str, Snapshot]:
        number, options = checks.seed(seed), checks.optimizer(optimizer)
        train = await self._initial_state(number, checks.architecture(net))
        state, frames = moves.begin(
            number, options, self._default_engine, train, self.points, notice
        )
        sid = await self._store.create(state, frames)
        return sid, self._snapshot(sid, state)

    async def _initial_state(self, seed: int, net: Architecture) -> TrainState:
        points = self.points
        return await self._runner.call(training.initial_state, seed, points.x, points.y, net)

    async def _load(self) -> None:
        found = await find(self._runner, self._settings)
        self._sessions.use(found.points)
        self.engines, self.data_problem = found.engines, found.data_problem
        self._default_engine = found.default_engine
        for sid in await self._store.running():
            with contextlib.suppress(UnknownSession):  # damaged; the others go on
                self._drive(sid, await self._sessions.load(sid))

    async def _expire(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # logged; the next hour may be luckier
                if count := await self._store.expire(self._settings.session_days * 86400.0):
                    logger.info("%d sessions expired", count)
            self._driver.forget_idle()
            await asyncio.sleep(EXPIRE_EVERY_S)
