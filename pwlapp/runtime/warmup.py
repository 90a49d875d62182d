"""Getting the compiled engine ready in a worker process, while torch serves.

Compiling takes half a minute and belongs to nobody's first run. It happens once on a machine, in a
process of its own: Numba keeps what it compiled on disk, and reading that takes each worker only
about a second, in a thread beside its jobs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
LOCK = "compiling.lock"

_ready = threading.Event()


def is_ready() -> bool:
    """Whether the compiled engine can be used in this process at once."""
    return _ready.is_set()


def begin(make_ready: Callable[[], None]) -> threading.Thread:
    """Make the compiled engine ready in the background.

    Parameters
    ----------
    make_ready : callable
        If it raises, the process stays with torch, and the log says why in one line.
    """
    thread = threading.Thread(target=_work, args=(make_ready,), name="warm-up", daemon=True)
    thread.start()
    return thread


def _work(make_ready: Callable[[], None]) -> None:
    # Whatever a compiler can raise: torch is there, so it is no reason to stop serving.
    try:
        make_ready()
    except Exception as error:  # noqa: BLE001
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        logger.warning("the compiled engine is not available, torch trains instead: %s", reason)
    else:
        _ready.set()


def use_cache(folder: Path) -> None:
    """Tell Numba, before it is imported, where to keep what it compiles.

    A folder that the environment already names is kept.
    """
    os.environ[CACHE_VARIABLE] = str(Path(os.environ.get(CACHE_VARIABLE) or folder).absolute())


def load_compiled(server: str) -> None:
    """Have the engine compiled if need be, then load it into this process.

    Parameters
    ----------
    server : str
        A name of the server that the worker belongs to: only its first worker has to look whether
        what lies on disk is up to date.

    Raises
    ------
    RuntimeError
        If it can't be compiled here.
    """
    folder = Path(os.environ[CACHE_VARIABLE])
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK) as lock:
        if lock.read_text(encoding="utf-8") != server:
            compile_elsewhere()
            lock.write_text(server, encoding="utf-8")
    from pwlapp.core.engines import fused_cpu

    fused_cpu.warm()


def compile_elsewhere() -> None:
    """Fill the disk cache from a process of its own, which ends if this one does.

    Raises
    ------
    RuntimeError
        With the last line of what that process said, if it failed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "pwlapp.runtime.precompile"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,  # ends with this process, however that comes about
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        said = process.stderr.read() if process.stderr else ""
    if process.returncode != 0:
        last = said.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise RuntimeError(last[0])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[Path]:
    """Let one process of this machine at a time go on, where the system has such locks."""
    try:
        import fcntl
    except ImportError:  # Windows: several may compile at once, which is only a waste
        fcntl = None  # type: ignore[assignment]
    with path.open("a+b") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield path  # closing the file unlocks it
