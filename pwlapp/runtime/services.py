"""Puts the pieces together for one process that does everything."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from pwlapp.runtime.routes import routes
from pwlapp.runtime.runner import PoolRunner
from pwlapp.runtime.sqlite_store import SqliteStore
from pwlapp.runtime.stream import Stream
from pwlapp.runtime.trainer import Trainer
from pwlapp.runtime.worker import load_engines
from pwlapp.settings import Settings


class Services:
    """SQLite in the data folder, a pool of processes, and the trainer on top of them.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    runner : PoolRunner
    trainer : Trainer

    Raises
    ------
    StoreUnavailable
        If the data folder can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        prepare = partial(load_engines, settings.data_dir / "numba")
        self.runner = PoolRunner(settings.workers, prepare)
        store = SqliteStore(settings.data_dir / "sessions.sqlite3")
        self.trainer = Trainer(store, self.runner, Stream(), settings)

    def router(self) -> APIRouter:
        """The routes that the browser asks directly."""
        return routes(self.trainer)

    async def start(self) -> None:
        """Begin in the background; returns at once."""
        await self.trainer.start()

    async def close(self) -> None:
        """Stop everything; what runs goes on after the next start."""
        await self.trainer.close()
