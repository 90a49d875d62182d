"""The slice worker: each slice counts once, with duplicate, late and lost messages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pwlapp.compute import slices
from pwlapp.compute.celery import slice_worker
from pwlapp.compute.celery.slice_worker import MAX_BEGUN, SliceMessage, SliceWorker
from pwlapp.core.data.points import Points
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, SliceResult, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import Data
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import RedisLink

X = np.linspace(-1, 1, 64, dtype=np.float32)
POINTS = Points(X, abs(X), (X > 0.3).astype(np.float32), "settings")
EPOCHS = 300


class Worker:
    """A slice worker, and the messages that it has sent."""

    def __init__(self, store: RedisStore, slice_ms: float = 0.001) -> None:
        self.sent: list[SliceMessage] = []
        self.advancer = SliceWorker(store, self._send, slice_ms)

    def _send(self, sid: str, state: SessionState) -> None:
        self.sent.append(SliceMessage(sid, state.version, 0.0))

    async def work(self, orders: Sequence[SliceMessage]) -> None:
        """Process these messages and those that follow from them, until there are none."""
        waiting = list(orders)
        while waiting:
            await self.advancer.advance([waiting.pop(0)])
            waiting += self.sent
            self.sent.clear()


@pytest.fixture
async def store(link: RedisLink) -> RedisStore:
    store = RedisStore(link)
    await store.share_data(Data(POINTS, None))
    return store


@pytest.fixture
async def order(store: RedisStore) -> SliceMessage:
    """The first message of a run that has just begun."""
    return await begun(store)


async def begun(store: RedisStore, seed: int = 1, engine: str = "torch@cpu") -> SliceMessage:
    train = initial_state(seed, X, POINTS.y)
    state, frames = transitions.new_session(seed, AdamOptions(), engine, train, POINTS, None)
    sid = await store.create(state, frames)
    moved = transitions.start_run(state, EPOCHS, AdamOptions(), engine)
    assert moved is not None
    await store.save(sid, 1, *moved)
    return SliceMessage(sid, moved[0].version, 0.0)


def uninterrupted(seed: int = 1) -> TrainState:
    start = initial_state(seed, X, POINTS.y)
    return train_slice(start, X, POINTS.y, AdamOptions(), Budget(EPOCHS)).state


async def assert_ended_as_if_alone(store: RedisStore, sid: str, seed: int = 1) -> None:
    state, frames = await store.read_since(sid, 0)
    expected = uninterrupted(seed)
    assert (state.run, state.train.epoch) == (None, EPOCHS)
    assert state.train.params.tobytes() == expected.params.tobytes()
    assert state.train.v.tobytes() == expected.v.tobytes()
    epochs = [frame.epoch for frame in frames]
    assert epochs == sorted(set(epochs))
    assert [frame.mark for frame in frames if frame.mark] == ["start", "end"]


async def test_a_run_is_a_chain_of_messages(store: RedisStore, order: SliceMessage) -> None:
    worker = Worker(store)
    await worker.advancer.advance([order])
    assert worker.sent == [SliceMessage(order.sid, order.version + 1, 0.0)]
    await worker.work(worker.sent)
    await assert_ended_as_if_alone(store, order.sid)


async def test_a_duplicate_message_changes_nothing(store: RedisStore, order: SliceMessage) -> None:
    worker = Worker(store)
    await worker.work([order, order, order])
    await assert_ended_as_if_alone(store, order.sid)
    counted = await store._link.client.hgetall("pwl:stats")
    assert (counted[b"epochs"], counted[b"runs_done"]) == (b"300", b"1")
    await worker.advancer.advance([order])  # very late
    assert worker.sent == []


async def test_two_workers_on_one_message_at_once(store: RedisStore, order: SliceMessage) -> None:
    """Both have read the session before either saves it."""
    first, second = Worker(store), Worker(store)
    jobs = [await worker.advancer._begin(order) for worker in (first, second)]
    for worker, job in zip((first, second), jobs, strict=True):
        assert job is not None
        [result] = slice_worker.train([job], 0.001)
        assert isinstance(result, SliceResult)
        await worker.advancer._finish(job, result)
    assert [len(worker.sent) for worker in (first, second)] == [1, 0]
    await first.work(first.sent)
    await assert_ended_as_if_alone(store, order.sid)


async def test_a_worker_that_dies_before_it_saves_has_done_nothing(
    store: RedisStore, order: SliceMessage
) -> None:
    worker = Worker(store)
    for _ in range(3):
        job = await worker.advancer._begin(order)
        assert job is not None
        slice_worker.train([job], 0.001)  # and the process is killed here
    await worker.work([order])
    await assert_ended_as_if_alone(store, order.sid)


async def test_a_change_during_a_slice_wins(store: RedisStore, order: SliceMessage) -> None:
    worker = Worker(store)
    job = await worker.advancer._begin(order)
    assert job is not None
    paused = transitions.pause(job.state)
    assert paused is not None
    await store.save(order.sid, order.version, *paused)
    [result] = slice_worker.train([job], 0.001)
    assert isinstance(result, SliceResult)
    await worker.advancer._finish(job, result)
    assert worker.sent == []
    state = await store.load(order.sid)
    assert (state.version, state.train.epoch) == (order.version + 1, 0)
    await worker.advancer.advance([SliceMessage(order.sid, state.version, 0.0)])  # it is paused
    assert (await store.load(order.sid)).version == state.version


async def test_a_slice_that_kills_its_workers_pauses_the_run(
    store: RedisStore, order: SliceMessage, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(store)
    store.apart_s = -1.0  # each is a death, however soon it came after the last
    for _ in range(MAX_BEGUN):
        assert await worker.advancer._begin(order) is not None
    with caplog.at_level(logging.WARNING):
        await worker.work([order])
    state = await store.load(order.sid)
    assert state.run is not None
    assert state.run.status == "paused"
    assert state.notice is not None
    assert state.notice.code == "worker_lost"
    assert order.sid not in caplog.text  # an id is a secret
    moved = transitions.resume(state, state.optimizer, state.engine)  # a student presses again
    assert moved is not None
    await store.save(order.sid, state.version, *moved)
    await worker.work([SliceMessage(order.sid, moved[0].version, 0.0)])
    await assert_ended_as_if_alone(store, order.sid)


async def test_an_engine_that_fails_pauses_the_run(
    store: RedisStore, order: SliceMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_args: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(slices, "train_slice", give_up)
    await Worker(store).work([order])
    state = await store.load(order.sid)
    assert state.notice is not None
    assert (state.notice.code, state.notice.args) == ("training_failed", {"engine": "torch@cpu"})
    assert not state.is_running


async def test_a_missing_engine_is_reported(store: RedisStore) -> None:
    order = await begun(store, engine="torch@cuda:99")
    await Worker(store).work([order])
    state = await store.load(order.sid)
    assert state.notice is not None
    assert state.notice.code == "bad_engine"


async def test_a_message_for_an_unknown_session_is_dropped(
    store: RedisStore, link: RedisLink
) -> None:
    worker = Worker(store)
    await worker.work([SliceMessage("A" * 22, 1, 0.0), SliceMessage("", -1, 0.0)])
    order = await begun(store)
    await link.client.delete(*[key async for key in link.client.scan_iter("pwl:own:*")])
    await worker.work([order])  # its data is gone
    assert (await store.load(order.sid)).is_running


async def test_similar_nets_are_trained_together(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []

    def train_together(
        states: Sequence[TrainState],
        x: Any,
        y: Any,
        options: Any,
        budgets: Any,
        _engine: str,
        testing: Any,
    ) -> list[SliceResult]:
        together.append(len(states))
        return [
            slices.train(state, x, y, options, budget, "torch@cpu", testing)
            for state, budget in zip(states, budgets, strict=True)
        ]

    def train_one(*args: Any) -> SliceResult:
        *given, _engine, testing = args
        return train(*given, "torch@cpu", testing)

    train = slices.train
    monkeypatch.setattr(slices, "can_train_together", lambda engine, *_: engine == "fused@cuda:0")
    monkeypatch.setattr(slices, "train_together", train_together)
    orders = [await begun(store, seed, "fused@cuda:0") for seed in (1, 2, 3)]
    orders += [await begun(store, 4)]
    worker = Worker(store)
    await worker.advancer.advance(orders)
    assert together == [3]
    assert len(worker.sent) == 4
    together.clear()
    paused = transitions.pause(await store.load(orders[0].sid))
    assert paused is not None
    await store.save(orders[0].sid, orders[0].version + 1, *paused)
    await worker.advancer.advance(list(worker.sent))
    assert together == [2]
    monkeypatch.setattr(slices, "train", train_one)
    await worker.work(list(worker.sent))
    for seed, order in enumerate(orders[1:3], start=2):
        await assert_ended_as_if_alone(store, order.sid, seed)


def test_jobs_that_differ_are_not_batched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of one batch share the engine, the net, the optimizer and the data."""
    monkeypatch.setattr(slices, "can_train_together", lambda *_: True)
    train = initial_state(1, X, POINTS.y)
    state, _ = transitions.new_session(1, AdamOptions(), "fused@cuda:0", train, POINTS, None)
    wide = replace(train, net=replace(train.net, bias1=True))
    others = [
        state,
        replace(state, optimizer=AdamOptions(0.5)),
        replace(state, engine="fused@cuda:1"),
        replace(state, data_key="1" * 16),
        replace(state, train=wide),
    ]
    jobs = [
        slice_worker.Job(SliceMessage("A" * 22, i, 0.0), one, POINTS, EPOCHS)
        for i, one in enumerate(others)
    ]
    assert len({slice_worker._group_key(job) for job in jobs}) == 5
    assert slice_worker._group_key(jobs[0]) == slice_worker._group_key(
        slice_worker.Job(SliceMessage("B" * 22, 9, 0.0), replace(state, seed=2), POINTS, EPOCHS)
    )


async def test_an_error_of_a_run_that_was_paused_saves_nothing(
    store: RedisStore, order: SliceMessage
) -> None:
    state = await store.load(order.sid)
    paused, _ = transitions.pause(state) or pytest.fail("no move")
    job = slice_worker.Job(order, paused, POINTS, EPOCHS)
    await Worker(store).advancer._halt(job, UserError("training_failed", engine="torch@cpu"))
    after = await store.load(order.sid)
    assert (after.version, after.run, after.notice) == (state.version, state.run, None)
