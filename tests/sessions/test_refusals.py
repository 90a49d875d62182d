"""Errors of the service: invalid values, too many requests, unknown sessions."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from pwlapp.core.optimizers import AdamOptions
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.settings import Settings
from tests.support.sessions import (
    ThreadRunner,
    finished,
    make_service,
    until,
)
from tests.support.training import ADAM, assert_at, first_state, trained

UNKNOWN = "A" * 22


ODD_VALUES = [
    None,
    "",
    "5000",
    "x" * 10_000,
    b"1",
    True,
    False,
    math.nan,
    math.inf,
    -math.inf,
    -1,
    10**400,
    -(10**400),
    1e308,
    [],
    [1],
    {},
    {"a": 1},
    object(),
]


async def test_too_many_computations_of_a_session_are_refused(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    steps = [asyncio.create_task(service.step(sid, ADAM)) for _ in range(8)]
    await until(lambda: runner.held == 8)
    with pytest.raises(UserError, match="busy"):
        await service.step(sid, ADAM)
    with pytest.raises(UserError, match="busy"):
        await service.reset(sid, 2)
    runner.gate.set()
    await asyncio.gather(*steps)
    assert_at(await service.get_snapshot(sid), trained(service, first_state(service), 8))


async def test_a_full_server_refuses_more_runs(settings: Settings) -> None:
    service = make_service(replace(settings, max_running=2), ThreadRunner())
    await service.start()
    sids = [(await service.open())[0] for _ in range(3)]
    for sid in sids[:2]:
        await service.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="server_full") as refused:
        await service.start_run(sids[2], 10, ADAM, "torch@cpu")
    assert refused.value.args_ == {"max": 2}
    await service.pause(sids[0])
    await service.start_run(sids[2], 10, ADAM, "torch@cpu")
    await finished(service, sids[2])
    await service.start_run(sids[2], 1_000_000, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="server_full"):
        await service.resume(sids[0])
    await service.close()


async def test_a_second_run_of_a_session_is_refused(
    service: SessionService, runner: ThreadRunner
) -> None:
    sid, _ = await service.open()
    runner.gate.clear()
    await service.start_run(sid, 10, ADAM, "torch@cpu")
    with pytest.raises(UserError, match="already_running"):
        await service.start_run(sid, 10, ADAM, "torch@cpu")
    runner.gate.set()
    assert (await finished(service, sid))["epoch"] == 10


@pytest.mark.parametrize("sid", [UNKNOWN, *ODD_VALUES])
async def test_commands_to_unknown_sessions_are_refused(service: SessionService, sid: Any) -> None:
    for command in (
        service.get_snapshot(sid),
        service.start_run(sid, 5, ADAM, "torch@cpu"),
        service.pause(sid),
        service.resume(sid),
        service.step(sid, ADAM),
        service.reset(sid, 1),
        service.set_params(sid, [1, 1, 1, 1, 1]),
        service.read(sid),
    ):
        with pytest.raises(UserError, match="session_unknown"):
            await command


@pytest.mark.parametrize("name", ["torch@cuda:99", "AUTO", ""])
async def test_an_unavailable_engine_is_refused(service: SessionService, name: str) -> None:
    sid, before = await service.open()
    for command in (
        service.start_run(sid, 5, ADAM, name),
        service.step(sid, ADAM, name),
        service.resume(sid, ADAM, name),
    ):
        with pytest.raises(UserError) as refused:
            await command
        assert (refused.value.code, refused.value.args_) == ("bad_engine", {"name": name})
    assert await service.get_snapshot(sid) == before


@pytest.mark.parametrize("values", [[1.0] * 4, [1.0] * 6])
async def test_weights_of_another_net_are_refused(
    service: SessionService, values: list[float]
) -> None:
    sid, before = await service.open()
    with pytest.raises(UserError, match="bad_params"):
        await service.set_params(sid, values)
    assert await service.get_snapshot(sid) == before


async def test_the_limits_are_inclusive(service: SessionService, runner: ThreadRunner) -> None:
    sid, _ = await service.open(None, 2**32 - 1, AdamOptions(1000))
    await service.reset(sid, 0)
    await service.set_params(sid, [1e6, -1e6, 1e6, -1e6, 1_000_000])
    runner.gate.clear()
    snapshot = await service.start_run(sid, 1_000_000, AdamOptions(1e-300), "torch@cpu")
    assert snapshot["target_epoch"] == 1_000_000
    await service.pause(sid)
    runner.gate.set()
