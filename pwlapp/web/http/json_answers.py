"""Responses with JSON or files, the HTTP status of each error code, and bearer tokens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from pwlapp.core.export.file import File
from pwlapp.errors import UserError

LINES = "application/x-ndjson"
UNBUFFERED = {"X-Accel-Buffering": "no"}  # for nginx

# All other codes have the status 422.
STATUS = {
    "bad_request": 400,
    "busy": 429,
    "data_unknown": 404,
    "frozen": 423,
    "not_ready": 503,
    "other_site": 403,
    "room_ended": 404,
    "room_forbidden": 403,
    "room_unknown": 404,
    "room_wait": 429,
    "session_unknown": 404,
    "storage_failed": 503,
    "too_big": 413,
    "too_many": 429,
    "worker_lost": 503,
}
# Retry-After, in seconds, of requests that were refused with 429.
AGAIN_S = {"busy": 1, "room_wait": 60}


def to_text(content: Any) -> str:
    """Compact JSON. Raises ValueError for NaN and infinities."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def answer(content: Any, status: int = 200) -> Response:
    """A JSON response that must not be cached."""
    return answer_text(to_text(content), status)


def answer_text(text: str, status: int = 200, cache: str = "no-store") -> Response:
    """A response of JSON text; `cache` is its Cache-Control."""
    headers = {"Cache-Control": cache}
    return Response(text, status_code=status, media_type="application/json", headers=headers)


def attachment(file: File) -> Response:
    """The response for a download."""
    headers = {
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Cache-Control": "no-store",
    }
    return Response(file.content, media_type=file.media_type, headers=headers)


async def answer_lines(parts: AsyncIterator[Any]) -> Response:
    """A response that streams JSON, a line for each part; a later `UserError` is the last line.

    Raises
    ------
    UserError
        If it is raised before the first part.
    """
    first = await anext(parts)

    async def lines() -> AsyncIterator[bytes]:
        yield line_of(first)
        async for line in lines_of(parts):
            yield line

    headers = {"Cache-Control": "no-store", **UNBUFFERED}
    return StreamingResponse(lines(), media_type=LINES, headers=headers)


async def lines_of(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """Yield a line of JSON for each part; a `UserError` becomes the last line."""
    try:
        async for part in parts:
            yield line_of(part)
    except UserError as error:
        yield line_of({"error": error.to_json()})


def line_of(part: Any) -> bytes:
    """One line of JSON."""
    return f"{to_text(part)}\n".encode()


def refusal(error: UserError) -> Response:
    """The response for an error: its code and arguments, and for 429 when to retry."""
    response = answer({"error": error.to_json()}, STATUS.get(error.code, 422))
    if response.status_code == 429:
        seconds = error.args_.get("seconds", AGAIN_S.get(error.code))
        response.headers["Retry-After"] = str(seconds)
    return response


class RefusingRoute(APIRoute):
    """A route whose `UserError` becomes a 4xx or 503; see `refusal`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except UserError as error:
                return refusal(error)

        return handle_or_refuse


def bearer(request: Request) -> str:
    """The bearer token of a request; empty if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
