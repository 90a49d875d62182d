"""The job that a worker process does: train a slice, and draw its frames.

Drawing belongs here because a wide net's frames are hundreds of times lighter as curves: the pipe
and the web process never see the parameters of any but the last.
"""

from __future__ import annotations

from dataclasses import dataclass

from pwlapp.core import engines
from pwlapp.core.net import Array
from pwlapp.core.training import Budget, OptimizerOptions, TrainState, train_slice
from pwlapp.runtime import drawing, warmup
from pwlapp.runtime.drawing import Pictures


@dataclass(frozen=True, eq=False)
class Slice:
    """What a slice gives back: `training.SliceResult` with its frames drawn.

    Attributes
    ----------
    state : TrainState
        Where the slice ended; if it diverged, the last epoch before that.
    pictures : Pictures
    diverged : bool
    seconds : float
        Wall-clock time of the training alone.
    engine : str
        Id of the engine that computed it.
    """

    state: TrainState
    pictures: Pictures
    diverged: bool
    seconds: float
    engine: str


def train(
    state: TrainState,
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budget: Budget,
    engine: str,
) -> Slice:
    """Train one slice with the engine asked for, or with torch while that is still warming up.

    Parameters and errors are those of `training.train_slice`.
    """
    result = train_slice(state, x, y, options, budget, ready_engine(engine, state, x.size))
    pictures = drawing.draw(result.frames, state.net, x)
    return Slice(result.state, pictures, result.diverged, result.seconds, result.engine)


def ready_engine(engine: str, state: TrainState, n: int) -> str:
    """The id of the engine that computes without making anybody wait for a compiler."""
    wanted = engines.resolve(engine, state.net, n)
    return engines.TORCH_CPU if wanted == engines.FUSED_CPU and not warmup.is_ready() else wanted
