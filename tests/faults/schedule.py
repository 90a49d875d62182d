"""The random schedule of faults; the same seed gives the same schedule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

# By target.
WEB_KINDS = ("kill a web process", "stop a web process", "freeze a web process")
WORKER_KINDS = (
    "kill a worker",
    "kill a worker's child",
    "stop a worker",
    "freeze a worker",
    "freeze a worker's child",
)
REDIS_KINDS = ("kill Redis", "stop Redis", "freeze Redis", "cut all connections")
QUEUE_KINDS = ("repeat messages", "send old messages", "drop messages")
KINDS = WEB_KINDS + WORKER_KINDS + REDIS_KINDS + QUEUE_KINDS

SIMULTANEOUS = 0.2  # the share of events at the same time as the one before
DOWN_S = (0.3, 3.0)  # time until a killed or stopped process starts again
FROZEN_S = (0.5, 3.0)


class Event(NamedTuple):
    """One fault.

    Attributes
    ----------
    wait_s : float
        Time after the previous event.
    target : str
        Name of a process in `Cluster`.
    lasts_s : float
        Time until it is repaired.
    """

    number: int
    wait_s: float
    kind: str
    target: str
    lasts_s: float

    def __str__(self) -> str:
        return f"{self.kind} ({self.target}, {self.lasts_s:.2f} s)"


class Plan(NamedTuple):
    """The parameters of a schedule.

    Attributes
    ----------
    seed : int
    rounds : int
        Number of events.
    kinds : tuple of str
        Kinds of events; each is equally frequent, in random order.
    gap_s : tuple of float
        Shortest and longest time between two events that are not simultaneous.
    """

    seed: int
    rounds: int
    kinds: tuple[str, ...] = KINDS
    gap_s: tuple[float, float] = (0.5, 4.5)

    def events(self, webs: Sequence[str], workers: Sequence[str]) -> list[Event]:
        """Choose the events; `webs` and `workers` are the names of the possible targets."""
        choice = random.Random(self.seed)
        events: list[Event] = []
        remaining: list[str] = []
        for number in range(1, self.rounds + 1):
            remaining = remaining or choice.sample(self.kinds, len(self.kinds))
            kind = remaining.pop()
            is_alone = not events or choice.random() >= SIMULTANEOUS
            wait_s = choice.uniform(*self.gap_s) if is_alone else 0.0
            lasts_s = choice.uniform(*(FROZEN_S if kind.startswith("freeze") else DOWN_S))
            target = choice.choice(webs if kind in WEB_KINDS else workers)
            if kind not in WEB_KINDS + WORKER_KINDS:
                target = "redis"
            events.append(Event(number, wait_s, kind, target, lasts_s))
        return events
