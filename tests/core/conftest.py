"""Fixtures for the core: points to fit, and the lecture's run, computed once."""

from __future__ import annotations

import pytest

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU, TORCH_CPU
from pwlapp.core.training import (
    AdamOptions,
    Budget,
    SliceResult,
    frame_epochs,
    initial_state,
    train_slice,
)


@pytest.fixture(scope="session")
def lecture() -> Points:
    return lecture_points()


@pytest.fixture(scope="session", params=[TORCH_CPU, FUSED_CPU])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine of the CPU in turn: what must hold for one must hold for the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def whole_run(lecture: Points, engine: str) -> SliceResult:
    """Seed 1, 10,000 epochs in one piece."""
    start = initial_state(1, lecture.x, lecture.y)
    budget = Budget(10_000, frame_epochs(0, 10_000))
    return train_slice(start, lecture.x, lecture.y, AdamOptions(), budget, engine)
