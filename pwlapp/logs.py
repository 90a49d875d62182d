"""Logging of servers and workers, as text or as JSON.

The log never contains a whole session id, which works like a password, nor personal data of the
sender of a request.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from urllib.parse import quote

from asgi_correlation_id import correlation_id
from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

TEXT, JSON = "text", "json"
MAX_PATH = 200

_FORMAT = "%(levelname)s %(name)s: %(message)s"
_FORMAT_DEBUG = "%(levelname)s %(name)s [%(request_id)s]: %(message)s"
_FIELDS = ("time", "levelname", "name", "message", "request_id")
_EXTRAS = ("method", "path", "status", "ms")  # other fields may hold a task's arguments
_LOGGED = {*_FIELDS, "level", "logger", *_EXTRAS, "exc_info", "stack_info"}
# Below these levels, these libraries log session ids or every step of the event loop.
_LEAST_LEVELS = {
    **dict.fromkeys(("amqp", "asyncio", "celery", "kombu", "sse_starlette"), logging.INFO),
    **dict.fromkeys(("celery.app.trace", "celery.worker.strategy"), logging.WARNING),
}
# A session id has 22 such characters; the path of Dash's callbacks is excluded.
_LONG = re.compile(r"(?<![\w-])(?!_dash-[a-z-]+$)([\w-]{6})[\w-]{11,}", re.ASCII)


def configure(level: str, form: str) -> None:
    """Configure logging to stderr, at the start of a process that serves or trains.

    Parameters
    ----------
    level : str
        See ``PWLAPP_LOG_LEVEL``.
    form : str
        ``"text"``, or ``"json"`` for an object on each line with `time`, `level`, `logger`,
        `message` and `request_id`, which is null outside of requests.
    """
    handler = logging.StreamHandler()
    handler.addFilter(_complete)
    if form == JSON:
        handler.setFormatter(
            _Json(
                _FIELDS,
                rename_fields={"levelname": "level", "name": "logger"},
                timestamp="time",
                json_ensure_ascii=False,
            )
        )
    else:
        handler.setFormatter(logging.Formatter(_FORMAT_DEBUG if level == "debug" else _FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(form == JSON)
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(logging.getLogger().level, least))
    logging.getLogger("asgi_correlation_id").setLevel(logging.ERROR)  # it warns of invalid ids


def requests_level(form: str) -> int:
    """The level of the request log; in text it is debug, so that a console stays readable."""
    return logging.INFO if form == JSON else logging.DEBUG


class RequestLog:
    """ASGI middleware that logs a line at the end of each request.

    The line contains the method, the path without session ids, the status, the milliseconds, and
    the id that `asgi_correlation_id` gave the request. An event stream is logged when it ends.
    Paths with one of the prefixes `quiet` are logged at debug only.
    """

    def __init__(self, app: ASGIApp, level: int, quiet: tuple[str, ...] = ()) -> None:
        self._app = app
        self._level = level
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # of a request that ends without a response
        began = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._write(scope, status, 1000 * (time.perf_counter() - began))

    def _write(self, scope: Scope, status: int, ms: float) -> None:
        level = logging.DEBUG if scope["path"].startswith(self._quiet) else self._level
        if logger.isEnabledFor(level):
            method, path = scope["method"], without_secrets(scope["path"])
            extra = {"method": method, "path": path, "status": status, "ms": round(ms, 1)}
            logger.log(level, "%s %s %d in %.0f ms", method, path, status, ms, extra=extra)


def without_secrets(path: str) -> str:
    """The path with each session id cut to its first 6 characters."""
    return _LONG.sub(r"\1…", quote(path, safe="/:@!$&'()*+,;=~"))[:MAX_PATH]


def _complete(record: logging.LogRecord) -> bool:
    """Add the request id to a record; returns False for a record that must be dropped."""
    if record.name == "uvicorn.error":  # uvicorn logs information and errors under this name
        record.name = "uvicorn"
        # A request that was cancelled by the server's stop, which is logged already.
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return False
        if str(record.msg).startswith("No supported WebSocket library"):  # not used
            return False
    record.request_id = correlation_id.get()
    return True


class _Json(JsonFormatter):
    """Drops the fields that libraries add to records for their own formatters."""

    def process_log_record(self, log_data: LogData) -> LogData:
        return {key: value for key, value in log_data.items() if key in _LOGGED}
