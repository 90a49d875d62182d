"""Jobs for worker processes, which import them by the name of this module."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from pwlapp.compute import warmup
from pwlapp.errors import UserError


def nothing() -> None: ...


def add(a: int, b: int) -> int:
    return a + b


def pid() -> int:
    return os.getpid()


def refuse(n: int) -> None:
    raise UserError("bad_epochs", min=1, max=n)


def fail() -> None:
    raise ZeroDivisionError("of all things")


def leave() -> None:
    raise SystemExit("goodbye")


def unpicklable() -> object:
    return lambda: None


def note(path: Path, word: str) -> str:
    with path.open("a", encoding="utf-8") as file:
        file.write(word + "\n")
    return word


def die(path: Path, times: int) -> int:
    """Kill this process at the first `times` calls; later calls return their number."""
    note(path, "call")
    calls = len(path.read_text(encoding="utf-8").splitlines())
    if calls <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return calls


def hang(path: Path) -> None:
    note(path, str(os.getpid()))
    time.sleep(600)


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.005)


def interrupt() -> str:
    """Receive SIGINT, which a terminal sends to the whole process group at Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


def imported(name: str) -> bool:
    return name in sys.modules


def torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def prepare_slowly(gate: Path) -> None:
    """Warm up, but only once the file `gate` exists."""
    warmup._ready.clear()  # set if the fork server has loaded the engine

    def make_ready() -> None:
        wait_for(gate)
        from pwlapp.core.engines import fused_cpu

        fused_cpu.warm()

    warmup.begin(make_ready)


def is_ready() -> bool:
    return warmup.is_ready()
