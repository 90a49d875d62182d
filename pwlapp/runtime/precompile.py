"""``python -m pwlapp.runtime.precompile``: fill Numba's disk cache, politely, and end.

Ends early when its standard input does, that is, when the process that started it is gone.
"""

from __future__ import annotations

import os
import threading

NICENESS = 10  # behind whatever serves visitors


def end_with_parent() -> None:
    """Leave at once, in the middle of anything: the cache is written file by file, each whole."""
    while os.read(0, 1):  # not sys.stdin, whose lock would outlive the main thread
        pass
    os._exit(1)


def main() -> None:
    """Compile every variant of the engine that is not on disk yet."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=end_with_parent, daemon=True).start()
    from pwlapp.core.engines import fused_cpu

    fused_cpu.warm()


if __name__ == "__main__":
    main()
