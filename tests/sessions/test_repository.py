"""The repository: conflicts with other requests, and sessions whose data is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.repository import MAX_ATTEMPTS, SessionRepository
from pwlapp.sessions.state import Run, SessionState, UnknownSession, changed
from pwlapp.sessions.stores.protocol import Conflict
from pwlapp.sessions.stores.sqlite import SqliteStore
from tests.support.sessions import appended, make_state

X = np.linspace(-1, 1, 11, dtype=np.float32)
SERVERS = Points(X, abs(X), (X > 0).astype(np.float32), "embedded")
OWN = Points(X, None, abs(X), "own")


class BusyStore(SqliteStore):
    """Before each of the first `conflicts` saves, another request saves the session."""

    conflicts = 0

    async def save(self, sid: str, expected: int, *args: Any) -> None:
        if self.conflicts:
            self.conflicts -= 1
            state = await self.load(sid)
            await super().save(sid, state.version, changed(state, seed=state.seed + 1))
        await super().save(sid, expected, *args)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[BusyStore]:
    store = BusyStore(tmp_path / "store.sqlite3")
    yield store
    await store.close()


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def sessions(store: BusyStore, changes: list[str]) -> SessionRepository:
    sessions = SessionRepository(store, changes.append)
    sessions.set_points(SERVERS)
    return sessions


def reseeded(state: SessionState) -> tuple[SessionState, list[Frame]]:
    return changed(state, seed=state.seed + 100), []


def served(**changes: Any) -> SessionState:
    return make_state(data_key=SERVERS.key, **changes)


async def test_a_transition_is_repeated_on_a_newer_version(
    sessions: SessionRepository, store: BusyStore, changes: list[str]
) -> None:
    sid = await store.create(served())
    store.conflicts = 3
    after = await sessions.update(sid, reseeded)
    assert (after.seed, after.version) == (1 + 3 + 100, 5)
    assert (await store.load(sid)).seed == after.seed
    assert changes == [sid]


async def test_a_change_with_too_many_conflicts_is_refused(
    sessions: SessionRepository, store: BusyStore, changes: list[str]
) -> None:
    sid = await store.create(served())
    store.conflicts = MAX_ATTEMPTS
    with pytest.raises(UserError, match="busy"):
        await sessions.update(sid, reseeded)
    store.conflicts = MAX_ATTEMPTS - 1
    assert (await sessions.update(sid, reseeded)).version == 1 + 2 * MAX_ATTEMPTS
    assert changes == [sid]


async def test_a_transition_that_changes_nothing_saves_nothing(
    sessions: SessionRepository, store: BusyStore, changes: list[str]
) -> None:
    sid = await store.create(served())
    assert (await sessions.update(sid, lambda _: None)).version == 1
    assert changes == []


async def test_the_servers_data_is_found_once_it_is_set(store: BusyStore) -> None:
    sessions = SessionRepository(store, print)
    with pytest.raises(RuntimeError):
        _ = sessions.points
    sessions.set_points(SERVERS)
    assert sessions.points is await sessions.find(SERVERS.key) is SERVERS
    await sessions.save_points(SERVERS)
    assert await store.load_points(SERVERS.key) is None  # the server has it anyway


async def test_data_is_read_from_the_store_once(
    sessions: SessionRepository, store: BusyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save_points(OWN)
    found = await sessions.find(OWN.key)
    assert found is not None
    assert found.y.tobytes() == OWN.y.tobytes()
    monkeypatch.setattr(store, "load_points", None)
    assert await sessions.find(OWN.key) is found
    assert await sessions.points_of(make_state(data_key=OWN.key)) is found


async def test_deleted_data_is_unknown(sessions: SessionRepository) -> None:
    with pytest.raises(UserError, match="data_unknown"):
        await sessions.points_of(make_state(data_key=OWN.key))


@pytest.mark.parametrize("is_read", [False, True])
async def test_a_session_with_deleted_data_gets_the_servers(
    sessions: SessionRepository, store: BusyStore, is_read: bool
) -> None:
    state, frames = appended(make_state(data_key=OWN.key, run=Run(0, 9, "running")), 3)
    sid = await store.create(state, frames)
    store.conflicts = 2
    if is_read:
        after, frames = await sessions.read_since(sid, 0)
        assert [(frame.seq, frame.mark) for frame in frames] == [(4, "start")]
    else:
        after = await sessions.load(sid)
    assert (after.data_key, after.run) == (SERVERS.key, Run(0, 9, "paused"))
    assert (await store.load(sid)).version == after.version == state.version + 3


async def test_a_deleted_session_is_unknown(sessions: SessionRepository) -> None:
    for call in (sessions.load, sessions.undo, partial(sessions.undo, is_redo=True)):
        with pytest.raises(UnknownSession):
            await call("A" * 22)


async def test_an_undo_is_repeated_on_a_newer_version(
    sessions: SessionRepository, store: BusyStore
) -> None:
    sid = await store.create(served(seed=1))
    reset = partial(transitions.reset, seed=50, train=served().train, points=SERVERS)
    await sessions.update(sid, reset, "session")
    store.conflicts = 2
    undone = await sessions.undo(sid)
    assert undone.seed == 1
    redone = await sessions.undo(sid, is_redo=True)
    assert redone.seed == 52  # with the changes of the other requests


class Overtaken(BusyStore):
    """Before a step is read, another request undoes it and the step is deleted."""

    is_overtaken = True

    async def step(self, sid: str, number: int) -> Step | None:
        if self.is_overtaken:
            self.is_overtaken = False
            other = SessionRepository(self, print)
            other.set_points(SERVERS)
            await other.undo(sid)
            await self.run(lambda db: db.execute("DELETE FROM step"))
        return await super().step(sid, number)


async def test_a_step_that_another_request_took_is_not_undone_twice(tmp_path: Path) -> None:
    store = Overtaken(tmp_path / "store.sqlite3")
    sessions = SessionRepository(store, print)
    sessions.set_points(SERVERS)
    sid = await store.create(served(seed=1))
    reset = partial(transitions.reset, seed=50, train=served().train, points=SERVERS)
    await sessions.update(sid, reset, "session")
    state = await sessions.undo(sid)
    assert (state.seed, state.history.can_undo, state.history.can_redo) == (1, 0, 1)
    await store.close()


async def test_a_save_on_an_old_version_is_not_reported(
    sessions: SessionRepository, store: BusyStore, changes: list[str]
) -> None:
    before = served()
    sid = await store.create(before)
    added: Sequence[Frame] = ()
    await sessions.save(sid, before, changed(before), added)
    with pytest.raises(Conflict):
        await sessions.save(sid, before, changed(before), added)
    assert changes == [sid]
