"""Support for a proxy that serves the app under a path, such as ``/pwl/``."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """ASGI middleware that removes the base path from requests.

    The path begins and ends with a slash and is percent-encoded. Nothing else is needed, since all
    URLs in the page are relative. Requests without the path are answered too: many proxies remove
    it themselves, and monitors ask the server directly.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = unquote(path)  # paths in an ASGI scope are decoded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._path != "/":
            if scope["path"] == self._path[:-1]:
                # Without the final slash, browsers would resolve relative URLs wrongly.
                query = scope["query_string"].decode("latin-1")
                url = self._path + (f"?{query}" if query else "")
                await RedirectResponse(url, status_code=308)(scope, receive, send)
                return
            if scope["path"].startswith(self._path):
                scope = {**scope, "path": scope["path"][len(self._path) - 1 :]}
        await self._app(scope, receive, send)
