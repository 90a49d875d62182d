"""The rooms in SQLite, in the same file as the sessions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence

from pwlapp.errors import UserError
from pwlapp.sessions.stores.protocol import Conflict, RoomRow, SeatRow, UnknownRoom
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_file import transaction


class SqliteRooms:
    """A `RoomStore` that uses the file and the thread of a `SqliteStore`.

    Parameters
    ----------
    store : SqliteStore
        Closing it closes this store, too.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, store: SqliteStore, clock: Callable[[], float] = time.time) -> None:
        self._run = store.run
        self._clock = clock

    async def create(self, code: str, body: bytes, ends: float) -> bool:
        return await self._run(_create, code, body, ends)

    async def load(self, code: str) -> RoomRow:
        return await self._run(_load, code)

    async def save(self, code: str, expected_version: int, body: bytes) -> None:
        await self._run(_save, code, expected_version, body)

    async def delete(self, code: str) -> None:
        await self._run(lambda db: db.execute("DELETE FROM room WHERE code = ?", (code,)))

    async def ended(self) -> list[str]:
        return await self._run(_ended, self._clock())

    async def add_seat(self, code: str, body: bytes, at_most: int) -> int:
        return await self._run(_add_seat, code, body, at_most)

    async def seats(self, code: str, numbers: Sequence[int] | None = None) -> list[SeatRow]:
        return await self._run(_seats, code, numbers)

    async def save_seats(
        self, code: str, saves: Sequence[tuple[int, int, bytes]], room_version: int | None = None
    ) -> list[int]:
        return await self._run(_save_seats, code, saves, room_version)

    async def save_heartbeats(self, code: str, seen: Mapping[int, float]) -> None:
        await self._run(_see, code, seen)

    async def remove_seat(self, code: str, number: int) -> None:
        await self._run(_remove_seat, code, number)


def _create(db: sqlite3.Connection, code: str, body: bytes, ends: float) -> bool:
    made = db.execute("INSERT OR IGNORE INTO room VALUES (?, 1, ?, 0, ?)", (code, ends, body))
    return made.rowcount == 1


def _load(db: sqlite3.Connection, code: str) -> RoomRow:
    row = db.execute(
        "SELECT version, body, (SELECT COUNT(*) FROM seat WHERE code = room.code)"
        " FROM room WHERE code = ?",
        (code,),
    ).fetchone()
    if row is None:
        raise UnknownRoom()
    return RoomRow(*row)


def _save(db: sqlite3.Connection, code: str, expected_version: int, body: bytes) -> None:
    saved = db.execute(
        "UPDATE room SET version = version + 1, body = ? WHERE code = ? AND version = ?",
        (body, code, expected_version),
    )
    if saved.rowcount == 0:
        raise Conflict(f"the stored version is {_load(db, code).version}")


def _ended(db: sqlite3.Connection, now: float) -> list[str]:
    return [code for (code,) in db.execute("SELECT code FROM room WHERE ends <= ?", (now,))]


def _add_seat(db: sqlite3.Connection, code: str, body: bytes, at_most: int) -> int:
    with transaction(db):
        if _load(db, code).seats >= at_most:
            raise UserError("room_full", max=at_most)
        number: int
        (number,) = db.execute(
            "UPDATE room SET last_seat = last_seat + 1 WHERE code = ? RETURNING last_seat", (code,)
        ).fetchone()
        db.execute("INSERT INTO seat VALUES (?, ?, 1, 0, ?)", (code, number, body))
    return number


def _seats(db: sqlite3.Connection, code: str, numbers: Sequence[int] | None) -> list[SeatRow]:
    chosen = "SELECT number, version, body, seen FROM seat WHERE code = ?"
    if numbers is None:
        return [SeatRow(*row) for row in db.execute(f"{chosen} ORDER BY number", (code,))]
    rows = (
        db.execute(f"{chosen} AND number = ?", (code, n)).fetchone() for n in sorted(set(numbers))
    )
    return [SeatRow(*row) for row in rows if row is not None]


def _save_seats(
    db: sqlite3.Connection,
    code: str,
    saves: Sequence[tuple[int, int, bytes]],
    room_version: int | None,
) -> list[int]:
    replaced: list[int] = []
    with transaction(db):
        if room_version is not None and _load(db, code).version != room_version:
            return replaced
        for number, expected_version, body in saves:
            saved = db.execute(
                "UPDATE seat SET version = version + 1, body = ?"
                " WHERE code = ? AND number = ? AND version = ?",
                (body, code, number, expected_version),
            )
            if saved.rowcount:
                replaced.append(number)
    return replaced


def _see(db: sqlite3.Connection, code: str, seen: Mapping[int, float]) -> None:
    rows = [(at, code, number) for number, at in seen.items()]
    with transaction(db):
        db.executemany("UPDATE seat SET seen = ? WHERE code = ? AND number = ?", rows)


def _remove_seat(db: sqlite3.Connection, code: str, number: int) -> None:
    db.execute("DELETE FROM seat WHERE code = ? AND number = ?", (code, number))
