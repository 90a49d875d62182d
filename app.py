"""Serve pwlapp: ``python app.py``, or ``create_app(settings)`` for a test or another server."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from pwlapp.runtime.services import Services
from pwlapp.runtime.store import StoreUnavailable
from pwlapp.settings import Settings
from pwlapp.ui import guard, layout, static
from pwlapp.ui.i18n import LANGUAGES, LanguageMiddleware, catalogue
from pwlapp.ui.sections import build, fit

ROOT = Path(__file__).parent
STOP_S = 3  # how long a server that is told to stop waits for those who are slow to send


def create_app(settings: Settings) -> layout.Page:
    """Build the app: one server, one set of services, nothing shared with another app.

    Parameters
    ----------
    settings : Settings
        Where to serve, which data to show, where to keep the sessions.

    Returns
    -------
    Page
        The Dash app; ``.server`` is the FastAPI app to serve. The services (store, training
        processes) start and stop with the server's lifespan.
    """
    services = Services(settings)

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
    bundle = static.plotly_bundle(ROOT)
    scripts = [static.serve_plotly(server, bundle)] if bundle else []
    server.include_router(services.router())
    server.add_api_route("/locale/{lang}.json", locale)

    app = layout.Page(
        __name__,
        server=server,
        backend="fastapi",
        assets_folder=str(ROOT / "assets"),
        external_scripts=scripts,
        title="pwlapp",
        update_title=None,
        compress=False,
    )
    static.slim(app)
    app.layout = layout.page_layout
    layout.register(app)
    build.register(app, services.runner)
    fit.register(app, services.trainer)
    # The last one added sees a request first.
    server.add_middleware(guard.CallbackGuard, callbacks=app.callback_map)
    server.add_middleware(LanguageMiddleware)
    server.add_middleware(static.CachedBrotli, cache_dir=settings.data_dir / "brotli")
    return app


async def locale(lang: str) -> JSONResponse:
    """The catalogue of one language, for switching without a reload."""
    if lang not in LANGUAGES:
        return JSONResponse({"error": "no such language"}, status_code=404)
    return JSONResponse(catalogue(lang), headers={"Cache-Control": "no-cache"})


def main() -> None:
    """Serve with the settings from the environment; a setting that can't be used ends it."""
    try:
        settings = Settings.from_env(os.environ)
        logging.basicConfig(
            level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
        )
        app = create_app(settings)
    except (ValueError, StoreUnavailable) as problem:
        print(f"pwlapp: {problem}", file=sys.stderr)
        sys.exit(2)
    uvicorn.run(
        app.server,
        host=settings.host,
        port=settings.port,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )


if __name__ == "__main__":
    main()
