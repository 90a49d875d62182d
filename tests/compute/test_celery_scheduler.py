"""Runs that Celery workers train: in turn, and again where their messages get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from pwlapp.compute.celery import app
from pwlapp.compute.celery.app import CPU, GPU, TRAIN_TASK, AsyncSender, Sender
from pwlapp.compute.celery.runner import CeleryRunner
from pwlapp.compute.celery.scheduler import QueueScheduler
from pwlapp.core.data.points import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from pwlapp.errors import UserError
from pwlapp.services import build_service
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers
from pwlapp.sessions.stores.redis_connection import RedisLink
from pwlapp.settings import Settings
from pwlapp.tasks import stop
from tests.support import jobs
from tests.support.cluster import Cluster
from tests.support.sessions import ThreadRunner, finished, has_moved, make_state, until

ADAM = AdamOptions()


@pytest.fixture
async def service(workers: Cluster, settings: Settings) -> AsyncIterator[SessionService]:
    service = build_service(replace(settings, redis_url=workers.redis_url))
    await service.start()
    await service.loaded()
    yield service
    await service.close()


@pytest.fixture
async def busy_link(workers: Cluster) -> AsyncIterator[RedisLink]:
    """A link to the Redis of the workers."""
    link = RedisLink(workers.redis_url)
    yield link
    await link.close()


async def assert_ended_as_if_alone(service: SessionService, sid: str, epochs: int) -> None:
    snapshot = await finished(service, sid)
    points = service.points
    start = initial_state(1, points.x, points.y)
    expected = train_slice(start, points.x, points.y, ADAM, Budget(epochs)).state
    assert (snapshot["epoch"], snapshot["notice"]) == (epochs, None)
    assert snapshot["params"] == json_numbers(expected.params)


async def test_long_runs_and_short_ones_take_turns(
    service: SessionService, busy_link: RedisLink
) -> None:
    turns: list[str] = []
    gaps: list[bool] = []
    following = asyncio.create_task(
        busy_link.follow(
            ["pwl:changed"],
            lambda _channel, sid: turns.append(sid.decode()),
            lambda: gaps.append(True),
        )
    )
    await until(lambda: gaps)
    long, _ = await service.open()
    await service.start_run(long, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, long))
    short = [(await service.open())[0] for _ in range(3)]
    since = len(turns)
    for sid in short:
        await service.start_run(sid, 1500, ADAM, "torch@cpu")
    await asyncio.gather(*(finished(service, sid) for sid in short))
    taken = turns[since:]
    until_first_end = taken[: min(len(taken) - taken[::-1].index(sid) for sid in short)]
    counts = [until_first_end.count(sid) for sid in (long, *short)]
    assert min(counts) > 3
    # Two workers, either of which a busy machine may hold up; each session's start counts as well.
    assert max(counts) <= 1.1 * min(counts) + 4
    await service.pause(long)
    for sid in short:
        await assert_ended_as_if_alone(service, sid, 1500)
    await stop([following])


async def test_a_lost_message_is_sent_again(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    send_slice = AsyncSender.send_slice

    async def lose_the_first(sender: AsyncSender, sid: str, *args: Any) -> None:
        if lost:
            await send_slice(sender, sid, *args)
        lost.append(sid)

    monkeypatch.setattr(AsyncSender, "send_slice", lose_the_first)
    sid, _ = await service.open()
    await service.start_run(sid, 1000, ADAM, "torch@cpu")
    await until(lambda: lost == [sid])
    await assert_ended_as_if_alone(service, sid, 1000)
    assert lost == [sid, sid]


async def test_messages_too_many_and_too_late_change_nothing(
    service: SessionService, workers: Cluster
) -> None:
    sender = Sender(app.make_app(workers.redis_url))
    sid, snapshot = await service.open()
    started = await service.start_run(sid, 2000, ADAM, "torch@cpu")
    for version in range(snapshot["version"], started["version"] + 20):
        for _ in range(3):
            sender.send(TRAIN_TASK, (sid, version, 0.0), CPU)
    await assert_ended_as_if_alone(service, sid, 2000)
    _, rows = await service.read(sid)
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    sender.close()


async def test_an_edit_in_mid_run_is_trained_on_at_once(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 3000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))
    await service.set_params(sid, [1, 1, 1, 1, 1])
    done = await finished(service, sid)
    assert done["epoch"] == 3000
    _, rows = await service.read(sid)
    assert [row[3] for row in rows if row[3]] == ["start", "edit", "end"]


async def test_without_workers_a_call_says_so(
    redis_server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwlapp.compute.celery.runner.RETRY_S", 0.2)
    link = RedisLink(redis_server.redis_url)
    await link.client.flushall()
    runner = CeleryRunner(link, AsyncSender(Sender(app.make_app(redis_server.redis_url))))
    runner.start()
    with pytest.raises(UserError, match="no_workers"):
        await runner.call(jobs.nothing)
    with pytest.raises(UserError, match="no_workers"):
        await runner.engines()
    assert await runner.workers() == 0
    assert await runner.waiting() == 0  # nothing piles up for the first that comes
    await runner.close()
    await link.close()


class Recorded:
    """A sender that only remembers."""

    def __init__(self) -> None:
        self.queues: list[str] = []

    async def send_slice(self, _sid: str, _state: Any, queue: str) -> None:
        self.queues.append(queue)


@pytest.mark.parametrize(
    ("engine", "net", "kinds", "queue"),
    [
        ("auto", Architecture(), ("cpu", "cuda"), CPU),
        ("fused@cpu", Architecture(), ("cpu", "cuda"), CPU),
        ("fused@cuda:0", Architecture(), ("cpu", "cuda"), GPU),
        ("fused@cuda:0", Architecture(), ("cpu",), CPU),  # where it is told that there is none
        ("auto", Architecture(2048, activation="sigmoid"), ("cpu",), CPU),
    ],
)
async def test_a_gpus_nets_wait_in_its_queue(
    engine: str, net: Architecture, kinds: tuple[str, ...], queue: str
) -> None:
    class Engines(ThreadRunner):
        async def engines(self) -> list[EngineInfo]:
            return [EngineInfo(kind, "fused", kind, "") for kind in kinds]

    sessions, sender, no_store = (
        SessionRepository(cast(Any, None), print),
        Recorded(),
        cast(Any, None),
    )
    x = np.zeros(2000, dtype=np.float32)
    points = Points(x, x, x, "lecture")
    sessions.use(points)
    state = make_state(engine=engine, data_key=points.key)
    state = replace(state, train=replace(state.train, net=net))
    scheduler = QueueScheduler(sessions, no_store, Engines(), cast(AsyncSender, sender), 20.0)
    scheduler.schedule("A" * 22, state)
    await scheduler.close()
    assert sender.queues == [queue]
