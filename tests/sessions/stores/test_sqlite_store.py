"""The SQLite store: its file, and damaged or foreign files."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.state import Run, UnknownSession
from pwlapp.sessions.stores.protocol import StoreUnavailable, short_id
from pwlapp.sessions.stores.sqlite import SqliteStore
from tests.support.sessions import appended, make_state, seqs_since


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.sqlite3")
    yield store
    await store.close()


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


async def test_a_damaged_session_is_unknown_and_logged(
    store: SqliteStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, sound = await store.create(make_state()), await store.create(make_state())
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.execute("UPDATE session SET state = x'0badc0de' WHERE sid = ?", (damaged,))
    db.close()
    with pytest.raises(UnknownSession):
        await store.load(damaged)
    assert f"session {short_id(damaged)} " in caplog.text
    assert damaged not in caplog.text  # an id is a secret
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
    monkeypatch.setattr("pwlapp.sessions.stores.sqlite_file.START_LOCK_S", 0.05)
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


@contextlib.contextmanager
def other_user() -> Iterator[int]:
    """Run as the user nobody if the tests run as root, which may write everywhere."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield os.geteuid()
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("what", ["folder", "file", "parent"])
def test_the_error_names_what_cannot_be_written_and_the_user(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "store.sqlite3"
        if what == "file":
            SqliteStore(path)
            folder.chmod(0o777)
            path.chmod(0o444)
        else:
            folder.chmod(0o555)
        wanted = path if what == "file" else folder
        tried = folder / "new" / "store.sqlite3" if what == "parent" else path
        with other_user() as uid, pytest.raises(StoreUnavailable) as refusal:
            SqliteStore(tried)
        folder.chmod(0o755)
    assert f"{wanted} can't be written by user {uid}, group " in str(refusal.value)


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    SqliteStore(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(StoreUnavailable, match="schema 2"):
        SqliteStore(path)


async def test_a_file_of_an_earlier_version_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    SqliteStore(path)
    with sqlite3.connect(path) as db:
        db.executescript("DROP INDEX session_running; DROP INDEX session_used; DROP TABLE step")
    db.close()
    store = SqliteStore(path)
    await store.create(make_state(run=Run(0, 10, "running")))
    assert await store.counts() == (1, 1)
    assert await store.step("A" * 22, 1) is None
    await store.close()


def test_servers_that_start_at_once_on_a_new_folder(tmp_path: Path) -> None:
    for i in range(10):
        path = tmp_path / str(i) / "store.sqlite3"
        with ThreadPoolExecutor(4) as threads:
            stores = list(threads.map(SqliteStore, [path] * 4))
        assert len(stores) == 4
