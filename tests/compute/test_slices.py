"""Slices of several nets at once, with a stand-in for the GPU."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pwlapp.compute import slices
from pwlapp.core.engines import fused_gpu
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice

X = np.linspace(-1, 1, 64, dtype=np.float32)
Y = (X > 0.2).astype(np.float32)


def test_nets_trained_together_have_the_frames_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    def train_slices(states: Any, x: Any, y: Any, options: Any, budgets: Any, device: str) -> Any:
        devices.append(device)
        pairs = zip(states, budgets, strict=True)
        return [train_slice(state, x, y, options, budget) for state, budget in pairs]

    monkeypatch.setattr(fused_gpu, "train_slices", train_slices)
    states = [initial_state(seed, X, Y) for seed in (1, 2)]
    budgets = [Budget(3, (1, 3)), Budget(4, (2,))]
    together = slices.train_together(states, X, Y, AdamOptions(), budgets, "fused@cuda:1")
    assert devices == ["cuda:1"]
    for result, state, budget in zip(together, states, budgets, strict=True):
        alone = slices.train(state, X, Y, AdamOptions(), budget, "torch@cpu")
        assert result.state.params.tobytes() == alone.state.params.tobytes()
        assert result.frames.epochs.tolist() == list(alone.frames.epochs)
        assert result.frames.numbers.tobytes() == alone.frames.numbers.tobytes()


def test_only_the_gpus_kernel_trains_nets_together() -> None:
    net = Architecture()
    assert slices.can_train_together("fused@cuda:0", net, 64)
    assert not slices.can_train_together("torch@cuda:0", net, 64)
    assert not slices.can_train_together("fused@cpu", net, 64)
    wide = replace(net, h=2048)
    assert not slices.can_train_together("fused@cuda:0", wide, 1_000_000)
