"""Puts the pieces together: for one process that does everything, or for one of many."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from pwlapp.commands.table import COMMANDS
from pwlapp.compute import warmup
from pwlapp.compute.pool import PoolRunner
from pwlapp.compute.process import load_engines
from pwlapp.compute.scheduler import LocalScheduler
from pwlapp.metrics import Metrics
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings
from pwlapp.web import commands
from pwlapp.web.event_stream import routes


class Services:
    """A store, a runner, and the service on top of them.

    Without ``redis_url``: SQLite in the data folder and a pool of processes. With it: that Redis,
    and the Celery workers that listen to it.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    runner : Runner
    service : SessionService

    Raises
    ------
    StoreUnavailable
        If the data folder can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.runner: Runner
        if settings.redis_url:
            self.service, self.runner = _shared(settings)
        else:
            self.service, self.runner = _embedded(settings)

    def router(self) -> APIRouter:
        """The routes that the browser asks directly."""
        router = routes(self.service)
        router.include_router(commands.routes(self.service, COMMANDS))
        return router

    async def start(self) -> None:
        """Begin in the background; returns at once."""
        await self.service.start()

    async def close(self) -> None:
        """Stop everything; what runs goes on after the next start."""
        await self.service.close()


def _embedded(settings: Settings) -> tuple[SessionService, Runner]:
    cache = settings.data_dir / "numba"
    warmup.use_cache(cache)  # for the fork server, which loads what is there
    prepare = partial(load_engines, cache, settings.log_level, settings.log_format)
    runner = PoolRunner(settings.workers, prepare)
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")
    metrics = Metrics()
    make_scheduler = partial(
        LocalScheduler,
        runner=runner,
        metrics=metrics,
        slice_ms=settings.slice_ms,
        at_once=settings.workers,
    )
    return SessionService(store, runner, SessionEvents(), settings, make_scheduler, metrics), runner


def _shared(settings: Settings) -> tuple[SessionService, Runner]:
    # Celery would cost a laptop's server a quarter of a second and 11 MB at its start, for nothing.
    from pwlapp.compute.celery import app
    from pwlapp.compute.celery.app import Post, Sender
    from pwlapp.compute.celery.runner import CeleryRunner
    from pwlapp.compute.celery.scheduler import QueueScheduler
    from pwlapp.sessions.stores.redis import RedisStore
    from pwlapp.sessions.stores.redis_connection import RedisLink

    link = RedisLink(settings.redis_url)
    store = RedisStore(link, source=settings.data)
    post = Post(Sender(app.make_app(settings.redis_url)))
    runner = CeleryRunner(link, post)
    make_scheduler = partial(
        QueueScheduler, store=store, runner=runner, post=post, slice_ms=settings.slice_ms
    )
    return SessionService(
        store, runner, SessionEvents(), settings, make_scheduler, Metrics(is_shared=True)
    ), runner
