"""Fixtures for the core: points to fit, and the lecture's run, computed once."""

from __future__ import annotations

import pytest

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import Points
from pwlapp.core.engines import FUSED_CPU, TORCH_CPU
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget, SliceResult
from pwlapp.core.training import initial_state, train_slice


@pytest.fixture(scope="session")
def lecture() -> Points:
    return lecture_points()


@pytest.fixture(scope="session", params=[TORCH_CPU, FUSED_CPU])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine of the CPU in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def pages_run(lecture: Points) -> SliceResult:
    """The lecture's run by the lecture's loop: seed 1, 5,000 epochs, all recorded as frames."""
    start = initial_state(1, lecture.x, lecture.y)
    budget = Budget(5_000, tuple(range(1, 5_001)))
    return train_slice(start, lecture.x, lecture.y, AdamOptions(), budget, TORCH_CPU)
