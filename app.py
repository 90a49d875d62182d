"""Serve pwlapp: ``python app.py``, or ``create_app(settings)`` for a test or another server."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from pwlapp import logs, serving
from pwlapp.metrics import SHARED
from pwlapp.services import build_service
from pwlapp.serving import Refusal
from pwlapp.sessions.stores.protocol import StoreUnavailable
from pwlapp.settings import Settings
from pwlapp.ui import layout, lessons, page_cache, timing
from pwlapp.ui.i18n import LANGUAGES, LanguageMiddleware, catalogue, language
from pwlapp.ui.sections import build, fit
from pwlapp.web import (
    commands,
    downloads,
    event_stream,
    guard,
    health,
    static,
)

logger = logging.getLogger("pwlapp")

ROOT = Path(__file__).parent
STOP_S = 3  # how long a server that is told to stop waits for those who are slow to send


def create_app(settings: Settings) -> layout.Page:
    """Build the app: one server, one session service, nothing shared with another app.

    Parameters
    ----------
    settings : Settings
        Where to serve, which data to show, where to keep the sessions.

    Returns
    -------
    Page
        The Dash app; ``.server`` is the FastAPI app to serve. The service (store, training
        processes) starts and stops with the server's lifespan.
    """
    service = build_service(settings)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    server = FastAPI(
        title="pwlapp", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    addresses = static.addresses()
    server.include_router(event_stream.routes(service))
    server.include_router(commands.routes(service))
    server.include_router(downloads.routes(service, lambda: catalogue(language())))
    server.include_router(health.routes(service))
    server.add_api_route("/locale/{lang}.json", locale)
    server.add_api_route("/lessons.json", all_lessons)

    app = layout.Page(
        __name__,
        server=server,  # type: ignore[arg-type]  # Dash has typed its Flask backend only
        backend="fastapi",
        include_assets_files=False,
        external_scripts=[addresses["basic"]],
        title="pwlapp",
        update_title=None,  # type: ignore[arg-type]  # as its documentation says
        compress=False,
    )
    app.addresses = addresses
    static.slim(app)
    app.layout = layout.page_layout
    layout.register(app)
    build.register(app, service.runner)
    fit.register(app, service)
    server.add_exception_handler(Exception, failed)
    # The last one added sees a request first.
    callbacks, metrics = app.callback_map, service.metrics
    server.add_middleware(timing.Timing, callbacks=callbacks, metrics=metrics)
    server.add_middleware(guard.CallbackGuard, callbacks=callbacks)
    server.add_middleware(LanguageMiddleware)
    server.add_middleware(static.compressed)
    server.add_middleware(page_cache.PageCache)
    server.add_middleware(static.with_static_files)
    quiet = (static.PATH, *health.PATHS, "/_favicon.ico")
    server.add_middleware(
        logs.RequestLog, level=logs.requests_level(settings.log_format), quiet=quiet
    )
    server.add_middleware(CorrelationIdMiddleware)
    return app


async def failed(_request: Request, _error: Exception) -> Response:
    """The answer to a request that ran into a fault of ours, with the id that the log names."""
    headers = {"X-Request-ID": correlation_id.get() or ""}
    return PlainTextResponse("Internal Server Error", status_code=500, headers=headers)


async def locale(lang: str) -> JSONResponse:
    """The catalogue of one language, for switching without a reload."""
    if lang not in LANGUAGES:
        return JSONResponse({"error": "no such language"}, status_code=404)
    return JSONResponse(catalogue(lang), headers={"Cache-Control": "no-cache"})


async def all_lessons(request: Request) -> Response:
    """The lessons, asked for when their panel is opened; browsers keep them until they change."""
    body, tag = lessons.as_file()
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def serve_app() -> FastAPI:
    """The app of one of several web processes, each of which reads the settings anew."""
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    server: FastAPI = create_app(settings).server
    return server


def main() -> int:
    """Serve with the settings from the environment, until told to stop; returns the exit status.

    What stands in the way of serving is one line on stderr.
    """
    try:
        with serving.stopped_by_sigterm():
            return _serve()
    except Refusal as problem:
        print(f"pwlapp: {problem}", file=sys.stderr)
        return problem.status
    except KeyboardInterrupt:
        return serving.INTERRUPTED


def _serve() -> int:
    try:
        settings = Settings.from_env(os.environ)
    except ValueError as problem:
        raise Refusal(serving.BAD_SETTING, str(problem)) from problem
    logs.configure(settings.log_level, settings.log_format)
    serving.allow_open_files()
    if settings.redis_url:
        serving.wait_for_redis(settings.redis_url)
    listeners = serving.listen(settings.host, settings.port)
    try:
        app = create_app(settings)
    except StoreUnavailable as problem:
        raise Refusal(serving.NO_FOLDER, str(problem)) from problem
    logger.info("serving on %s (Ctrl-C stops it)", serving.url_of(listeners[0]))
    if settings.web_workers > 1:
        return _serve_from_many(settings.web_workers, listeners)
    return _serve_from_one(app.server, listeners)


def _serve_from_one(server: FastAPI, listeners: list[socket.socket]) -> int:
    try:
        uvicorn.Server(_config(server)).run(sockets=listeners)
    except SystemExit as leaving:
        return serving.FAILED if leaving.code else 0
    return 0


def _serve_from_many(count: int, listeners: list[socket.socket]) -> int:
    """Serve from processes that are replaced when they die, and count together what they do."""
    with tempfile.TemporaryDirectory(prefix="pwlapp-") as counts:
        os.environ[SHARED] = counts
        processes = Multiprocess(_config("app:serve_app", count), sockets=listeners)
        processes.run()
    if any(process.exitcode == STARTUP_FAILURE for process in processes.processes):
        return serving.FAILED
    return 0


def _config(app: FastAPI | str, processes: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=processes,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )


if __name__ == "__main__":
    sys.exit(main())
