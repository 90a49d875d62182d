"""Memory of an embedded server at rest: ``python -m benchmarks.memory``.

One server with two training processes, whose compiled engine is in use, before any visitor. It is
started `STARTS` times.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.support import machine, report
from benchmarks.support.processes import by_kind, memory
from tests.support.cluster import NUMBA_CACHE
from tests.support.processes import status_of
from tests.support.server import serve

STARTS = 3
REST_S = 10.0  # after the server is ready; then everything is loaded
POLL_S = 0.1


def measure() -> dict[str, float]:
    """Start a server and wait until it is idle; returns megabytes by kind of process."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        while status_of(address + "/readyz") != 200:
            time.sleep(POLL_S)
        time.sleep(REST_S)
        return memory(by_kind())


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(NUMBA_CACHE))
    measure()  # the first start may compile
    starts = [measure() for _ in range(STARTS)]
    report.save("memory", {"machine": machine.describe(), "memory_mb": starts})


if __name__ == "__main__":
    main()
