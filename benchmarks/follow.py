"""``assets/base/stream.js`` and the browser's EventSource, without a browser."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Protocol

import aiohttp

from benchmarks.page import BadStatusError, Browser
from benchmarks.sse import Message, Parser

PATIENCE_S = 5.0  # these three as in stream.js
POLL_S = 1.0
AGAIN_S = 30.0
RETRY_S = 3.0  # how soon an EventSource comes back if the server does not say
NETWORK = (aiohttp.ClientError, OSError, TimeoutError)


class Listener(Protocol):
    """Who is told what comes."""

    @property
    def last_seq(self) -> int:
        """The newest frame that the page has."""

    def on_state(self, snapshot: dict[str, Any]) -> None: ...

    def on_frames(self, rows: list[Any], after: int) -> int:
        """Frames that were asked for with ``since=after``; gives the number of the last."""

    def on_connection(self, connected: bool) -> None: ...

    def on_lost(self) -> None:
        """The server does not know the session."""


class Follower:
    """Follows one session until `close`.

    Parameters
    ----------
    browser : Browser
    sid : str
    listener : Listener

    Attributes
    ----------
    reconnects : int
        How often a stream was lost and another one begun.
    polls : int
        How often the page asked because there was no stream.
    """

    def __init__(self, browser: Browser, sid: str, listener: Listener) -> None:
        self._browser = browser
        self._sid = sid
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()
        self._source: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._listened_at = 0.0
        self._closed = False
        self.reconnects = self.polls = 0

    def start(self) -> None:
        self._listen()

    async def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._keep_patience()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _keep_patience(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _hang_up(self) -> None:
        self._keep_patience()
        if self._source and self._source is not asyncio.current_task():
            self._source.cancel()
        self._source = None

    def _listen(self) -> None:
        self._hang_up()
        self._listened_at = time.monotonic()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._start_asking)
        self._source = self._spawn(self._event_source(self._listener.last_seq))

    def _start_asking(self, wait: float = 0.0) -> None:
        self._hang_up()
        if self._asking is None:
            self._asking = self._spawn(self._ask(wait))

    def _stop_asking(self) -> None:
        if self._asking and self._asking is not asyncio.current_task():
            self._asking.cancel()
        self._asking = None

    async def _event_source(self, since: int) -> None:
        parser, retry_s = Parser(), RETRY_S
        while True:
            try:
                if not await self._read_stream(parser, since):
                    self._start_asking(POLL_S)
                    return
            except NETWORK:
                pass  # a lost connection ends like one that the server has closed
            self._keep_patience()
            if self._asking is None:
                self._listener.on_connection(False)
            if parser.retry_ms is not None:
                retry_s = parser.retry_ms / 1000
            await asyncio.sleep(retry_s)
            self.reconnects += 1
            parser = Parser(parser.last_id)

    async def _read_stream(self, parser: Parser, since: int) -> bool:
        """Read one connection to its end; False if the server refuses, which ends the source."""
        headers = {"Accept": "text/event-stream"}
        if parser.last_id:
            headers["Last-Event-ID"] = parser.last_id
        after = int(parser.last_id or since)
        path = f"/stream/{self._sid}?since={since}"
        async with self._browser.request("GET", path, headers=headers) as answer:
            if answer.status != 200 or answer.content_type != "text/event-stream":
                self._listener.on_connection(False)
                return False
            async for chunk in answer.content.iter_any():
                for message in parser.feed(chunk):
                    after = self._hear(message, after)
        return True

    def _hear(self, message: Message, after: int) -> int:
        self._keep_patience()
        self._stop_asking()
        self._listener.on_connection(True)
        content = json.loads(message.data)
        if message.event == "state":
            self._listener.on_state(content)
        elif message.event == "frames":
            return self._listener.on_frames(content["frames"], after)
        return after

    async def _ask(self, wait: float) -> None:
        await asyncio.sleep(wait)
        while not self._closed:
            since = self._listener.last_seq
            try:
                self.polls += 1
                answer = await self._browser.fetch("GET", f"/frames/{self._sid}?since={since}")
            except BadStatusError as problem:
                if problem.status == 404:
                    self._asking = None
                    self._listener.on_lost()
                    return
            except NETWORK:
                self._listener.on_connection(False)
            else:
                self._tell(json.loads(answer), since)
            if time.monotonic() - self._listened_at > AGAIN_S:
                self._listen()
            await asyncio.sleep(POLL_S)

    def _tell(self, answer: dict[str, Any], since: int) -> None:
        self._listener.on_connection(True)
        self._listener.on_state(answer["state"])
        self._listener.on_frames(answer["frames"], since)
