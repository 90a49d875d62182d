"""The store for a single server: one SQLite file, read and written by one thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from pwlapp.core.data.points import Points
from pwlapp.sessions import codec
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores import sqlite_queries as queries
from pwlapp.sessions.stores.protocol import Data, StorageFailed
from pwlapp.sessions.stores.sqlite_file import connect, prepare, try_to_write

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOCK_S = 1.0  # longest wait for another process's lock; it delays all requests
# An outage is over after this time without a failure: a full disk still accepts small writes.
QUIET_S = 5.0
TOUCH_EVERY_S = 60.0  # resolution of the time of use, so that not every read writes


class SqliteStore:
    """A `Store` in one SQLite file.

    The constructor checks the file and creates it if needed. The thread opens its connection at its
    first use.

    Parameters
    ----------
    path : Path
        The file; its folder is created if needed.
    clock : callable
        Seconds since 1970.

    Raises
    ------
    StoreUnavailable
        If the file can't be created, read or written, or belongs to another program.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-store")
        self._connection: sqlite3.Connection | None = None
        self._failure = ""  # why writes fail at present, so that an outage is logged only once
        self._failed_at = 0.0
        prepare(path)

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        return await self.run(queries.create, state, frames, self._clock())

    async def load(self, sid: str) -> SessionState:
        return await self.run(self._load, sid)

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        return await self.run(self._read_since, sid, seq)

    async def save(
        self,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame] = (),
        step: Step | None = None,
    ) -> None:
        await self.run(queries.save, sid, expected_version, state, frames, step, self._clock())

    async def load_many(self, sids: Sequence[str]) -> dict[str, SessionState]:
        return await self.run(self._load_many, sids)

    async def delete(self, sids: Sequence[str]) -> None:
        await self.run(queries.delete, sids)

    async def step(self, sid: str, number: int) -> Step | None:
        return await self.run(queries.step, sid, number)

    async def running(self) -> list[str]:
        return await self.run(queries.running)

    async def counts(self) -> tuple[int, int]:
        return await self.run(queries.counts)

    async def shared_data(self) -> Data | None:
        return None  # there are no other servers

    async def share_data(self, data: Data) -> Data:
        return data

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Return at once: there are no other servers."""

    async def ping(self) -> None:
        await self.run(try_to_write)

    async def save_points(self, points: Points) -> None:
        await self.run(queries.save_points, points, self._clock())

    async def load_points(self, key: str) -> Points | None:
        return await self.run(self._load_points, key)

    async def expire(self, older_than_s: float) -> int:
        return await self.run(queries.expire, self._clock() - older_than_s)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        """Run `work` in the store's thread, so that the event loop never waits for the disk."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._do(work, *args)
            )
        except sqlite3.Error as error:
            raise StorageFailed() from error

    # All methods below run in the store's thread.

    def _do(self, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        if self._connection is None:
            self._connection = connect(self._path, LOCK_S)
        db = self._connection
        changes = db.total_changes
        try:
            result = work(db, *args)
        except sqlite3.Error as error:
            self._log_failure(error)
            raise
        is_over = time.monotonic() - self._failed_at > QUIET_S
        if self._failure and is_over and db.total_changes > changes:
            logger.info("%s can be written again", self._path)
            self._failure = ""
        return result

    def _log_failure(self, error: sqlite3.Error) -> None:
        self._failed_at = time.monotonic()
        if self._failure != str(error):
            self._failure = str(error)
            logger.error("%s: %s", self._path, error)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _load(self, db: sqlite3.Connection, sid: str) -> SessionState:
        row = db.execute("SELECT used, state FROM session WHERE sid = ?", (sid,)).fetchone()
        if row is None:
            raise UnknownSession()
        used, blob = row
        state = codec.read_state(blob, sid)
        now = self._clock()
        if now - used > TOUCH_EVERY_S:
            self._touch(db, "UPDATE session SET used = ? WHERE sid = ?", (now, sid))
        return state

    def _touch(self, db: sqlite3.Connection, update: str, values: tuple[float, str]) -> None:
        """Set the time of use; a failure is only logged, since a full disk can still be read."""
        try:
            db.execute(update, values)
        except sqlite3.OperationalError as error:
            self._log_failure(error)

    def _load_many(self, db: sqlite3.Connection, sids: Sequence[str]) -> dict[str, SessionState]:
        states = {}
        for sid in sids:
            row = db.execute("SELECT state FROM session WHERE sid = ?", (sid,)).fetchone()
            if row is not None:
                with contextlib.suppress(UnknownSession):
                    states[sid] = codec.read_state(row[0], sid)
        return states

    def _load_points(self, db: sqlite3.Connection, key: str) -> Points | None:
        row = db.execute("SELECT body FROM points WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self._touch(db, "UPDATE points SET used = ? WHERE key = ?", (self._clock(), key))
        return codec.read_points(row[0], key)

    def _read_since(
        self, db: sqlite3.Connection, sid: str, seq: int
    ) -> tuple[SessionState, list[Frame]]:
        state = self._load(db, sid)
        rows = db.execute(
            "SELECT seq, epoch, loss, params, mark FROM frame WHERE sid = ? AND seq > ?"
            # damaged frames are left out: the browser draws the others
            " AND typeof(params) = 'blob' AND length(params) % 4 = 0 ORDER BY seq",
            (sid, seq if seq < state.next_seq else 0),
        )
        return state, [queries.frame(*row) for row in rows]
