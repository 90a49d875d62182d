"""What a browser downloads: Plotly's partial bundle, and compression that is paid for once.

A first visit to a Dash page is 6 MB as it ships. Two levers bring it to a tenth: Plotly's basic
bundle in place of the full one (larger ones follow when a view needs them), and static files kept
compressed, by content, in memory and on disk. Everything that is made anew for each request is left
to starlette-compress.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections import OrderedDict
from pathlib import Path

from dash import Dash
from dash.exceptions import DependencyException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, remove_compress_type

from pwlapp.web.compressed import KeptCompressed

log = logging.getLogger(__name__)

FOREVER = "public, max-age=31536000, immutable"
STATIC_PATHS = ("/_dash-component-suites/", "/static/")
TEXT_SUFFIXES = (".js", ".mjs", ".css", ".svg", ".json", ".map")
CONDITIONS = {"range", "if-none-match", "if-modified-since"}  # answered with less than all of it
MAX_KNOWN = 256  # versions of files
MINIMUM_BYTES = 500  # below this a compressed answer is no shorter on the wire
WEBSOCKET = "/_dash-ws-callback"
CALLBACK = "/_dash-update-component"
FINGERPRINT = re.compile(r"\.v[\w-]+m[0-9a-f]+\.")  # how Dash names a file's version and time
REFUSED = re.compile(r"q=0(\.0*)?")


def slim(app: Dash) -> None:
    """Take out of Dash's server what the page has no use for.

    Dash opens a WebSocket from every page, used or not: neither the page hears of it nor is there
    a route for it afterwards. A component file that Dash does not know is a 404, not a 500.

    Parameters
    ----------
    app : Dash
        On its FastAPI backend; changed in place, before it serves.
    """
    app.backend.websocket_capability = False
    routes = app.server.router.routes
    routes[:] = [route for route in routes if not getattr(route, "path", "").endswith(WEBSOCKET)]

    async def unknown(_request: Request, _error: Exception) -> Response:
        return PlainTextResponse("no such file", status_code=404)

    app.server.add_exception_handler(DependencyException, unknown)


def without_unused(scripts: str) -> str:
    """Leave out of the index page's script tags the bundle of ``dash_table``, which is not used.

    Parameters
    ----------
    scripts : str
        What Dash hands to ``interpolate_index``: a tag a line.
    """
    unused = re.compile(r'<script src="[^"]*/dash_table/[^"]*"></script>\n?')
    return unused.sub("", scripts)


class CachedBrotli:
    """ASGI middleware: static text is compressed once, everything else on its way out.

    Static files are looked up by their content, so that a changed file is never answered with the
    old bytes; one whose address names its version is asked of the app once. Browsers offer Brotli
    over https and on localhost only: in a classroom on plain http it is gzip that counts, so that
    is kept too. Event streams pass through as they are, unbuffered.

    Parameters
    ----------
    app : ASGI application
    cache_dir : Path
        Where finished Brotli files are kept between restarts. Made when missing; where it can't
        be written, they live in memory only.
    """

    def __init__(self, app: ASGIApp, cache_dir: Path) -> None:
        remove_compress_type("text/event-stream")
        self._app = app
        # Zstandard is off: at such a speed it is no smaller than Brotli
        self._dynamic = CompressMiddleware(
            _with_json_callbacks(app), minimum_size=MINIMUM_BYTES, zstd=False
        )
        self.kept = KeptCompressed(cache_dir)
        self._known: OrderedDict[tuple[str, bytes], tuple[Message, str]] = OrderedDict()
        self._first_sight = asyncio.Lock()  # a class that opens the page at once: one compression

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        encoding = _static_encoding(scope)
        if encoding is None:
            await self._dynamic(scope, receive, send)
            return
        name = (scope["path"], scope["query_string"])
        start, digest = self._known.get(name, ({}, ""))
        made = self.kept.get(digest, encoding)
        if made is not None and not CONDITIONS.intersection(Headers(scope=scope)):
            await _send_compressed(send, start, encoding, made)
            return
        start, body = await _answer(self._app, scope, receive)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.add_vary_header("Accept-Encoding")
        is_found, is_page = start["status"] == 200, _is_page(headers)
        is_versioned = is_found and _names_its_version(scope) and not is_page
        if is_versioned:
            headers["Cache-Control"] = FOREVER
        start = {**start, "headers": headers.raw}
        if is_found and len(body) >= MINIMUM_BYTES and "content-encoding" not in headers:
            digest = hashlib.sha256(body).hexdigest()
            made = await self._compressed(digest, body, encoding)
            if is_versioned:
                self._remember(name, start, digest)
            await _send_compressed(send, start, encoding, made)
            return
        await send(start)
        await send({"type": "http.response.body", "body": body})

    def _remember(self, name: tuple[str, bytes], start: Message, digest: str) -> None:
        """Answer the next request for this version of a file without asking the app."""
        self._known[name] = (start, digest)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    async def _compressed(self, digest: str, body: bytes, encoding: str) -> bytes:
        found = self.kept.get(digest, encoding)
        if found is None:
            async with self._first_sight:
                found = self.kept.get(digest, encoding)
                if found is None:
                    found = await asyncio.to_thread(self.kept.make, digest, encoding, body)
        return found


def _with_json_callbacks(app: ASGIApp) -> ASGIApp:
    """Name the content type that Dash leaves out of its callbacks' answers, so they compress."""

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


async def _answer(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Ask the app for the file as it is, and hold the whole answer."""
    plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    start: Message = {}
    chunks: list[bytes] = []

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app({**scope, "headers": plain, "extensions": {}}, receive, hold)
    return start, b"".join(chunks)


async def _send_compressed(send: Send, start: Message, encoding: str, body: bytes) -> None:
    headers = MutableHeaders(raw=list(start["headers"]))  # a copy: others add to it
    headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(body))
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _is_page(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("text/html")


def _static_encoding(scope: Scope) -> str | None:
    """Return "br" or "gzip" for a request that the kept files answer, else None."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path: str = scope["path"]
    if not path.startswith(STATIC_PATHS) or not path.endswith(TEXT_SUFFIXES):
        return None
    accepted = _accepted(Headers(scope=scope).get("accept-encoding", ""))
    return next((encoding for encoding in ("br", "gzip") if encoding in accepted), None)


def _accepted(header: str) -> set[str]:
    """Return the encodings that an Accept-Encoding header names and does not refuse."""
    accepted = set()
    for item in header.lower().split(","):
        name, _, weight = item.replace(" ", "").partition(";")
        if not REFUSED.fullmatch(weight):
            accepted.add(name)
    return accepted


def _names_its_version(scope: Scope) -> bool:
    """Return whether the URL changes with the file: a fingerprint of it, or an asset's time."""
    path: str = scope["path"]
    return path.startswith("/static/") or FINGERPRINT.search(path) is not None
