"""The background tasks: loading, changes by other servers, and failures."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.core.engines import EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions import maintenance
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.maintenance import Maintenance
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.stores.protocol import Data, Store
from pwlapp.settings import Settings
from tests.support.sessions import until

CPU = EngineInfo("torch@cpu", "torch", "cpu", "")
GPU = EngineInfo("torch@cuda:0", "torch", "cuda", "")


def data(slope: float, origin: Any = "settings", problem: UserError | None = None) -> Data:
    x = np.linspace(-1, 1, 11, dtype=np.float32)
    return Data(Points(x, None, np.float32(slope) * x, origin, label=f"slope {slope}"), problem)


class StubRunner:
    """Has one engine, and reads data of slope 1."""

    def __init__(self) -> None:
        self.found = [CPU]
        self.failures: list[Exception] = []
        self.calls = 0

    async def engines(self) -> list[EngineInfo]:
        if self.failures:
            raise self.failures.pop(0)
        return self.found

    async def call(self, _function: Any, *_args: Any) -> tuple[Points, UserError | None]:
        self.calls += 1
        return data(1).points, None


class StubStore:
    """A store in memory with the data that servers share."""

    def __init__(self) -> None:
        self.agreed: Data | None = None
        self.offered: list[Data] = []
        self.expired: list[float] = []
        self.fails = False
        self.on_data: Callable[[], None] = lambda: None

    async def shared_data(self) -> Data | None:
        if self.fails:
            raise UserError("storage_failed")
        return self.agreed

    async def share_data(self, offered: Data) -> Data:
        self.offered.append(offered)
        self.agreed = self.agreed or offered
        return self.agreed

    async def listen(self, _on_change: Any, on_data: Callable[[], None], _on_loss: Any) -> None:
        self.on_data = on_data

    async def expire(self, older_than_s: float) -> int:
        self.expired.append(older_than_s)
        if self.fails:
            raise UserError("storage_failed")
        return 3


class Server:
    """Maintenance on stubs."""

    def __init__(self, **changes: Any) -> None:
        self.store = StubStore()
        self.runner = StubRunner()
        self.sessions = SessionRepository(cast(Store, self.store), print)
        settings = replace(Settings(engine="torch@cpu", session_days=2.0), **changes)
        self.maintenance = Maintenance(
            cast(Store, self.store),
            cast(Runner, self.runner),
            self.sessions,
            SessionEvents(),
            settings,
        )
        self.has_started = False

    async def start(self) -> None:
        async def then() -> None:
            self.has_started = True
            raise UserError("storage_failed")  # must not make the loading fail

        self.maintenance.start(then)
        await self.maintenance.loaded()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(maintenance, "RETRY_S", 0.001)
    server = Server()
    yield server
    await server.maintenance.close()


async def test_data_and_engines_are_loaded_then_the_runs_continue(server: Server) -> None:
    assert not server.maintenance.is_loaded
    with pytest.raises(RuntimeError, match="not started"):
        await server.maintenance.loaded()
    await server.start()
    await until(lambda: server.has_started)
    assert server.maintenance.is_loaded
    assert server.maintenance.engines == (CPU,)
    assert server.maintenance.default_engine == "torch@cpu"
    assert server.sessions.points.key == data(1).points.key


async def test_missing_data_and_workers_are_waited_for_and_logged_once(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    no_workers = [UserError("no_workers") for _ in range(3)]
    server.runner.failures = [*no_workers, OSError("disk"), RuntimeError("disk")]
    await server.start()
    assert server.runner.failures == []
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2
    assert warnings[0].startswith("not ready yet: no worker; start one: celery")
    assert warnings[1] == "not ready yet: disk"


async def test_a_server_that_is_not_ready_raises_not_ready(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "LOAD_TIMEOUT_S", 0.01)
    server.store.fails = True
    with pytest.raises(UserError, match="not_ready"):
        await server.start()


async def test_an_unavailable_default_engine_is_replaced_by_auto(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(engine="torch@cuda:7")
    await server.start()
    assert server.maintenance.default_engine == "auto"
    assert "engine torch@cuda:7 is not available" in caplog.text
    await server.maintenance.close()


@pytest.mark.parametrize(
    ("agreed", "calls"),
    [
        (data(2), 0),
        (data(2, problem=UserError("data_empty")), 1),  # a sound file may be there by now
    ],
)
async def test_the_data_of_other_servers_is_used(server: Server, agreed: Data, calls: int) -> None:
    server.store.agreed = agreed
    await server.start()
    assert server.runner.calls == calls
    assert server.sessions.points.key == agreed.points.key
    assert server.maintenance.problem is agreed.problem


async def test_data_that_other_servers_share_later_is_used(server: Server) -> None:
    await server.start()
    for agreed in (data(2), data(3)):
        server.store.agreed = agreed
        server.store.on_data()
        await until(lambda key=agreed.points.key: server.sessions.points.key == key)
    server.store.agreed = None  # the store has lost it
    server.store.on_data()
    await until(lambda: server.store.agreed)
    assert server.store.offered[-1].points.key == data(3).points.key


async def test_a_store_that_fails_is_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "POLL_S", 0.001)
    await server.start()
    server.store.fails = True
    server.runner.failures = [UserError("storage_failed") for _ in range(5)]
    await until(lambda: not server.runner.failures)
    server.store.fails = False
    server.store.agreed = data(4)
    server.runner.found = [CPU, GPU]
    await until(lambda: server.sessions.points.key == data(4).points.key)
    await until(lambda: server.maintenance.engines == (CPU, GPU))


async def test_sessions_expire_repeatedly(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(maintenance, "EXPIRE_EVERY_S", 0.001)
    await server.start()
    await until(lambda: len(server.store.expired) > 1)
    server.store.fails = True
    count = len(server.store.expired)
    await until(lambda: len(server.store.expired) > count + 1)
    assert set(server.store.expired) == {2 * 86400.0}
    assert "3 sessions expired" in caplog.text


async def test_all_tasks_stop(server: Server) -> None:
    await server.start()
    await server.maintenance.close()
    assert all(task.done() for task in server.maintenance._tasks)
