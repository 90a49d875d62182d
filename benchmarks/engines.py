"""Microseconds per epoch of the same training with different libraries: part of ``make bench``.

The lecture's run: 2,000 points, full batch, Adam with learning rate 0.001, the net of seed 1. Each
side is first checked against the lecture's loop, then timed: every repeat takes one sample of each
side in turn, so that other load on the machine affects all of them alike. Compilation, the first
lap and the set-up before a lap are not timed. A sample is as many laps from the same start as take
`SAMPLE_S`.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.sides.compiled import c_sides, our_sides
from benchmarks.sides.libraries import jax_sides, sklearn_side
from benchmarks.sides.many import Many
from benchmarks.sides.pytorch import expected, lecture_sides, wide_sides
from benchmarks.sides.side import Side
from benchmarks.support import machine, report
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import Points
from pwlapp.core.engines import cores, fused_cpu
from pwlapp.core.net import Array
from pwlapp.core.training import initial_state

REPEATS = 9
SAMPLE_S = 0.25
SEED = 1

CHECK_EPOCHS = 2000
CHECK_WIDE_EPOCHS = 100  # above 8 units: the lecture's loop takes milliseconds an epoch there
TOLERANCE = 5e-5  # of a weight, which Adam moves by up to 0.001 an epoch
SKLEARN_LOSSES = (0.2, 0.75)  # the range in which a trained net ends, from any start

RATIOS = {
    "page_to_ours": ("page", "ours"),
    "jax_to_ours": ("jax", "ours"),
    "ours_to_c": ("ours", "c"),
    "page_512_to_ours": ("page_512", "ours_512"),
    "page_512_bias_to_ours": ("page_512_bias", "ours_512_bias"),
    "page_512_sigmoid_to_ours": ("page_512_sigmoid", "ours_512_sigmoid"),
    "c_512_to_ours": ("c_512", "ours_512"),
}


def start_of(side: Side, points: Points) -> Array:
    """The initial weights of every side with this net."""
    return initial_state(SEED, points.x, points.y, side.net).params


def difference(side: Side, points: Points) -> float | None:
    """Check that a side trains to the same weights as the lecture's loop.

    Returns
    -------
    float or None
        Largest difference of a weight from the lecture's; None for a side with its own start.

    Raises
    ------
    ValueError
        If it is above `TOLERANCE`, or the losses of the side with other initial weights are out of
        range.
    """
    start = start_of(side, points)
    epochs = CHECK_WIDE_EPOCHS if side.net.h > 8 else CHECK_EPOCHS
    result = side.train(points, start, epochs).result
    if not side.agrees:
        low, high = SKLEARN_LOSSES
        if result.size != epochs or not low < result[-1] < min(result[0], high):
            raise ValueError(f"{side.name}: {result.size} epochs, losses {result[[0, -1]]}")
        return None
    apart = float(np.abs(result - expected(points, start, epochs, side.net)).max())
    if not apart <= TOLERANCE:
        raise ValueError(
            f"{side.name}: {apart:.1e} from the lecture's weights after {epochs} epochs"
        )
    return apart


class Sampler:
    """Takes samples of a side that has been checked and warmed up."""

    def __init__(self, side: Side, points: Points) -> None:
        self.side, self.points, self.start = side, points, start_of(side, points)
        self.apart = difference(side, points)
        self._lap()  # compiles for this number of epochs
        self.laps = max(1, math.ceil(SAMPLE_S / self._lap()[0]))
        self.us_per_epoch: list[float] = []
        self.cores_busy: list[float] = []

    def _lap(self) -> tuple[float, float]:
        timed = self.side.train(self.points, self.start, self.side.epochs)
        return timed.seconds, timed.cpu_seconds

    def sample(self) -> None:
        """Take one sample."""
        seconds, cpu_seconds = np.sum([self._lap() for _ in range(self.laps)], axis=0).tolist()
        self.us_per_epoch.append(seconds / (self.laps * self.side.epochs) * 1e6)
        self.cores_busy.append(cpu_seconds / seconds)

    def summary(self) -> dict[str, Any]:
        """The results, for the JSON."""
        net = self.side.net
        return {
            "key": self.side.key,
            "name": self.side.name,
            "units": net.h,
            "bias1": net.bias1,
            "activation": net.activation,
            "threads": self.side.threads,
            "epochs_per_sample": self.laps * self.side.epochs,
            "largest_difference": self.apart,
            "us_per_epoch": self.us_per_epoch,
            "cores_busy": self.cores_busy,
        }


def take_turns(takers: list[Callable[[], None]], repeats: int) -> None:
    """Call each function once per repeat; each repeat begins with the next function."""
    for repeat in range(repeats):
        first = repeat % len(takers)
        for take in takers[first:] + takers[:first]:
            take()


def ratios(samples: dict[str, list[float]]) -> dict[str, list[float]]:
    """Divide sides by each other, repeat by repeat.

    Parameters
    ----------
    samples : dict of list of float
        Times of each side by its key, one a repeat.
    """
    return {
        name: [a / b for a, b in zip(samples[above], samples[below], strict=True)]
        for name, (above, below) in RATIOS.items()
    }


def measure(points: Points, folder: Path) -> dict[str, Any]:
    """Check and time all sides; gcc writes into `folder`."""
    available = cores()
    fused_cpu.warm()
    sides = [
        *lecture_sides(), *wide_sides(available), *jax_sides(available), sklearn_side(),
        *c_sides(folder), *our_sides(),
    ]  # fmt: skip
    # numpy's BLAS threads spin for a while after each use and would disturb the next row
    with threadpool_limits(1, user_api="blas"):
        samplers = [Sampler(side, points) for side in sides]
        many = Many(points, available)
        take_turns([*(sampler.sample for sampler in samplers), many.sample], REPEATS)
    samples = {sampler.side.key: sampler.us_per_epoch for sampler in samplers}
    return {
        "machine": machine.describe(),
        "points": {"n": points.x.size, "origin": points.origin, "key": points.key},
        "repeats": REPEATS,
        "check_epochs": [CHECK_EPOCHS, CHECK_WIDE_EPOCHS],
        "sides": [sampler.summary() for sampler in samplers],
        "ratios": ratios(samples),
        "many": many.summary(samples["ours"]),
    }


def main() -> None:
    """Print the table, and write it as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder:
        report.save("engines", measure(lecture_points(), Path(folder)))


if __name__ == "__main__":
    main()
