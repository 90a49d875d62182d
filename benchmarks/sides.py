"""One thing that is timed, and how: the same epochs from the same start, by different means."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture, Array

LR = 0.001  # Adam's other numbers are torch's defaults everywhere


class Timed(NamedTuple):
    """What one lap took.

    Attributes
    ----------
    seconds, cpu_seconds : float
        Of the loop alone, without its set-up. More CPU than wall seconds means several threads.
    result : ndarray of shape (k,), float32
        The weights it ended at, in the order of `net.to_vector`; of scikit-learn, the losses.
    """

    seconds: float
    cpu_seconds: float
    result: Array


Train: TypeAlias = Callable[[Points, Array, int], Timed]


@dataclass(frozen=True)
class Side:
    """One row of the table.

    Attributes
    ----------
    key, name : str
        For the JSON, and for people.
    train : callable
        ``train(points, start, epochs)``: so many epochs from the weights ``start``.
    epochs : int
        Of one lap; a sample is as many laps as `engines.SAMPLE_S` asks for.
    threads : int
        How many it may use.
    net : Architecture
    agrees : bool
        Whether its weights are to be the page's; if not, its losses are looked at.
    """

    key: str
    name: str
    train: Train
    epochs: int
    threads: int = 1
    net: Architecture = LECTURE
    agrees: bool = True


class Stopwatch:
    """Wall and CPU seconds of a ``with clock():`` block."""

    seconds = 0.0
    cpu_seconds = 0.0

    def timed(self, result: Array) -> Timed:
        """Put the seconds and a result together."""
        return Timed(self.seconds, self.cpu_seconds, np.asarray(result, dtype=np.float32))


@contextmanager
def clock() -> Iterator[Stopwatch]:
    """Time a block; the seconds are there when it has ended."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - wall
    watch.cpu_seconds = time.process_time() - cpu
