"""The route for commands: requests and responses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from fastapi import FastAPI
from httpx2 import Response
from pydantic import ConfigDict
from starlette.testclient import TestClient

from pwlapp.commands.fields import Body
from pwlapp.commands.table import COMMANDS, STREAMS, Command
from pwlapp.core.data.points import MAX_POINTS
from pwlapp.core.net import MAX_HIDDEN, Architecture
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web import commands


class Anything(Body):
    model_config = ConfigDict(extra="allow")


async def echo(_service: SessionService, sid: str, body: Anything) -> dict[str, Any]:
    sent = body.model_dump()
    if code := sent.get("raise"):
        raise UserError(code, max=3)
    return {"sid": sid, "body": sent}


async def count(_service: SessionService, _sid: str, body: Anything) -> AsyncIterator[Any]:
    sent = body.model_dump()
    for k in range(sent["to"]):
        if k == sent.get("refused"):
            raise UserError("busy", max=k)
        yield {"k": k}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setitem(COMMANDS, "echo", Command(Anything, echo))
    monkeypatch.setitem(STREAMS, "count", Command(Anything, count))
    app = FastAPI()
    app.include_router(commands.routes(cast(SessionService, None)))
    return TestClient(app)


def test_a_verb_gets_the_body_and_its_answer_is_sent(client: TestClient) -> None:
    answer = client.post("/session/abc/echo", content='{"a": [1, {"b": null}]}')
    assert answer.json() == {"sid": "abc", "body": {"a": [1, {"b": None}]}}
    assert answer.headers["cache-control"] == "no-store"
    assert client.post("/session/abc/echo").json()["body"] == {}


@pytest.mark.parametrize(
    ("code", "status"), [("session_unknown", 404), ("busy", 429), ("bad_saved", 422)]
)
def test_a_refusal_has_its_arguments(client: TestClient, code: str, status: int) -> None:
    answer = client.post("/session/abc/echo", json={"raise": code})
    assert answer.status_code == status
    assert answer.json() == {"error": {"code": code, "args": {"max": 3}}}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a":' * 13 + b"1" + b"}" * 13,
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_object_is_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/session/abc/echo", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


def test_an_unknown_verb_is_refused(client: TestClient) -> None:
    assert client.post("/session/abc/none", json={}).status_code == 400
    assert client.get("/session/abc/echo").status_code == 405


def test_a_large_body_is_refused(client: TestClient) -> None:
    for name, limit_mb in (("echo", 0.25), ("move_points", 2.0), ("upload", 8.0)):
        body = b" " * (commands.LARGE.get(name, commands.SMALL) + 1)
        answer = client.post(f"/session/a/{name}", content=body)
        assert answer.status_code == 413
        assert answer.json()["error"] == {"code": "too_big", "args": {"limit_mb": limit_mb}}


def test_the_largest_valid_bodies_are_accepted() -> None:
    """Numbers have at most 24 characters, with a comma and a space."""
    assert 26 * Architecture(MAX_HIDDEN, bias1=True).size < commands.SMALL
    assert 3 * 26 * MAX_POINTS < commands.LARGE["move_points"] == commands.LARGE["use_data"]


def lines(answer: Response) -> list[Any]:
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["cache-control"] == "no-store"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_answer_in_parts_has_a_line_for_each(client: TestClient) -> None:
    answer = client.post("/session/abc/count", json={"to": 3})
    assert lines(answer) == [{"k": 0}, {"k": 1}, {"k": 2}]


def test_an_early_refusal_is_a_status_and_a_late_one_a_line(client: TestClient) -> None:
    answer = client.post("/session/abc/count", json={"to": 3, "refused": 0})
    assert (answer.status_code, answer.json()) == (
        429,
        {"error": {"code": "busy", "args": {"max": 0}}},
    )
    answer = client.post("/session/abc/count", json={"to": 3, "refused": 2})
    assert lines(answer)[2:] == [{"error": {"code": "busy", "args": {"max": 2}}}]
