"""A session's events as the page receives them: by EventSource, or by polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import httpx2

POLL_S = 1.0  # as in assets/core/session/event-stream.ts
RETRY_S = 3.0  # until an EventSource connects again, if the server does not say


class Event(NamedTuple):
    """An event of the stream.

    Attributes
    ----------
    name : str
        ``"state"`` or ``"frames"``, with its content; ``"lost"``: the connection was lost and will
        be opened again; ``"refused"``: the server refused it and is polled.
    """

    name: str
    content: Any = None


async def follow(
    http: httpx2.AsyncClient, sid: str, last_seq: Callable[[], int]
) -> AsyncIterator[Event]:
    """Follow a session until the server no longer knows it.

    Parameters
    ----------
    http : httpx2.AsyncClient
    sid : str
    last_seq : callable
        Returns the number of the newest frame that the page has.
    """
    while True:
        async for event in _listen(http, sid, last_seq()):
            yield event
        yield Event("refused")
        try:
            answer = await http.get(f"/frames/{sid}", params={"since": last_seq()})
        except httpx2.TransportError:
            pass  # the server is down for a moment
        else:
            if answer.status_code == 404:
                return
            if answer.is_success:
                content = answer.json()
                yield Event("state", content["state"])
                yield Event("frames", content["frames"])
        await asyncio.sleep(POLL_S)


async def _listen(http: httpx2.AsyncClient, sid: str, since: int) -> AsyncIterator[Event]:
    """One EventSource: reconnects by itself, and ends when the server refuses."""
    last_id, retry_s = "", RETRY_S
    while True:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            async with http.sse(
                f"/stream/{sid}", params={"since": since}, headers=headers, max_event_size=None
            ) as source:
                if not source.response.is_success:
                    return
                async for message in source:
                    last_id = message.id or last_id
                    retry_s = message.retry / 1000 if message.retry is not None else retry_s
                    if message.event in ("state", "frames"):
                        content: Any = message.json()
                        yield Event(
                            message.event,
                            content["frames"] if message.event == "frames" else content,
                        )
        except httpx2.TransportError:
            pass  # a broken connection ends like one that the server has closed
        yield Event("lost")
        await asyncio.sleep(retry_s)
