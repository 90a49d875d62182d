"""Checks callback requests before Dash: one that our page can't have sent gets a 4xx, not a 500.

Dash trusts the body of a callback request and fails in many ways on a forged one. This middleware
reads the body, checks it against the callback that it names, and rebuilds it from the declared ids
and the sender's values. The handlers check the values.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

PATH_END = "/_dash-update-component"
MAX_BYTES = 64 * 1024  # the largest request of the page is well under 1 KB
MAX_DEPTH = 20  # the page sends 5 levels; far deeper JSON exhausts the parser's stack
BODY_S = 20.0  # for the whole body to arrive

Body = dict[str, Any]


class BadRequestError(ValueError):
    """The request can't have come from our page; the message says why."""

    status = 400


class TooLargeError(BadRequestError):
    """The body is larger than any of our page."""

    status = 413


class TooSlowError(BadRequestError):
    """The body did not arrive in time, for example from a phone that lost its network."""

    status = 408


class CallbackGuard:
    """ASGI middleware that passes only well-formed callback requests on.

    Parameters
    ----------
    app : ASGIApp
        The app behind it.
    callbacks : mapping of str to dict
        Dash's ``callback_map``: for each output id, the declared inputs and states. Looked up at
        each request, since Dash fills it later.
    body_s : float
        Seconds that a body may take to arrive.
    """

    def __init__(self, app: ASGIApp, callbacks: Mapping[str, Any], body_s: float = BODY_S) -> None:
        self.app = app
        self.callbacks = callbacks
        self.body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(PATH_END):
            await self.app(scope, receive, send)
            return
        try:
            raw = await _read_body(receive, self.body_s)
            body = json.dumps(rebuild(_parse(raw), self.callbacks)).encode()
        except BadRequestError as problem:
            log.warning("refused a callback request: %s", problem)
            answer = JSONResponse(
                {"error": "bad_request", "detail": str(problem)}, status_code=problem.status
            )
            await answer(scope, receive, send)
            return
        headers = [
            (k, v) for k, v in scope["headers"] if k not in (b"content-length", b"content-type")
        ]
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
        ]
        await self.app({**scope, "headers": headers}, _replay(body, receive), send)


async def _read_body(receive: Receive, limit_s: float) -> bytes:
    try:
        async with asyncio.timeout(limit_s):
            return await _read_parts(receive)
    except TimeoutError:
        raise TooSlowError(f"not here after {limit_s:g} s") from None


async def _read_parts(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequestError("the sender went away")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BYTES:
            raise TooLargeError(f"more than {MAX_BYTES} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


def _parse(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequestError("not JSON") from None
    if not isinstance(body, dict):
        raise BadRequestError("not a JSON object")
    if _is_deeper(body, MAX_DEPTH):
        raise BadRequestError(f"nested more than {MAX_DEPTH} deep")
    return body


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects nest beyond `limit`; looks at one level after the other."""
    level = [value]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict | list):
                inner.extend(each.values() if isinstance(each, dict) else each)
        level = inner
    return bool(level)


def rebuild(body: Body, callbacks: Mapping[str, Any]) -> Body:
    """The body as our page would have sent it: declared ids, and the sender's values.

    Raises
    ------
    BadRequestError
        If the output is not one of ours, or the values are not in lists of id and property.
    """
    output = body.get("output")
    declared = callbacks.get(output) if isinstance(output, str) else None
    if declared is None or "callback" not in declared:  # clientside callbacks are listed as well
        raise BadRequestError("no such callback")
    inputs = _fill(declared["inputs"], body.get("inputs"))
    changed = body.get("changedPropIds")
    names = {f"{item['id']}.{item['property']}" for item in inputs}
    return {
        "output": output,
        "outputs": _outputs(str(output)),
        "inputs": inputs,
        "state": _fill(declared["state"], body.get("state", [])),
        "changedPropIds": [
            name for name in (changed if isinstance(changed, list) else [])
            if isinstance(name, str) and name in names
        ],
    }  # fmt: skip


def _fill(declared: list[Body], sent: Any) -> list[Body]:
    if not isinstance(sent, list) or not all(isinstance(item, dict) for item in sent):
        raise BadRequestError("inputs and state must be lists of objects")
    values = {}
    for item in sent:
        name, prop = item.get("id"), item.get("property")
        if not isinstance(name, str) or not isinstance(prop, str):
            raise BadRequestError("an id or a property is not text")
        values[name, prop] = item.get("value")
    return [
        {
            "id": each["id"],
            "property": each["property"],
            "value": values.get((each["id"], each["property"])),
        }
        for each in declared
    ]


def _outputs(output: str) -> Body | list[Body]:
    """Dash's output id, ``a.x`` or ``..a.x...b.y..``, in the form of the request's ``outputs``."""
    several = output.startswith("..") and output.endswith("..")
    parts = output[2:-2].split("...") if several else [output]
    pairs = [part.rpartition(".") for part in parts]
    outputs = [{"id": name, "property": prop} for name, _, prop in pairs]
    return outputs if several else outputs[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
