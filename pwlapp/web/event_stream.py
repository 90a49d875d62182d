"""Routes for a session's event stream, its frames and its data."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import anyio
import numpy as np
from fastapi import APIRouter, Header, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from pwlapp.core.data.points import Points
from pwlapp.core.net import Array
from pwlapp.errors import UserError
from pwlapp.sessions.events import Event, SessionEvents
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import FrameText, json_number, json_numbers
from pwlapp.web.http.json_answers import (
    LINES,
    UNBUFFERED,
    RefusingRoute,
    answer_text,
    lines_of,
    to_text,
)
from pwlapp.web.http.rate_limits import visitor

PING_S = 8  # after 2.5 times this without any event, the page takes the connection for lost
RETRY_MS = 1000  # delay before the browser reconnects; its default is 3 seconds or more
GRACE_S = 2.0  # time that a stream has to end when the server stops
KEY = re.compile("[0-9a-f]{16}")
# The URL of data contains its hash, so it can be cached for ever.
FOR_A_YEAR = "public, max-age=31536000, immutable"
MAX_SEQ = 2**53  # the largest integer that JavaScript represents exactly

Seq = Annotated[int, Query(ge=0, le=MAX_SEQ)]
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=MAX_SEQ)]


def routes(service: SessionService) -> APIRouter:
    """The routes."""
    router = APIRouter(route_class=RefusingRoute)

    @router.get("/stream/{sid}")
    async def stream(sid: str, since: Seq = 0, last_event_id: LastEventId = None) -> Response:
        visitor().command(sid, "stream")
        visitor().check_streams()
        await service.get_snapshot(sid)
        if service.events.is_full(sid):
            raise UserError("busy")
        # When an EventSource reconnects, it uses the same URL with the old `since`, and sends the
        # number of its last frame in the header.
        known = since if last_event_id is None else last_event_id
        return event_source(service.events, service.events.follow(sid, known, service.read))

    @router.get("/frames/{sid}")
    async def frames(sid: str, since: Seq = 0) -> Response:
        visitor().command(sid, "frames")
        state, rows = await service.read(sid, since)
        return answer_text(f'{{"state":{to_text(state)},"frames":{list_of_texts(rows)}}}')

    @router.get("/data/{key}.json")
    async def data(key: str) -> Response:
        points = await service.find_points(key) if KEY.fullmatch(key) else None
        if points is None:
            raise UserError("data_unknown")
        return answer_text(await asyncio.to_thread(_data, points), cache=FOR_A_YEAR)

    return router


def event_source(events: SessionEvents, stream: AsyncGenerator[Event]) -> Response:
    """The response for an event stream, which ends with the stream or when the server stops."""
    messages = (_message(event) async for event in visitor().following(stream))
    return _source(events, messages, ping=PING_S, ping_message_factory=_ping)


def line_source(events: SessionEvents, parts: AsyncGenerator[Any]) -> Response:
    """The response for a stream of JSON parts, a line for each, which ends like `event_source`."""
    return _source(events, lines_of(visitor().following(parts)), media_type=LINES, ping=0)


def _source(events: SessionEvents, content: AsyncIterator[Any], **options: Any) -> Response:
    leaving = anyio.Event()
    return EventSourceResponse(
        _until_stopped(events, content, leaving),
        headers=UNBUFFERED,
        shutdown_event=leaving,
        shutdown_grace_period=GRACE_S,
        **options,
    )


async def _until_stopped(
    events: SessionEvents, content: AsyncIterator[Any], leaving: anyio.Event
) -> AsyncIterator[Any]:
    closing = asyncio.create_task(_close_when(leaving, events))
    try:
        async for each in content:
            yield each
    finally:
        closing.cancel()


def _message(event: Event) -> ServerSentEvent:
    is_frames = event.name == "frames"
    return ServerSentEvent(
        f'{{"frames":{list_of_texts(event.data["frames"])}}}' if is_frames else to_text(event.data),
        event=event.name,
        id=None if event.id is None else str(event.id),
        retry=None if is_frames else RETRY_MS,
    )


def _ping() -> ServerSentEvent:
    """A ping as an event, since scripts do not see the comments of a stream."""
    return ServerSentEvent("{}", event="ping")


async def _close_when(leaving: anyio.Event, stream: SessionEvents) -> None:
    """End all streams when the server begins to stop.

    The lifespan's shutdown would be too late: the server waits for its connections before.
    """
    await leaving.wait()
    stream.close()


def _data(points: Points) -> str:
    content = {
        "x": _spaced(points.x) or json_numbers(points.x),
        "prob": None if points.prob is None else json_numbers(points.prob),
        "y": json_numbers(points.y),
        "true_loss": None if points.true_loss is None else json_number(points.true_loss),
        "held_out": points.testing_rows.tolist(),
        "spec": asdict(points.spec) | {"label": points.label},
    }
    return to_text(content)


def _spaced(x: Array) -> dict[str, Any] | None:
    """A short description of `x` if it is evenly spaced, which saves a third of the bytes.

    None if the browser could not reproduce x from it to the last bit.
    """
    low, high = x[0].item(), x[-1].item()
    if not np.array_equal(x, np.linspace(low, high, x.size).astype(np.float32)):
        return None
    return {"from": low, "to": high, "n": x.size}


def list_of_texts(rows: Sequence[FrameText]) -> str:
    """A JSON list of the texts of `frame_texts`."""
    return f"[{','.join(text for _, text in rows)}]"
