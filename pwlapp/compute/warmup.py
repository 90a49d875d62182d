"""Prepares a worker process: loads torch, then in the background the compiled engine.

Compiling takes about 20 seconds; torch trains meanwhile. It happens once on each machine, in a
process of its own, and Numba stores the result on disk (see `numba_cache`). Each worker process
then loads it in about a second, in a background thread.

``python -m pwlapp.compute.warmup`` is the compiling process: it fills Numba's cache at low
priority. It stops when its standard input is closed, which happens when its parent dies.
``python -m pwlapp.compute.warmup FOLDER`` compiles into the folder that an image contains.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pwlapp import logs
from pwlapp.compute import numba_cache
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice

logger = logging.getLogger(__name__)

ATTEMPTS = 3
NICENESS = 10  # the compiling process has a lower priority than those that serve visitors

_ready = threading.Event()


def load_torch() -> None:
    """Prepare this process for training with torch."""
    import pwlapp.compute.preload  # noqa: F401


def load_engines(cache: Path, log_level: str, log_format: str) -> None:
    """Prepare this process for training with torch; load the compiled engine in the background.

    Parameters
    ----------
    cache : Path
        Folder for compiled code; not used if the environment names one.
    log_level, log_format : str
        See `logs.configure`.
    """
    logs.configure(log_level, log_format)
    numba_cache.use_cache(cache)
    load_torch()
    begin(_warm_torch_then_compiled)


def is_ready() -> bool:
    """Whether this process has loaded the compiled engine."""
    return _ready.is_set()


def begin(load: Callable[[], None]) -> threading.Thread | None:
    """Load the compiled engine in a background thread; returns None if it is loaded already.

    Parameters
    ----------
    load : callable
        Called up to `ATTEMPTS` times, since a retry helps if the compiler was killed or files were
        damaged. If it fails each time, this process logs the reason and trains with torch.
    """
    if is_ready():
        return None
    thread = threading.Thread(target=_try_to_load, args=(load,), name="warm-up", daemon=True)
    thread.start()
    return thread


def _try_to_load(load: Callable[[], None]) -> None:
    reason = ""
    for _ in range(ATTEMPTS):
        # A compiler can raise any exception, and torch can train without it.
        try:
            load()
        except Exception as error:  # noqa: BLE001
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        else:
            _ready.set()
            return
    logger.warning("the compiled engine is not available; torch trains instead: %s", reason)


def _warm_torch_then_compiled() -> None:
    """Train one epoch with torch, so that its first job is fast; then load the compiled engine."""
    x = np.zeros(1, dtype=np.float32)
    train_slice(initial_state(0, x, x), x, x, AdamOptions(), Budget(target_epoch=1))
    load_compiled()


def load_compiled() -> None:
    """Load the compiled engine; if needed, copy it from the image or compile it first.

    Raises
    ------
    RuntimeError
        If it can't be compiled on this machine.
    """
    folder, name = Path(os.environ[numba_cache.CACHE_VARIABLE]), numba_cache.fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with numba_cache.locked(folder) as lock:
            if not numba_cache.is_compiled(folder):
                numba_cache.delete_compiled(folder)  # Numba might take old files for up to date
                shipped = numba_cache.shipped_folder(name)
                if shipped.is_dir():  # copied, since Numba needs a writable folder even for reading
                    shutil.copytree(shipped, folder, dirs_exist_ok=True)
                else:
                    logger.info("%s; torch trains until then", numba_cache.why_compiled())
                    compile_in_subprocess()
                lock.write_text(name, encoding="utf-8")
        _compile_or_load()
    except Exception:
        numba_cache.delete_compiled(folder)  # in case files are damaged
        raise


def load_if_compiled() -> bool:
    """Load the engine if it has been compiled already; returns whether it is loaded.

    For the fork server, which must neither wait for a compiler nor start a thread.
    """
    folder = Path(os.environ.get(numba_cache.CACHE_VARIABLE, ""))
    # Damaged files may raise any exception; the worker processes then compile again.
    try:
        if not numba_cache.is_compiled(folder):
            return False
        _compile_or_load()
    except Exception:  # noqa: BLE001
        return False
    _ready.set()
    return True


def compile_in_subprocess() -> None:
    """Fill Numba's cache in a child process, which ends if this process ends.

    Raises
    ------
    RuntimeError
        If it failed; the text is the last line of its stderr.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "pwlapp.compute.warmup"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,  # closed when this process ends; the child then stops
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        errors = process.stderr.read() if process.stderr else ""
    if process.returncode != 0:
        last = errors.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise RuntimeError(last[0])


def _fill_cache() -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _compile_or_load()


def _exit_with_parent() -> None:
    # os._exit at any moment is safe: Numba writes each file of its cache atomically.
    while os.read(0, 1):  # not sys.stdin, whose lock would block the end of the main thread
        pass
    os._exit(1)


def _fill_image(folder: Path) -> None:
    """Compile for `numba_cache.TARGET`; if this machine can't run that, only make the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not numba_cache.supports_target():
        sys.stderr.write(f"not an {numba_cache.TARGET} machine: compiled at the first start\n")
        return
    numba_cache.compile_for_target()
    cache = folder / numba_cache.fingerprint()
    os.environ[numba_cache.CACHE_VARIABLE] = str(cache.absolute())
    _compile_or_load()


def _compile_or_load() -> None:
    """Load each kernel from Numba's cache, or compile it into the cache."""
    from pwlapp.core.engines import fused_cpu  # imports Numba

    fused_cpu.warm()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _fill_image(Path(sys.argv[1]))
    else:
        _fill_cache()
