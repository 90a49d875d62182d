"""The path under which a proxy shows the app, such as ``/pwl/``."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """ASGI middleware that removes the path from requests that have it.

    The page needs no more, since it names everything relative to itself. Requests without the path
    are answered too: many proxies remove it themselves, and monitors ask the server directly.

    Parameters
    ----------
    app : ASGIApp
    path : str
        Begins and ends with a slash; as in an address, so that ``%40`` stands for ``@``.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = unquote(path)  # as the server gets the paths of requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._path != "/":
            if scope["path"] == self._path[:-1]:
                # A relative address would be looked for beside the path, not under it.
                query = scope["query_string"].decode("latin-1")
                url = self._path + (f"?{query}" if query else "")
                await RedirectResponse(url, status_code=308)(scope, receive, send)
                return
            if scope["path"].startswith(self._path):
                scope = {**scope, "path": scope["path"][len(self._path) - 1 :]}
        await self._app(scope, receive, send)
