"""The lecture's run in C, and ours."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.sides.side import LR, Side, Timed, Train, clock
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU
from pwlapp.core.net import LECTURE, Architecture, Array, loss
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import train_slice

SOURCE = Path(__file__).with_name("reference.c")
FLAGS = ("-O3", "-march=native", "-ffast-math")


def build(folder: Path) -> ctypes.CDLL:
    """Compile reference.c into a folder and load it.

    Raises
    ------
    subprocess.CalledProcessError
        If gcc fails.
    """
    made, library = folder / "reference.o", folder / "reference.so"
    subprocess.run(["gcc", *FLAGS, "-fPIC", "-c", SOURCE, "-o", made], check=True)
    # linked without -ffast-math: otherwise loading the library makes the whole process flush
    # denormal numbers to 0, also while the other rows are timed and compared
    subprocess.run(["gcc", "-shared", made, "-o", library], check=True)
    loaded = ctypes.CDLL(os.fspath(library))
    floats = np.ctypeslib.ndpointer(np.float32, ndim=1, flags="C_CONTIGUOUS")
    loaded.train.argtypes = [
        floats, floats, ctypes.c_int, ctypes.c_int, *[floats] * 4,
        ctypes.c_long, ctypes.c_long, ctypes.c_double,
    ]  # fmt: skip
    loaded.train.restype = None
    return loaded


def c_sides(folder: Path) -> list[Side]:
    """The C reference for the lecture's net and for a wide one; compiled into `folder`."""
    library = build(folder)

    def train(points: Points, start: Array, epochs: int) -> Timed:
        params = start.copy()
        m, v, g = (np.zeros_like(params) for _ in range(3))
        h = (params.size - 1) // 2
        with clock() as watch:
            library.train(points.x, points.y, points.x.size, h, params, m, v, g, 0, epochs, LR)
        return watch.timed(params)

    name = f"C, gcc {' '.join(FLAGS)}"
    return [
        Side("c", name, train, 5000),
        Side("c_512", name, train, 1000, net=Architecture(h=512)),
    ]


def state_of(start: Array, points: Points, net: Architecture) -> TrainState:
    """Weights as a state at epoch 0."""
    zeros = np.zeros_like(start)
    return TrainState(start, zeros, zeros, 0, loss(start, points.x, points.y, net), net)


def ours(net: Architecture, engine: str = FUSED_CPU) -> Train:
    """Make the run of one of our engines: the same call as in a training process."""

    def train(points: Points, start: Array, epochs: int) -> Timed:
        state, options = state_of(start, points, net), AdamOptions(lr=LR)
        with clock() as watch:
            done = train_slice(state, points.x, points.y, options, Budget(epochs), engine)
        assert done.engine == engine
        return watch.timed(done.state.params)

    return train


def our_sides() -> list[Side]:
    """Our compiled engine on one thread, from the lecture's net to wide ones."""
    nets = {
        "ours": LECTURE,
        "ours_8": Architecture(8),
        "ours_64": Architecture(64),
        "ours_512": Architecture(512),
        "ours_512_bias": Architecture(512, bias1=True),
        "ours_512_sigmoid": Architecture(512, activation="sigmoid"),
    }
    return [
        Side(key, f"pwlapp, {FUSED_CPU}", ours(net), 100 if "sigmoid" in key else 5000, net=net)
        for key, net in nets.items()
    ]
