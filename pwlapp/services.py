"""Builds the services: embedded (one web process with a pool) or scaled (Redis and Celery)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from pwlapp.compute import numba_cache, warmup
from pwlapp.compute.pool import PoolRunner
from pwlapp.compute.scheduler import LocalScheduler
from pwlapp.metrics import Metrics
from pwlapp.rooms.service import RoomService
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_rooms import SqliteRooms
from pwlapp.settings import Settings


class Services(NamedTuple):
    """The two services of a server."""

    sessions: SessionService
    rooms: RoomService

    async def start(self) -> None:
        """Start both; returns at once, see `SessionService.start`."""
        await self.sessions.start()
        self.rooms.start()

    async def close(self) -> None:
        """Stop both."""
        await self.rooms.close()
        await self.sessions.close()


def build_services(settings: Settings) -> Services:
    """Build the services with their stores, runner and scheduler; `Services.start` starts them.

    Without ``redis_url``: SQLite in the data folder and a pool of processes. With it: Redis and
    Celery workers.

    Raises
    ------
    StoreUnavailable
        If the data folder can't be used.
    """
    return _scaled(settings) if settings.redis_url else _embedded(settings)


def _embedded(settings: Settings) -> Services:
    cache = settings.data_dir / "numba"
    numba_cache.use_cache(cache)  # the fork server loads the compiled engine from there
    prepare = partial(warmup.load_engines, cache, settings.log_level, settings.log_format)
    runner = PoolRunner(settings.workers, prepare)
    store = SqliteStore(settings.data_dir / "sessions.sqlite3")
    metrics = Metrics()
    make_scheduler = partial(
        LocalScheduler,
        store=store,
        runner=runner,
        metrics=metrics,
        slice_ms=settings.slice_ms,
        at_once=settings.workers,
    )
    sessions = SessionService(store, runner, SessionEvents(), settings, make_scheduler, metrics)
    return Services(sessions, RoomService(SqliteRooms(store), sessions))


def _scaled(settings: Settings) -> Services:
    # Imported here: Celery takes a quarter of a second and 11 MB, and only this mode needs it.
    from pwlapp.compute.celery import app
    from pwlapp.compute.celery.app import AsyncSender, Sender
    from pwlapp.compute.celery.runner import CeleryRunner
    from pwlapp.compute.celery.scheduler import QueueScheduler
    from pwlapp.sessions.stores.redis import RedisStore
    from pwlapp.sessions.stores.redis_connection import RedisLink
    from pwlapp.sessions.stores.redis_rooms import RedisRooms

    link = RedisLink(settings.redis_url)
    store = RedisStore(link, source=settings.data)
    sender = AsyncSender(Sender(app.make_app(settings.redis_url)))
    runner = CeleryRunner(link, sender)
    make_scheduler = partial(
        QueueScheduler, store=store, runner=runner, sender=sender, slice_ms=settings.slice_ms
    )
    metrics = Metrics(is_shared=True)
    sessions = SessionService(store, runner, SessionEvents(), settings, make_scheduler, metrics)
    return Services(sessions, RoomService(RedisRooms(link), sessions))
