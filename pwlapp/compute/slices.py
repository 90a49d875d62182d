"""The job that a worker process does: train a slice, and draw its frames.

Drawing belongs here because a wide net's frames are hundreds of times lighter as curves: the pipe
and the web process never see the parameters of any but the last.
"""

from __future__ import annotations

from collections.abc import Sequence

from pwlapp.compute import warmup
from pwlapp.core import engines
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, SliceResult, TrainState
from pwlapp.core.training import train_slice
from pwlapp.sessions import frames
from pwlapp.sessions.frames import Slice, Testing


def train(
    state: TrainState,
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budget: Budget,
    engine: str,
    testing: Testing = None,
) -> Slice:
    """Train one slice with the engine asked for, or with torch while that is still warming up.

    Parameters and errors are those of `training.train_slice`; `testing` are points held out, at
    which a wide net's frames tell the loss.
    """
    ready = ready_engine(engine, state, x.size)
    return drawn(train_slice(state, x, y, options, budget, ready), x, testing)


def train_together(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budgets: Sequence[Budget],
    engine: str,
    testing: Testing = None,
) -> list[Slice]:
    """Train a slice of each of several nets of one architecture at once, on a GPU.

    Parameters and errors are those of `fused_gpu.train_slices`; `engine` is one that
    `trains_together` has agreed to.
    """
    from pwlapp.core.engines import fused_gpu

    device = engine.partition("@")[2]
    results = fused_gpu.train_slices(states, x, y, options, budgets, device)
    return [drawn(result, x, testing) for result in results]


def trains_together(engine: str, net: Architecture, n: int) -> bool:
    """Whether this engine trains several such nets in the time of one."""
    if not engine.startswith("fused@cuda"):
        return False
    from pwlapp.core.engines.triton_nets import fits

    return fits(net, n)


def drawn(result: SliceResult, x: Array, testing: Testing = None) -> Slice:
    """What an engine gives back, with its frames as the browser needs them."""
    batch = frames.draw(result.frames, result.state.net, x, testing)
    return Slice(result.state, batch, result.diverged, result.seconds, result.engine)


def ready_engine(engine: str, state: TrainState, n: int) -> str:
    """The id of the engine that computes without making anybody wait for a compiler."""
    wanted = engines.resolve(engine, state.net, n)
    return engines.TORCH_CPU if wanted == engines.FUSED_CPU and not warmup.is_ready() else wanted
