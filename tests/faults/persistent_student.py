"""A simulated student who keeps training during faults and repeats commands that failed."""

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

SEEDS = (1, 2, 3, 4)  # few, so that many students share one uninterrupted run per seed
SHORT, LONG = 50, 3000  # epochs of a run, drawn evenly on a logarithmic scale
MAX_FRAMES = 1500  # then the student resets the net, before the server thins its frames
PAUSED_SHARE = 0.25  # of the runs
RESET_SHARE = 0.1  # of the runs are followed by a reset
RETRY_S = (0.4, 1.2)
TIMEOUT_S = 240.0

# Errors that are allowed while web processes, workers or Redis are down.
TEMPORARY_ERRORS = {"storage_failed", "not_ready", "no_workers", "worker_lost", "busy"}


class Violation(Exception):
    """The app has violated an invariant; the message says which."""


@dataclass(frozen=True)
class NetRecord:
    """The history of one net, from its initial weights to its last epoch.

    Attributes
    ----------
    runs : list of (int, int)
        First and last epoch of each run.
    rows : list of list
        Its frames in the store.
    seen : list of list
        Its frames as the student received them.
    snapshot : dict
        The session at its end.
    """

    who: str
    seed: int
    runs: list[tuple[int, int]]
    rows: list[Row]
    seen: list[Row]
    snapshot: Snapshot


@dataclass
class Counts:
    """Counts of a student's runs and errors."""

    runs: int = 0
    epochs: int = 0
    repeated: int = 0  # commands that had to be repeated
    lost_answers: int = 0  # commands that took effect although their answer was lost
    longest_gap_s: float = 0.0  # time without an event stream
    reasons: list[str] = field(default_factory=list)  # errors of the failed commands


class PersistentStudent(Student):
    """A `Student` that trains until it is stopped.

    Parameters
    ----------
    addresses : sequence of str
    number : int
    timeout_s : float
        Time limit for one run with all its faults.

    Attributes
    ----------
    counts : Counts
    records : list of NetRecord
    """

    def __init__(
        self,
        addresses: Sequence[str],
        number: int,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__(addresses, seed=number)
        self._timeout_s = timeout_s
        self.counts = Counts()
        self.records: list[NetRecord] = []
        self._choice = random.Random(number)
        self._seed = 1
        self._runs: list[tuple[int, int]] = []
        self._gone_since: float | None = None

    def _connection(self, connected: bool) -> None:
        now = time.monotonic()
        if connected and self._gone_since is not None:
            gap = now - self._gone_since
            self.counts.longest_gap_s = max(self.counts.longest_gap_s, gap)
            self._gone_since = None
        elif not connected and self._gone_since is None:
            self._gone_since = now
        super()._connection(connected)

    async def train_until(self, enough: asyncio.Event) -> None:
        """Train run after run until `enough` is set, and then to the end of the run.

        Raises
        ------
        Violation
        """
        sid = self.sid
        while not enough.is_set():
            await self.train_once(round(SHORT * (LONG / SHORT) ** self._choice.random()))
            if len(self.frames) > MAX_FRAMES or self._choice.random() < RESET_SHARE:
                await self.start_over(self._choice.choice(SEEDS))
        self.records.append(await self.record())
        if self.sid != sid:
            raise Violation(f"{self}: its session {sid} was lost")

    async def train_once(self, epochs: int) -> None:
        """Train, perhaps with a pause and a step, and wait for the end on the event stream."""
        await self.begin(epochs)
        if self._choice.random() < PAUSED_SHARE:
            start, target = self._runs[-1]
            await self._until(lambda: self.epoch >= (start + target) // 2)
            await self._pause_step_resume()
        await self.wait_for_end()

    async def _pause_step_resume(self) -> None:
        """Pause, step and resume, unless the run has ended before."""
        now = await self._press_until_done(self.pause, lambda now: now["status"] != "running")
        if now["status"] == "paused":
            before = now["epoch"]
            await self._press_until_done(self.step, lambda now: now["epoch"] > before)
            await self._press_until_done(self.resume, lambda now: now["status"] != "paused")

    async def begin(self, epochs: int) -> None:
        """Press *Train*, again and again until the run has begun."""
        start = self._runs[-1][1] if self._runs else 0
        target = start + epochs
        await self._press_until_done(
            lambda: self.train(epochs), lambda now: now["target_epoch"] == target
        )
        self._runs.append((start, target))
        self.counts.runs += 1
        self.counts.epochs += epochs

    async def wait_for_end(self) -> None:
        """Wait until the last frame of the run and its end have arrived."""
        target = self._runs[-1][1]
        await self._until(lambda: self.epoch >= target and self.status == "idle")

    async def start_over(self, seed: int) -> None:
        """Reset the net, and finish its record."""
        self.records.append(await self.record())
        ended_at = self.log.last_seq
        await self._press_until_done(
            lambda: self.reset(seed), lambda now: now["first_seq"] > ended_at
        )
        await self._until(lambda: self.epoch == 0)
        self._seed, self._runs = seed, []

    async def record(self) -> NetRecord:
        """The record of the current net."""
        answer = await self.fetch()
        seen = [[f.seq, f.epoch, f.loss, f.mark, *f.numbers] for f in self.frames]
        who, state = f"session {self.sid}", answer["state"]
        return NetRecord(who, self._seed, self._runs, answer["frames"], seen, state)

    async def fetch(self) -> dict[str, Any]:
        """Fetch the session and all frames from the server; retry while it is down."""
        async with asyncio.timeout(self._timeout_s):
            while True:
                try:
                    answer = await self.http.get(f"/frames/{self.sid}", params={"since": 0})
                    if answer.status_code != 503:
                        found: dict[str, Any] = answer.raise_for_status().json()
                        return found
                except httpx2.HTTPStatusError as error:
                    raise Violation(f"{self}: {error}") from error
                except httpx2.TransportError:
                    pass  # that web process is down; the next attempt may reach another one
                await self._wait_before_retry()

    async def _press_until_done(
        self, press: Callable[[], Awaitable[Snapshot]], is_done: Callable[[Snapshot], bool]
    ) -> Snapshot:
        """Send a command until it has taken effect, but only once; returns the session after it."""
        while True:
            try:
                snapshot = await press()
            except Refused as refusal:
                if refusal.code not in TEMPORARY_ERRORS:
                    raise Violation(f"{self}: refused, {refusal.code}") from refusal
                self.counts.reasons.append(refusal.code)
            except Unanswered:
                self.counts.reasons.append("unanswered")
            else:
                if not is_done(snapshot):
                    raise Violation(f"{self}: answered with {snapshot}")
                return snapshot
            await self._wait_before_retry()
            now: Snapshot = (await self.fetch())["state"]
            if is_done(now):
                self.counts.lost_answers += 1
                return now
            self.counts.repeated += 1

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            await self.wait_until(condition, self._timeout_s)
        except TimeoutError as late:
            raise Violation(f"{late}; the server says {(await self.fetch())['state']}") from late

    async def _wait_before_retry(self) -> None:
        await asyncio.sleep(self._choice.uniform(*RETRY_S))
