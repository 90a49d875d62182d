"""Helper functions for tests of a cluster."""

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
from tests.faults import comparison
from tests.faults.persistent_student import PersistentStudent
from tests.support.cluster import Cluster


async def start_all(cluster: Cluster) -> None:
    if not cluster.is_running("redis"):
        await asyncio.to_thread(cluster.start_redis)
    for name in (*cluster.workers, *cluster.webs):
        if not cluster.is_running(name):
            cluster.start(name)
    await asyncio.to_thread(cluster.wait_until_ready)


@asynccontextmanager
async def student_at(*addresses: str) -> AsyncIterator[PersistentStudent]:
    """A student with a new session; each request goes to one of the addresses."""
    async with PersistentStudent(addresses, 1, timeout_s=60.0) as student:
        await student.open()
        yield student


@asynccontextmanager
async def redis_of(cluster: Cluster) -> AsyncIterator[Any]:
    client = redis.asyncio.from_url(cluster.redis_url)
    try:
        yield client
    finally:
        await client.aclose()


async def assert_same_as_uncut_run(student: PersistentStudent, points: Points) -> None:
    """Weights, stored frames and received frames equal those of an uninterrupted run."""
    record = await student.record()
    assert record.runs
    assert comparison.violations([record], points) == []


@asynccontextmanager
async def store_of(cluster: Cluster) -> AsyncIterator[RedisStore]:
    """The store in Redis, without a web process."""
    store = RedisStore(RedisLink(cluster.redis_url))
    try:
        yield store
    finally:
        await store.close()


async def is_running(store: RedisStore, student: PersistentStudent) -> bool:
    assert student.sid is not None
    return (await store.load(student.sid)).is_running


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
    """The large libraries that a process has loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return [library for library in ("/torch/", "/numba/", "/llvmlite/") if library in maps]
