"""One slice of training: its budget, its training in a worker process, and how a run ends.

Used by the scheduler for local processes and by the Celery workers.
"""

from __future__ import annotations

import functools
import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from pwlapp.compute import warmup
from pwlapp.core import engines
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, SliceResult, TrainState
from pwlapp.core.training import frame_epochs, train_slice
from pwlapp.errors import UserError
from pwlapp.sessions import frames
from pwlapp.sessions.frames import Testing
from pwlapp.sessions.state import SessionState

logger = logging.getLogger(__name__)

# Exceptions of an engine that fails, for example for lack of memory.
TRAINING_ERRORS = (RuntimeError, ImportError, MemoryError)

_frame_epochs = functools.lru_cache(maxsize=256)(frame_epochs)


def next_budget(state: SessionState, target: int, slice_ms: float | None) -> Budget:
    """The budget of the next slice of a run to epoch `target`."""
    start = state.run.start_epoch if state.run else state.train.epoch
    planned = _frame_epochs(start, target, frames.frames_of_run(state.train.net))
    return Budget(target, planned[bisect_right(planned, state.train.epoch) :], slice_ms)


def train(
    state: TrainState,
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budget: Budget,
    engine: str,
    testing: Testing = None,
) -> SliceResult:
    """Train one slice and make its frames. Until the compiled engine is loaded, torch trains.

    For parameters and errors see `training.train_slice`. The frames of a wide net hold the loss at
    the held-out points `testing`.
    """
    engine = engines.resolve(engine, state.net, x.size)
    if engine == engines.FUSED_CPU and not warmup.is_ready():
        engine = engines.TORCH_CPU
    return _with_frames(train_slice(state, x, y, options, budget, engine), x, testing)


def train_together(
    states: Sequence[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budgets: Sequence[Budget],
    engine: str,
    testing: Testing = None,
) -> list[SliceResult]:
    """Train a slice of each of several nets of the same architecture at once, on a GPU.

    `can_train_together` must be true for the engine. For parameters and errors see
    `fused_gpu.train_slices`.
    """
    from pwlapp.core.engines import fused_gpu

    device = engine.partition("@")[2]
    results = fused_gpu.train_slices(states, x, y, options, budgets, device)
    return [_with_frames(result, x, testing) for result in results]


def can_train_together(engine: str, net: Architecture, n: int) -> bool:
    """Whether this engine can train several such nets on n points at once."""
    if not engine.startswith("fused@cuda"):
        return False
    from pwlapp.core.engines.triton_nets import fits

    return fits(net, n)


def training_failed(state: SessionState, error: Exception) -> UserError:
    """Log one of `TRAINING_ERRORS` and return a `UserError` for it."""
    logger.error("training with %s failed", state.engine, exc_info=error)
    return UserError("training_failed", engine=state.engine)


def outcome(before: SessionState, after: SessionState) -> str | None:
    """How a run ended with a slice: ``"done"`` or ``"diverged"``; None if it continues."""
    if before.run is None or after.run is not None:
        return None
    return "diverged" if after.notice is not None else "done"


def _with_frames(result: SliceResult, x: Array, testing: Testing) -> SliceResult:
    # Converted in the worker process: the curves of a wide net are hundreds of times smaller than
    # its parameters, so less has to be sent to the web process.
    return replace(result, frames=frames.draw(result.frames, result.state.net, x, testing))
