"""Commands to a session as JSON: ``POST /session/<sid>/<command>``.

They are here, beside the stream and the data, and not Dash callbacks, because the page waits for
their answers (to undo them, or to paint each part), and because some carry more than a form: a
drawing, a whole net, a file. Dash's renderer would keep each of those in a store.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from pwlapp.commands.table import COMMANDS, STREAMS, Command, run, stream
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web.json_answers import answer, answer_lines, refusal
from pwlapp.web.rate_limits import HEAVY_COMMANDS, visitor

MAX_BYTES = 8_000_000  # the largest: a file of data, or the widest net with Adam's memory
SMALL = 250_000  # the parameters of the widest net
# Commands whose bodies may be larger: files, saved runs, and a student's own points.
LARGE = {
    "preview": MAX_BYTES,
    "restore": MAX_BYTES,
    "upload": MAX_BYTES,
    "move_points": 2_000_000,
    "use_data": 2_000_000,
}
BODY_S = 30.0  # for the whole body to arrive
MAX_DEPTH = 12


def routes(service: SessionService, commands: Mapping[str, Command] = COMMANDS) -> APIRouter:
    """The route; see `json_answers.refusal` for what is refused.

    Parameters
    ----------
    service : SessionService
    commands : mapping of str to Command
    """
    router = APIRouter()

    @router.post("/session/{sid}/{name}")
    async def command(sid: str, name: str, request: Request) -> Response:
        try:
            visitor().command(sid, name)
            body = await read_json(request, LARGE.get(name, SMALL))
            if name in STREAMS:
                parts = stream(service, sid, name, body)
                return await answer_lines(visitor().computed(parts))
            if name not in HEAVY_COMMANDS:
                return answer(await run(service, sid, name, body, commands))
            with visitor().computing():
                return answer(await run(service, sid, name, body, commands))
        except UserError as error:
            return refusal(error)

    return router


async def read_json(request: Request, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The object in a request's body.

    Raises
    ------
    UserError
        ``too_big`` (limit_mb), ``too_many`` (seconds), ``bad_request``.
    """
    raw = await read_body(request, max_bytes)
    try:
        body = json.loads(raw, parse_constant=_no_constant) if raw else {}
    except (ValueError, RecursionError):
        raise UserError("bad_request") from None
    if not isinstance(body, dict) or _depth(body) > MAX_DEPTH:
        raise UserError("bad_request")
    return body


async def read_body(request: Request, max_bytes: int) -> bytes:
    """A request's body.

    Raises
    ------
    UserError
        ``too_big`` (limit_mb), ``too_many`` (seconds); ``bad_request`` for a body that does not
        arrive in time, or breaks off.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await _read(request, max_bytes)
    except (TimeoutError, ClientDisconnect):
        raise UserError("bad_request") from None


async def _read(request: Request, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise UserError("too_big", limit_mb=round(max_bytes / 1e6, 2))
        visitor().hold(len(part))
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
