"""Gives pictures that the browser has drawn a URL: ``POST /pictures``, ``GET /pictures/<key>``.

Browsers inside messenger apps can save a file only from a server. So the page uploads a picture and
downloads it from the URL in the answer. Pictures are kept in memory for some minutes.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from pwlapp.core.export.file import File
from pwlapp.errors import UserError
from pwlapp.web.http.bodies import read_body
from pwlapp.web.http.json_answers import RefusingRoute, answer, attachment
from pwlapp.web.http.rate_limits import visitor

MAX_BYTES = 3_000_000  # a plot is 100 KB, a board of 300 students 1 MB
KEPT_BYTES = 64_000_000  # of all pictures; the oldest are dropped first
KEPT_S = 600.0
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,79}\.(png|svg)", re.ASCII)
# first bytes of each kind of file, and its media type
KINDS = {"png": (b"\x89PNG\r\n\x1a\n", "image/png"), "svg": (b"<svg", "image/svg+xml")}
# If a picture is opened instead of being saved, scripts in it do not run.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Pictures:
    """A bounded store of pictures by key.

    Parameters
    ----------
    clock : callable
        A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, File]] = OrderedDict()
        self._bytes = 0

    def keep(self, file: File) -> str:
        """Store a picture; returns its key, which cannot be guessed."""
        key = secrets.token_urlsafe(16)
        self._kept[key] = (self._clock() + KEPT_S, file)
        self._bytes += len(file.content)
        self._make_room()
        return key

    def find(self, key: str) -> File | None:
        """The picture with this key, unless it has been dropped."""
        self._make_room()
        found = self._kept.get(key)
        return found[1] if found else None

    def _make_room(self) -> None:
        while self._kept:
            ends, oldest = next(iter(self._kept.values()))
            if self._bytes <= KEPT_BYTES and ends > self._clock():
                return
            self._kept.popitem(last=False)
            self._bytes -= len(oldest.content)


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


def routes(pictures: Pictures | None = None) -> APIRouter:
    """The routes."""
    kept = pictures or Pictures()
    router = APIRouter(route_class=RefusingRoute)

    @router.post("/pictures")
    async def keep(request: Request, name: str = "") -> Response:
        visitor().new_picture()
        file = check(name, await read_body(request, MAX_BYTES))
        return answer({"address": f"pictures/{kept.keep(file)}"})

    @router.get("/pictures/{key}")
    async def take(key: str) -> Response:
        if (file := kept.find(key)) is None:
            return Response(status_code=404)
        response = attachment(file)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return router
