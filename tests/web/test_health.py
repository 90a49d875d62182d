from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from pwlapp.errors import UserError
from pwlapp.metrics import Metrics
from pwlapp.report import Counts, Health
from pwlapp.web import health

TOKEN = "0123456789abcdef"


class StubTrainer:
    """A trainer whose health is set by a test."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.state = Health(store=True, data=True, workers=2)
        self.hangs = False

    async def health(self) -> Health:
        await self._answer()
        return self.state

    async def counts(self) -> Counts:
        await self._answer()
        if not self.state.store:
            raise UserError("storage_failed")
        return Counts(sessions=30, running=4, waiting=5)

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()


@pytest.fixture
def service() -> StubTrainer:
    return StubTrainer()


@pytest.fixture
def client(service: StubTrainer, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(health, "ANSWER_S", 0.05)
    app = FastAPI()
    app.include_router(health.routes(service, TOKEN))
    return TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})


def samples(text: str) -> dict[str, float]:
    """The samples, without those of the process: value by name and labels, as written."""
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("pwlapp_") and not sample.name.endswith("_created")
    }


def test_live_despite_any_failure(client: TestClient, service: StubTrainer) -> None:
    service.hangs = True
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (Health(True, True, 1), 200),
        (Health(False, True, 1), 503),
        (Health(True, False, 1), 503),
        (Health(True, True, 0), 503),
    ],
)
def test_ready_if_store_data_and_workers_are_there(
    client: TestClient, service: StubTrainer, state: Health, status: int
) -> None:
    service.state = state
    answer = client.get("/readyz")
    assert answer.status_code == status
    assert answer.json() == state._asdict()
    assert answer.headers["cache-control"] == "no-store"


def test_a_store_that_hangs_counts_as_unavailable(client: TestClient, service: StubTrainer) -> None:
    service.hangs = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"store": False, "data": None, "workers": None}
    found = samples(client.get("/metrics").text)
    assert found["pwlapp_store_up"] == 0


@pytest.mark.parametrize(
    ("ours", "sent", "status"),
    [
        (TOKEN, f"Bearer {TOKEN}", 200),
        (TOKEN, f"bearer {TOKEN} ", 200),
        (TOKEN, f"Bearer {TOKEN}0", 401),
        (TOKEN, f"Bearer {TOKEN[:-1]}", 401),
        (TOKEN, f"Basic {TOKEN}", 401),
        (TOKEN, "Bearer 한글".encode(), 401),
        (TOKEN, "", 401),
        ("", f"Bearer {TOKEN}", 404),
        ("", "Bearer ", 404),
        ("", "", 404),
    ],
)
def test_metrics_need_the_token(
    service: StubTrainer, ours: str, sent: str | bytes, status: int
) -> None:
    app = FastAPI()
    app.include_router(health.routes(service, ours))
    answer = TestClient(app).get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == status
    assert ("pwlapp_" in answer.text) is (status == 200)
    assert answer.headers["cache-control"] == "no-store"


def test_commands_and_runs_are_counted(client: TestClient, service: StubTrainer) -> None:
    counted = service.metrics
    counted.run_began()
    counted.trained(epochs=100, seconds=0.5, waited=0.25)
    counted.trained(epochs=50, seconds=0.25, waited=0.0)
    counted.run_ended("done")
    counted.answered("train", 0.02)
    counted.answered("train", 3.0)
    with counted.streaming():
        answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    buckets = {name for name in found if "_bucket" in name}
    assert {name: value for name, value in found.items() if name not in buckets} == {
        "pwlapp_sessions": 30,
        "pwlapp_runs_running": 4,
        "pwlapp_waiting": 5,
        "pwlapp_streams": 1,
        "pwlapp_store_up": 1,
        "pwlapp_runs_begun_total": 1,
        "pwlapp_runs_ended_total[done]": 1,
        "pwlapp_runs_ended_total[diverged]": 0,
        "pwlapp_runs_ended_total[failed]": 0,
        "pwlapp_epochs_total": 150,
        "pwlapp_slices_total": 2,
        "pwlapp_slice_seconds_total": 0.75,
        "pwlapp_slice_waited_seconds_total": 0.25,
        "pwlapp_command_seconds_count[train]": 2,
        "pwlapp_command_seconds_sum[train]": 3.02,
    }
    assert found["pwlapp_command_seconds_bucket[train][0.025]"] == 1
    assert found["pwlapp_command_seconds_bucket[train][+Inf]"] == 2
    assert "process_resident_memory_bytes" in answer.text
    assert samples(client.get("/metrics").text)["pwlapp_streams"] == 0


def test_without_the_store_its_gauges_are_omitted(client: TestClient, service: StubTrainer) -> None:
    service.metrics.trained(epochs=7, seconds=0.1, waited=0.0)
    service.state = Health(store=False, data=True, workers=1)
    answer = client.get("/metrics")
    found = samples(answer.text)
    assert answer.status_code == 200
    assert (found["pwlapp_store_up"], found["pwlapp_epochs_total"]) == (0, 7)
    assert not found.keys() & {"pwlapp_sessions", "pwlapp_runs_running", "pwlapp_waiting"}


def test_the_workers_totals_replace_the_counters() -> None:
    counted = Metrics()
    for epochs in (10.0, 25.0):
        counted.set_totals({"epochs": epochs, "slices": 2, "runs_failed": 1})
        found = samples(counted.exposition(None).decode())
        assert found["pwlapp_epochs_total"] == epochs
        assert found["pwlapp_slices_total"] == 2
        assert found["pwlapp_runs_ended_total[failed]"] == 1
        assert found["pwlapp_slice_seconds_total"] == 0


def test_two_apps_share_no_counters() -> None:
    first, second = Metrics(), Metrics()
    first.run_began()
    first.answered("pause", 0.1)
    found = samples(second.exposition(None).decode())
    assert found["pwlapp_runs_begun_total"] == 0
    assert not any("pause" in name for name in found)
