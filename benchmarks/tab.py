"""A tab without a browser: opens its session, follows it, notes what goes wrong.

Does what ``assets/sections/fit.js`` does; `benchmarks.student` presses the buttons.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from typing import Any, Self, TypeAlias

from benchmarks import fields
from benchmarks.film import Film, Frame, Row
from benchmarks.follow import NETWORK, Follower
from benchmarks.page import BadStatusError, Browser, Page

REOPEN_S = 5.0  # as in fit.js: when the server could not open a session
BUILD = [1, -1, -4.5, -9, 4.5]  # the sliders of Build when the page opens

Snapshot: TypeAlias = dict[str, Any]


class Refused(Exception):
    """The server said no.

    Parameters
    ----------
    code : str
        Of its error, such as ``"already_running"``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unanswered(Exception):
    """A click to which no answer came, or none that the page understands."""


class Tab:
    """One tab of one browser.

    Parameters
    ----------
    addresses : sequence of str
        One or several; see `Browser`.
    seed : int
        Of the choice between the addresses.
    files : bool
        Whether to fetch scripts and styles as well.
    sid : str or None
        The session that the tab remembers.

    Attributes
    ----------
    snapshot : dict or None
        The newest state of the session; see ``pwlapp.sessions.state.snapshot``.
    film : Film
        The frames, and what was wrong with them.
    errors : list of str
        Every refusal, every unanswered click, everything that was not as the page expects it.
    connected : bool
        Whether the page would say so.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        seed: int = 0,
        files: bool = False,
        sid: str | None = None,
    ) -> None:
        self._browser = Browser(addresses, random.Random(seed))
        self._page = Page(self._browser)
        self._files = files
        self._follower: Follower | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._data_key: str | None = None
        self._reconnects = self._polls = 0
        self.sid = sid
        self.snapshot: Snapshot | None = None
        self.film = Film()
        self.errors: list[str] = []
        self.connected = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the tab."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        await self._browser.close()

    @property
    def frames(self) -> list[Frame]:
        """The frames of the net, by number; those that a reset has undone are gone."""
        return self.film.frames

    @property
    def epoch(self) -> int:
        """Epoch of the newest frame; -1 if there is none."""
        return self.frames[-1].epoch if self.frames else -1

    @property
    def status(self) -> str:
        """Of the newest snapshot; empty if there is none."""
        return self.snapshot["status"] if self.snapshot else ""

    @property
    def reconnects(self) -> int:
        """How often the stream was lost and begun again."""
        return self._reconnects + (self._follower.reconnects if self._follower else 0)

    @property
    def polls(self) -> int:
        """How often the page had to ask because it had no stream."""
        return self._polls + (self._follower.polls if self._follower else 0)

    def problems(self) -> list[str]:
        """Everything that should not have been, in words; empty if all was well."""
        counts = {"lost": self.film.lost, "repeated": self.film.repeated}
        return [
            *self.errors,
            *self.film.faults,
            *(f"{count} frames {name}" for name, count in counts.items() if count),
        ]

    async def open(self) -> Snapshot:
        """Load the page, open the session that the tab remembers or a new one, and follow it.

        Raises
        ------
        Refused, Unanswered
        """
        await self._attempt(self._page.load(files=self._files))
        await self._open_session()
        self._page.put("construction-params", "data", {"params": BUILD})
        await self._attempt(self._page.ask("construction-params", "data"))
        if self.snapshot is None:
            raise Unanswered("the session came without a snapshot")
        return self.snapshot

    async def reload(self) -> Snapshot:
        """Press F5: the page is empty, and remembers nothing but its session."""
        await self._hang_up()
        self._data_key = None
        return await self.open()

    async def disconnect(self) -> None:
        """Hang up the stream, as a hidden tab does; `listen` begins it again."""
        await self._hang_up()
        self.connected = False

    def listen(self) -> None:
        """Follow the session from the newest frame on."""
        if self.sid is None:
            raise ValueError("no session is open")
        self._follower = Follower(self._browser, self.sid, self)
        self._follower.start()

    # --- what the stream tells: a `follow.Listener` -----------------------------------------------

    @property
    def last_seq(self) -> int:
        return self.film.last_seq

    def on_state(self, snapshot: Snapshot) -> None:
        if self.snapshot and snapshot["version"] < self.snapshot["version"]:
            return  # an answer was faster than the stream
        self.snapshot = snapshot
        self.film.follow(snapshot)
        known = {"seed": snapshot["seed"], "net": snapshot["net"]}
        if known != self._page["known", "data"]:
            self._page.put("known", "data", known)
            fields.fill_net(self._page, snapshot)
        self._wake()

    def on_frames(self, rows: list[Row], after: int) -> int:
        last = self.film.add(rows, after, time.perf_counter())
        self._wake()
        return last

    def on_connection(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            self._wake()

    def on_lost(self) -> None:
        self.errors.append("the session is not known any more")
        self._spawn(self._reopen())

    def _wake(self) -> None:
        self._changed.set()

    async def _open_session(self) -> None:
        await self._hang_up()
        self._page.put("tab", "data", {"sid": self.sid, "at": milliseconds()})
        answer = await self._attempt(self._page.ask("tab", "data"))
        session = answer["session"]["data"]
        if session.get("error"):
            raise self._refused(session["error"])
        self._page.put("session", "data", session)
        self.sid = session["sid"]
        self.film.clear()
        self.snapshot = None
        key = session["snapshot"]["data_key"]
        if key != self._data_key:
            json.loads(await self._attempt(self._browser.fetch("GET", f"/data/{key}.json")))
            self._data_key = key
        fields.fill(self._page, session["snapshot"])
        self.on_state(session["snapshot"])
        self.listen()

    async def _reopen(self) -> None:
        while True:
            try:
                await self._open_session()
            except (Refused, Unanswered):  # noted; the page tries again, or the student reloads
                await asyncio.sleep(REOPEN_S)
            else:
                return

    async def _command(self, name: str, prop: str) -> Snapshot:
        answer = await self._attempt(self._page.ask(name, prop))
        ((_, changed),) = answer.items()
        reply = changed["data"]
        if reply["error"]:
            refusal = self._refused(reply["error"])
            if refusal.code == "session_unknown":
                self._spawn(self._reopen())
            raise refusal
        self.on_state(reply["snapshot"])
        snapshot: Snapshot = reply["snapshot"]
        return snapshot

    async def _attempt(self, request: Any) -> Any:
        try:
            return await request
        except (BadStatusError, *NETWORK) as problem:
            words = str(problem) or type(problem).__name__
            self.errors.append(f"unanswered: {words}")
            raise Unanswered(words) from problem

    def _refused(self, error: dict[str, Any]) -> Refused:
        self.errors.append(f"refused: {error['code']}")
        return Refused(error["code"])

    async def _hang_up(self) -> None:
        follower, self._follower = self._follower, None
        if follower:
            self._reconnects += follower.reconnects
            self._polls += follower.polls
            await follower.close()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def milliseconds() -> int:
    return int(time.time() * 1000)
