"""Settings for all tests."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.fixtures"]

# One cache folder for Numba: otherwise each server of a test, with its own data folder, would
# compile again.
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "numba")
)

# pytest's workers, servers and Celery's workers import the same modules: compile each one once
# only, even where the environment asks Python not to write bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Files that take long for their number of tests, longest first. If one of them began last, the
# other workers would wait for it. test_fused_cpu is early, since it compiles what others then load.
LONG = (
    "faults/test_cluster.py",
    "core/engines/test_fused_cpu.py",
    "faults/test_scenario.py",
    "faults/test_redis_outages.py",
    "faults/test_embedded.py",
    "test_serve.py",
    "sessions/test_recovery.py",
    "compute/celery/test_scheduler.py",
    "compute/celery/test_slice_worker.py",
    "compute/test_numba_cache.py",
    "web/test_event_stream.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, then files with many tests; pytest-xdist keeps this order."""
    folder = Path(__file__).parent
    ranks = {(folder / name).resolve(strict=True): rank for rank, name in enumerate(LONG)}
    counts = Counter(item.path for item in items)

    def key(item: pytest.Item) -> tuple[int, int]:
        in_browser = item.path.is_relative_to(folder / "browser")
        return ranks.get(item.path, len(LONG)), 0 if in_browser else -counts[item.path]

    items.sort(key=key)
