"""The texts of the page, in Korean and English.

`LanguageMiddleware` decides the language of a request and keeps it in a context variable, so that
layout functions need no argument for it. Once the page is open, the browser switches the language
itself, from the same catalogues.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LANGUAGES = ("ko", "en")
COOKIE = "pwl_lang"
MAX_QUERY = 2000  # bytes; a longer query is cut
LOCALES = Path(__file__).parent / "locales"

_language: ContextVar[str] = ContextVar("pwl_language", default="en")


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All messages of one language, by key.

    Raises
    ------
    ValueError
        If there is no catalogue for `lang`.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"no catalogue for language {lang!r}; there are {', '.join(LANGUAGES)}")
    messages: dict[str, str] = json.loads((LOCALES / f"{lang}.json").read_text("utf-8"))
    return messages


def language() -> str:
    """The language of the present request."""
    return _language.get()


def t(key: str) -> str:
    """The text for `key` in the language of the request."""
    return catalogue(language())[key]


def pick_language(cookie: str | None, accept_language: str | None, query: bytes = b"") -> str:
    """Decide the language: by the query, else by the cookie, else by the browser, else English.

    Parameters
    ----------
    cookie : str or None
        The raw ``Cookie`` header.
    accept_language : str or None
        The raw ``Accept-Language`` header, such as ``ko-KR,ko;q=0.9,en;q=0.8``.
    query : bytes
        The raw query, such as ``lang=ko``.
    """
    asked = dict(parse_qsl(query[:MAX_QUERY].decode("latin-1"))).get("lang")
    if asked in LANGUAGES:
        return asked
    try:
        chosen = SimpleCookie(cookie or "").get(COOKIE)
    except CookieError:
        chosen = None
    if chosen is not None and chosen.value in LANGUAGES:
        return chosen.value
    for tag in _by_preference(accept_language or ""):
        if tag in LANGUAGES:
            return tag
    return "en"


def _by_preference(accept_language: str) -> list[str]:
    """The primary language tags, best first; an invalid weight counts as 0."""
    weighted = []
    for part in accept_language.split(","):
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((-weight, tag.strip().split("-")[0].lower()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]


class LanguageMiddleware:
    """ASGI middleware that sets the request's language for `t`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        token = _language.set(
            pick_language(
                headers.get(b"cookie"), headers.get(b"accept-language"), scope["query_string"]
            )
        )
        try:
            await self.app(scope, receive, send)
        finally:
            _language.reset(token)
