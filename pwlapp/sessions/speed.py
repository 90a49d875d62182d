"""How fast a session trains, followed from slice to slice."""

from __future__ import annotations

import math
from dataclasses import replace

from pwlapp.sessions.frames import Slice
from pwlapp.sessions.state import SessionState, Speed

MEMORY_S = 1.0  # how long a change of speed takes to show


def followed(state: SessionState, result: Slice, elapsed_s: float) -> Speed:
    """The speed of a session after one more slice, or single step.

    Parameters
    ----------
    state : SessionState
        As the slice began with it.
    result : Slice
    elapsed_s : float
        Since the slice was asked for, waiting for its turn included: the time left is reckoned
        from it.
    """
    run = state.run.start_epoch if state.run else None
    known = state.speed
    is_same = known.engine == result.engine and run in (None, known.run)
    speed = known if is_same else Speed(engine=result.engine, run=run)
    if not state.is_running:  # a step alone is too short to tell a speed from
        return speed
    epochs = result.state.epoch - state.train.epoch
    now = epochs / max(elapsed_s, result.seconds, 1e-9)
    weight = 1.0 - math.exp(-elapsed_s / MEMORY_S) if speed.per_second else 1.0
    return replace(
        speed,
        epochs=speed.epochs + epochs,
        seconds=speed.seconds + result.seconds,
        per_second=speed.per_second + weight * (now - speed.per_second),
    )
