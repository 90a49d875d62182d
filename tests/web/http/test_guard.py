from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pwlapp.web.http.guard import MAX_BYTES, MAX_DEPTH, CallbackGuard

PATH = "/_dash-update-component"


def echo_nothing() -> None:
    """A stub of a callback's function."""


CALLBACKS: dict[str, dict[str, Any]] = {
    "clientside": {"inputs": [], "state": []},  # one that only the browser runs
    "reply.data@1": {
        "callback": echo_nothing,
        "inputs": [{"id": "go", "property": "n_clicks"}],
        "state": [{"id": "session", "property": "data"}],
    },
    "..a.x...b.y..": {
        "callback": echo_nothing,
        "inputs": [{"id": "go", "property": "n_clicks"}],
        "state": [],
    },
}
HONEST: dict[str, Any] = {
    "output": "reply.data@1",
    "outputs": {"id": "reply", "property": "data@1"},
    "inputs": [{"id": "go", "property": "n_clicks", "value": 3}],
    "state": [{"id": "session", "property": "data", "value": {"sid": "s"}}],
    "changedPropIds": ["go.n_clicks"],
}


DEEP: Any = 1
for _ in range(MAX_DEPTH):
    DEEP = [DEEP]


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(await request.json())


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route(path, echo, methods=["POST"]) for path in (PATH, "/other")])
    return TestClient(CallbackGuard(app, CALLBACKS))


def test_a_valid_request_passes_unchanged(client: TestClient) -> None:
    assert client.post(PATH, json=HONEST).json() == HONEST


def test_only_declared_ids_are_passed_on(client: TestClient) -> None:
    forged = HONEST | {
        "outputs": {"id": "evil", "property": "children"},
        "inputs": [{"id": "other", "property": "x", "value": 1}, *HONEST["inputs"]],
        "state": [],
        "changedPropIds": ["other.x", "go.n_clicks", 5],
        "more": "things",
    }
    passed = client.post(PATH, json=forged).json()
    assert passed["inputs"] == HONEST["inputs"]
    assert passed["outputs"] == HONEST["outputs"]
    assert passed["state"] == [{"id": "session", "property": "data", "value": None}]
    assert passed["changedPropIds"] == ["go.n_clicks"]
    assert "more" not in passed


def test_several_outputs(client: TestClient) -> None:
    body = HONEST | {"output": "..a.x...b.y.."}
    passed = client.post(PATH, json=body).json()
    assert passed["outputs"] == [{"id": "a", "property": "x"}, {"id": "b", "property": "y"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 20_000,
        json.dumps(HONEST | {"output": "no.such"}).encode(),
        json.dumps(HONEST | {"output": 5}).encode(),
        json.dumps(HONEST | {"output": "clientside"}).encode(),
        json.dumps(
            HONEST | {"inputs": [{"id": "go", "property": "n_clicks", "value": DEEP}]}
        ).encode(),
        json.dumps(HONEST | {"output": ["reply.data@1"]}).encode(),
        json.dumps(HONEST | {"inputs": 5}).encode(),
        json.dumps(HONEST | {"inputs": None}).encode(),
        json.dumps(HONEST | {"inputs": [[1]]}).encode(),
        json.dumps(HONEST | {"inputs": [{"id": {"type": "x"}, "property": "y"}]}).encode(),
        json.dumps(HONEST | {"state": {"a": 1}}).encode(),
    ],
)
def test_a_request_unlike_the_pages_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post(PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"


def test_a_large_request(client: TestClient) -> None:
    answer = client.post(PATH, json=HONEST | {"pad": "x" * MAX_BYTES})
    assert answer.status_code == 413


async def test_an_endless_body_is_refused() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if sent:
            await asyncio.Event().wait()
        sent.append("the first half")
        return {"type": "http.request", "body": b"{", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    guard = CallbackGuard(Starlette(), CALLBACKS, body_s=0.01)
    scope = {"type": "http", "path": PATH, "method": "POST", "headers": []}
    await guard(scope, receive, send)
    assert sent[1]["status"] == 408


def test_other_paths_are_not_checked(client: TestClient) -> None:
    assert client.post("/other", json={"any": "thing"}).json() == {"any": "thing"}
