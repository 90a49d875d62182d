"""Libraries that the web process must not load, so that it starts fast and stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVED = ("sessions", "commands")


def test_the_service_loads_neither_torch_nor_numba_nor_pandas_nor_dash() -> None:
    files = [path for name in SERVED for path in (ROOT / "pwlapp" / name).rglob("*.py")]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(files)]
    modules = [name for name in modules if not name.endswith("__init__")]
    assert {"pwlapp.sessions.service", "pwlapp.commands.table"} <= set(modules)
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
