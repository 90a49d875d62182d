"""Reads the bodies of requests, within limits of size, time and depth."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from pwlapp.errors import UserError
from pwlapp.web.rate_limits import visitor

MAX_BYTES = 8_000_000  # the largest: a file of data, or the widest net with Adam's memory
MAX_DEPTH = 12
BODY_S = 30.0  # for the whole body to arrive


class LateBody(UserError):
    """The body did not arrive in time, for example from a phone that lost its network."""


async def read_json(
    request: Request,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    limit_s: float = BODY_S,
) -> dict[str, Any]:
    """The object in a request's body; empty if there is no body.

    Raises
    ------
    UserError
        ``bad_request``, and what `read_body` raises.
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
    """A request's body.

    Raises
    ------
    UserError
        ``too_big`` (limit_mb), ``too_many`` (seconds); ``bad_request`` for a body that breaks off.
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
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(name)


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects nest beyond `limit`; looks at one level after the other."""
    level = [value]
    for _ in range(limit + 1):
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [
            item for each in nested for item in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
