"""The session service: everything outside this package reads and changes sessions through it."""

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
    """Reads, changes and trains sessions.

    Each change is atomic. Most methods return a snapshot of the session. A method that does not
    apply at present, such as `pause` without a run, changes nothing. `SessionReader` lists the
    errors that any method may raise.
    """

    async def open(
        self,
        sid: str | None = None,
        seed: int = DEFAULT_SEED,
        optimizer: OptimizerOptions = DEFAULT_OPTIMIZER,
        net: Architecture = LECTURE,
        admit: Callable[[], None] = lambda: None,
    ) -> tuple[str, Snapshot]:
        """Find the session that the browser remembers, or create one; returns its id and snapshot.

        Parameters
        ----------
        sid : str or None
            None or ``""`` if the browser remembers none. If the id is unknown, the new session
            gets the notice ``session_new``.
        seed, optimizer, net : int, AdamOptions or SgdOptions, Architecture
            Used for a new session.
        admit : callable
            Called before a session is created; may raise an exception to refuse it.
        """
        with contextlib.suppress(UnknownSession):
            known = await self._known(sid or "")
            return known, await self.apply(known, transitions.reopen)
        admit()
        points = await self.loaded()
        train = await self.initial_state(seed, net, points)
        notice = Notice("session_new") if sid else None
        state, frames = transitions.new_session(
            seed, optimizer, self.default_engine, train, points, notice
        )
        return await self._store.create(state, frames), snapshot(state)

    async def create(self, state: SessionState, frames: Sequence[Frame]) -> str:
        """Save a new session, and train it if it is running; raises ``server_full`` (max)."""
        async with self._starting:
            if state.is_running:
                await self._check_capacity()
            sid = await self._store.create(state, frames)
        self._schedule(sid, state)
        return sid

    async def save_points(self, points: Points) -> None:
        """Store the data that sessions are going to use."""
        await self._sessions.save_points(points)

    async def delete(self, sids: Sequence[str]) -> None:
        """Delete sessions; their runs and streams end."""
        await self._sessions.delete(sids)

    async def apply(
        self,
        sid: str,
        transition: Callable[[SessionState], Transition],
        points: Points | None = None,
        step: StepKind | None = None,
        as_teacher: bool = False,
    ) -> Snapshot:
        """Apply a transition to a session, and train the session if it is then running.

        Parameters
        ----------
        sid : str
        transition : callable
            See `SessionRepository.update`.
        points : Points or None
            The data that the session has afterwards, if the transition changes it.
        step, as_teacher
            See `SessionRepository.update`.
        """
        known = await self._known(sid)
        if points is not None:
            await self._sessions.save_points(points)
        return self._schedule(
            known, await self._sessions.update(known, transition, step, as_teacher)
        )

    async def apply_and_start(
        self,
        sid: str,
        transition: Callable[[SessionState], Transition],
        step: StepKind | None = None,
        as_teacher: bool = False,
    ) -> Snapshot:
        """As `apply`, for a transition that starts a run; raises ``server_full`` (max)."""
        known = await self._known(sid)
        async with self._starting:
            if not (await self._sessions.load(known)).is_running:
                await self._check_capacity()
            state = await self._sessions.update(known, transition, step, as_teacher)
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
        """Start over with this seed, net and optimizer, and train: `reset` and `start_run` at once.

        The engine of the session stays.

        Raises
        ------
        UserError
            See `reset` and `start_run`, except ``already_running``.
        """
        known = await self._known(sid)
        with self._limited(known):
            now = await self._sessions.load(known)
            points = await self._sessions.points_of(now)
            train = await self.initial_state(seed, net, points)
            await self._sessions.save_points(points)
            engine = self._available(now.engine)
            return await self.apply_and_start(
                known,
                lambda state: transitions.begin_run(
                    state, seed, optimizer, engine, train, points, epochs
                ),
                "session",
            )

    async def start_run(
        self, sid: str, epochs: int, optimizer: OptimizerOptions, engine: str
    ) -> Snapshot:
        """Train `epochs` more, from the present weights and the optimizer's present memory.

        An optimizer of another kind than before starts with an empty memory.

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
        engine = self._available(engine)
        return await self.apply_and_start(
            known, lambda state: transitions.start_run(state, epochs, optimizer, engine)
        )

    async def pause(self, sid: str) -> Snapshot:
        """Pause the run. Returns at once; the slice in progress is dropped."""
        return await self.apply(sid, transitions.pause)

    async def resume(
        self, sid: str, optimizer: OptimizerOptions | None = None, engine: str | None = None
    ) -> Snapshot:
        """Continue a paused run, with another optimizer or engine if one is given.

        Raises
        ------
        UserError
            ``bad_engine`` (name), also if the run's own engine is no longer available;
            ``server_full`` (max).
        """
        known = await self._known(sid)
        state = await self._sessions.load(known)
        transition = partial(
            transitions.resume,
            optimizer=optimizer or state.optimizer,
            engine=self._available(state.engine if engine is None else engine),
        )
        async with self._starting:
            if not state.is_running:
                await self._check_capacity()
            return self._schedule(known, await self._sessions.update(known, transition))

    async def step(
        self, sid: str, optimizer: OptimizerOptions, engine: str | None = None
    ) -> Snapshot:
        """Train one epoch. If a run is paused, the epoch counts towards it.

        Raises
        ------
        UserError
            ``bad_engine`` (name), ``training_failed``
        """
        known = await self._known(sid)

        async def attempt() -> SessionState:
            state = await self._sessions.load(known)
            check_unlocked(state)
            chosen = self._available(state.engine if engine is None else engine)
            if state.is_running:
                return state
            begun = transitions.prepare_run(state, optimizer, chosen)
            points = await self._sessions.points_of(state)
            result = await self._scheduler.train_epoch(begun, points)
            after, frames = transitions.after_slice(begun, result)
            await self._sessions.save(known, state, after, frames)
            return after

        with self._limited(known):
            return snapshot(await retried(attempt))

    async def reset(
        self,
        sid: str,
        seed: int | None = None,
        net: Architecture | None = None,
        points: Points | None = None,
    ) -> Snapshot:
        """Go back to epoch 0 and the initial weights of a seed; drops the run and its frames.

        None stands for the session's own seed, net or data.

        Raises
        ------
        UserError
            ``needs_mse`` if the net's loss is BCE and y is not within [0, 1].
        """
        known = await self._known(sid)
        with self._limited(known):
            state = await self._sessions.load(known)
            number = state.seed if seed is None else seed
            data = points or await self._sessions.points_of(state)
            train = await self.initial_state(number, net or state.train.net, data)
            transition = partial(transitions.reset, seed=number, train=train, points=data)
            return await self.apply(known, transition, data, "session")

    async def set_params(self, sid: str, params: Sequence[float]) -> Snapshot:
        """Set the weights by hand: W1, b1 if there is one, W2, b2. A run continues from them.

        Raises what `transitions.edit` raises.
        """
        known = await self._known(sid)
        points = await self._sessions.points_of(await self._sessions.load(known))
        transition = partial(transitions.edit, params=params, points=points)
        return await self.apply(known, transition, step="weights")

    async def undo(self, sid: str) -> Snapshot:
        """Undo the latest step, if any: a reset, other data, a restored session, or an edit."""
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.undo(known))

    async def redo(self, sid: str) -> Snapshot:
        """Redo the step that was undone last, if there is one."""
        known = await self._known(sid)
        return self._schedule(known, await self._sessions.undo(known, is_redo=True))

    def _schedule(self, sid: str, state: SessionState) -> Snapshot:
        if state.is_running:
            self._scheduler.schedule(sid, state)
        return snapshot(state)
