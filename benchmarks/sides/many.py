"""Times the training of a thousand nets on all cores."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.sides.side import LR, clock
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU
from pwlapp.core.engines.fused_cpu import train_many
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice

NETS = 1000
EPOCHS = 5000


class Many:
    """Times `train_many` on the seeds 0 to 999 of the lecture's net.

    Raises
    ------
    ValueError
        If a net ends with other weights than when trained alone.
    """

    def __init__(self, points: Points, threads: int) -> None:
        self.points, self.threads, self.options = points, threads, AdamOptions(lr=LR)
        self.states = [initial_state(seed, points.x, points.y) for seed in range(NETS)]
        self.seconds: list[float] = []
        self._check()

    def _check(self) -> None:
        some = self.states[:4]
        x, y = self.points.x, self.points.y
        together = train_many(some, x, y, self.options, EPOCHS, self.threads)
        for state, done in zip(some, together, strict=True):
            alone = train_slice(state, x, y, self.options, Budget(EPOCHS), FUSED_CPU).state
            if done.epoch != EPOCHS or not np.array_equal(done.params, alone.params):
                raise ValueError("train_many and train_slice disagree")

    def sample(self) -> None:
        """Train all of them once."""
        x, y = self.points.x, self.points.y
        with clock() as watch:
            train_many(self.states, x, y, self.options, EPOCHS, self.threads)
        self.seconds.append(watch.seconds)

    def summary(self, alone: list[float]) -> dict[str, Any]:
        """The results, for the JSON.

        Parameters
        ----------
        alone : list of float
            Microseconds per epoch of a single net in the same repeats.
        """
        us = [seconds / (NETS * EPOCHS) * 1e6 for seconds in self.seconds]
        pairs = zip(alone, us, strict=True)
        return {
            "nets": NETS,
            "epochs": EPOCHS,
            "threads": self.threads,
            "seconds": self.seconds,
            "us_per_epoch": us,
            "share": [single / self.threads / each for single, each in pairs],
        }
