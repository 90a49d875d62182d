"""Trains in this thread without interruption; tests compare sessions with the result."""

from __future__ import annotations

from typing import Any

import pytest

from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers

ADAM = AdamOptions()


def trained(
    service: SessionService,
    state: TrainState,
    epochs: int,
    optimizer: OptimizerOptions = ADAM,
) -> TrainState:
    """Train without interruption in this thread; returns the expected state."""
    budget = Budget(target_epoch=state.epoch + epochs)
    points = service.points
    return train_slice(state, points.x, points.y, optimizer, budget).state


def first_state(service: SessionService, seed: int = 1, net: Architecture = LECTURE) -> TrainState:
    return initial_state(seed, service.points.x, service.points.y, net)


def assert_at(snapshot: dict[str, Any], expected: TrainState) -> None:
    assert snapshot["epoch"] == expected.epoch
    assert snapshot["params"] == json_numbers(expected.params)
    assert snapshot["loss"] == pytest.approx(expected.loss, abs=1e-6)
