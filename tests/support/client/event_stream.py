"""A session's events as the page receives them: by EventSource, or else by polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, TypeAlias

import httpx2

POLL_S = 1.0  # as in assets/core/session/connection.ts
RETRY_S = 3.0  # until an EventSource connects again, if the server does not say
NAMES = ("room", "state", "frames")  # in the order in which a page handles them

Query: TypeAlias = dict[str, str | int]


class Event(NamedTuple):
    """An event of the stream.

    Attributes
    ----------
    name : str
        One of `NAMES`, with its content; ``"lost"``: the connection was lost and will be opened
        again; ``"refused"``: the server refused it and is polled.
    """

    name: str
    content: Any = None


class Source(NamedTuple):
    """A session or a seat whose events are followed.

    Attributes
    ----------
    stream, poll : str
        Paths of the stream, and of the polling endpoint.
    query : callable
        Returns the query of a request, which says what the page already has.
    """

    stream: str
    poll: str
    query: Callable[[], Query]


def of_session(sid: str, last_seq: Callable[[], int]) -> Source:
    """A session; `last_seq` returns the number of the newest frame that the page has."""
    return Source(f"/stream/{sid}", f"/frames/{sid}", lambda: {"since": last_seq()})


async def follow(http: httpx2.AsyncClient, source: Source) -> AsyncIterator[Event]:
    """Yield the events of a session or a seat until the server no longer knows it."""
    while True:
        async for event in _listen(http, source.stream, source.query()):
            yield event
        yield Event("refused")
        try:
            answer = await http.get(source.poll, params=source.query())
        except httpx2.TransportError:
            pass  # the server is down for a moment
        else:
            if answer.status_code == 404:
                return
            if answer.is_success:
                content = answer.json()
                for name in NAMES:
                    if name in content:
                        yield Event(name, content[name])
        await asyncio.sleep(POLL_S)


async def _listen(http: httpx2.AsyncClient, path: str, query: Query) -> AsyncIterator[Event]:
    """One EventSource: reconnects by itself, and ends when the server refuses."""
    last_id, retry_s = "", RETRY_S
    while True:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            async with http.sse(path, params=query, headers=headers, max_event_size=None) as source:
                if not source.response.is_success:
                    return
                async for message in source:
                    last_id = message.id or last_id
                    retry_s = message.retry / 1000 if message.retry is not None else retry_s
                    if message.event in NAMES:
                        content: Any = message.json()
                        yield Event(
                            message.event,
                            content["frames"] if message.event == "frames" else content,
                        )
        except httpx2.TransportError:
            pass  # a broken connection ends like one that the server has closed
        yield Event("lost")
        await asyncio.sleep(retry_s)
