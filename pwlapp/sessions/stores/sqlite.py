"""The embedded store: one SQLite file, one thread that reads and writes it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, cast

from pwlapp.core.data.points import Points
from pwlapp.sessions import codec
from pwlapp.sessions.frames import Frame, Mark
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import History, SessionState, unknown_session
from pwlapp.sessions.stores import thinning
from pwlapp.sessions.stores.protocol import (
    Conflict,
    Data,
    new_sid,
    short_id,
    storage_failed,
)
from pwlapp.sessions.stores.sqlite_file import connect, prepare, transaction
from pwlapp.sessions.stores.thinning import FrameInfo, frames_to_drop

logger = logging.getLogger(__name__)

T = TypeVar("T")

TOUCH_EVERY_S = 60.0  # how exact "last used" is; a write for every read would be a waste


class SqliteStore:
    """A `Store` in one file.

    The file is checked, and made if need be, at once; the connection that the thread keeps is
    opened at the first use.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be.
    clock : callable
        Seconds since 1970.

    Raises
    ------
    StoreUnavailable
        If the file can't be made, read or written, or is not ours.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-store")
        self._connection: sqlite3.Connection | None = None
        prepare(path)

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        return await self._run(lambda db: self._create(db, state, frames))

    async def load(self, sid: str) -> SessionState:
        return await self._run(lambda db: self._load(db, sid))

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        return await self._run(lambda db: self._read_since(db, sid, seq))

    async def save(
        self,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame] = (),
        step: Step | None = None,
    ) -> None:
        await self._run(lambda db: self._save(db, sid, expected_version, state, frames, step))

    async def step(self, sid: str, number: int) -> Step | None:
        row = await self._run(
            lambda db: db.execute(
                "SELECT body FROM step WHERE sid = ? AND number = ?", (sid, number)
            ).fetchone()
        )
        return None if row is None else codec.read_step(number, row[0], sid)

    async def running(self) -> list[str]:
        rows = await self._run(
            lambda db: db.execute("SELECT sid FROM session WHERE running ORDER BY sid").fetchall()
        )
        return [sid for (sid,) in rows]

    async def counts(self) -> tuple[int, int]:
        sessions, running = await self._run(
            lambda db: db.execute(
                "SELECT (SELECT COUNT(*) FROM session),"
                " (SELECT COUNT(*) FROM session WHERE running)"
            ).fetchone()
        )
        return sessions, running

    async def settled(self) -> Data | None:
        return None  # there is no other server

    async def settle(self, data: Data) -> Data:
        return data

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """There is nobody to listen to."""

    async def ping(self) -> None:
        await self._run(lambda db: db.execute("SELECT 1").fetchone())

    async def keep_points(self, points: Points) -> None:
        row = (points.key, self._clock(), codec.encode_points(points))
        await self._run(
            lambda db: db.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", row)
        )

    async def kept_points(self, key: str) -> Points | None:
        blob = await self._run(lambda db: self._kept_points(db, key))
        return None if blob is None else codec.read_points(blob, key)

    async def expire(self, older_than_s: float) -> int:
        oldest = self._clock() - older_than_s

        def forget(db: sqlite3.Connection) -> int:
            db.execute("DELETE FROM points WHERE used < ?", (oldest,))
            return db.execute("DELETE FROM session WHERE used < ?", (oldest,)).rowcount

        return await self._run(forget)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in the store's thread, so that the event loop never waits for the disk."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: work(self._connect())
            )
        except sqlite3.Error as error:
            logger.error("%s: %s", self._path, error)
            raise storage_failed() from error

    # What follows runs in the store's thread.

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _create(self, db: sqlite3.Connection, state: SessionState, frames: Sequence[Frame]) -> str:
        sid = new_sid()
        with transaction(db):
            db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                (sid, state.version, state.is_running, self._clock(), codec.encode(state)),
            )
            _append(db, sid, frames)
        return sid

    def _load(self, db: sqlite3.Connection, sid: str) -> SessionState:
        row = db.execute("SELECT used, state FROM session WHERE sid = ?", (sid,)).fetchone()
        if row is None:
            raise unknown_session()
        used, blob = row
        try:
            state = codec.decode(blob)
        except codec.CorruptState as error:
            logger.error("session %s in %s is damaged: %s", short_id(sid), self._path, error)
            raise unknown_session() from error
        now = self._clock()
        if now - used > TOUCH_EVERY_S:
            db.execute("UPDATE session SET used = ? WHERE sid = ?", (now, sid))
        return state

    def _kept_points(self, db: sqlite3.Connection, key: str) -> bytes | None:
        row = db.execute("SELECT body FROM points WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        db.execute("UPDATE points SET used = ? WHERE key = ?", (self._clock(), key))
        body: bytes = row[0]
        return body

    def _read_since(
        self, db: sqlite3.Connection, sid: str, seq: int
    ) -> tuple[SessionState, list[Frame]]:
        state = self._load(db, sid)
        after = seq if seq < state.next_seq else 0
        rows = db.execute(
            "SELECT seq, epoch, loss, params, mark FROM frame WHERE sid = ? AND seq > ?"
            # a damaged frame is left out: one picture less, and the film goes on
            " AND typeof(params) = 'blob' AND length(params) % 4 = 0 ORDER BY seq",
            (sid, after),
        )
        return state, [_frame(*row) for row in rows]

    def _save(
        self,
        db: sqlite3.Connection,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame],
        step: Step | None,
    ) -> None:
        values = (state.version, state.is_running, self._clock(), codec.encode(state))
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
                _keep_step(db, sid, step, state.history)
            if thinning.is_time(state.next_seq, len(frames)):
                _thin(db, sid)


def _append(db: sqlite3.Connection, sid: str, frames: Sequence[Frame]) -> None:
    db.executemany(
        "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?)",
        [(sid, f.seq, f.epoch, f.loss, f.mark, f.numbers.astype("<f4").tobytes()) for f in frames],
    )


def _keep_step(db: sqlite3.Connection, sid: str, step: Step, history: History) -> None:
    row = (sid, step.number, codec.encode_step(step))
    db.execute("INSERT OR REPLACE INTO step VALUES (?, ?, ?)", row)
    db.execute(
        "DELETE FROM step WHERE sid = ? AND (number < ? OR number >= ?)",
        (sid, history.first, history.end),
    )


def _frame(seq: int, epoch: int, loss: float | None, params: bytes, mark: str) -> Frame:
    return Frame(
        seq=seq,
        epoch=epoch,
        loss=float("nan") if loss is None else loss,
        numbers=codec.float32_array(params),
        mark=cast(Mark, mark),
    )


def _refusal(db: sqlite3.Connection, sid: str) -> Exception:
    row = db.execute("SELECT version FROM session WHERE sid = ?", (sid,)).fetchone()
    return unknown_session() if row is None else Conflict(f"version {row[0]} is kept")


def _thin(db: sqlite3.Connection, sid: str) -> None:
    rows = db.execute("SELECT seq, epoch, mark FROM frame WHERE sid = ? ORDER BY seq", (sid,))
    frames = [FrameInfo(*row) for row in rows]
    (heaviest,) = db.execute(
        "SELECT MAX(LENGTH(params)) FROM frame WHERE sid = ?", (sid,)
    ).fetchone()
    dropped = frames_to_drop(frames, *thinning.limits(heaviest // 4))
    db.executemany("DELETE FROM frame WHERE sid = ? AND seq = ?", [(sid, seq) for seq in dropped])
