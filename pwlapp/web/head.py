"""HEAD wherever GET works, which FastAPI's routes do not give by themselves."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _HasStarted(BaseException):
    """The headers are sent; the body is not wanted. Dash would take an Exception for a fault."""


class HeadRequests:
    """ASGI middleware that answers HEAD with the headers of GET.

    The inner app sees a GET. It is stopped at the first part of its body, since that of an event
    stream would not end.

    Parameters
    ----------
    app : ASGIApp
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
