"""The page itself, kept: a class that opens it at once gets what was made for the first."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pwlapp.ui.i18n import pick_language
from pwlapp.ui.opening import is_known_query

PAGES = ("/", "/_dash-layout", "/_dash-dependencies")
MAX_ENTRIES = 64  # three pages, two languages, a few sets of encodings


class _Answer(NamedTuple):
    start: Message
    body: bytes


class PageCache:
    """ASGI middleware: answers that depend on the language alone are made once.

    Dash makes layout and index anew for each visitor, a tenth of a second of computing that a
    class of 300 would wait for. What a lecturer's address hides is hidden in the browser, so its
    query makes no other page, but for the language.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[object, ...], _Answer] = OrderedDict()

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
        if key not in self._kept:
            answer = await _whole(self._app, scope, receive)
            if answer.start["status"] == 200:
                self._kept[key] = answer
                while len(self._kept) > MAX_ENTRIES:
                    self._kept.popitem(last=False)
        else:
            answer = self._kept[key]
            self._kept.move_to_end(key)
        # Copied: whoever stands outside adds headers of each request's own.
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})


def _is_kept(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    if not is_known_query(scope["query_string"]):
        return False
    return scope["path"] in PAGES


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
