"""Creates the app and serves it: ``python app.py``, or `create_app` for tests and other servers."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from pwlapp import logs
from pwlapp.metrics import Metrics
from pwlapp.server import run
from pwlapp.services import Services, build_services
from pwlapp.settings import Settings
from pwlapp.ui import layout, lessons, limits, opening, page_cache, timing
from pwlapp.ui.i18n import LANGUAGES, LanguageMiddleware, catalogue, language
from pwlapp.ui.sections import build, fit
from pwlapp.web import commands, downloads, event_stream, health, pictures, rooms, static
from pwlapp.web.http import base_path, guard, head, rate_limits, security


def create_app(settings: Settings) -> layout.Page:
    """Create an independent app with its services, routes and middleware.

    Returns
    -------
    Page
        The Dash app; ``.server`` is the FastAPI app to serve. Store and training processes start
        and stop with the server's lifespan.
    """
    services = build_services(settings)
    server = _server(services, settings)
    app = layout.Page(
        __name__,
        server=server,  # type: ignore[arg-type]  # Dash's types know only Flask
        backend="fastapi",
        include_assets_files=False,
        # Otherwise every page contains the layout a second time, for checks during development.
        suppress_callback_exceptions=True,
        title="pwlapp",
        update_title=None,  # type: ignore[arg-type]  # as its documentation says
        compress=False,
    )
    app.addresses = static.addresses()
    app.limits = limits.limits(settings.max_epochs)
    static.slim(app)
    app.layout = layout.dash_layout
    layout.register(app)
    build.register(app, services.sessions.runner)
    fit.register(app, services.sessions)
    _add_middleware(server, app, services.sessions.metrics, settings)
    return app


def _server(services: Services, settings: Settings) -> FastAPI:
    """The server with all routes that are not Dash's."""

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        await services.start()
        try:
            yield
        finally:
            await services.close()

    server = FastAPI(
        title="pwlapp", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    service = services.sessions
    server.include_router(event_stream.routes(service))
    server.include_router(commands.routes(service))
    server.include_router(downloads.routes(service, lambda: catalogue(language())))
    server.include_router(pictures.routes())
    server.include_router(health.routes(service, settings.metrics_token))
    server.include_router(rooms.routes(services.rooms, lambda: catalogue(language())))
    server.add_api_route("/locale/{lang}.json", locale)
    server.add_api_route("/lessons.json", all_lessons)
    server.add_exception_handler(Exception, failed)
    return server


def _add_middleware(
    server: FastAPI, app: layout.Page, metrics: Metrics, settings: Settings
) -> None:
    """Add the middleware, the innermost first: the last one added sees a request first."""
    policy = security.content_policy([opening.script(), app.renderer])
    quiet = (static.PATH, *health.PATHS)
    level = logs.requests_level(settings.log_format)
    server.add_middleware(timing.Timing, callbacks=app.callback_map, metrics=metrics)
    server.add_middleware(guard.CallbackGuard, callbacks=app.callback_map)
    server.add_middleware(rate_limits.RateLimits)
    server.add_middleware(security.SameOrigin)
    server.add_middleware(static.compressed)
    server.add_middleware(page_cache.PageCache)
    server.add_middleware(LanguageMiddleware)
    server.add_middleware(head.HeadRequests)
    server.add_middleware(static.with_static_files)
    server.add_middleware(security.SecurityHeaders, policy=policy)
    server.add_middleware(logs.RequestLog, level=level, quiet=quiet)
    server.add_middleware(CorrelationIdMiddleware)
    server.add_middleware(base_path.BasePath, path=settings.base_path)


async def failed(_request: Request, _error: Exception) -> Response:
    """The response after an unexpected exception, with the request id that the log contains."""
    headers = {"X-Request-ID": correlation_id.get() or ""}
    return PlainTextResponse("Internal Server Error", status_code=500, headers=headers)


async def locale(lang: str) -> JSONResponse:
    """The catalogue of one language, for switching without a reload."""
    if lang not in LANGUAGES:
        return JSONResponse({"error": "no such language"}, status_code=404)
    return JSONResponse(catalogue(lang), headers={"Cache-Control": "no-cache"})


async def all_lessons(request: Request) -> Response:
    """The lessons, which browsers request when their panel is opened, and revalidate by ETag."""
    body, tag = lessons.as_file()
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def make_server(settings: Settings) -> FastAPI:
    """The FastAPI app that serves the page."""
    server: FastAPI = create_app(settings).server
    return server


def serve_app() -> FastAPI:
    """Create the app in one of several web processes; the settings come from the environment."""
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    return make_server(settings)


def main() -> int:
    """Serve until stopped by a signal; returns the exit code."""
    return run(make_server, "app:serve_app")


if __name__ == "__main__":
    sys.exit(main())
