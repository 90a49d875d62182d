"""What holds for every test."""

from __future__ import annotations

import os
from pathlib import Path

pytest_plugins = ["tests.support.fixtures"]

# One folder for what Numba compiles: in a data folder of each test's own, every server that a test
# starts would spend the test compiling.
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "numba")
)
