"""``python -m pwlapp.compute.precompile``: fill Numba's disk cache at low priority, and end.

Ends early when its standard input does, that is, when the process that started it is gone.

``python -m pwlapp.compute.precompile FOLDER`` is for making an image: it compiles for every machine
that can run `warmup.TARGET`, into a folder that `warmup` takes the loops from.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from pwlapp.compute import warmup

NICENESS = 10  # behind whatever serves visitors


def end_with_parent() -> None:
    """Leave at once, in the middle of anything: the cache is written file by file, each whole."""
    while os.read(0, 1):  # not sys.stdin, whose lock would outlive the main thread
        pass
    os._exit(1)


def fill_cache() -> None:
    """Compile every variant of the engine that is not on disk yet."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=end_with_parent, daemon=True).start()
    compile_all()


def fill_image(folder: Path) -> None:
    """Compile into a folder named by what it depends on; nothing where the result can't be run.

    Parameters
    ----------
    folder : Path
        Exists afterwards in any case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not warmup.runs_target():
        sys.stderr.write(f"not an {warmup.TARGET} machine: compiled at the first start instead\n")
        return
    warmup.aim_at_target()
    os.environ[warmup.CACHE_VARIABLE] = str((folder / warmup.fingerprint()).absolute())
    compile_all()


def compile_all() -> None:
    from pwlapp.core.engines import fused_cpu

    fused_cpu.warm()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fill_image(Path(sys.argv[1]))
    else:
        fill_cache()
