"""The sender, the runner and the sweeper when Redis or the workers do not answer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pwlapp.compute.celery import app
from pwlapp.compute.celery import runner as celery_runner
from pwlapp.compute.celery.app import CALL_TASK, CALLS, CPU, AsyncSender, Sender
from pwlapp.compute.celery.runner import CeleryRunner
from pwlapp.compute.celery.scheduler import LOST_AFTER_S, QueueScheduler
from pwlapp.compute.pool import MAX_RETRIES
from pwlapp.core.training import initial_state
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost
from pwlapp.sessions.state import Run, SessionState, UnknownSession
from pwlapp.sessions.stores.protocol import StorageFailed
from tests.support.sessions import ThreadRunner, make_state


def test_a_sender_opens_a_new_connection_after_a_failure() -> None:
    opened: list[int] = []
    released: list[int] = []
    sent: list[Any] = []

    def open_() -> int:
        opened.append(len(opened))
        return opened[-1]

    def producer(number: int) -> Any:
        return SimpleNamespace(
            number=number,
            connection=SimpleNamespace(release=lambda: released.append(number)),
        )

    def send_task(task: str, args: Any, *, queue: str, producer: Any) -> None:
        if producer.number == 0:
            raise OSError("lost")
        sent.append((task, args, queue))

    fake = SimpleNamespace(
        amqp=SimpleNamespace(Producer=producer), connection_for_write=open_, send_task=send_task
    )
    sender = Sender(cast(Any, fake))
    with pytest.raises(UserError, match="storage_failed"):
        sender.send("task", (1,), CPU)
    assert released == [0]
    sender.send("task", (2,), CPU)
    sender.send("task", (3,), CPU)
    assert (opened, sent) == ([0, 1], [("task", (2,), CPU), ("task", (3,), CPU)])


async def test_a_message_that_is_not_sent_in_time_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "SEND_TIMEOUT_S", 0.01)
    gate = threading.Event()
    closed: list[bool] = []
    slow = SimpleNamespace(send=lambda *_: gate.wait(), close=lambda: closed.append(True))
    sender = AsyncSender(cast(Any, slow))
    with pytest.raises(UserError, match="storage_failed"):
        await sender.send("task", (), CPU)
    gate.set()
    await sender.close()
    assert closed == [True]


class NoRedis:
    """A link to a Redis that does not answer."""

    @contextlib.asynccontextmanager
    async def guarded(self) -> AsyncIterator[Any]:
        raise StorageFailed()
        yield


class Silent:
    """A sender whose messages are never answered."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.is_closed = False

    async def send(self, *message: Any) -> None:
        self.sent.append(message)

    async def send_slice(self, *message: Any) -> None:
        self.sent.append(message)

    async def close(self) -> None:
        self.is_closed = True


async def test_without_redis_there_are_no_workers_and_no_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(celery_runner, "RETRY_S", 0.001)
    sender = Silent()
    runner = CeleryRunner(cast(Any, NoRedis()), cast(Any, sender))
    assert (await runner.workers(), await runner.waiting()) == (0, 0)
    with pytest.raises(UserError, match="storage_failed"):
        await runner.call(initial_state, 1, cast(Any, None), cast(Any, None))
    await runner.close()
    assert (sender.sent, sender.is_closed) == ([], True)


async def test_a_call_without_an_answer_is_sent_again_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def workers() -> list[str]:
        return ["alive"]

    monkeypatch.setattr(celery_runner, "RETRY_S", 0.001)
    sender = Silent()
    runner = CeleryRunner(cast(Any, NoRedis()), cast(Any, sender))
    monkeypatch.setattr(runner._heartbeats, "workers", workers)
    runner._subscribed.set()
    with pytest.raises(WorkerLost):
        await runner.call(initial_state, 1, cast(Any, None), cast(Any, None))
    assert len(sender.sent) == 1 + MAX_RETRIES
    assert len(set(sender.sent)) == 1  # under the same number, so a late answer counts
    assert (sender.sent[0][0], sender.sent[0][2]) == (CALL_TASK, CALLS)
    await runner.close()
    with pytest.raises(WorkerLost):
        await runner.call(initial_state, 1, cast(Any, None), cast(Any, None))


async def test_the_sweeper_sends_only_the_messages_of_running_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    removed: list[str] = []
    asked: list[float] = []
    running = make_state(run=Run(0, 100, "running"))
    states = {"running": running, "paused": replace(running, run=Run(0, 100, "paused"))}

    class Store:
        async def claim_idle(self, lost_after_s: float, _limit: int) -> list[str]:
            asked.append(lost_after_s)
            return ["expired", "paused", "running"]

        async def load(self, sid: str) -> SessionState:
            if sid not in states:
                raise UnknownSession()
            return states[sid]

        async def remove_running(self, sid: str) -> None:
            removed.append(sid)

    async def queue(_state: SessionState) -> str:
        return CPU

    sender, workers = Silent(), ThreadRunner()
    workers.held = 50  # slices wait in the queue
    scheduler = QueueScheduler(
        cast(Any, None), cast(Any, Store()), workers, cast(Any, sender), slice_ms=20.0
    )
    monkeypatch.setattr(scheduler, "_queue", queue)
    await scheduler._sweep_once()
    assert (removed, sender.sent) == (["expired"], [("running", running, CPU)])
    assert asked == [LOST_AFTER_S + 50 * 0.02]


async def test_answers_that_nobody_waits_for_are_dropped() -> None:
    """Late ones, and the second answer to a call that was sent twice."""
    runner = CeleryRunner(cast(Any, NoRedis()), cast(Any, Silent()))
    answer = runner._waiting["7"] = asyncio.get_running_loop().create_future()
    for message in (b"8 late", b"7 first", b"7 second"):
        runner._deliver("", message)
    await runner.close()
    assert answer.result() == b"first"
