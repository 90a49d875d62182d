"""All that can be done with a session; the commands and the user interface come in here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions
from pwlapp.errors import UserError
from pwlapp.sessions import transitions, validation
from pwlapp.sessions.history import StepKind
from pwlapp.sessions.reader import SessionReader, Snapshot
from pwlapp.sessions.repository import retried
from pwlapp.sessions.snapshot import snapshot
from pwlapp.sessions.state import Notice, SessionState, UnknownSession
from pwlapp.sessions.transitions import Transition

DEFAULT_SEED = 1
DEFAULT_OPTIMIZER = AdamOptions()


class SessionService(SessionReader):
    """Reads sessions, changes them, and has them trained.

    Every method takes effect wholly or not at all, and returns a snapshot of the session. One that
    makes no sense at the moment, such as a pause without a run, changes nothing. For what all of
    them raise see `SessionReader`.
    """

    async def open(
        self,
        sid: object = None,
        seed: object = DEFAULT_SEED,
        optimizer: object = DEFAULT_OPTIMIZER,
        net: object = LECTURE,
    ) -> tuple[str, Snapshot]:
        """Find the session that the browser remembers, or create one.

        Parameters
        ----------
        sid : object
            None or ``""`` if it remembers none. An id that names no session gives a new one with
            the notice ``session_new``.
        seed, optimizer, net : object
            For a new session: an int, an AdamOptions or SgdOptions, an Architecture.

        Returns
        -------
        sid : str
        snapshot : dict
        """
        with contextlib.suppress(UnknownSession):
            known = await self._known(sid)
            return known, await self.apply(known, transitions.revisit)
        number, options = validation.seed(seed), validation.optimizer(optimizer)
        train = await self.initial_state(number, validation.architecture(net), self.points)
        notice = Notice("session_new") if sid else None
        engine = self._maintenance.default_engine
        state, frames = transitions.new_session(number, options, engine, train, self.points, notice)
        return await self._store.create(state, frames), snapshot(state)

    async def apply(
        self,
        sid: object,
        move: Callable[[SessionState], Transition],
        points: Points | None = None,
        step: StepKind | None = None,
    ) -> Snapshot:
        """Make a transition.

        Parameters
        ----------
        sid : object
        move : callable
            See `SessionRepository.update`.
        points : Points or None
            Data that the session has afterwards, if they are not the server's.
        step : {"session", "weights"} or None
            See `SessionRepository.update`.
        """
        known = await self._known(sid)
        if points is not None:
            await self._sessions.keep(points)
        return self._schedule(known, await self._sessions.update(known, move, step))

    async def begin_run(
        self, sid: object, seed: object, net: object, optimizer: object, epochs: object
    ) -> Snapshot:
        """Start over with this seed, net and optimizer, and train: `reset` and `start_run` in one.

        The engine stays the session's.

        Raises
        ------
        UserError
            What `reset` and `start_run` raise, apart from ``already_running``.
        """
        known, number = await self._known(sid), validation.seed(seed)
        wanted = validation.architecture(net)
        count = validation.epochs(epochs, self.limits.max_epochs)
        with self._one_of_few(known):
            now = await self._sessions.load(known)
            options, chosen = self._checked(now, optimizer, None)
            points = await self._sessions.points_of(now)
            train = await self.initial_state(number, validation.net_for(wanted, points), points)
            await self._sessions.keep(points)
            move = partial(
                transitions.begin_run,
                seed=number,
                optimizer=options,
                engine=chosen,
                train=train,
                points=points,
                epochs=count,
            )
            return await self._start(known, move, "session")

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
            transitions.start_run,
            epochs=validation.epochs(epochs, self.limits.max_epochs),
            optimizer=validation.optimizer(optimizer),
            engine=validation.engine(engine, self.engines),
        )
        return await self._start(known, move)

    async def pause(self, sid: object) -> Snapshot:
        """Stop the run for now; answered at once, without waiting for the slice in progress."""
        known = await self._known(sid)
        return snapshot(await self._sessions.update(known, transitions.pause))

    async def resume(
        self, sid: object, optimizer: object = None, engine: object = None
    ) -> Snapshot:
        """Continue a paused run, from now on with another optimizer or engine if one is given.

        Raises
        ------
        UserError
            ``bad_optimizer``; ``bad_engine``, also if the run's engine is no longer there;
            ``server_full`` (max).
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        options, chosen = self._checked(state, optimizer, engine)
        async with self._starting:
            await self._check_room(state)
            move = partial(transitions.resume, optimizer=options, engine=chosen)
            return self._schedule(known, await self._sessions.update(known, move))

    async def step(self, sid: object, optimizer: object, engine: object = None) -> Snapshot:
        """Train one epoch. Within a paused run it counts as one of the run's.

        Raises
        ------
        UserError
            ``bad_optimizer``, ``bad_engine``, ``training_failed``
        """
        known, given = await self._known(sid), validation.optimizer(optimizer)

        async def attempt() -> SessionState:
            state = await self._sessions.load(known)
            options, chosen = self._checked(state, given, engine)
            if state.is_running:
                return state
            begun = transitions.ready(state, options, chosen)
            points = await self._sessions.points_of(state)
            result = await self._scheduler.train_epoch(begun, points)
            after, frames = transitions.after_slice(begun, result)
            await self._sessions.save(known, state, after, frames)
            return after

        with self._one_of_few(known):
            return snapshot(await retried(attempt))

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
            Data that replace the session's.

        Raises
        ------
        UserError
            ``bad_seed``, ``bad_architecture``, ``needs_mse`` (BCE makes no sense of the data)
        """
        known = await self._known(sid)
        number = None if seed is None else validation.seed(seed)
        wanted = None if net is None else validation.architecture(net)
        with self._one_of_few(known):
            state = await self._sessions.load(known)
            number = state.seed if number is None else number
            data = points or await self._sessions.points_of(state)
            wanted = validation.net_for(wanted or state.train.net, data)
            train = await self.initial_state(number, wanted, data)
            move = partial(transitions.reset, seed=number, train=train, points=data)
            return await self.apply(known, move, data, "session")

    async def set_params(self, sid: object, params: object) -> Snapshot:
        """Set the weights by hand: W1, b1 if there is one, W2, b2. A run continues from them.

        Raises
        ------
        UserError
            ``bad_params``, ``too_wide`` (max)
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        values = validation.params(params, state.train.net)
        points = await self._sessions.points_of(state)
        move = partial(transitions.edit, params=values, points=points)
        return await self.apply(known, move, step="weights")

    async def undo(self, sid: object) -> Snapshot:
        """Undo the latest step: a reset, other data, a restored session, or weights set by hand.

        See `history`. Without a step nothing changes.
        """
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.undo(known))

    async def redo(self, sid: object) -> Snapshot:
        """Redo the step that was undone last; what undo took away comes back."""
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.redo(known))

    def _checked(
        self, state: SessionState, optimizer: object, engine: object
    ) -> tuple[OptimizerOptions, str]:
        """What to train with; None means what the session has."""
        options = state.optimizer if optimizer is None else validation.optimizer(optimizer)
        return options, validation.engine(state.engine if engine is None else engine, self.engines)

    async def _start(
        self,
        sid: str,
        move: Callable[[SessionState], Transition],
        step: StepKind | None = None,
    ) -> Snapshot:
        """Make a transition that starts a run."""
        async with self._starting:
            await self._check_room(await self._sessions.load(sid))
            state = await self._sessions.update(sid, move, step)
        self.metrics.run_began()
        return self._schedule(sid, state)

    async def _check_room(self, state: SessionState) -> None:
        """Raise ``server_full`` (max) if no run may start. Call it with `_starting` held."""
        if state.is_running:
            return
        _, running = await self._store.counts()
        if running >= self.limits.max_running:
            raise UserError("server_full", max=self.limits.max_running)

    def _schedule(self, sid: str, state: SessionState) -> Snapshot:
        if state.is_running:
            self._scheduler.schedule(sid, state)
        return snapshot(state)
