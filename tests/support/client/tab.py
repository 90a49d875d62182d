"""A tab without a browser: opens its session, follows it, and records errors.

It sends the same requests as the page: for files, Dash's callbacks and the event stream.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import httpx2

from tests.support.client import event_stream
from tests.support.client.connections import AnyServer, open_client
from tests.support.client.dash_page import DashPage, get
from tests.support.client.fields import net_fields, optimizer_fields
from tests.support.client.frame_log import Frame, FrameLog

T = TypeVar("T")
Snapshot: TypeAlias = dict[str, Any]

REOPEN_S = 5.0  # retry interval if the server could not open a session, as in assets/fit/session.ts
BUILD_PARAMS = [1, -1, -4.5, -9, 4.5]  # Build's sliders when the page opens


class Refused(Exception):
    """The server refused a command.

    Parameters
    ----------
    code : str
        Code of the error, such as ``"already_running"``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unanswered(Exception):
    """A click without an answer, or with an invalid one."""


class Tab:
    """One browser tab.

    Parameters
    ----------
    addresses : sequence of str
        Addresses of the servers; each request goes to a random one, see `AnyServer`.
    seed : int
        Seed of the random choice of the servers.
    files : bool
        Whether to fetch scripts and styles as well.
    sid : str or None
        The session in the tab's storage; None: open a new one.
    transport : httpx2.AsyncBaseTransport or None
        See `AnyServer`.

    Attributes
    ----------
    snapshot : dict or None
        The newest state of the session; see ``pwlapp.sessions.snapshot``.
    log : FrameLog
    errors : list of str
        Every refusal, unanswered click and lost session.
    connected : bool
        Whether the page would be shown as connected.
    reconnects, polls : int
        Counts of lost streams, and of polls while there was no stream.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        seed: int = 0,
        files: bool = False,
        sid: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.http = open_client(AnyServer(addresses, random.Random(seed), transport))
        self._page = DashPage(self.http)
        self._files = files
        self._following: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._data_key: str | None = None
        self.sid = sid
        self.snapshot: Snapshot | None = None
        self.log = FrameLog()
        self.errors: list[str] = []
        self.connected = False
        self.reconnects = self.polls = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the tab; its attributes can still be read."""
        await self._stop_following()
        await self.http.aclose()

    @property
    def frames(self) -> list[Frame]:
        """The frames of the net, by number, without those that a reset has removed."""
        return self.log.frames

    @property
    def epoch(self) -> int:
        """Epoch of the newest frame; -1 if there is none."""
        return self.frames[-1].epoch if self.frames else -1

    @property
    def status(self) -> str:
        """Status of the newest snapshot; empty if there is none."""
        return self.snapshot["status"] if self.snapshot else ""

    def problems(self) -> list[str]:
        """Messages about all errors, faults and lost frames."""
        counts = {"lost": self.log.lost, "repeated": self.log.repeated}
        counted = [f"{count} frames {name}" for name, count in counts.items() if count]
        return [*self.errors, *self.log.faults, *counted]

    async def open(self) -> Snapshot:
        """Load or reload the page, open the stored session or a new one, and follow it.

        Raises
        ------
        Refused, Unanswered
        """
        await self.disconnect()
        self._data_key = None
        await self._answer(self._page.load(files=self._files))
        snapshot = await self._open_session()
        self.listen()
        self._page.values["construction-params", "data"] = {"params": BUILD_PARAMS}
        await self._answer(self._page.ask("construction-params", "data"))
        return snapshot

    async def disconnect(self) -> None:
        """Close the stream, as a hidden tab does; `listen` opens it again."""
        await self._stop_following()
        self.connected = False

    async def _stop_following(self) -> None:
        following, self._following = self._following, None
        if following:
            following.cancel()
            (end,) = await asyncio.gather(following, return_exceptions=True)
            if isinstance(end, Exception):
                raise end

    def listen(self) -> None:
        """Follow the session from the newest frame on."""
        if self._following:
            self._following.cancel()
        self._following = asyncio.create_task(self._follow())

    async def _open_session(self) -> Snapshot:
        self._page.values["tab", "data"] = {"sid": self.sid, "at": milliseconds()}
        answer = await self._answer(self._page.ask("tab", "data"))
        session = answer["session"]["data"]
        if session.get("error"):
            raise self._refused(session["error"])
        self._page.values["session", "data"] = session
        snapshot: Snapshot = session["snapshot"]
        self.sid = session["sid"]
        self.log.clear()
        self.snapshot = None
        if snapshot["data_key"] != self._data_key:
            await self._answer(get(self.http, f"/data/{snapshot['data_key']}.json"))
            self._data_key = snapshot["data_key"]
        self._page.values |= net_fields(snapshot) | optimizer_fields(snapshot)
        self._take(snapshot)
        return snapshot

    async def _follow(self) -> None:
        """Follow the session; open a new one when the server no longer knows it."""
        while True:
            async for event in event_stream.follow(self.http, self._source()):
                self._hear(event)
            self.errors.append("the session is not known any more")
            await self._reopen()

    def _source(self) -> event_stream.Source:
        if self.sid is None:
            raise ValueError("no session is open")
        return event_stream.of_session(self.sid, lambda: self.log.last_seq)

    async def _reopen(self) -> None:
        while True:
            try:
                await self._open_session()
                return
            except (Refused, Unanswered):  # recorded; the page tries again, or the student reloads
                await asyncio.sleep(REOPEN_S)

    def _hear(self, event: event_stream.Event) -> None:
        if event.name == "lost":
            self.reconnects += 1
        elif event.name == "refused":
            self.polls += 1
        elif event.name == "state":
            self._take(event.content)
        else:
            self.log.add(event.content, time.perf_counter())
        self._connection(event.name in event_stream.NAMES)

    def _connection(self, connected: bool) -> None:
        self.connected = connected
        self._changed.set()

    def _take(self, snapshot: Snapshot) -> None:
        if self.snapshot and snapshot["version"] < self.snapshot["version"]:
            return  # a command's answer arrived before the stream's event
        before, self.snapshot = self.snapshot, snapshot
        self.log.follow(snapshot)
        if before is None or any(snapshot[name] != before[name] for name in ("seed", "net")):
            self._page.values |= net_fields(snapshot)
        self._changed.set()

    async def _command(self, name: str, prop: str) -> Snapshot:
        answer = await self._answer(self._page.ask(name, prop))
        ((_, changed),) = answer.items()
        reply = changed["data"]
        if reply.get("error"):
            refusal = self._refused(reply["error"])
            if refusal.code == "session_unknown":
                self.listen()  # the stream ends with an error too, and opens a new session
            raise refusal
        snapshot: Snapshot = reply["snapshot"]
        self._take(snapshot)
        return snapshot

    async def _answer(self, request: Awaitable[T]) -> T:
        try:
            return await request
        except httpx2.HTTPError as error:
            words = str(error) or type(error).__name__
            self.errors.append(f"unanswered: {words}")
            raise Unanswered(words) from error

    def _refused(self, error: dict[str, Any]) -> Refused:
        self.errors.append(f"refused: {error['code']}")
        return Refused(error["code"])


def milliseconds() -> int:
    return int(time.time() * 1000)
