"""Getting the compiled engine ready in a worker process, while torch serves.

Compiling takes some 20 seconds, so no run waits for it. It happens once on a machine, in a
process of its own: Numba keeps what it compiled on disk, and reading that takes each worker only
about a second, in a thread beside its jobs. A container need not even do that: its image brings the
loops along, compiled for `TARGET`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
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

CPU_VARIABLE, FEATURES_VARIABLE = "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"
# Almost every server's processor since 2015. What is compiled for it gives the same bits on all of
# them, which is worth more to workers on several machines than the quarter of a microsecond that an
# epoch of the lecture's net takes less when compiled for the machine itself.
TARGET = "x86-64-v3"
TARGET_FLAGS = {  # as Linux calls what that name implies
    *("pni", "ssse3", "sse4_1", "sse4_2", "cx16", "lahf_lm", "popcnt"),
    *("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"),
}
SHIPPED = Path(__file__).parents[2] / "compiled"  # what an image brings along
CPUINFO = Path("/proc/cpuinfo")

_ready = threading.Event()


def is_ready() -> bool:
    """Whether the compiled engine can be used in this process at once."""
    return _ready.is_set()


def begin(make_ready: Callable[[], None]) -> threading.Thread | None:
    """Make the compiled engine ready in the background; None if it is ready.

    Parameters
    ----------
    make_ready : callable
        Tried a few times: what a compiler that was killed or damaged files left behind is gone the
        next time. If it still raises, the process stays with torch, and the log says why in a line.
    """
    if is_ready():
        return None
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


def fingerprint(processor: str = "") -> str:
    """What the compiled code depends on, as a name for its folder.

    Numba itself only looks at the file that a function is in: the constants that it takes from
    elsewhere, and the compiler, count as well.

    Parameters
    ----------
    processor : str
        What it is compiled for; by default what the environment names, else this machine's.
    """
    core = Path(__file__).parents[1] / "core"
    sources = (core / "net.py", core / "training.py", core / "engines" / "kernels.py")
    processor = processor or os.environ.get(CPU_VARIABLE) or cpu_name()
    # Numba finds what it compiled by the path of the source, too.
    known = [version("numba"), version("llvmlite"), sys.version, processor, str(core)]
    digest = hashlib.sha256("\n".join(known).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def use_cache(folder: Path) -> None:
    """Tell Numba, before it is imported, where to keep what it compiles, and for which processor.

    Both are kept as they are if the environment already names them. Else the processor is `TARGET`
    where an image brings the loops along and they run here, and this machine's where not.

    Parameters
    ----------
    folder : Path
        Gets a folder for each `fingerprint`.
    """
    named = os.environ.get(CACHE_VARIABLE)
    free = not named and not os.environ.get(CPU_VARIABLE)
    if free and shipped(fingerprint(TARGET)).is_dir() and runs_target():
        aim_at_target()
    os.environ[CACHE_VARIABLE] = str(Path(named or folder / fingerprint()).absolute())


def aim_at_target() -> None:
    """Tell Numba, before it is imported, to compile for `TARGET`, as every machine would."""
    os.environ[CPU_VARIABLE] = TARGET
    os.environ[FEATURES_VARIABLE] = ""  # what the name implies; unset, it would be this machine's


def runs_target() -> bool:
    """Whether this machine runs code for `TARGET`; where the system does not tell, it does not."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = (line.partition(":")[2].split() for line in lines if line.startswith("flags"))
    return set(next(flags, [])) >= TARGET_FLAGS


def shipped(name: str) -> Path:
    """Where an image keeps what was compiled for a `fingerprint`, if it has it."""
    return SHIPPED / name


def load_compiled() -> None:
    """Have the engine copied or compiled if need be, then load it into this process.

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
                if shipped(name).is_dir():  # Numba only reads from where it may also write
                    shutil.copytree(shipped(name), folder, dirs_exist_ok=True)
                else:
                    compile_elsewhere()
                lock.write_text(name, encoding="utf-8")
        _warm()
    except Exception:
        forget(folder)  # damaged files would fail each time
        raise


def _warm() -> None:
    from pwlapp.core.engines import fused_cpu  # imports Numba

    fused_cpu.warm()


def load_if_compiled() -> bool:
    """Load the engine into this process if it has been compiled; returns whether it is ready.

    For the fork server, which must neither wait for a compiler nor start a thread.
    """
    folder = Path(os.environ.get(CACHE_VARIABLE, ""))
    # Damaged files may raise anything; the processes then compile anew.
    try:
        if (folder / LOCK).read_text("utf-8") != fingerprint() or not list(compiled_files(folder)):
            return False
        _warm()
    except Exception:  # noqa: BLE001
        return False
    _ready.set()
    return True


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
        [sys.executable, "-m", "pwlapp.compute.precompile"],
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
