"""Commands to a session that are no button of Dash's: ``POST /session/<sid>/<verb>``, in JSON.

They are here, beside the stream and the data, and not Dash callbacks, because the page waits for
their answers (to undo them, or to ask for the next part), and because some carry more than a form:
a drawing, a whole net, a file. Dash's renderer would keep each of those in a store.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from fastapi import APIRouter, Request, Response

from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService

MAX_BYTES = 8_000_000  # the largest: a file of data, or the widest net with Adam's memory
BODY_S = 30.0  # for the whole body to arrive
MAX_DEPTH = 12

Body: TypeAlias = dict[str, Any]
# Given the service, the session's id and the body; what it returns is the answer's JSON. A verb
# that changes the session returns {"snapshot": ...}.
Command: TypeAlias = Callable[[SessionService, str, Body], Awaitable[dict[str, Any]]]

_STATUS = {"session_unknown": 404, "too_big": 413, "busy": 429, "bad_request": 400}


def routes(service: SessionService, verbs: Mapping[str, Command]) -> APIRouter:
    """The route; a `UserError` becomes a 4xx with its code and arguments in JSON.

    Parameters
    ----------
    service : SessionService
    verbs : mapping of str to Command
    """
    router = APIRouter()

    @router.post("/session/{sid}/{verb}")
    async def command(sid: str, verb: str, request: Request) -> Response:
        try:
            if (do := verbs.get(verb)) is None:
                raise UserError("bad_request")
            return answer(await do(service, sid, await read_json(request)))
        except UserError as error:
            return answer(
                {"error": {"code": error.code, "args": error.args_}}, _STATUS.get(error.code, 422)
            )

    return router


def answer(content: Any, status: int = 200) -> Response:
    """JSON that nobody keeps."""
    return Response(
        json.dumps(content, separators=(",", ":"), allow_nan=False),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def read_json(request: Request, max_bytes: int = MAX_BYTES) -> Body:
    """The object in a request's body.

    Raises
    ------
    UserError
        ``too_big`` (limit_mb), ``bad_request``.
    """
    try:
        async with asyncio.timeout(BODY_S):
            raw = await _read(request, max_bytes)
    except TimeoutError:
        raise UserError("bad_request") from None
    try:
        body = json.loads(raw, parse_constant=_no_constant) if raw else {}
    except (ValueError, RecursionError):
        raise UserError("bad_request") from None
    if not isinstance(body, dict) or _depth(body) > MAX_DEPTH:
        raise UserError("bad_request")
    return body


async def _read(request: Request, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise UserError("too_big", limit_mb=round(max_bytes / 1e6, 1))
        parts.append(part)
    return b"".join(parts)


def _no_constant(name: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(name)


def _depth(value: Any) -> int:
    """How deep lists and objects nest, looked at level by level; at most a level too many."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [
            item for each in nested for item in (each.values() if isinstance(each, dict) else each)
        ]
        depth += bool(nested)
    return depth
