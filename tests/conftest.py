"""Settings for all tests."""

from __future__ import annotations

import os
from pathlib import Path

pytest_plugins = ["tests.support.fixtures"]

# One cache folder for Numba: otherwise each server of a test, with its own data folder, would
# compile again.
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "numba")
)
