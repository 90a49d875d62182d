"""A cache of the page and of data: a class that opens the page gets what was made for the first."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from typing import NamedTuple

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pwlapp.tasks import SingleFlightCache
from pwlapp.ui.i18n import pick_language

PAGES = re.compile(r"/|/_dash-layout|/_dash-dependencies|/data/[0-9a-f]{16}\.json")
REFUSED = re.compile(r"q=0(\.0*)?")  # the quality of an encoding that the browser does not take
MAX_ENTRIES = 128  # pages and sets of data, by language and by encoding


class _Answer(NamedTuple):
    start: Message
    body: bytes


class _NotKept(Exception):
    """An answer that is not cached, such as that of a server that is not ready."""

    def __init__(self, answer: _Answer) -> None:
        self.answer = answer


class PageCache:
    """ASGI middleware: answers that depend on the address and the language alone are made once.

    Dash makes layout and index anew for each visitor, a tenth of a second of computing that a
    class of 300 would wait for. What is kept is compressed as well as it can be, which takes longer
    than for what is sent once, and a browser that has it already is sent none of it. What a
    lecturer's address hides is hidden in the browser, so no query makes another page, but for the
    language: else anybody could keep the server busy with queries.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers = SingleFlightCache(MAX_ENTRIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_kept(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        encoding = _encoding(headers.get("accept-encoding", ""))
        language = pick_language(
            headers.get("cookie"), headers.get("accept-language"), scope["query_string"]
        )

        async def compute() -> _Answer:
            answer = await _whole(self._app, scope, receive)
            if answer.start["status"] != 200:
                raise _NotKept(answer)
            return await asyncio.to_thread(_compressed, answer, encoding)

        try:
            answer = await self._answers.get((scope["path"], language, encoding), compute)
        except _NotKept as refused:
            answer = refused.answer
        tag = Headers(raw=answer.start["headers"]).get("etag")
        if tag and headers.get("if-none-match") == tag:
            answer = _unchanged(answer)
        # Copied: outer middleware adds headers for each request.
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})


def _is_kept(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return PAGES.fullmatch(scope["path"]) is not None


def _encoding(accepted: str) -> str:
    parts = (part.partition(";") for part in accepted.lower().split(","))
    names = {name.strip() for name, _, quality in parts if not REFUSED.fullmatch(quality.strip())}
    return next((name for name in ("br", "gzip") if name in names), "")


def _compressed(answer: _Answer, encoding: str) -> _Answer:
    headers = MutableHeaders(raw=list(answer.start["headers"]))
    headers["vary"] = "Accept-Encoding"
    body = answer.body
    if encoding:
        body = brotli.compress(body) if encoding == "br" else gzip.compress(body, mtime=0)
        headers["content-encoding"] = encoding
        headers["content-length"] = str(len(body))
    headers["etag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers.setdefault("cache-control", "no-cache")  # kept, and asked for each time
    return _Answer({**answer.start, "headers": headers.raw}, body)


def _unchanged(answer: _Answer) -> _Answer:
    """The answer to a browser that has this one."""
    of_the_body = (b"content-length", b"content-encoding", b"content-type")
    kept = [pair for pair in answer.start["headers"] if pair[0].lower() not in of_the_body]
    return _Answer({**answer.start, "status": 304, "headers": kept}, b"")


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    """The whole answer, uncompressed."""
    start: Message = {}
    chunks: list[bytes] = []

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    await app({**scope, "headers": headers}, receive, hold)
    return _Answer(start, b"".join(chunks))
