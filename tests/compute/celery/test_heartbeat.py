"""Heartbeats in Redis: which workers are alive, and what they can do."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import redis

from pwlapp.compute.celery import heartbeat
from pwlapp.compute.celery.heartbeat import ALIVE_S, DELETE_AFTER_S, ENGINES, WORKERS, Heartbeats
from pwlapp.core.engines import EngineInfo
from pwlapp.sessions.stores.redis import STATS
from pwlapp.sessions.stores.redis_connection import RedisLink
from tests.support.cluster import Cluster

TORCH = EngineInfo("torch@cpu", "torch", "cpu", "")
FUSED = EngineInfo("fused@cpu", "fused", "cpu", "")
CUDA = EngineInfo("fused@cuda:0", "fused", "cuda", "H200")


@pytest.fixture
def client(redis_server: Cluster, link: RedisLink) -> Iterator[redis.Redis]:
    """A blocking client of the empty Redis of `link`."""
    with redis.Redis.from_url(redis_server.redis_url) as client:
        yield client


async def test_workers_are_alive_for_some_seconds(link: RedisLink, client: redis.Redis) -> None:
    beats = Heartbeats(link)
    for name in ("new", "late", "dead"):
        heartbeat.send_heartbeat(client, name, [TORCH])
    client.zincrby(WORKERS, 1 - ALIVE_S, "late")
    client.zincrby(WORKERS, -1 - ALIVE_S, "dead")
    assert sorted(await beats.workers()) == ["late", "new"]
    heartbeat.remove_heartbeat(client, "new")
    assert await beats.workers() == ["late"]
    assert sorted(client.hkeys(ENGINES)) == [b"dead", b"late"]


async def test_a_worker_dead_for_an_hour_is_deleted(link: RedisLink, client: redis.Redis) -> None:
    for name, age in (("dead", DELETE_AFTER_S + 1), ("late", DELETE_AFTER_S - 60)):
        heartbeat.send_heartbeat(client, name, [TORCH])
        client.zincrby(WORKERS, -age, name)
    heartbeat.send_heartbeat(client, "new", [TORCH])
    assert client.zrange(WORKERS, 0, -1) == [b"late", b"new"]
    assert sorted(client.hkeys(ENGINES)) == [b"late", b"new"]


async def test_the_engines_of_all_workers_are_listed_once(
    link: RedisLink, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeat.send_heartbeat(client, "gpu", [CUDA])
    heartbeat.send_heartbeat(client, "cpu", [FUSED, TORCH])
    heartbeat.send_heartbeat(client, "same", [FUSED, TORCH])
    client.hset(ENGINES, "older", "not JSON")
    with caplog.at_level(logging.WARNING):
        found = await Heartbeats(link).engines(["gpu", "cpu", "same", "older", "unknown"])
    assert found == [FUSED, TORCH, CUDA]
    assert "can't be read" in caplog.text


async def test_totals_are_numbers(link: RedisLink, client: redis.Redis) -> None:
    client.hset(STATS, mapping={"epochs": "300", "seconds": "1.5", "other": "?"})
    assert await Heartbeats(link).totals() == {"epochs": 300.0, "seconds": 1.5}
