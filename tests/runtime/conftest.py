"""Settings in a temporary folder, a store with a clock, and a trainer without processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pwlapp.runtime.sqlite_store import SqliteStore
from pwlapp.runtime.stream import Stream
from pwlapp.runtime.trainer import Trainer
from pwlapp.settings import Settings
from tests.runtime.helpers import Clock, ThreadRunner, write_points


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With torch, so that a run is, bit for bit, what `train_slice` makes of it in one piece."""
    csv = write_points(tmp_path / "points.csv")
    data_dir = tmp_path / "data"
    return Settings(data=str(csv), lecture_url="", data_dir=data_dir, workers=2, engine="torch@cpu")


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.sqlite3", clock)
    yield store
    await store.close()


@pytest.fixture
def runner() -> ThreadRunner:
    return ThreadRunner()


@pytest.fixture
async def trainer(settings: Settings, runner: ThreadRunner) -> AsyncIterator[Trainer]:
    """A trainer on threads: everything but the processes is real."""
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")
    trainer = Trainer(store, runner, Stream(), settings)
    await trainer.start()
    await trainer.loaded()
    yield trainer
    await trainer.close()
