"""All that can be done with a session; the commands and the user interface come in here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial

from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import StepKind
from pwlapp.sessions.reader import SessionReader, Snapshot
from pwlapp.sessions.repository import check_unlocked, retried
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
        sid: str | None = None,
        seed: int = DEFAULT_SEED,
        optimizer: OptimizerOptions = DEFAULT_OPTIMIZER,
        net: Architecture = LECTURE,
        admit: Callable[[], None] = lambda: None,
    ) -> tuple[str, Snapshot]:
        """Find the session that the browser remembers, or create one.

        Parameters
        ----------
        sid : str or None
            None or ``""`` if it remembers none. An id that names no session gives a new one with
            the notice ``session_new``.
        seed, optimizer, net : int, AdamOptions or SgdOptions, Architecture
            For a new session.
        admit : callable
            Called before a session is created; what it raises is passed on.

        Returns
        -------
        sid : str
        snapshot : dict
        """
        with contextlib.suppress(UnknownSession):
            known = await self._known(sid or "")
            return known, await self.apply(known, transitions.revisit)
        admit()
        points = await self.loaded()
        train = await self.initial_state(seed, net, points)
        notice = Notice("session_new") if sid else None
        state, frames = transitions.new_session(
            seed, optimizer, self.default_engine, train, points, notice
        )
        return await self._sessions.create(state, frames), snapshot(state)

    async def create(self, state: SessionState, frames: Sequence[Frame]) -> str:
        """Save a new session and train it if it is running; raises ``server_full`` (max)."""
        async with self._starting:
            if state.is_running:
                await self._check_capacity()
            sid = await self._sessions.create(state, frames)
        self._schedule(sid, state)
        return sid

    async def keep(self, points: Points) -> None:
        """Store data that sessions are going to use."""
        await self._sessions.keep(points)

    async def delete(self, sids: Sequence[str]) -> None:
        """Delete sessions; their runs and streams end."""
        await self._sessions.delete(sids)

    async def apply(
        self,
        sid: str,
        move: Callable[[SessionState], Transition],
        points: Points | None = None,
        step: StepKind | None = None,
        as_teacher: bool = False,
    ) -> Snapshot:
        """Make a transition.

        Parameters
        ----------
        sid : str
        move : callable
            See `SessionRepository.update`.
        points : Points or None
            Data that the session has afterwards, if they are not the server's.
        step, as_teacher
            See `SessionRepository.update`.
        """
        known = await self._known(sid)
        if points is not None:
            await self._sessions.keep(points)
        return self._schedule(known, await self._sessions.update(known, move, step, as_teacher))

    async def start_with(
        self,
        sid: str,
        move: Callable[[SessionState], Transition],
        step: StepKind | None = None,
        as_teacher: bool = False,
    ) -> Snapshot:
        """Make a transition that starts a run, as `apply`; raises ``server_full`` (max)."""
        known = await self._known(sid)
        async with self._starting:
            if not (await self._sessions.load(known)).is_running:
                await self._check_capacity()
            state = await self._sessions.update(known, move, step, as_teacher)
        self.metrics.run_began()
        return self._schedule(known, state)

    async def begin_run(
        self,
        sid: str,
        seed: int,
        net: Architecture,
        optimizer: OptimizerOptions,
        epochs: int,
    ) -> Snapshot:
        """Start over with this seed, net and optimizer, and train: `reset` and `start_run` in one.

        The engine stays the session's.

        Raises
        ------
        UserError
            What `reset` and `start_run` raise, apart from ``already_running``.
        """
        known = await self._known(sid)
        with self._one_of_few(known):
            now = await self._sessions.load(known)
            points = await self._sessions.points_of(now)
            train = await self.initial_state(seed, net, points)
            await self._sessions.keep(points)
            move = partial(
                transitions.begin_run,
                seed=seed,
                optimizer=optimizer,
                engine=self._there(now.engine),
                train=train,
                points=points,
                epochs=epochs,
            )
            return await self.start_with(known, move, "session")

    async def start_run(
        self, sid: str, epochs: int, optimizer: OptimizerOptions, engine: str
    ) -> Snapshot:
        """Train `epochs` more from where the net stands, the optimizer's memory included.

        An optimizer of another kind than before begins with an empty memory.

        Parameters
        ----------
        sid : str
        epochs : int
            1 or more.
        optimizer : AdamOptions or SgdOptions
        engine : str
            An id, or ``"auto"``.

        Raises
        ------
        UserError
            ``bad_engine`` (name), ``already_running``, ``server_full`` (max)
        """
        known = await self._known(sid)
        move = partial(
            transitions.start_run, epochs=epochs, optimizer=optimizer, engine=self._there(engine)
        )
        return await self.start_with(known, move)

    async def pause(self, sid: str) -> Snapshot:
        """Stop the run for now; answered at once, without waiting for the slice in progress."""
        return await self.apply(sid, transitions.pause)

    async def resume(
        self, sid: str, optimizer: OptimizerOptions | None = None, engine: str | None = None
    ) -> Snapshot:
        """Continue a paused run, from now on with another optimizer or engine if one is given.

        Raises
        ------
        UserError
            ``bad_engine`` (name), also if the run's engine is no longer there; ``server_full``
            (max).
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        move = partial(
            transitions.resume,
            optimizer=optimizer or state.optimizer,
            engine=self._there(state.engine if engine is None else engine),
        )
        async with self._starting:
            if not state.is_running:
                await self._check_capacity()
            return self._schedule(known, await self._sessions.update(known, move))

    async def step(
        self, sid: str, optimizer: OptimizerOptions, engine: str | None = None
    ) -> Snapshot:
        """Train one epoch. Within a paused run it counts as one of the run's.

        Raises
        ------
        UserError
            ``bad_engine`` (name), ``training_failed``
        """
        known = await self._known(sid)

        async def attempt() -> SessionState:
            state = await self._sessions.load(known)
            check_unlocked(state)
            chosen = self._there(state.engine if engine is None else engine)
            if state.is_running:
                return state
            begun = transitions.ready(state, optimizer, chosen)
            points = await self._sessions.points_of(state)
            result = await self._scheduler.train_epoch(begun, points)
            after, frames = transitions.after_slice(begun, result)
            await self._sessions.save(known, state, after, frames)
            return after

        with self._one_of_few(known):
            return snapshot(await retried(attempt))

    async def reset(
        self,
        sid: str,
        seed: int | None = None,
        net: Architecture | None = None,
        points: Points | None = None,
    ) -> Snapshot:
        """Back to epoch 0, at the initial weights of `seed`; the run and its frames are gone.

        Parameters
        ----------
        sid : str
        seed, net : int, Architecture
            None: as they are.
        points : Points or None
            Data that replace the session's.

        Raises
        ------
        UserError
            ``needs_mse`` if BCE makes no sense of the data.
        """
        known = await self._known(sid)
        with self._one_of_few(known):
            state = await self._sessions.load(known)
            number = state.seed if seed is None else seed
            data = points or await self._sessions.points_of(state)
            train = await self.initial_state(number, net or state.train.net, data)
            move = partial(transitions.reset, seed=number, train=train, points=data)
            return await self.apply(known, move, data, "session")

    async def set_params(self, sid: str, params: Sequence[float]) -> Snapshot:
        """Set the weights by hand: W1, b1 if there is one, W2, b2. A run continues from them.

        Raises
        ------
        UserError
            What `transitions.edit` raises.
        """
        known = await self._known(sid)
        points = await self._sessions.points_of(await self._sessions.load(known))
        move = partial(transitions.edit, params=params, points=points)
        return await self.apply(known, move, step="weights")

    async def undo(self, sid: str) -> Snapshot:
        """Undo the latest step: a reset, other data, a restored session, or weights set by hand.

        Without a step nothing changes.
        """
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.undo(known))

    async def redo(self, sid: str) -> Snapshot:
        """Redo the step that was undone last."""
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.redo(known))

    def _schedule(self, sid: str, state: SessionState) -> Snapshot:
        if state.is_running:
            self._scheduler.schedule(sid, state)
        return snapshot(state)
