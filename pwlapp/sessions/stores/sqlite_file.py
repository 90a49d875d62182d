"""The file of the SQLite store: its tables, and how it is checked and opened."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pwlapp.sessions.stores.protocol import StoreUnavailable

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE session (
    sid TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    running INTEGER NOT NULL,
    used REAL NOT NULL,         -- seconds since 1970
    state BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE frame (
    sid TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    loss REAL,                  -- NULL: not a number
    mark TEXT NOT NULL,
    params BLOB NOT NULL,       -- float32, little-endian (for a wide net, its curve)
    PRIMARY KEY (sid, seq)
) WITHOUT ROWID;
"""

# Also created in files of earlier versions of this program, which ignore these tables.
LATER = """
CREATE TABLE IF NOT EXISTS step (
    sid TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (sid, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (key TEXT PRIMARY KEY, used REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS room (
    code TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    ends REAL NOT NULL,         -- seconds since 1970
    last_seat INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seat (
    code TEXT NOT NULL REFERENCES room ON DELETE CASCADE,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    seen REAL NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (code, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_running ON session (sid) WHERE running;
CREATE INDEX IF NOT EXISTS session_used ON session (used);
"""

START_LOCK_S = 5.0  # how long to wait at the start for another process's lock


def prepare(path: Path) -> None:
    """Check the whole file and migrate it to the current schema.

    Raises
    ------
    StoreUnavailable
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(path, START_LOCK_S)) as db:
            (report,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if report != "ok":
                raise StoreUnavailable(f"{path}: the database is damaged: {report}")
            _migrate(db, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(_not_writable(path) or f"{path}: {error}") from error


def _not_writable(path: Path) -> str | None:
    """An error message if this process may not write the file or its folder, else None."""
    # os.path.exists, since Path.exists raises an error for a folder that may not be entered
    folder = next(place for place in path.parents if os.path.exists(place))
    is_effective = os.access in os.supports_effective_ids
    for place, mode in ((folder, os.W_OK | os.X_OK), (path, os.W_OK)):
        if os.path.exists(place) and not os.access(place, mode, effective_ids=is_effective):
            user = f"user {os.geteuid()}, group {os.getegid()}" if is_effective else "this user"
            return (
                f"{place} can't be written by {user}:"
                " change its owner, mount it writable, or set PWLAPP_DATA_DIR"
            )
    return None


def connect(path: Path, lock_s: float) -> sqlite3.Connection:
    """Open the file; statements wait `lock_s` seconds for another process's lock."""
    db = sqlite3.connect(path, timeout=lock_s, isolation_level=None, check_same_thread=False)
    try:
        # WAL with NORMAL does not sync at each save. A killed process loses nothing; a power
        # failure may lose the last saves but does not damage the file.
        _use_wal(db, lock_s)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _use_wal(db: sqlite3.Connection, lock_s: float) -> None:
    """Switch a new file to write-ahead logging, with retries.

    SQLite's timeout does not cover this statement: if two servers start on the same new folder,
    SQLite refuses one of them at once to avoid a deadlock (see sqlite3_busy_handler).
    """
    give_up_at = time.monotonic() + lock_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # low byte: main code
            if not is_busy or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    with transaction(db):  # two servers may start on the same new folder
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreUnavailable(
                f"{path}: made by a later version of this program (schema {version},"
                f" this one knows up to {SCHEMA_VERSION})"
            )
        if version == 0:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
        _check_tables(db, path)
        for statement in LATER.split(";"):
            db.execute(statement)
        try_to_write(db)  # a read-only or locked file fails here, not at the first request


def try_to_write(db: sqlite3.Connection) -> None:
    """Write without changing anything. Raises sqlite3.Error if the file can't be written."""
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check_tables(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreUnavailable if the file has tables of another program."""
    for statement in (
        "SELECT sid, version, running, used, state FROM session LIMIT 0",
        "SELECT sid, seq, epoch, loss, mark, params FROM frame LIMIT 0",
    ):
        try:
            db.execute(statement)
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"{path}: not made by this program: {error}") from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one atomic write; other processes cannot write meanwhile."""
    with db:  # commits; rolls back after an exception
        db.execute("BEGIN IMMEDIATE")
        yield
