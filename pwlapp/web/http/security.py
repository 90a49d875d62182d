"""Security headers, and a check that commands come from our own page."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pwlapp.errors import UserError
from pwlapp.web.http.json_answers import refusal

logger = logging.getLogger(__name__)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")  # allowed Sec-Fetch-Site; none: typed into the address bar
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Browsers read these only for pages; the other responses of a visit, about 20, save 150 bytes each.
PAGE_HEADERS = {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_policy(inline_scripts: Iterable[str]) -> str:
    """The Content-Security-Policy of the page.

    Inline styles are allowed, since Plotly and Dash's components write them. Inline scripts are
    allowed only by their hashes, and ``eval`` is not.

    Parameters
    ----------
    inline_scripts : iterable of str
        The exact texts of the scripts in the page's HTML.
    """
    hashes = (base64.b64encode(hashlib.sha256(s.encode()).digest()) for s in inline_scripts)
    allowed = " ".join(f"'sha256-{digest.decode()}'" for digest in hashes)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {allowed}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data:",  # the page reads drawn pictures from data URLs
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


class SecurityHeaders:
    """ASGI middleware that adds `HEADERS` to all responses, `PAGE_HEADERS` and a policy to pages.

    The policy is that of `content_policy`.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.update(HEADERS)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.update(PAGE_HEADERS)
                    headers["Content-Security-Policy"] = self._policy
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """ASGI middleware that refuses commands from pages of other sites (CSRF).

    Browsers name the origin of a request in headers that a page cannot change. Requests without
    these headers come from programs and are accepted: a program needs a session id anyway.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_command = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if is_command and not is_same_origin(Headers(scope=scope)):
            logger.warning("refused a command from a page of another site")
            await refusal(UserError("other_site"))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_same_origin(headers: Headers) -> bool:
    """Whether a request comes from a page of this server, or not from a page.

    Browsers send Sec-Fetch-Site only over TLS and to localhost; otherwise the host in Origin is
    compared. A proxy that changes Host puts the original into X-Forwarded-Host, which a page cannot
    send to another site without that site's permission.
    """
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in OURS
    if (origin := headers.get("origin")) is None:
        return True
    hosts = (headers.get("host"), headers.get("x-forwarded-host"))
    try:
        return urlsplit(origin).netloc in hosts
    except ValueError:  # not a URL
        return False
