"""Fixtures for every test: the lecture's own data, where there is a copy of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.fixtures"]

ROOT = Path(__file__).resolve().parents[1]

# One place for what Numba compiles: in a data folder of each test's own, every server that a test
# starts would spend the test compiling.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))


@pytest.fixture(scope="session")
def lecture_csv() -> Path:
    """The lecture's ironyofspec.csv, which is not part of this repository."""
    named = os.environ.get("PWLAPP_DATA")
    path = Path(named) if named else ROOT.parent / "shared" / "lesson" / "ironyofspec.csv"
    if not path.is_file():
        pytest.skip(f"the lecture's data is not at {path}; PWLAPP_DATA can say where it is")
    return path
