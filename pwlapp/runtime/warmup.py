"""Getting the compiled engine ready in a worker process, while torch serves.

Compiling takes a while and belongs to nobody's first run. It happens once on a machine, in a
process of its own: Numba keeps what it compiled on disk, and reading that takes each worker only
about a second, in a thread beside its jobs.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from pwlapp.core.engines import cpu_name

logger = logging.getLogger(__name__)

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
LOCK = "compiling.lock"
ATTEMPTS = 3

_ready = threading.Event()


def is_ready() -> bool:
    """Whether the compiled engine can be used in this process at once."""
    return _ready.is_set()


def begin(make_ready: Callable[[], None]) -> threading.Thread:
    """Make the compiled engine ready in the background.

    Parameters
    ----------
    make_ready : callable
        Tried a few times: what a compiler that was killed or damaged files left behind is gone the
        next time. If it still raises, the process stays with torch, and the log says why in a line.
    """
    thread = threading.Thread(target=_work, args=(make_ready,), name="warm-up", daemon=True)
    thread.start()
    return thread


def _work(make_ready: Callable[[], None]) -> None:
    reason = ""
    for _ in range(ATTEMPTS):
        # Whatever a compiler can raise: torch is there, so it is no reason to stop serving.
        try:
            make_ready()
        except Exception as error:  # noqa: BLE001
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        else:
            _ready.set()
            return
    logger.warning("the compiled engine is not available, torch trains instead: %s", reason)


def fingerprint() -> str:
    """What the compiled code depends on, as a name for its folder.

    Numba itself only looks at the file that a function is in: the constants that it takes from
    elsewhere, and the compiler, count as well.
    """
    core = Path(__file__).parents[1] / "core"
    sources = (core / "net.py", core / "training.py", core / "engines" / "kernels.py")
    known = [version("numba"), version("llvmlite"), sys.version, cpu_name()]
    digest = hashlib.sha256("\n".join(known).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def use_cache(folder: Path) -> None:
    """Tell Numba, before it is imported, where to keep what it compiles.

    A folder that the environment already names is kept.
    """
    named = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(Path(named or folder / fingerprint()).absolute())


def load_compiled() -> None:
    """Have the engine compiled if need be, then load it into this process.

    Raises
    ------
    RuntimeError
        If it can't be compiled here.
    """
    folder, name = Path(os.environ[CACHE_VARIABLE]), fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / LOCK) as lock:
            if lock.read_text("utf-8", "replace") != name or not list(compiled_files(folder)):
                forget(folder)  # Numba may take them to be up to date
                compile_elsewhere()
                lock.write_text(name, encoding="utf-8")
        from pwlapp.core.engines import fused_cpu

        fused_cpu.warm()
    except Exception:
        forget(folder)  # damaged files would fail for ever
        raise


def compiled_files(folder: Path) -> Iterator[Path]:
    """What Numba keeps of our loops; the folder may hold other programs' files as well."""
    yield from (file for end in ("nbi", "nbc") for file in folder.rglob(f"kernels.*.{end}"))


def forget(folder: Path) -> None:
    """Throw away what was compiled, so that it is compiled anew."""
    for file in list(compiled_files(folder)):
        with contextlib.suppress(OSError):
            file.unlink()


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
