from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from asgi_correlation_id import CorrelationIdMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pwlapp import logs
from pwlapp.sessions.stores.protocol import new_sid, short_id

ROOT = Path(__file__).parents[1]
SCRIPT = """
import asyncio, logging, sys, warnings
from pwlapp import logs
logs.configure(sys.argv[1], sys.argv[2])
logging.getLogger("pwlapp.somewhere").info("bent %s", "가\\nb")
logging.getLogger("uvicorn.error").info("started", extra={"color_message": "coloured"})
logging.getLogger("pwlapp.somewhere").debug("in detail")
logging.getLogger("sse_starlette.sse").debug("chunk: secret")
logging.getLogger("celery.worker.strategy").info("Task received", extra={"data": "secret"})
logging.getLogger("celery.app.trace").error("Task failed", extra={"data": {"args": "secret"}})
for error in (ValueError("bad"), asyncio.CancelledError()):
    try:
        raise error
    except BaseException:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
warnings.warn("an old habit")
"""


def written(level: str, form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, level, form],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_is_one_object_per_line_for_any_message() -> None:
    lines = [json.loads(line) for line in written("info", "json")]
    first, second, task, failure, warning = lines
    assert (task["logger"], task["message"]) == ("celery.app.trace", "Task failed")
    assert "secret" not in json.dumps(task)
    assert set(first) == {"time", "level", "logger", "message", "request_id"}
    assert (first["level"], first["logger"]) == ("INFO", "pwlapp.somewhere")
    assert (first["message"], first["request_id"]) == ("bent 가\nb", None)
    assert first["time"].endswith("+00:00")
    assert (second["logger"], second["message"]) == ("uvicorn", "started")
    assert "color_message" not in second
    assert failure["exc_info"].endswith("ValueError: bad")
    assert "an old habit" in warning["message"]


def test_text_is_for_people() -> None:
    lines = written("info", "text")
    assert lines[:3] == ["INFO pwlapp.somewhere: bent 가", "b", "INFO uvicorn: started"]
    assert "CancelledError" not in "".join(lines)


def test_debug_names_the_request_without_secrets() -> None:
    lines = written("debug", "text")
    assert "DEBUG pwlapp.somewhere [None]: in detail" in lines
    assert "secret" not in "".join(lines)


async def answer(request: Request) -> PlainTextResponse:
    if "fail" in request.url.path:
        raise RuntimeError("a fault of ours")
    logging.getLogger("pwlapp.test").info("inside")
    return PlainTextResponse("ok", status_code=202)


def client(level: int = logging.INFO) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    app.add_middleware(logs.RequestLog, level=level, quiet=("/assets/", "/healthz"))
    app.add_middleware(CorrelationIdMiddleware)
    return TestClient(app, raise_server_exceptions=False)


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "pwlapp.logs"]


def test_a_request_is_one_line_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sid = new_sid()
    with caplog.at_level(logging.INFO):
        client().get(f"/stream/{sid}?since=12", headers={"User-Agent": "a phone"})
    [record] = lines(caplog)
    said = json.dumps({key: str(value) for key, value in vars(record).items()})
    assert sid not in said
    assert record.path == f"/stream/{short_id(sid)}…"
    assert (record.method, record.status) == ("GET", 202)
    assert record.getMessage().startswith(f"GET /stream/{short_id(sid)}… 202 in ")
    assert record.ms >= 0
    for secret in ("12", "a phone", "testclient"):
        assert secret not in record.getMessage().removesuffix(f"{record.ms:.0f} ms")


def test_static_files_and_probes_are_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client().get("/assets/app.css")
        client().get("/healthz")
        client(logs.requests_level("text")).get("/other")
    assert lines(caplog) == []
    with caplog.at_level(logging.DEBUG):
        client().get("/assets/app.css")
    assert [record.path for record in lines(caplog)] == ["/assets/app.css"]


def test_a_failed_request_is_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert client().post("/fail").status_code == 500
    assert [(record.method, record.status) for record in lines(caplog)] == [("POST", 500)]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/_dash-update-component", "/_dash-update-component"),
        ("/data/0123456789abcdef.json", "/data/0123456789abcdef.json"),
        ("/frames/AbC-_1xxxxxxxxxxxxxxxx", "/frames/AbC-_1…"),
        ("/stream/AbC-_1xxxxxxxxxxxxxxxx/..", "/stream/AbC-_1…/.."),
        ("/x\nINFO pwlapp: forged", "/x%0AINFO%20pwlapp:%20forged"),
        ("/AbC-_1xxxxxxxxxxxxxxxx%", "/AbC-_1…%25"),
    ],
)
def test_paths_without_secrets(path: str, shown: str) -> None:
    assert logs.without_secrets(path) == shown


def test_long_paths_are_truncated() -> None:
    assert len(logs.without_secrets("/한" * 5000)) == logs.MAX_PATH
