"""Settings in a temporary folder, a store with a clock, and a service without processes."""

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
from tests.support import allowed as allowed  # so that the tests may call their jobs
from tests.support import jobs
from tests.support.cluster import Cluster
from tests.support.sessions import Clock, ThreadRunner, make_service, until, write_points


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With torch, so that a run equals one uncut call of `train_slice` to the last bit."""
    csv = write_points(tmp_path / "points.csv")
    data_dir = tmp_path / "data"
    return Settings(data=str(csv), data_dir=data_dir, workers=2, engine="torch@cpu")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Redis for the tests only."""
    with Cluster(tmp_path_factory.mktemp("redis"), webs=0, workers=0) as cluster:
        yield cluster


@pytest.fixture
async def link(redis_server: Cluster) -> AsyncIterator[RedisLink]:
    """A link to an empty Redis."""
    link = RedisLink(redis_server.redis_url)
    await link.client.flushall()
    yield link
    await link.close()


@pytest.fixture(params=["sqlite", "redis"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, link: RedisLink
) -> AsyncIterator[Store]:
    """Each of the stores in turn, without sessions."""
    if request.param == "redis":
        yield RedisStore(link, clock=clock)
        return
    store = SqliteStore(tmp_path / "store.sqlite3", clock)
    yield store
    await store.close()


@pytest.fixture
def room_store(store: Store, clock: Clock, link: RedisLink) -> RoomStore:
    """The rooms of each of the stores in turn."""
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
    """Each of the runners in turn, with two processes that have started."""
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

    async def are_here() -> bool:
        return await runner.workers() >= 2

    await until(are_here)
    yield runner
    await runner.close()
    await link.close()


@pytest.fixture(params=["embedded", "scaled"])
async def either(
    request: pytest.FixtureRequest, settings: Settings, runner: ThreadRunner
) -> AsyncIterator[SessionService]:
    """A service of each of the two modes: threads and SQLite, or Celery workers and Redis."""
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
    """A service that computes in threads; everything else is as in the server."""
    service = make_service(settings, runner)
    await service.start()
    await service.loaded()
    yield service
    await service.close()
