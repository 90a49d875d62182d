"""What goes wrong, and when: chosen at random, and the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

# By what they are done to. The queues are Redis's, but nobody is killed for them.
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

TOGETHER = 0.2  # how many come together with the one before
BACK_S = (0.3, 3.0)  # how long dead things stay dead
FROZEN_S = (0.5, 3.0)


class Event(NamedTuple):
    """One thing that goes wrong.

    Attributes
    ----------
    wait_s : float
        How long after the event before.
    target : str
        As `Cluster` names it.
    lasts_s : float
        How long until it is put right.
    """

    number: int
    wait_s: float
    kind: str
    target: str
    lasts_s: float

    def __str__(self) -> str:
        return f"{self.kind} ({self.target}, {self.lasts_s:.2f} s)"


class Plan(NamedTuple):
    """How much goes wrong.

    Attributes
    ----------
    seed : int
    rounds : int
        How many events.
    kinds : tuple of str
        All come equally often, in an order that changes.
    calm_s : tuple of float
        Shortest and longest time between two events that do not come together.
    """

    seed: int
    rounds: int
    kinds: tuple[str, ...] = KINDS
    calm_s: tuple[float, float] = (0.5, 4.5)

    def events(self, webs: Sequence[str], workers: Sequence[str]) -> list[Event]:
        """Choose the events; `webs` and `workers` are the names of what can be hit."""
        choice = random.Random(self.seed)
        events: list[Event] = []
        deck: list[str] = []
        for number in range(1, self.rounds + 1):
            deck = deck or choice.sample(self.kinds, len(self.kinds))
            kind = deck.pop()
            is_alone = not events or choice.random() >= TOGETHER
            wait_s = choice.uniform(*self.calm_s) if is_alone else 0.0
            lasts_s = choice.uniform(*(FROZEN_S if kind.startswith("freeze") else BACK_S))
            target = choice.choice(webs if kind in WEB_KINDS else workers)
            if kind not in WEB_KINDS + WORKER_KINDS:
                target = "redis"
            events.append(Event(number, wait_s, kind, target, lasts_s))
        return events
