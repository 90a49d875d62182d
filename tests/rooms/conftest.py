"""Fixture: the room service on SQLite, with training in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pwlapp.rooms.service import RoomService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_rooms import SqliteRooms
from pwlapp.settings import Settings
from tests.support.sessions import Clock, ThreadRunner, make_service


@pytest.fixture
async def rooms(
    settings: Settings, runner: ThreadRunner, clock: Clock
) -> AsyncIterator[RoomService]:
    """A service of rooms, without its background tasks."""
    store = SqliteStore(settings.data_dir / "sessions.sqlite3", clock)
    sessions = make_service(settings, runner, store)
    rooms = RoomService(SqliteRooms(store, clock), sessions, clock, timer=clock)
    await sessions.start()
    await sessions.loaded()
    yield rooms
    await rooms.close()
    await sessions.close()
