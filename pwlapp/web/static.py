"""Serves the built files, and compresses all other responses.

``make build`` writes the files into ``build/static``, each also compressed by gzip and brotli.
Their names contain a hash of their content, so browsers cache them for ever. The page refers to
them by relative URLs, so it works under any path of a proxy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from dash import Dash
from servestatic import ServeStaticASGI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from pwlapp.web.http.json_answers import LINES

BUILD = Path(__file__).parents[2] / "build"
FOLDER = "static/"
PATH = "/" + FOLDER
MINIMUM_BYTES = 500  # smaller responses fit into one packet anyway
CALLBACK = "/_dash-update-component"
FROM_JUPYTER = b"x-proxycontextpath"  # a header of jupyter-server-proxy
# Routes of Dash that the page does not use: a WebSocket, component files, and the catch-all.
UNUSED_ROUTES = re.compile(r"_dash-ws-callback$|/_dash-component-suites/|^/assets|^/\{path:path\}$")


class NotBuilt(RuntimeError):
    """Raised if ``build/`` is missing; the message says how to build it."""


def addresses(build: Path = BUILD) -> dict[str, str]:
    """The URLs of the built files, relative to the page.

    Returns
    -------
    dict of str to str
        By name: ``main``, the modules that it imports as ``main/0``, ``main/1``, ..., ``dash``,
        ``style``, ``worker``, and Plotly's ``basic``, ``cartesian`` and ``gl3d``.

    Raises
    ------
    NotBuilt
    """
    manifest = build / "manifest.json"
    if not manifest.is_file():
        raise NotBuilt("the page's scripts are not built: run make build")
    files: dict[str, str] = json.loads(manifest.read_text("utf-8"))
    return {name: FOLDER + file for name, file in files.items()}


def with_static_files(app: ASGIApp, build: Path = BUILD) -> ServeStaticASGI:
    """Serve the built files in front of `app`."""
    return ServeStaticASGI(
        app,
        root=build / "static",
        prefix=PATH,
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
    )


def slim(app: Dash) -> None:
    """Remove the routes of Dash's server that the page does not use.

    They are a WebSocket that every page would open, a catch-all route that answers every unknown
    path with the page, and component files that are built into our own.

    Parameters
    ----------
    app : Dash
        With the FastAPI backend; changed in place, before it serves.
    """
    app.backend.websocket_capability = False
    # Otherwise Dash adds the catch-all route again when the server starts.
    app.backend._setup_catchall = lambda: None  # type: ignore[attr-defined]  # of FastAPI's backend
    routes = app.server.router.routes
    routes[:] = [each for each in routes if not UNUSED_ROUTES.search(getattr(each, "path", ""))]


def head_tags(built: Mapping[str, str]) -> str:
    """The tags of the style sheet and of the scripts, in the order in which these run.

    Parameters
    ----------
    built : mapping of str to str
        See `addresses`.
    """
    # the modules that the entry imports; without these tags, browsers would load them later
    parts = [path for name, path in built.items() if name.startswith("main/")]
    preloads = "".join(f'\n<link rel="modulepreload" href="{part}">' for part in parts)
    return (
        f'<link rel="stylesheet" href="{built["style"]}">'
        f'\n<script defer src="{built["basic"]}"></script>'
        f'\n<script defer src="{built["dash"]}"></script>'
        f'{preloads}\n<script type="module" src="{built["main"]}"></script>'
    )


def compressed(app: ASGIApp) -> ASGIApp:
    """Compress the responses of `app`: streamed lines one by one, event streams not at all.

    Behind jupyter-server-proxy nothing is compressed, since that proxy drops the Content-Encoding
    of streamed responses.
    """
    remove_compress_type("text/event-stream")
    add_compress_type(LINES, streaming=True)
    plain = _with_json_callbacks(app)
    # Zstandard is off: at this level it does not compress better than Brotli.
    smaller = CompressMiddleware(plain, minimum_size=MINIMUM_BYTES, zstd=False)

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        is_jupyter = any(name == FROM_JUPYTER for name, _ in scope.get("headers", ()))
        await (plain if is_jupyter else smaller)(scope, receive, send)

    return chosen


def _with_json_callbacks(app: ASGIApp) -> ASGIApp:
    """Set the content type of callback responses, which Dash omits, so that they are compressed."""

    async def typed(scope: Scope, receive: Receive, send: Send) -> None:
        async def name(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.setdefault("content-type", "application/json")
                message = {**message, "headers": headers.raw}
            await send(message)

        is_callback = scope["type"] == "http" and scope["path"].endswith(CALLBACK)
        await app(scope, receive, name if is_callback else send)

    return typed
