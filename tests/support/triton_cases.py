"""Programs for the tests of the GPU engine, which run them in separate processes.

Whether Triton compiles or interprets kernels is decided at its import, so the interpreter needs
another process.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from pwlapp.core.net import Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import Budget, SliceResult, TrainState

POINTERS = {
    "which": "i32", "points": "fp32", "begin": "fp32", "end": "fp32", "plan": "i32",
    "outcome": "i32", "losses": "fp32", "constants": "fp32", "schedule": "fp32", "records": "i32",
    "frames": "fp32",
}  # fmt: skip
NUMBERS = ("n", "n_records", "h")


def interpret() -> None:
    os.environ["TRITON_INTERPRET"] = "1"


def compile_into(folder: str) -> None:
    os.environ.pop("TRITON_INTERPRET", None)
    os.environ["TRITON_CACHE_DIR"] = folder


def train(
    state: TrainState,
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budget: Budget,
    first_launch: int = 256,
) -> SliceResult:
    from pwlapp.core.engines import fused_gpu

    fused_gpu.FIRST_LAUNCH = first_launch
    with np.errstate(all="ignore"):
        return fused_gpu.FusedGpuEngine("cpu").train(state, x, y, options, budget)


def train_slices(
    states: list[TrainState],
    x: Array,
    y: Array,
    options: OptimizerOptions,
    budgets: list[Budget],
    first_launch: int = 256,
) -> list[SliceResult]:
    from pwlapp.core.engines import fused_gpu

    fused_gpu.FIRST_LAUNCH = first_launch  # safe: this process does nothing else
    with np.errstate(all="ignore"):  # exp and log overflow on a GPU too, only silently
        return fused_gpu.train_slices(states, x, y, options, budgets, "cpu")


def machine_code(capability: int, num_warps: int, **constants: Any) -> dict[str, int]:
    """Compile the kernel for an NVIDIA GPU that need not exist; returns the size of each stage."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from pwlapp.core.engines.triton_kernel import train_nets

    names = train_nets.arg_names
    types = {name: "*" + kind for name, kind in POINTERS.items()} | dict.fromkeys(NUMBERS, "i32")
    source = ASTSource(
        train_nets,
        {name: types.get(name, "constexpr") for name in names},
        {(names.index(name),): value for name, value in constants.items()},
        {(names.index(name),): [["tt.divisibility", 16]] for name in POINTERS},
    )
    target = GPUTarget("cuda", capability, 32)
    made = triton.compile(source, target=target, options={"num_warps": num_warps})
    return {stage: len(code) for stage, code in made.asm.items()}
