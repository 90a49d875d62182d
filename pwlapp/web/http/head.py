"""Answers HEAD for every route with GET, which FastAPI's routes do not do by themselves."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _HasStarted(BaseException):
    """Stops the inner app after the headers; not an Exception, which Dash would catch and log."""


class HeadRequests:
    """ASGI middleware that answers HEAD with the headers of GET.

    The inner app gets a GET request. It is stopped at the first part of the body, since an event
    stream has no end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})
                raise _HasStarted
            await send(message)

        try:
            await self._app({**scope, "method": "GET"}, receive, without_body)
        except* _HasStarted:
            pass
