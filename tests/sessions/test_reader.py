"""The reports of the service, and its cached computations."""

from __future__ import annotations

import asyncio

import pytest

from pwlapp.core.optimizers import AdamOptions
from pwlapp.errors import UserError
from pwlapp.report import Counts, Health
from pwlapp.sessions.reader import MAX_AT_ONCE
from pwlapp.sessions.service import SessionService
from pwlapp.settings import Settings
from tests.support.sessions import ThreadRunner, make_service, until


def double(value: int) -> int:
    return 2 * value


def divide(value: int) -> float:
    return 1 / value


async def test_health_and_counts(
    settings: Settings, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_service(settings, runner)
    assert await service.health() == Health(store=True, data=False, workers=1)
    await service.start()
    await service.loaded()
    sid, _ = await service.open()
    await service.open()
    assert await service.health() == Health(store=True, data=True, workers=1)
    assert await service.counts() == Counts(sessions=2, running=0, waiting=0)
    runner.gate.clear()
    await service.start_run(sid, 10, AdamOptions(), "torch@cpu")
    await until(lambda: runner.held)
    assert await service.counts() == Counts(sessions=2, running=1, waiting=1)
    runner.gate.set()

    async def fails() -> None:
        raise UserError("storage_failed")

    with monkeypatch.context() as patch:
        patch.setattr(service._store, "ping", fails)
        assert await service.health() == Health(store=False, data=True, workers=1)
    await service.close()


async def test_totals_of_other_processes_are_reported(
    service: SessionService, runner: ThreadRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def totals() -> dict[str, float]:
        return {"epochs": 123.0}

    monkeypatch.setattr(runner, "totals", totals)
    counts = await service.counts()
    assert b"pwlapp_epochs_total 123.0" in service.metrics.exposition(counts)


async def test_a_result_is_computed_once_for_all_sessions(
    service: SessionService, runner: ThreadRunner
) -> None:
    runner.gate.clear()
    sids = [f"{i:022}" for i in range(20)]
    asking = [asyncio.create_task(service.cached(sid, "four", double, 2)) for sid in sids]
    await until(lambda: runner.held)
    runner.gate.set()
    assert await asyncio.gather(*asking) == [4] * 20
    assert await service.cached("A" * 22, "four", double, 3) == 4


async def test_a_failure_is_not_cached(service: SessionService) -> None:
    with pytest.raises(ZeroDivisionError):
        await service.cached("A" * 22, "none", divide, 0)
    assert await service.cached("A" * 22, "none", double, 2) == 4
    assert not service._computing


async def test_computations_of_one_session_are_limited(
    service: SessionService, runner: ThreadRunner
) -> None:
    runner.gate.clear()
    asking = [
        asyncio.create_task(service.cached("A" * 22, key, double, key))
        for key in range(MAX_AT_ONCE)
    ]
    await until(lambda: runner.held == MAX_AT_ONCE)
    with pytest.raises(UserError, match="busy"):
        await service.cached("A" * 22, "more", double, 1)
    other = asyncio.create_task(service.cached("B" * 22, "more", double, 1))
    runner.gate.set()
    assert await other == 2
    assert await asyncio.gather(*asking) == [2 * key for key in range(MAX_AT_ONCE)]
    assert not service._computing


async def test_an_initial_state_is_shared_and_cannot_be_changed(service: SessionService) -> None:
    net = (await service.state((await service.open())[0])).train.net
    state = await service.initial_state(3, net, service.points)
    assert await service.initial_state(3, net, service.points) is state
    for array in (state.params, state.m, state.v):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


async def test_points_are_found_by_their_key(service: SessionService) -> None:
    assert await service.find_points(service.points.key) is service.points
    assert await service.find_points("0" * 16) is None
