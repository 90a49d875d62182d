"""Fixtures: settings in a temporary folder, stores with a clock, runners and services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pwlapp.compute.celery import app
from pwlapp.compute.celery.app import AsyncSender, Sender
from pwlapp.compute.celery.runner import CeleryRunner
from pwlapp.compute.pool import PoolRunner
from pwlapp.services import build_services
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.protocol import RoomStore, Store
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import RedisLink
from pwlapp.sessions.stores.redis_rooms import RedisRooms
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_rooms import SqliteRooms
from pwlapp.settings import Settings
from tests.support import allowed as allowed  # allows the jobs of the tests
from tests.support import jobs
from tests.support.cluster import Cluster
from tests.support.sessions import Clock, ThreadRunner, make_service, until, write_points


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With the torch engine: slices give the same bits as one call of `train_slice`."""
    csv = write_points(tmp_path / "points.csv")
    data_dir = tmp_path / "data"
    return Settings(data=str(csv), data_dir=data_dir, workers=2, engine="torch@cpu")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Redis server of the test session."""
    with Cluster(tmp_path_factory.mktemp("redis"), webs=0, workers=0) as cluster:
        yield cluster


@pytest.fixture
async def link(redis_server: Cluster) -> AsyncIterator[RedisLink]:
    """A connection to an empty Redis."""
    link = RedisLink(redis_server.redis_url)
    await link.client.flushall()
    yield link
    await link.close()


@pytest.fixture(params=["sqlite", "redis"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, link: RedisLink
) -> AsyncIterator[Store]:
    """Each of the stores in turn; empty."""
    if request.param == "redis":
        yield RedisStore(link, clock=clock)
        return
    store = SqliteStore(tmp_path / "store.sqlite3", clock)
    yield store
    await store.close()


@pytest.fixture
def room_store(store: Store, clock: Clock, link: RedisLink) -> RoomStore:
    """The room store that belongs to each of the stores."""
    if isinstance(store, SqliteStore):
        return SqliteRooms(store, clock)
    return RedisRooms(link, clock)


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Redis with two Celery workers, each of one process, for the whole test session."""
    folder = tmp_path_factory.mktemp("workers")
    with Cluster(folder, webs=0, workers=2, include="tests.support.allowed") as cluster:
        yield cluster


@pytest.fixture(params=["pool", "celery"])
async def computing(request: pytest.FixtureRequest) -> AsyncIterator[Runner]:
    """Each of the runners in turn, with two processes that are ready."""
    if request.param == "pool":
        pool = PoolRunner(2, jobs.nothing)
        await asyncio.gather(pool.call(jobs.nothing), pool.call(jobs.nothing))
        yield pool
        await pool.close()
        return
    url = request.getfixturevalue("workers").redis_url
    link = RedisLink(url)
    runner = CeleryRunner(link, AsyncSender(Sender(app.make_app(url))))
    runner.start()

    async def both_started() -> bool:
        return await runner.workers() >= 2

    await until(both_started)
    yield runner
    await runner.close()
    await link.close()


@pytest.fixture(params=["embedded", "scaled"])
async def either(
    request: pytest.FixtureRequest, settings: Settings, runner: ThreadRunner
) -> AsyncIterator[SessionService]:
    """The service in both modes: threads with SQLite, and Celery workers with Redis."""
    if request.param == "scaled":
        url = request.getfixturevalue("workers").redis_url
        service = build_services(replace(settings, redis_url=url)).sessions
    else:
        service = make_service(settings, runner)
    await service.start()
    await service.loaded()
    yield service
    await service.close()


@pytest.fixture
def runner() -> ThreadRunner:
    return ThreadRunner()


@pytest.fixture
async def service(settings: Settings, runner: ThreadRunner) -> AsyncIterator[SessionService]:
    """A service that computes in threads; all else is as in the server."""
    service = make_service(settings, runner)
    await service.start()
    await service.loaded()
    yield service
    await service.close()
