"""What tests of a cluster need: students, a look into Redis, everything up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import redis.asyncio

from pwlapp.core.data.points import Points
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import RedisLink
from tests.faults import judge
from tests.faults.pupil import Pupil
from tests.support.cluster import Cluster


async def everything_up(cluster: Cluster) -> None:
    if not cluster.is_running("redis"):
        await asyncio.to_thread(cluster.start_redis)
    for name in (*cluster.workers, *cluster.webs):
        if not cluster.is_running(name):
            cluster.start(name)
    await asyncio.to_thread(cluster.wait_until_ready)


@asynccontextmanager
async def pupil_at(*addresses: str) -> AsyncIterator[Pupil]:
    """A student with a new session; each request goes to one of the addresses."""
    async with Pupil(addresses, 1, patience_s=60.0) as pupil:
        await pupil.open()
        yield pupil


@asynccontextmanager
async def redis_of(cluster: Cluster) -> AsyncIterator[Any]:
    client = redis.asyncio.from_url(cluster.redis_url)
    try:
        yield client
    finally:
        await client.aclose()


async def assert_as_if_nothing_happened(pupil: Pupil, points: Points) -> None:
    """The weights, the frames and what the student saw of them are those of an uncut run."""
    chapter = await pupil.chapter()
    assert chapter.runs
    assert judge.violations([chapter], points) == []


@asynccontextmanager
async def store_of(cluster: Cluster) -> AsyncIterator[RedisStore]:
    """What Redis has, without any web process."""
    store = RedisStore(RedisLink(cluster.redis_url))
    try:
        yield store
    finally:
        await store.close()


async def is_running(store: RedisStore, pupil: Pupil) -> bool:
    assert pupil.sid is not None
    return (await store.load(pupil.sid)).is_running


def status(address: str, path: str) -> int:
    try:
        with urlopen(address + path, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def log_lines(cluster: Cluster, name: str) -> list[str]:
    return cluster.log(name).read_text(encoding="utf-8").splitlines()


def libraries_in(pid: int) -> list[str]:
    """Which of the large ones a process has mapped."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return [library for library in ("/torch/", "/numba/", "/llvmlite/") if library in maps]
