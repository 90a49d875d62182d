"""Servers and workers with a Redis that is full, read-only, emptied or silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pwlapp.compute.celery.heartbeat import ENGINES
from pwlapp.sessions.stores.redis import RUNNING, SESSION
from tests.support.cluster import Cluster
from tests.support.sessions import until

from .helpers import redis_of, student_at

EPOCHS = 500


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("sick")
    settings = {"PWLAPP_ENGINE": "torch@cpu"}
    with Cluster(folder, webs=1, workers=1, settings=settings) as cluster:
        cluster.wait_until_ready()
        yield cluster


async def trains_again(cluster: Cluster) -> None:
    async with student_at(*cluster.addresses) as student:
        await student.train(EPOCHS)
        await student.wait_for(EPOCHS, timeout_s=60)
    assert all(map(cluster.is_running, cluster.workers))


@pytest.mark.parametrize(
    ("sick", "well"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ],
    ids=["full", "replica"],
)
async def test_a_redis_that_does_not_write_loses_nothing(
    cluster: Cluster, sick: tuple[str, ...], well: tuple[str, ...]
) -> None:
    async with student_at(*cluster.addresses) as student, redis_of(cluster) as client:
        await student.train(100_000)
        await student.wait_until(lambda: student.epoch > 0)
        await client.execute_command(*sick)
        await until(lambda: not all(map(cluster.is_running, cluster.workers)), timeout_s=60)
        await client.execute_command(*well)
        for name in cluster.workers:  # as a supervisor does
            cluster.kill(name)
            cluster.start(name)
        cluster.wait_until_ready()
        await trains_again(cluster)
        before = student.epoch
        await student.wait_until(lambda: student.epoch > before, timeout_s=60)
        await student.reset()


async def test_an_emptied_redis_is_filled_again(cluster: Cluster) -> None:
    async with redis_of(cluster) as client:
        await client.flushall()
        await until(lambda: client.keys("pwl:own:*"), timeout_s=30)
    await trains_again(cluster)


async def test_engines_of_another_version_are_ignored(cluster: Cluster, tmp_path: Path) -> None:
    strange = '[{"__type__": "pwl.EngineInfo", "__value__": {"id": "x", "gone": 1}}]'
    async with redis_of(cluster) as client:
        await client.hset(ENGINES, "of-tomorrow", strange)
        seconds, _ = await client.time()
        await client.zadd("pwl:workers", {"of-tomorrow": seconds + 3600})
        cluster.kill_web(0)
        cluster.start_web(0)
        cluster.wait_until_ready()
        await trains_again(cluster)
        await client.zrem("pwl:workers", "of-tomorrow")


async def test_invalid_messages_do_not_end_a_subscription(cluster: Cluster) -> None:
    async with redis_of(cluster) as client:
        channels = await client.pubsub_channels("pwl:*")
        assert len(channels) >= 3
        for channel in channels:
            await client.publish(channel, b"\xff\xfe \xff")
    await trains_again(cluster)


async def test_a_session_that_is_gone_runs_no_more(cluster: Cluster) -> None:
    async with student_at(*cluster.addresses) as student, redis_of(cluster) as client:
        await student.train(1_000_000)
        await client.delete(f"{SESSION}{student.sid}")

        async def is_dropped() -> bool:
            return await client.zscore(RUNNING, student.sid) is None

        await until(is_dropped, timeout_s=30)
