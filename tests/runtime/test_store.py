from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pwlapp.errors import UserError
from pwlapp.runtime.drawing import CURVE_POINTS
from pwlapp.runtime.session import Frame, Mark, Run, SessionState, UnknownSession, changed
from pwlapp.runtime.sqlite_store import SqliteStore
from pwlapp.runtime.store import Conflict, StoreUnavailable, is_sid
from tests.runtime.helpers import Clock, make_state

DAY_S = 86400.0


def make_frame(seq: int, epoch: int = 1, mark: Mark = "") -> Frame:
    params = np.arange(5, dtype=np.float32) + seq
    return Frame(seq=seq, epoch=epoch, loss=1 / (seq + 1), numbers=params, mark=mark)


def appended(state: SessionState, count: int, every: int = 1) -> tuple[SessionState, list[Frame]]:
    """The next version of `state`, with `count` more frames."""
    seqs = range(state.next_seq, state.next_seq + count)
    frames = [make_frame(seq, epoch=seq * every) for seq in seqs]
    return changed(state, next_seq=state.next_seq + count), frames


async def seqs_since(store: SqliteStore, sid: str, seq: int) -> list[int]:
    _, frames = await store.read_since(sid, seq)
    return [frame.seq for frame in frames]


async def test_what_is_created_can_be_loaded(store: SqliteStore) -> None:
    sid = await store.create(make_state(seed=5, next_seq=2), [make_frame(1, mark="start")])
    assert is_sid(sid)
    state, frames = await store.read_since(sid, 0)
    assert (state.seed, state.version) == (5, 1)
    assert state.train.params.tobytes() == make_state().train.params.tobytes()
    [frame] = frames
    assert (frame.seq, frame.epoch, frame.loss, frame.mark) == (1, 1, 0.5, "start")
    assert frame.numbers.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


async def test_sessions_are_apart(store: SqliteStore) -> None:
    one = await store.create(make_state(seed=1, next_seq=2), [make_frame(1)])
    other = await store.create(make_state(seed=2))
    assert one != other
    await store.save(other, 1, changed(make_state(seed=3)))
    assert (await store.load(one)).seed == 1
    assert await seqs_since(store, other, 0) == []


async def test_unknown_sessions(store: SqliteStore) -> None:
    for sid in ("", "x" * 22, "'; DROP TABLE session; --", "\x00", "🙂"):
        with pytest.raises(UnknownSession):
            await store.load(sid)
        with pytest.raises(UnknownSession):
            await store.read_since(sid, 0)
        with pytest.raises(UnknownSession):
            await store.save(sid, 1, make_state(version=2))


async def test_a_save_on_an_old_version_changes_nothing(store: SqliteStore) -> None:
    sid = await store.create(make_state())
    await store.save(sid, 1, make_state(version=2, seed=10, next_seq=2), [make_frame(1)])
    with pytest.raises(Conflict):
        await store.save(sid, 1, make_state(version=2, seed=20, next_seq=3), [make_frame(2)])
    assert (await store.load(sid)).seed == 10
    assert await seqs_since(store, sid, 0) == [1]


async def test_many_hands_lose_no_update(store: SqliteStore) -> None:
    sid = await store.create(make_state(seed=0))

    async def add_one() -> int:
        conflicts = 0
        while True:
            state = await store.load(sid)
            after, frames = appended(replace(state, seed=state.seed + 1), 1)
            try:
                await store.save(sid, state.version, after, frames)
            except Conflict:
                conflicts += 1
            else:
                return conflicts

    conflicts = await asyncio.gather(*(add_one() for _ in range(20)))
    state = await store.load(sid)
    assert (state.seed, state.version) == (20, 21)
    assert await seqs_since(store, sid, 0) == list(range(1, 21))
    assert sum(conflicts) > 0


async def test_state_and_frames_are_saved_together_or_not_at_all(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    sid = await store.create(make_state(next_seq=2), [make_frame(1)])
    with pytest.raises(UserError, match="storage_failed"):
        await store.save(sid, 1, make_state(version=2, seed=9), [make_frame(2), make_frame(1)])
    assert "UNIQUE" in caplog.text
    assert (await store.load(sid)).seed == 1
    assert await seqs_since(store, sid, 0) == [1]
    await store.save(sid, 1, make_state(version=2, seed=9, next_seq=3), [make_frame(2)])
    assert await seqs_since(store, sid, 0) == [1, 2]


async def test_frames_come_from_where_the_reader_is(store: SqliteStore) -> None:
    state, frames = appended(make_state(), 5)
    sid = await store.create(state, frames)
    assert await seqs_since(store, sid, 3) == [4, 5]
    assert await seqs_since(store, sid, 5) == []
    # A number that was never given out: the reader knows of another life of this session.
    assert await seqs_since(store, sid, 6) == [1, 2, 3, 4, 5]
    assert await seqs_since(store, sid, 2**53) == [1, 2, 3, 4, 5]


async def test_a_reset_drops_the_frames_before_it(store: SqliteStore) -> None:
    state, frames = appended(make_state(), 5)
    sid = await store.create(state, frames)
    after, more = appended(replace(state, first_seq=6), 1)
    await store.save(sid, state.version, after, more)
    assert await seqs_since(store, sid, 0) == [6]


@pytest.mark.parametrize(("size", "most"), [(5, 2000), (CURVE_POINTS, 500)])
async def test_frames_are_thinned_but_for_those_that_matter(
    store: SqliteStore, size: int, most: int
) -> None:
    """Curves weigh more than parameters, so fewer of them are kept."""
    state = make_state(next_seq=2)
    sid = await store.create(state, [make_frame(1, mark="start")])
    for _ in range(10):
        after, frames = appended(state, 300, every=20)
        drawn = np.zeros(size, dtype=np.float32)
        frames = [replace(frame, numbers=drawn) for frame in frames]
        frames[7] = replace(frames[7], mark="edit")
        await store.save(sid, state.version, after, frames)
        state = after
    _, left = await store.read_since(sid, 0)
    kept = [frame for frame in left if frame.mark or frame.epoch % 5000 == 0]
    assert most <= len(left) - len(kept) <= most + 250
    assert [frame.seq for frame in left if frame.mark] == [1, *range(9, 3001, 300)]
    assert [frame.epoch for frame in left if frame.epoch % 5000 == 0] == list(
        range(5000, 60_001, 5000)
    )
    assert left[-1].seq == state.next_seq - 1


async def test_running_sessions_are_found(store: SqliteStore) -> None:
    await store.create(make_state())
    await store.create(make_state(run=Run(0, 10, "paused")))
    running = await store.create(make_state(run=Run(0, 10, "running")))
    assert await store.running() == [running]
    await store.save(running, 1, make_state(version=2, run=Run(0, 10, "paused")))
    assert await store.running() == []


async def test_a_session_expires_a_week_after_its_last_use(
    store: SqliteStore, clock: Clock, tmp_path: Path
) -> None:
    state, frames = appended(make_state(), 3)
    unused, loaded, saved, read = [await store.create(state, frames) for _ in range(4)]
    clock.now += 6 * DAY_S
    assert await store.expire(7 * DAY_S) == 0
    await store.load(loaded)
    await store.save(saved, 2, changed(state))
    await store.read_since(read, 0)
    clock.now += 1.5 * DAY_S
    assert await store.expire(7 * DAY_S) == 1
    with pytest.raises(UnknownSession):
        await store.load(unused)
    for sid in (loaded, saved, read):
        assert await seqs_since(store, sid, 0) == [1, 2, 3]
    clock.now += 8 * DAY_S
    assert await store.expire(7 * DAY_S) == 3
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM frame").fetchone() == (0,)
    db.close()


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "store.sqlite3"
    first = SqliteStore(path)
    state, frames = appended(make_state(run=Run(0, 10, "running")), 3)
    sid = await first.create(state, frames)
    await first.close()
    second = SqliteStore(path)
    assert await second.running() == [sid]
    assert await seqs_since(second, sid, 0) == [1, 2, 3]
    await second.close()


async def test_a_damaged_session_is_unknown_and_the_log_says_why(
    store: SqliteStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, sound = await store.create(make_state()), await store.create(make_state())
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.execute("UPDATE session SET state = x'0badc0de' WHERE sid = ?", (damaged,))
    db.close()
    with pytest.raises(UnknownSession):
        await store.load(damaged)
    assert f"session {damaged}" in caplog.text
    assert (await store.load(sound)).version == 1


async def test_a_damaged_frame_is_left_out(store: SqliteStore, tmp_path: Path) -> None:
    state, frames = appended(make_state(), 3)
    sid = await store.create(state, frames)
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.execute("UPDATE frame SET params = x'616263' WHERE sid = ? AND seq = 2", (sid,))
    db.close()
    assert await seqs_since(store, sid, 0) == [1, 3]


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE session (a); CREATE TABLE frame (b); PRAGMA user_version = 1"
        )
    db.close()
    with pytest.raises(StoreUnavailable, match="not made by this program"):
        SqliteStore(path)


async def test_a_database_that_breaks_in_use_is_reported_and_logged(
    store: SqliteStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sid = await store.create(make_state())
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.execute("DROP TABLE session")
    db.close()
    with pytest.raises(UserError, match="storage_failed"):
        await store.load(sid)
    assert "no such table" in caplog.text


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"This is not a database. " * 400)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore(path)


async def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    state, frames = appended(make_state(), 2000)
    await store.create(state, frames)
    await store.close()
    content = bytearray(path.read_bytes())
    assert len(content) > 20 * 4096
    content[3 * 4096 : 20 * 4096] = b"\xff" * (17 * 4096)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"store\.sqlite3"):
        SqliteStore(path)


def test_a_locked_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pwlapp.runtime.sqlite_store.LOCK_TIMEOUT_S", 0.05)
    path = tmp_path / "store.sqlite3"
    SqliteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked"):
        SqliteStore(path)
    other.close()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreUnavailable, match="data"):
        SqliteStore(tmp_path / "data" / "store.sqlite3")


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    SqliteStore(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(StoreUnavailable, match="schema 2"):
        SqliteStore(path)
