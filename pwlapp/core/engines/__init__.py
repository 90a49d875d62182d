"""Engines: different ways to compute the same run, behind one small interface.

An engine is picked by device and imported only then, so the module itself stays light.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from pwlapp.errors import UserError

if TYPE_CHECKING:
    from pwlapp.core.net import Array
    from pwlapp.core.training import AdamOptions, Budget, SliceResult, TrainState


class Engine(Protocol):
    """Something that can train the lecture's net."""

    @property
    def name(self) -> str:
        """Short name, for logs and benchmarks."""

    def train(
        self, state: TrainState, x: Array, y: Array, options: AdamOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`, which validates before it calls this."""


def pick(device: str) -> Engine:
    """Return the engine for a device.

    Parameters
    ----------
    device : str
        ``"cpu"`` or ``"cuda:0"``, ``"cuda:1"``, ...

    Raises
    ------
    UserError
        ``bad_device`` (name) if this machine has no such device.
    """
    if not re.fullmatch(r"cpu|cuda:\d{1,3}", device):
        raise UserError("bad_device", name=device[:40])

    from pwlapp.core.engines.torch_engine import TorchEngine, is_available

    if not is_available(device):
        raise UserError("bad_device", name=device)
    return TorchEngine(device)
