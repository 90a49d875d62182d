"""Reads the bodies of requests, within limits of size, time and depth."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from pwlapp.errors import UserError
from pwlapp.web.http.rate_limits import visitor

MAX_BYTES = 8_000_000  # for a file of data, or the widest net with Adam's memory
MAX_DEPTH = 12
BODY_S = 30.0  # time limit for the whole body


class LateBody(UserError):
    """Raised if the body does not arrive in time, for example if a phone has lost its network."""


async def read_json(
    request: Request,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    limit_s: float = BODY_S,
) -> dict[str, Any]:
    """Read the JSON object in a request's body; an empty body is an empty object.

    Raises
    ------
    UserError
        ``bad_request``; the errors of `read_body`.
    """
    raw = await read_body(request, max_bytes, limit_s)
    try:
        body = json.loads(raw, parse_constant=_refuse_constant) if raw else {}
    except (ValueError, RecursionError):
        raise UserError("bad_request") from None
    if not isinstance(body, dict) or _is_deeper(body, max_depth):
        raise UserError("bad_request")
    return body


async def read_body(request: Request, max_bytes: int, limit_s: float = BODY_S) -> bytes:
    """Read a request's body.

    Raises
    ------
    UserError
        ``too_big`` (limit_mb), ``too_many`` (seconds); ``bad_request`` if the client disconnects.
    LateBody
        ``bad_request``
    """
    try:
        async with asyncio.timeout(limit_s):
            return await _read(request, max_bytes)
    except TimeoutError:
        raise LateBody("bad_request") from None
    except ClientDisconnect:
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


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which are not JSON though Python accepts them."""
    raise ValueError(name)


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects nest deeper than `limit`; checks level by level."""
    level = [value]
    for _ in range(limit + 1):
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [
            item for each in nested for item in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
