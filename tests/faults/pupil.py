"""A student who keeps training while things go wrong, and presses again as a person would."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.client.frame_log import Row
from tests.support.client.student import Refused, Snapshot, Student, Unanswered

SEEDS = (1, 2, 3, 4)  # few, so that one uninterrupted run per seed tells of many students
SHORT, LONG = 50, 3000  # epochs of a run; of each length as many as of twice that
FULL = 1500  # frames: before the server thins a history the student begins a new one
PAUSED = 0.25  # how many of the runs are paused on the way
RESTARTED = 0.1  # how many are followed by a reset
TRY_AGAIN_S = (0.4, 1.2)
PATIENCE_S = 240.0

# What a student may be told while web processes, workers or Redis are away.
EXCUSES = {"storage_failed", "not_ready", "no_workers", "worker_lost", "busy"}


class Lost(Exception):
    """Something that the app must not do, in words."""


@dataclass(frozen=True)
class Chapter:
    """A net from its initial weights to its last epoch.

    Attributes
    ----------
    runs : list of (int, int)
        Begin and end of each run, in epochs.
    rows : list of list
        Its frames as the server keeps them.
    seen : list of list
        As the student has received them.
    snapshot : dict
        Where it ended.
    """

    who: str
    seed: int
    runs: list[tuple[int, int]]
    rows: list[Row]
    seen: list[Row]
    snapshot: Snapshot


@dataclass
class Account:
    """What a student went through."""

    runs: int = 0
    epochs: int = 0
    repeated: int = 0  # commands that had to be given again
    done_unheard: int = 0  # of which the answer was lost, though they had taken effect
    longest_gap_s: float = 0.0  # without a connection
    reasons: list[str] = field(default_factory=list)  # why commands failed


class Pupil(Student):
    """One tab, used without end.

    Parameters
    ----------
    addresses : sequence of str
    number : int
    patience_s : float
        For one run, with everything that goes wrong in it.

    Attributes
    ----------
    account : Account
    chapters : list of Chapter
    """

    def __init__(
        self,
        addresses: Sequence[str],
        number: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        super().__init__(addresses, seed=number)
        self._patience_s = patience_s
        self.account = Account()
        self.chapters: list[Chapter] = []
        self._choice = random.Random(number)
        self._seed = 1
        self._runs: list[tuple[int, int]] = []
        self._gone_since: float | None = None

    def _connection(self, connected: bool) -> None:
        now = time.monotonic()
        if connected and self._gone_since is not None:
            gap = now - self._gone_since
            self.account.longest_gap_s = max(self.account.longest_gap_s, gap)
            self._gone_since = None
        elif not connected and self._gone_since is None:
            self._gone_since = now
        super()._connection(connected)

    async def learn(self, enough: asyncio.Event) -> None:
        """Train until there is enough, and then to the end of the run.

        Raises
        ------
        Lost
        """
        sid = self.sid
        while not enough.is_set():
            await self.run_once(round(SHORT * (LONG / SHORT) ** self._choice.random()))
            if len(self.frames) > FULL or self._choice.random() < RESTARTED:
                await self.start_over(self._choice.choice(SEEDS))
        self.chapters.append(await self.chapter())
        if self.sid != sid:
            raise Lost(f"{self}: its session {sid} was lost")

    async def run_once(self, epochs: int) -> None:
        """Train, pause, step and go on perhaps, and wait for the end as it comes by the stream."""
        await self.begin(epochs)
        if self._choice.random() < PAUSED:
            start, target = self._runs[-1]
            await self._until(lambda: self.epoch >= (start + target) // 2)
            await self._dawdle()
        await self.see_the_end()

    async def _dawdle(self) -> None:
        """Pause, step and go on, unless the run was quicker."""
        now = await self._insist(self.pause, lambda now: now["status"] != "running")
        if now["status"] == "paused":
            before = now["epoch"]
            await self._insist(self.step, lambda now: now["epoch"] > before)
            await self._insist(self.resume, lambda now: now["status"] != "paused")

    async def begin(self, epochs: int) -> None:
        """Press *Train* until it has begun."""
        start = self._runs[-1][1] if self._runs else 0
        target = start + epochs
        await self._insist(lambda: self.train(epochs), lambda now: now["target_epoch"] == target)
        self._runs.append((start, target))
        self.account.runs += 1
        self.account.epochs += epochs

    async def see_the_end(self) -> None:
        """Wait until the frames of the run and the state that it is over have come."""
        target = self._runs[-1][1]
        await self._until(lambda: self.epoch >= target and self.status == "idle")

    async def start_over(self, seed: int) -> None:
        """Reset, which ends a chapter."""
        self.chapters.append(await self.chapter())
        ended_at = self.log.last_seq
        await self._insist(lambda: self.reset(seed), lambda now: now["first_seq"] > ended_at)
        await self._until(lambda: self.epoch == 0)
        self._seed, self._runs = seed, []

    async def chapter(self) -> Chapter:
        """What the server and the student know of the net so far."""
        answer = await self.ask()
        seen = [[f.seq, f.epoch, f.loss, f.mark, *f.numbers] for f in self.frames]
        who, state = f"session {self.sid}", answer["state"]
        return Chapter(who, self._seed, self._runs, answer["frames"], seen, state)

    async def ask(self) -> dict[str, Any]:
        """The session as the server has it now, however long it takes to be told."""
        async with asyncio.timeout(self._patience_s):
            while True:
                try:
                    answer = await self.http.get(f"/frames/{self.sid}", params={"since": 0})
                    if answer.status_code != 503:
                        found: dict[str, Any] = answer.raise_for_status().json()
                        return found
                except httpx2.HTTPStatusError as error:
                    raise Lost(f"{self}: {error}") from error
                except httpx2.TransportError:
                    pass  # that web process is away; the next try may meet the other one
                await self._pause_for_breath()

    async def _insist(
        self, press: Callable[[], Awaitable[Snapshot]], is_done: Callable[[Snapshot], bool]
    ) -> Snapshot:
        """Press a button until it has taken effect, but not twice; gives the session then."""
        while True:
            try:
                snapshot = await press()
            except Refused as refusal:
                if refusal.code not in EXCUSES:
                    raise Lost(f"{self}: refused, {refusal.code}") from refusal
                self.account.reasons.append(refusal.code)
            except Unanswered:
                self.account.reasons.append("unanswered")
            else:
                if not is_done(snapshot):
                    raise Lost(f"{self}: answered with {snapshot}")
                return snapshot
            await self._pause_for_breath()
            now: Snapshot = (await self.ask())["state"]
            if is_done(now):
                self.account.done_unheard += 1
                return now
            self.account.repeated += 1

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            await self.wait_until(condition, self._patience_s)
        except TimeoutError as late:
            raise Lost(f"{late}; the server says {(await self.ask())['state']}") from late

    async def _pause_for_breath(self) -> None:
        await asyncio.sleep(self._choice.uniform(*TRY_AGAIN_S))
