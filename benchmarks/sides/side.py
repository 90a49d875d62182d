"""The rows of the benchmark of engines: each trains the same epochs from the same start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture, Array

LR = 0.001  # Adam's other hyperparameters are torch's defaults everywhere


class Timed(NamedTuple):
    """Time and result of one lap.

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
    """One row of the table: an implementation to be timed.

    Attributes
    ----------
    key, name : str
        For the JSON, and for the table.
    train : callable
        ``train(points, start, epochs)`` trains `epochs` from the weights ``start``.
    epochs : int
        Of one lap; a sample is as many laps as `engines.SAMPLE_S` asks for.
    threads : int
        Number of threads that it may use.
    net : Architecture
    agrees : bool
        Whether its weights must equal the lecture's; if not, only its losses are checked.
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
        """Combine the seconds with a result."""
        return Timed(self.seconds, self.cpu_seconds, np.asarray(result, dtype=np.float32))


@contextmanager
def clock() -> Iterator[Stopwatch]:
    """Time a block; the seconds are set when it has ended."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - wall
    watch.cpu_seconds = time.process_time() - cpu
