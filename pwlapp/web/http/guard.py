"""Validates the requests of Dash callbacks, so that a forged one gets a 4xx and not a 500.

Dash trusts the body of a callback request and fails in many ways on a forged one. This middleware
checks the body against the callback that it names, and rebuilds it from the declared ids and the
values that were sent. The handlers check the values.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pwlapp.errors import UserError
from pwlapp.web.http.bodies import LateBody, read_json
from pwlapp.web.http.json_answers import STATUS

log = logging.getLogger(__name__)

PATH_END = "/_dash-update-component"
OUTPUT = "pwlapp.output"  # in the scope of a checked request: the output id of its callback
MAX_BYTES = 64 * 1024  # the largest request of the page is well under 1 KB
MAX_DEPTH = 20  # the page sends 5 levels; far deeper JSON exhausts the parser's stack
BODY_S = 20.0  # for the whole body to arrive

Body = dict[str, Any]


class _Value(msgspec.Struct):
    """The value of a component's property."""

    id: str
    property: str
    value: Any = None


class _Request(msgspec.Struct):
    """The parts of Dash's request that are passed on."""

    output: str
    inputs: tuple[_Value, ...]
    state: tuple[_Value, ...] = ()
    changedPropIds: tuple[Any, ...] = ()


class CallbackGuard:
    """ASGI middleware that passes on only well-formed callback requests.

    Parameters
    ----------
    app : ASGIApp
        The inner app.
    callbacks : mapping of str to dict
        Dash's ``callback_map``: the declared inputs and states of each output id. It is read at
        each request, since Dash fills it later.
    body_s : float
        Time limit for the body, in seconds.
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
            request = Request(scope, receive)
            sent = await read_json(request, MAX_BYTES, MAX_DEPTH, self.body_s)
            body = json.dumps(rebuild(sent, self.callbacks)).encode()
        except UserError as problem:
            log.warning("refused a callback request: %s", problem)
            status = 408 if isinstance(problem, LateBody) else STATUS[problem.code]
            detail = {"error": "bad_request", "detail": str(problem)}
            await JSONResponse(detail, status_code=status)(scope, receive, send)
            return
        headers = [
            (k, v) for k, v in scope["headers"] if k not in (b"content-length", b"content-type")
        ]
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
        ]
        checked = {**scope, "headers": headers, OUTPUT: sent["output"]}
        await self.app(checked, _replay(body, receive), send)


def rebuild(body: Body, callbacks: Mapping[str, Any]) -> Body:
    """The body as our page would have sent it, with the declared ids and the values that were sent.

    Raises
    ------
    UserError
        ``bad_request`` (detail) if the output is not one of ours, or the rest is not like Dash's.
    """
    try:
        sent = msgspec.convert(body, _Request)
    except msgspec.ValidationError as wrong:
        raise UserError("bad_request", detail=str(wrong)) from None
    declared = callbacks.get(sent.output)
    if declared is None or "callback" not in declared:  # clientside callbacks are listed as well
        raise UserError("bad_request", detail="no such callback")
    inputs = _fill(declared["inputs"], sent.inputs)
    names = [f"{each['id']}.{each['property']}" for each in inputs]
    return {
        "output": sent.output,
        "outputs": _outputs(sent.output),
        "inputs": inputs,
        "state": _fill(declared["state"], sent.state),
        "changedPropIds": [name for name in sent.changedPropIds if name in names],
    }


def _fill(declared: list[Body], sent: tuple[_Value, ...]) -> list[Body]:
    values = {(each.id, each.property): each.value for each in sent}
    return [
        {
            "id": each["id"],
            "property": each["property"],
            "value": values.get((each["id"], each["property"])),
        }
        for each in declared
    ]


def _outputs(output: str) -> Body | list[Body]:
    """Parse Dash's output id, ``a.x`` or ``..a.x...b.y..``, for the request's ``outputs``."""
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
