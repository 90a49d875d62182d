"""What the web process may not load: it starts in a second and stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = sorted(path.stem for path in (ROOT / "pwlapp" / "runtime").glob("*.py"))


def test_the_runtime_loads_neither_torch_nor_numba_nor_pandas_nor_dash() -> None:
    modules = [f"pwlapp.runtime.{name}" for name in RUNTIME if name != "__init__"]
    assert {"pwlapp.runtime.trainer", "pwlapp.runtime.routes"} <= set(modules)
    script = f"""
import importlib, sys
for name in ["pwlapp.settings", *{modules!r}]:
    importlib.import_module(name)
print(*sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert set(modules) <= loaded
    assert not loaded & {"torch", "numba", "pandas", "dash", "plotly"}
