"""Runs that Celery workers train: they take turns, and a lost message is sent again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
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
from pwlapp.services import build_services
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers
from pwlapp.sessions.stores.redis_connection import RedisLink
from pwlapp.settings import Settings
from pwlapp.tasks import stop
from tests.support import jobs
from tests.support.cluster import Cluster
from tests.support.sessions import ThreadRunner, finished, has_moved, make_state, read_rows, until

ADAM = AdamOptions()


@pytest.fixture
async def service(workers: Cluster, settings: Settings) -> AsyncIterator[SessionService]:
    service = build_services(replace(settings, redis_url=workers.redis_url)).sessions
    await service.start()
    await service.loaded()
    yield service
    await service.close()


@pytest.fixture
async def saves(workers: Cluster) -> AsyncIterator[list[str]]:
    """Ids of the sessions that are saved, in their order, from the start of the test."""
    link, saved = RedisLink(workers.redis_url), list[str]()
    subscribed = asyncio.Event()
    following = asyncio.create_task(
        link.follow(
            ["pwl:changed"], lambda _channel, sid: saved.append(sid.decode()), subscribed.set
        )
    )
    await subscribed.wait()
    yield saved
    await stop([following])  # cancelled once only, it may not end: see `tasks.stop`
    await link.close()


@pytest.fixture
def single_worker(workers: Cluster) -> Iterator[str]:
    """Only one of the two workers, so that the slices come one after the other; its name."""
    workers.kill_worker(1)
    yield workers.workers[0]
    workers.start_worker(1)


@contextlib.contextmanager
def frozen(cluster: Cluster, name: str) -> Iterator[None]:
    cluster.signal(name, signal.SIGSTOP)
    try:
        yield
    finally:
        cluster.signal(name, signal.SIGCONT)


async def assert_ended_as_if_alone(service: SessionService, sid: str, epochs: int) -> None:
    snapshot = await finished(service, sid)
    points = service.points
    start = initial_state(1, points.x, points.y)
    expected = train_slice(start, points.x, points.y, ADAM, Budget(epochs)).state
    assert (snapshot["epoch"], snapshot["notice"]) == (epochs, None)
    assert snapshot["params"] == json_numbers(expected.params)


async def test_long_runs_and_short_ones_take_turns(
    workers: Cluster,
    single_worker: str,
    service: SessionService,
    saves: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each session's message goes to the end of the queue, so one worker serves all in turn."""
    long, _ = await service.open()
    await service.start_run(long, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, long))
    short = [(await service.open())[0] for _ in range(3)]
    sent: list[str] = []
    send_slice = AsyncSender.send_slice

    async def send_and_count(sender: AsyncSender, sid: str, *args: Any) -> None:
        await send_slice(sender, sid, *args)
        sent.append(sid)

    monkeypatch.setattr(AsyncSender, "send_slice", send_and_count)
    since = len(saves)
    # else the first may end before the last has begun
    with frozen(workers, single_worker):
        for sid in short:
            await service.start_run(sid, 800, ADAM, "torch@cpu")
            await until(lambda sid=sid: sid in sent)
    await asyncio.gather(*(finished(service, sid) for sid in short))
    await service.pause(long)
    turns = [sid for sid in saves[since:] if sid in {long, *short}]  # not those of earlier tests
    positions = [[i for i, saved in enumerate(turns) if saved == sid] for sid in short]
    begun = max(second for _start, second, *_ in positions)  # the first save is the run's start
    ended = min(last for *_, last in positions)
    together = turns[begun:ended]
    assert set(together[:4]) == {long, *short}
    assert len(together) > 12
    assert together == (together[:4] * len(together))[: len(together)]
    for sid in short:
        await assert_ended_as_if_alone(service, sid, 800)


async def test_a_lost_message_is_sent_again(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send_slice = AsyncSender.send_slice

    async def drop_the_first(sender: AsyncSender, sid: str, *args: Any) -> None:
        if sent:
            await send_slice(sender, sid, *args)
        sent.append(sid)

    monkeypatch.setattr(AsyncSender, "send_slice", drop_the_first)
    sid, _ = await service.open()
    await service.start_run(sid, 1000, ADAM, "torch@cpu")
    await until(lambda: sent)
    await assert_ended_as_if_alone(service, sid, 1000)
    # once by the scheduler, then by the sweeper: again each time a busy machine needs over 2 s
    assert len(sent) >= 2
    assert set(sent) == {sid}


async def test_duplicate_and_late_messages_change_nothing(
    service: SessionService, workers: Cluster
) -> None:
    sender = Sender(app.make_app(workers.redis_url))
    sid, snapshot = await service.open()
    started = await service.start_run(sid, 2000, ADAM, "torch@cpu")
    for version in range(snapshot["version"], started["version"] + 20):
        for _ in range(3):
            sender.send(TRAIN_TASK, (sid, version, 0.0), CPU)
    await assert_ended_as_if_alone(service, sid, 2000)
    _, rows = await read_rows(service, sid)
    epochs = [row[1] for row in rows]
    assert epochs == sorted(set(epochs))
    sender.close()


async def test_a_run_continues_from_weights_edited_during_it(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.start_run(sid, 3000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))
    await service.set_params(sid, [1, 1, 1, 1, 1])
    done = await finished(service, sid)
    assert done["epoch"] == 3000
    _, rows = await read_rows(service, sid)
    assert [row[3] for row in rows if row[3]] == ["start", "edit", "end"]


async def test_a_call_without_workers_is_refused(
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
    assert await runner.waiting() == 0  # no call waits until a worker starts
    await runner.close()
    await link.close()


class Recorded:
    """A sender that records the queues."""

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
        ("fused@cuda:0", Architecture(), ("cpu",), CPU),  # a CPU worker reports that there is none
        ("auto", Architecture(2048, activation="sigmoid"), ("cpu",), CPU),
    ],
)
async def test_nets_for_a_gpu_go_to_its_queue(
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
    sessions.set_points(points)
    state = make_state(engine=engine, data_key=points.key)
    state = replace(state, train=replace(state.train, net=net))
    scheduler = QueueScheduler(sessions, no_store, Engines(), cast(AsyncSender, sender), 20.0)
    scheduler.schedule("A" * 22, state)
    await scheduler.close()
    assert sender.queues == [queue]
