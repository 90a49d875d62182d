"""What the next slice of a session is asked to do, and what its failure means."""

from __future__ import annotations

import functools
import logging
from bisect import bisect_right

from pwlapp.core.state import Budget
from pwlapp.core.training import frame_epochs
from pwlapp.errors import UserError
from pwlapp.sessions import frames
from pwlapp.sessions.state import SessionState

logger = logging.getLogger(__name__)

# What an engine raises that gives up, for example for want of memory.
TRAINING_ERRORS = (RuntimeError, ImportError, MemoryError)

_planned_frames = functools.lru_cache(maxsize=256)(frame_epochs)


def budget(state: SessionState, target: int, slice_ms: float | None) -> Budget:
    """How far a slice towards epoch `target` may go, and which epochs it keeps as frames."""
    start = state.run.start_epoch if state.run else state.train.epoch
    planned = _planned_frames(start, target, frames.frames_of_run(state.train.net))
    return Budget(target, planned[bisect_right(planned, state.train.epoch) :], slice_ms)


def training_failed(state: SessionState, error: Exception) -> UserError:
    """The error for an engine that gave up; the cause is in the log."""
    logger.error("training with %s failed", state.engine, exc_info=error)
    return UserError("training_failed", engine=state.engine)


def outcome(before: SessionState, after: SessionState) -> str | None:
    """How a run ended with a slice: ``"done"``, ``"diverged"``; None while it goes on."""
    if before.run is None or after.run is not None:
        return None
    return "diverged" if after.notice is not None else "done"
