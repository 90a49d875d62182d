"""A cache of the page and of data: a class that opens the page gets what was made for the first."""

from __future__ import annotations

import re
from typing import NamedTuple

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from pwlapp.ui.i18n import pick_language
from pwlapp.ui.opening import is_known_query

PAGES = re.compile(r"/|/_dash-layout|/_dash-dependencies|/data/[0-9a-f]{16}\.json")
MAX_ENTRIES = 128  # pages and sets of data, by language and by encoding
BROTLI_QUALITY = 9  # more takes a tenth of a second for 2,000 points, in which nobody is served
GZIP_LEVEL = 9


class _Answer(NamedTuple):
    start: Message
    body: bytes


class PageCache:
    """ASGI middleware: answers that depend on the address and the language alone are made once.

    Dash makes layout and index anew for each visitor, a tenth of a second of computing that a
    class of 300 would wait for. What is kept is compressed better than what is sent once. What a
    lecturer's address hides is hidden in the browser, so its query makes no other page, but for the
    language.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = CompressMiddleware(
            _uncompressed(app), zstd=False, brotli_quality=BROTLI_QUALITY, gzip_level=GZIP_LEVEL
        )
        self._kept: LRUCache[tuple[object, ...], _Answer] = LRUCache(MAX_ENTRIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_kept(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = (
            scope["path"],
            pick_language(
                headers.get("cookie"), headers.get("accept-language"), scope["query_string"]
            ),
            headers.get("accept-encoding", ""),
        )
        answer = self._kept.get(key)
        if answer is None:
            answer = await _whole(self._compressed, scope, receive)
            if answer.start["status"] == 200:
                self._kept[key] = answer
        # Copied: outer middleware adds headers for each request.
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})


def _is_kept(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    if not is_known_query(scope["query_string"]):
        return False
    return PAGES.fullmatch(scope["path"]) is not None


def _uncompressed(app: ASGIApp) -> ASGIApp:
    """The same app, asked for answers that it does not compress."""

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await app({**scope, "headers": headers}, receive, send)

    return plain


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    start: Message = {}
    chunks: list[bytes] = []

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app(scope, receive, hold)
    return _Answer(start, b"".join(chunks))
