"""Engines: several implementations of training with one interface.

An engine's id is ``<loop>@<device>``: ``"torch@cpu"``, ``"fused@cpu"``, ``"torch@cuda:0"``,
``"fused@cuda:0"``. The module of an engine imports torch or Numba, so `pick` imports it late.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pwlapp.errors import UserError

if TYPE_CHECKING:
    from pwlapp.core.net import Architecture, Array
    from pwlapp.core.optimizers import OptimizerOptions
    from pwlapp.core.state import Budget, SliceResult, TrainState

AUTO = "auto"
TORCH_CPU = "torch@cpu"
FUSED_CPU = "fused@cpu"

MIN_GPU_PRODUCTS = 2**20  # sigmoid units * points from which a GPU is faster; see `resolve`
MAX_FUSED_GPU_HIDDEN = 16  # a wider net and the points do not fit into a GPU's registers

ID_PATTERN = r"(torch|fused)@(cpu|cuda:\d{1,3})"


class Engine(Protocol):
    """An implementation of training."""

    @property
    def name(self) -> str:
        """Its id, for logs, benchmarks and `SliceResult.engine`."""

    def train(
        self, state: TrainState, x: Array, y: Array, options: OptimizerOptions, budget: Budget
    ) -> SliceResult:
        """Train one slice; see `training.train_slice`, which validates before it calls this."""


@dataclass(frozen=True)
class EngineInfo:
    """An engine that this machine can run.

    Attributes
    ----------
    id : str
    loop : str
        ``"torch"``: the lecture's loop in PyTorch; ``"fused"``: a compiled loop.
    kind : str
        ``"cpu"`` or ``"cuda"``.
    device : str
        The device's name, for display.
    """

    id: str
    loop: str
    kind: str
    device: str


def resolve(engine: str, net: Architecture, n: int) -> str:
    """The id of the engine that trains a net on n points.

    ``"auto"`` is the compiled loop on the CPU: an epoch of a ReLU net takes only about n + h steps
    there (see `kernels`), less time than one launch on a GPU. Sigmoid units take n * h steps; from
    `MIN_GPU_PRODUCTS` on, ``"auto"`` is a GPU if there is one. A net that is too wide for the
    Triton kernel is trained by PyTorch on the same GPU.

    Parameters
    ----------
    engine : str
        An id, or ``"auto"``.
    net : Architecture
    n : int

    Returns
    -------
    str
        An id.
    """
    if engine == AUTO:
        heavy = wants_gpu(engine, net, n)
        engine = "torch@cuda:0" if heavy and is_available("cuda:0") else FUSED_CPU
    if engine.startswith("fused@cuda") and net.h > MAX_FUSED_GPU_HIDDEN:
        return engine.replace("fused", "torch", 1)
    return engine


def wants_gpu(engine: str, net: Architecture, n: int) -> bool:
    """Whether a GPU should train a net if there is one, by the id or by the rule of `resolve`."""
    if engine == AUTO:
        return net.activation == "sigmoid" and n * net.h >= MIN_GPU_PRODUCTS
    return "@cuda" in engine


def pick(engine: str, net: Architecture, n: int) -> Engine:
    """The engine that trains a net on n points; see `resolve`.

    Raises
    ------
    UserError
        ``bad_engine`` (name) if this machine has no such engine.
    """
    match = re.fullmatch(ID_PATTERN, resolve(engine, net, n))
    if match is None or not is_available(match[2]):
        raise UserError("bad_engine", name=engine[:40])
    loop, device = match.groups()
    if loop == "torch":
        from pwlapp.core.engines.torch_engine import TorchEngine

        return TorchEngine(device)
    if device == "cpu":
        from pwlapp.core.engines.fused_cpu import FusedCpuEngine

        return FusedCpuEngine()
    from pwlapp.core.engines.fused_gpu import FusedGpuEngine

    return FusedGpuEngine(device)


def is_available(device: str) -> bool:
    """Whether this machine can compute on ``"cpu"`` or ``"cuda:<i>"``. Imports torch."""
    if device == "cpu":
        return True
    import torch

    return int(device.partition(":")[2]) < torch.cuda.device_count()


def engines() -> list[EngineInfo]:
    """List the engines of this machine, the CPU's first. Imports torch."""
    import torch

    found = [
        EngineInfo(FUSED_CPU, "fused", "cpu", cpu_name()),
        EngineInfo(TORCH_CPU, "torch", "cpu", cpu_name()),
    ]
    for i in range(torch.cuda.device_count()):
        name = torch.cuda.get_device_name(i)
        loops = ("torch", "fused") if find_spec("triton") else ("torch",)
        found += [EngineInfo(f"{loop}@cuda:{i}", loop, "cuda", name) for loop in loops]
    return found


def cpu_name() -> str:
    """The processor's model name, or its architecture if the system gives no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        field, _, value = line.partition(":")
        if field.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or "CPU"


def cores() -> int:
    """Number of cores that this process may use; all cores if the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
