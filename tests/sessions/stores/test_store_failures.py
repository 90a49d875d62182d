"""A disk that is full, read-only or locked during a run, and then works again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.events import Event
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from tests.support.sessions import (
    ThreadRunner,
    finished,
    has_moved,
    make_service,
    make_state,
    read_rows,
    until,
)
from tests.support.training import ADAM, assert_at, first_state, trained

EPOCHS = 3000
Repair = Callable[[], Awaitable[None]]


async def fill(store: SqliteStore, _path: Path) -> Repair:
    """The file may not grow."""

    async def limit(pages: int) -> None:
        await store.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}"))

    await limit(1)  # SQLite makes that the present size
    return lambda: limit(10**6)


async def write_protect(store: SqliteStore, _path: Path) -> Repair:
    async def protect(is_on: bool) -> None:
        await store.run(lambda db: db.execute(f"PRAGMA query_only = {is_on}"))

    await protect(True)
    return lambda: protect(False)


async def lock(_store: SqliteStore, path: Path) -> Repair:
    """Another process, such as a backup, holds the file."""
    other = sqlite3.connect(path, isolation_level=None)
    while True:
        try:
            other.execute("BEGIN EXCLUSIVE")
            break
        except sqlite3.OperationalError:
            await asyncio.sleep(0)

    async def unlock() -> None:
        other.close()

    return unlock


@pytest.mark.parametrize(
    ("harm", "said"),
    [(fill, "is full"), (write_protect, "readonly"), (lock, "is locked")],
    ids=["full", "read-only", "locked"],
)
async def test_a_run_waits_for_the_disk_and_ends_as_an_uninterrupted_one(
    harm: Callable[[SqliteStore, Path], Awaitable[Repair]],
    said: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("pwlapp.compute.scheduler.RETRY_S", 0.05)
    monkeypatch.setattr("pwlapp.sessions.stores.sqlite.LOCK_S", 0.05)
    monkeypatch.setattr("pwlapp.sessions.stores.sqlite.QUIET_S", 0.5)
    caplog.set_level("INFO", "pwlapp.sessions.stores.sqlite")
    service = make_service(settings, ThreadRunner())
    await service.start()
    store = service._store
    assert isinstance(store, SqliteStore)
    sid, _ = await service.open()
    page: list[Event] = []
    following = asyncio.create_task(follow(service, sid, page))
    await service.start_run(sid, EPOCHS, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))

    repair = await harm(store, settings.data_dir / "sessions.sqlite3")
    await until(lambda: notices(page)[-1:] == ["run_waits"])
    with pytest.raises(UserError, match="storage_failed"):
        await open_many(service)  # until the disk is full
    # What is stored can be read. A full disk still accepts small writes, so the notice is absent
    # while a slice is tried.
    await until(lambda: shows(service, sid, "run_waits"))
    snapshot, rows = await read_rows(service, sid)
    assert rows[-1][1] == snapshot["epoch"] < EPOCHS

    await repair()
    snapshot = await finished(service, sid)
    assert snapshot["notice"] is None
    assert_at(snapshot, trained(service, first_state(service), EPOCHS))
    _, rows = await read_rows(service, sid)
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    assert service.metrics._totals["epochs"] == EPOCHS
    while len(caplog.records) < 2:
        await service.open()
    [error, end] = caplog.messages
    assert said in error
    assert end.endswith("sessions.sqlite3 can be written again")
    await until(lambda: notices(page)[-1:] == [None])
    following.cancel()
    await service.close()


async def follow(service: SessionService, sid: str, page: list[Event]) -> None:
    async for event in service.events.follow(sid, 0, service.read):
        page += [event]


async def open_many(service: SessionService) -> None:
    for _ in range(100):
        await service.open()


async def shows(service: SessionService, sid: str, code: str) -> bool:
    snapshot, _ = await service.read(sid)
    return snapshot["notice"] == {"code": code, "args": {}}


def notices(page: list[Event]) -> list[Any]:
    """The codes of the notices that a page has received, in order."""
    states = [event.data for event in page if event.name == "state"]
    return [state["notice"] and state["notice"]["code"] for state in states]


async def test_runs_continue_after_a_start_with_a_failing_disk(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwlapp.compute.scheduler.RETRY_S", 0.05)
    first = make_service(settings, ThreadRunner())
    await first.start()
    sid, _ = await first.open()
    await first.start_run(sid, EPOCHS, ADAM, "torch@cpu")
    await until(lambda: has_moved(first, sid))
    await first.close()

    failing = True
    running = SqliteStore.running

    async def fail(store: SqliteStore) -> list[str]:
        if failing:
            raise UserError("storage_failed")
        return await running(store)

    monkeypatch.setattr(SqliteStore, "running", fail)
    second = make_service(settings, ThreadRunner())
    await second.start()
    await second.loaded()
    failing = False
    await finished(second, sid)
    await second.close()


async def test_reading_works_on_a_full_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A read sometimes writes the time of use, which must not make it fail."""
    now = 0.0
    store = SqliteStore(tmp_path / "store.sqlite3", clock=lambda: now)
    sid = await store.create(make_state())
    repair = await write_protect(store, tmp_path)
    now = 1000.0
    for _ in range(3):
        assert (await store.load(sid)).version == 1
        with pytest.raises(UserError, match="storage_failed"):
            await store.ping()
    assert len(caplog.records) == 1
    await repair()
    await store.ping()
    await store.close()
