"""The folder in which Numba stores the compiled engine, and the processor for which it compiles.

Numba recompiles a function if the function's own file has changed. The engine also depends on
constants of other files and on the compiler, so each `fingerprint` of all these has its own folder.
An image contains the engine compiled for `TARGET`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from pwlapp.core.engines import cpu_name

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
CPU_VARIABLE, FEATURES_VARIABLE = "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"
LOCK = "compiling.lock"  # contains the fingerprint of the compiled code in the folder

# Nearly every server processor since 2015 supports this. Code compiled for it gives the same bits
# on all of them, which matters if workers on several machines train one run. Code compiled for the
# machine itself trains an epoch of the lecture's net a quarter of a microsecond faster.
TARGET = "x86-64-v3"
TARGET_FLAGS = {  # the processor features of that name, as /proc/cpuinfo lists them
    *("pni", "ssse3", "sse4_1", "sse4_2", "cx16", "lahf_lm", "popcnt"),
    *("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"),
}
SHIPPED = Path(__file__).parents[2] / "compiled"  # exists only in an image
CPUINFO = Path("/proc/cpuinfo")

_CORE = Path(__file__).parents[1] / "core"
# The compiled loops, and the modules whose constants are compiled into them.
_LOOPS = (_CORE / "engines" / "kernels").glob("*.py")
SOURCES = (_CORE / "net.py", _CORE / "state.py", *sorted(_LOOPS))


def fingerprint(processor: str = "") -> str:
    """A hash of everything that the compiled code depends on.

    Parameters
    ----------
    processor : str
        The processor to compile for; by default the one that the environment names, else this
        machine's.
    """
    processor = processor or os.environ.get(CPU_VARIABLE) or cpu_name()
    # The path of the source is part of Numba's own key.
    parts = [version("numba"), version("llvmlite"), sys.version, processor, str(_CORE)]
    digest = hashlib.sha256("\n".join(parts).encode())
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def use_cache(folder: Path) -> None:
    """Set Numba's cache folder and processor, before Numba is imported.

    Variables that are set already are not changed. Otherwise the processor is `TARGET` if this
    image contains the engine and this machine supports it, else this machine's own.

    Parameters
    ----------
    folder : Path
        Parent of the cache folders, one for each `fingerprint`.
    """
    cache = os.environ.get(CACHE_VARIABLE)
    is_unset = not cache and not os.environ.get(CPU_VARIABLE)
    if is_unset and shipped_folder(fingerprint(TARGET)).is_dir() and supports_target():
        compile_for_target()
    os.environ[CACHE_VARIABLE] = str(Path(cache or folder / fingerprint()).absolute())


def compile_for_target() -> None:
    """Make Numba compile for `TARGET`, before Numba is imported."""
    os.environ[CPU_VARIABLE] = TARGET
    os.environ[FEATURES_VARIABLE] = ""  # if unset, Numba adds this machine's features


def supports_target() -> bool:
    """Whether this machine can run code for `TARGET`; False if /proc/cpuinfo can't be read."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = (line.partition(":")[2].split() for line in lines if line.startswith("flags"))
    return set(next(flags, [])) >= TARGET_FLAGS


def why_compiled() -> str:
    """The log line for a compilation, with the reason if the image has an engine it can't use."""
    text = f"compiling the engine for this processor, once ({cpu_name()})"
    if SHIPPED.is_dir() and any(SHIPPED.iterdir()) and not supports_target():
        text += f", since the engine in the image needs {TARGET} (AVX2)"
    return text


def shipped_folder(name: str) -> Path:
    """The folder in which an image contains the engine with this `fingerprint`, if it does."""
    return SHIPPED / name


def is_compiled(folder: Path) -> bool:
    """Whether a folder with a LOCK file holds the engine with the present fingerprint."""
    written = (folder / LOCK).read_text("utf-8", "replace")
    return written == fingerprint() and any(compiled_files(folder))


def compiled_files(folder: Path) -> Iterator[Path]:
    """Numba's files of `kernels`; the folder may also hold files of other programs."""
    yield from (file for end in ("nbi", "nbc") for file in folder.glob(f"kernels_*/*.{end}"))


def delete_compiled(folder: Path) -> None:
    """Delete the compiled engine, so that it is compiled again."""
    for file in list(compiled_files(folder)):
        with contextlib.suppress(OSError):
            file.unlink()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Lock a folder against other processes of this machine; yields its LOCK file."""
    try:
        import fcntl
    except ImportError:  # Windows, without a lock: several processes may compile at once
        fcntl = None  # type: ignore[assignment]
    path = folder / LOCK
    with path.open("a+b") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield path  # closing the file releases the lock
