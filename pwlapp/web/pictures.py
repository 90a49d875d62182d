"""Gives pictures that the browser has drawn a URL: ``POST /pictures``, ``GET /pictures/<key>``.

Browsers inside messenger apps can save a file only from a server. So the page uploads a picture and
downloads it from the URL in the answer. Pictures are kept in memory for some minutes.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from cachetools import TTLCache
from fastapi import APIRouter, Request, Response

from pwlapp.core.export.file import File
from pwlapp.errors import UserError
from pwlapp.web.http.bodies import read_body
from pwlapp.web.http.json_answers import RefusingRoute, answer, attachment
from pwlapp.web.http.rate_limits import visitor

MAX_BYTES = 3_000_000  # a plot is 100 KB, a board of 300 students 1 MB
KEPT_BYTES = 64_000_000  # of all pictures; the least recently used are dropped first
KEPT_S = 600.0
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,79}\.(png|svg)", re.ASCII)
# first bytes of each kind of file, and its media type
KINDS = {"png": (b"\x89PNG\r\n\x1a\n", "image/png"), "svg": (b"<svg", "image/svg+xml")}
# If a picture is opened instead of being saved, scripts in it do not run.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def store(timer: Callable[[], float] = time.monotonic) -> TTLCache[str, File]:
    """An empty store of pictures by key; `timer` is a monotonic clock, in seconds."""
    return TTLCache(KEPT_BYTES, KEPT_S, timer, getsizeof=lambda file: len(file.content))


def check(name: str, content: bytes) -> File:
    """Check a picture's name and content, and return it as a file.

    Raises
    ------
    UserError
        ``bad_request`` if the name is not allowed or does not fit the content.
    """
    named = NAME.fullmatch(name)
    if not named:
        raise UserError("bad_request")
    beginning, media_type = KINDS[named[1]]
    if not content.startswith(beginning):
        raise UserError("bad_request")
    return File(name, media_type, content)


def routes() -> APIRouter:
    """The routes."""
    kept = store()
    router = APIRouter(route_class=RefusingRoute)

    @router.post("/pictures")
    async def keep(request: Request, name: str = "") -> Response:
        visitor().new_picture()
        file = check(name, await read_body(request, MAX_BYTES))
        key = secrets.token_urlsafe(16)  # cannot be guessed
        kept[key] = file
        return answer({"address": f"pictures/{key}"})

    @router.get("/pictures/{key}")
    async def take(key: str) -> Response:
        if (file := kept.get(key)) is None:
            return Response(status_code=404)
        response = attachment(file)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return router
