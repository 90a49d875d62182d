"""A cache of responses: the page and data are computed and compressed once for a whole class."""

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
from pwlapp.ui.i18n import language

PAGES = re.compile(r"/|/_dash-layout|/_dash-dependencies|/data/[0-9a-f]{16}\.json")
REFUSED = re.compile(r"q=0(\.0*)?")  # the quality of an encoding that the browser refuses
MAX_ENTRIES = 128  # pages and sets of data, by language and by encoding


class _Answer(NamedTuple):
    start: Message
    body: bytes


class _NotKept(Exception):
    """Raised with a response that must not be cached, for example if the server is not ready."""

    def __init__(self, answer: _Answer) -> None:
        self.answer = answer


class PageCache:
    """ASGI middleware that caches responses that depend only on the path and the language.

    It belongs behind `LanguageMiddleware`.

    Dash computes layout and index for each visitor, which takes a tenth of a second; a class of 300
    would have to wait. Cached responses are compressed at the highest level, and have an ETag. The
    query is not part of the key, except for the language: lecturers' URLs hide parts in the
    browser, and otherwise anyone could keep the server busy with random queries.
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

        async def compute() -> _Answer:
            answer = await _whole(self._app, scope, receive)
            if answer.start["status"] != 200:
                raise _NotKept(answer)
            return await asyncio.to_thread(_compressed, answer, encoding)

        try:
            answer = await self._answers.get((scope["path"], language(), encoding), compute)
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
    headers.setdefault("cache-control", "no-cache")  # browsers revalidate it each time
    return _Answer({**answer.start, "headers": headers.raw}, body)


def _unchanged(answer: _Answer) -> _Answer:
    """The 304 response for a browser that has this one already."""
    of_the_body = (b"content-length", b"content-encoding", b"content-type")
    kept = [pair for pair in answer.start["headers"] if pair[0].lower() not in of_the_body]
    return _Answer({**answer.start, "status": 304, "headers": kept}, b"")


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    """The whole response of the inner app, uncompressed."""
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
