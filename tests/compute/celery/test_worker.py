"""The Celery worker's tasks and signals, called in the test's process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import redis
from celery_batches import SimpleRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

from pwlapp.compute.celery import app, calls, heartbeat, wire, worker
from pwlapp.compute.celery.app import CPU, GPU, QUEUE_PREFIX
from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from pwlapp.sessions import transitions
from pwlapp.sessions.stores.protocol import Data
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import RedisLink
from pwlapp.settings import Settings
from tests.support import allowed as allowed  # allows the jobs of the tests
from tests.support import jobs
from tests.support.cluster import Cluster

X = np.linspace(-1, 1, 64, dtype=np.float32)
POINTS = Points(X, abs(X), (X > 0.3).astype(np.float32), "settings")
NAME = f"{socket.gethostname()}-{os.getpid()}"


@pytest.fixture
def client(redis_server: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """An empty Redis, which the worker's tasks use."""
    url = redis_server.redis_url
    monkeypatch.setattr(worker, "settings", replace(worker.settings, redis_url=url))
    monkeypatch.setattr(worker, "app", app.make_app(url))
    worker.process_state.cache_clear()
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client
    if worker.process_state.cache_info().currsize:
        state = worker.process_state()
        state.loop.run(state.slice_workers[CPU]._store._link.close())
        state.slice_workers[CPU]._send_next.func.__self__.close()
        state.redis.close()
        state.loop.close()
        worker.process_state.cache_clear()


def begun(url: str, seed: int, epochs: int = 30) -> tuple[str, int]:
    """A session whose run of a few epochs has just begun: its id and version."""

    async def begin() -> tuple[str, int]:
        link = RedisLink(url)
        store = RedisStore(link)
        await store.share_data(Data(POINTS, None))
        train = initial_state(seed, X, POINTS.y)
        session = transitions.new_session(seed, AdamOptions(), "torch@cpu", train, POINTS, None)
        state, frames = transitions.begin_run(
            session[0], seed, AdamOptions(), "torch@cpu", train, POINTS, epochs
        )
        sid = await store.create(state, frames)
        await link.close()
        return sid, state.version

    return asyncio.run(begin())


def params_of(sid: str) -> tuple[bytes, int]:
    """The weights and the epoch of a session, as the worker's store reads them."""
    state = worker.process_state()
    train = state.loop.run(state.slice_workers[CPU]._store.load(sid)).train
    return train.params.tobytes(), train.epoch


def trained(seed: int, epochs: int) -> bytes:
    start = initial_state(seed, X, POINTS.y)
    budget = Budget(epochs)
    return train_slice(start, X, POINTS.y, AdamOptions(), budget).state.params.tobytes()


def test_a_message_trains_one_slice_and_sends_the_next(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "settings", replace(worker.settings, slice_ms=0.001))
    sid, version = begun(worker.settings.redis_url, 1)
    worker.train.run(sid, version, 0.0)
    params, epoch = params_of(sid)
    assert 0 < epoch < 30
    assert params == trained(1, epoch)
    [message] = client.lrange(QUEUE_PREFIX + CPU, 0, -1)
    headers = json.loads(message)["headers"]
    assert headers["task"] == app.TRAIN_TASK
    assert headers["argsrepr"].startswith(f"('{sid}', {version + 1}, ")


def test_a_batch_of_messages_trains_all_of_its_sessions(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "settings", replace(worker.settings, slice_ms=1e6))
    begun_ = [begun(worker.settings.redis_url, seed) for seed in (1, 2)]
    malformed = ("too", "few")
    args: list[tuple[Any, ...]] = [(*each, 0.0) for each in begun_]
    requests = [
        SimpleRequest(str(k), app.BATCH_TASK, each, {}, {}, "", True, None, None, None)
        for k, each in enumerate([args[0], malformed, args[1]])
    ]
    worker.train_batch.run(requests)
    assert [params_of(sid) for sid, _ in begun_] == [(trained(seed, 30), 30) for seed in (1, 2)]
    assert client.llen(QUEUE_PREFIX + GPU) == 0  # both runs have ended


def test_an_answer_is_published_on_the_callers_channel(client: redis.Redis) -> None:
    with client.pubsub() as listener:
        listener.subscribe("answers")
        listener.get_message(timeout=5)  # of the subscription
        worker.call.run("answers", "7", calls.request(jobs.add, (2, 3)))
        message = listener.get_message(timeout=5)
    number, answer = message["data"].split(b" ", 1)
    assert (number, calls.result(answer)) == (b"7", 5)


def test_a_lost_redis_does_not_end_a_call_or_a_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(worker, "process_state", lambda: SimpleNamespace(redis=refused))
    monkeypatch.setattr(worker, "blocking_client", lambda: refused)
    worker.call.run("answers", "7", calls.request(jobs.add, (2, 3)))
    worker.remove_heartbeat()


class Ended(Exception):
    """Ends the endless loop of heartbeats."""


def test_a_process_is_listed_from_its_first_heartbeat_to_its_shutdown(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        assert seconds == heartbeat.INTERVAL_S
        raise Ended

    monkeypatch.setattr(worker.time, "sleep", sleep)
    found = worker.engines.engines()
    with pytest.raises(Ended):
        worker.send_heartbeats(found)
    assert client.zrange(heartbeat.WORKERS, 0, -1) == [NAME.encode()]
    assert wire.loads(client.hget(heartbeat.ENGINES, NAME)) == found
    worker.remove_heartbeat()
    assert client.exists(heartbeat.WORKERS, heartbeat.ENGINES) == 0


def test_a_new_process_loads_the_engines_and_sends_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(worker, "settings", Settings(data_dir=Path("there")))
    monkeypatch.setattr(worker, "load_engines", lambda *args: done.append(args))
    monkeypatch.setattr(worker, "send_heartbeats", done.append)

    class Thread:
        def __init__(self, target: Any, args: Any, **_: Any) -> None:
            self.start = lambda: target(*args)

    monkeypatch.setattr(worker, "Thread", Thread)
    worker.prepare()
    assert done == [(Path("there/numba"), "info", "text"), worker.engines.engines()]


@pytest.mark.parametrize(("queues", "prefetched"), [(None, 1), ("cpu", 1), ("calls,gpu", 64)])
def test_only_a_gpu_worker_prefetches_a_batch(
    queues: str | None, prefetched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "settings", Settings(redis_url="redis://there"))
    conf = SimpleNamespace(worker_prefetch_multiplier=1)
    worker.check(conf=conf, options={"queues": queues})
    assert conf.worker_prefetch_multiplier == prefetched


def test_a_worker_without_redis_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "settings", Settings())
    with pytest.raises(SystemExit) as ended:
        worker.check(conf=None, options={})
    assert ended.value.code == 2
    assert "PWLAPP_REDIS_URL is not set" in capsys.readouterr().err


def test_a_lost_connection_is_one_line_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_last_message", [""])
    try:
        raise OSError("gone")
    except OSError as error:
        info = (OSError, error, None)

    def logged(text: str) -> tuple[bool, str, Any]:
        record = logging.LogRecord("c", logging.ERROR, "", 0, text + "\nin %s", ("Redis",), info)
        return worker.without_traceback(record), record.getMessage(), record.exc_info

    assert logged("lost") == (True, "lost", None)
    assert logged("lost") == (False, "lost", None)  # repeated
    assert logged("again") == (True, "again", None)
