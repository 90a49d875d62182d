"""Puts the pieces together: for one process that does everything, or for one of many."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from pwlapp.runtime import commands
from pwlapp.runtime.metrics import Metrics
from pwlapp.runtime.process import load_engines
from pwlapp.runtime.routes import routes
from pwlapp.runtime.runner import PoolRunner, Runner
from pwlapp.runtime.sqlite_store import SqliteStore
from pwlapp.runtime.stream import Stream
from pwlapp.runtime.trainer import Trainer
from pwlapp.runtime.verbs import VERBS
from pwlapp.settings import Settings


class Services:
    """A store, a runner, and the trainer on top of them.

    Without ``redis_url``: SQLite in the data folder and a pool of processes. With it: that Redis,
    and the Celery workers that listen to it.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    runner : Runner
    trainer : Trainer

    Raises
    ------
    StoreUnavailable
        If the data folder can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.runner: Runner
        if settings.redis_url:
            self.trainer, self.runner = _shared(settings)
        else:
            self.trainer, self.runner = _embedded(settings)

    def router(self) -> APIRouter:
        """The routes that the browser asks directly."""
        router = routes(self.trainer)
        router.include_router(commands.routes(self.trainer, VERBS))
        return router

    async def start(self) -> None:
        """Begin in the background; returns at once."""
        await self.trainer.start()

    async def close(self) -> None:
        """Stop everything; what runs goes on after the next start."""
        await self.trainer.close()


def _embedded(settings: Settings) -> tuple[Trainer, Runner]:
    prepare = partial(
        load_engines, settings.data_dir / "numba", settings.log_level, settings.log_format
    )
    runner = PoolRunner(settings.workers, prepare)
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")
    return Trainer(store, runner, Stream(), settings), runner


def _shared(settings: Settings) -> tuple[Trainer, Runner]:
    # Celery would cost a laptop's server a quarter of a second and 11 MB at its start, for nothing.
    from pwlapp.runtime import broker
    from pwlapp.runtime.broker import Post, Sender
    from pwlapp.runtime.celery_runner import CeleryRunner
    from pwlapp.runtime.queue_driver import QueueDriver
    from pwlapp.runtime.redis_link import RedisLink
    from pwlapp.runtime.redis_store import RedisStore

    link = RedisLink(settings.redis_url)
    store = RedisStore(link, source=f"{settings.data} {settings.lecture_url}")
    post = Post(Sender(broker.make_app(settings.redis_url)))
    runner = CeleryRunner(link, post)
    driver = partial(QueueDriver, store=store, runner=runner, post=post, slice_ms=settings.slice_ms)
    return Trainer(store, runner, Stream(), settings, driver, Metrics(is_shared=True)), runner
