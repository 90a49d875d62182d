"""The SQL statements of `sqlite.SqliteStore`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import cast

from pwlapp.core.data.points import Points
from pwlapp.sessions import codec
from pwlapp.sessions.frames import Frame, Mark
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import History, SessionState, UnknownSession
from pwlapp.sessions.stores import thinning
from pwlapp.sessions.stores.protocol import Conflict, new_sid
from pwlapp.sessions.stores.sqlite_file import transaction
from pwlapp.sessions.stores.thinning import FrameInfo, frames_to_drop


def create(db: sqlite3.Connection, state: SessionState, frames: Sequence[Frame], now: float) -> str:
    """See `Store.create`; `now` is the present time, in seconds since 1970."""
    sid = new_sid()
    with transaction(db):
        row = (sid, state.version, state.is_running, now, codec.encode(state))
        db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
        _append(db, sid, frames)
    return sid


def save(
    db: sqlite3.Connection,
    sid: str,
    expected_version: int,
    state: SessionState,
    frames: Sequence[Frame],
    step: Step | None,
    now: float,
) -> None:
    """See `Store.save`."""
    values = (state.version, state.is_running, now, codec.encode(state))
    with transaction(db):
        saved = db.execute(
            "UPDATE session SET version = ?, running = ?, used = ?, state = ?"
            " WHERE sid = ? AND version = ?",
            (*values, sid, expected_version),
        )
        if saved.rowcount == 0:
            raise _refusal(db, sid)
        db.execute("DELETE FROM frame WHERE sid = ? AND seq < ?", (sid, state.first_seq))
        _append(db, sid, frames)
        if step is not None:
            _save_step(db, sid, step, state.history)
        if thinning.is_time(state.next_seq, len(frames)):
            _thin(db, sid)


def delete(db: sqlite3.Connection, sids: Sequence[str]) -> None:
    """See `Store.delete`."""
    with transaction(db):
        db.executemany("DELETE FROM session WHERE sid = ?", [(sid,) for sid in sids])


def _refusal(db: sqlite3.Connection, sid: str) -> Exception:
    row = db.execute("SELECT version FROM session WHERE sid = ?", (sid,)).fetchone()
    return UnknownSession() if row is None else Conflict(f"the stored version is {row[0]}")


def _append(db: sqlite3.Connection, sid: str, frames: Sequence[Frame]) -> None:
    db.executemany(
        "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?)",
        [(sid, f.seq, f.epoch, f.loss, f.mark, f.numbers.astype("<f4").tobytes()) for f in frames],
    )


def frame(seq: int, epoch: int, loss: float | None, params: bytes, mark: str) -> Frame:
    """Make a frame from a row of the table."""
    return Frame(
        seq=seq,
        epoch=epoch,
        loss=float("nan") if loss is None else loss,
        numbers=codec.float32_array(params),
        mark=cast(Mark, mark),
    )


def _thin(db: sqlite3.Connection, sid: str) -> None:
    rows = db.execute("SELECT seq, epoch, mark FROM frame WHERE sid = ? ORDER BY seq", (sid,))
    frames = [FrameInfo(*row) for row in rows]
    (largest,) = db.execute(
        "SELECT MAX(LENGTH(params)) FROM frame WHERE sid = ?", (sid,)
    ).fetchone()
    dropped = frames_to_drop(frames, *thinning.limits(largest // 4))
    db.executemany("DELETE FROM frame WHERE sid = ? AND seq = ?", [(sid, seq) for seq in dropped])


def _save_step(db: sqlite3.Connection, sid: str, step: Step, history: History) -> None:
    row = (sid, step.number, codec.encode_step(step))
    db.execute("INSERT OR REPLACE INTO step VALUES (?, ?, ?)", row)
    db.execute(
        "DELETE FROM step WHERE sid = ? AND (number < ? OR number >= ?)",
        (sid, history.first, history.end),
    )


def step(db: sqlite3.Connection, sid: str, number: int) -> Step | None:
    """See `Store.step`."""
    row = db.execute("SELECT body FROM step WHERE sid = ? AND number = ?", (sid, number)).fetchone()
    return None if row is None else codec.read_step(number, row[0], sid)


def running(db: sqlite3.Connection) -> list[str]:
    """See `Store.running`."""
    return [sid for (sid,) in db.execute("SELECT sid FROM session WHERE running ORDER BY sid")]


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """See `Store.counts`."""
    (sessions,) = db.execute("SELECT COUNT(*) FROM session").fetchone()
    (running,) = db.execute("SELECT COUNT(*) FROM session WHERE running").fetchone()
    return sessions, running


def save_points(db: sqlite3.Connection, points: Points, now: float) -> None:
    """See `Store.save_points`."""
    row = (points.key, now, codec.encode_points(points))
    db.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", row)


def expire(db: sqlite3.Connection, oldest: float) -> int:
    """Delete sessions and points that were last used before `oldest`; returns how many sessions."""
    db.execute("DELETE FROM points WHERE used < ?", (oldest,))
    return db.execute("DELETE FROM session WHERE used < ?", (oldest,)).rowcount
