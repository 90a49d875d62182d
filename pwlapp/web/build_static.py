"""The second step of the build: add Dash's own scripts to build/static, and compress all files.

Run as ``python -m pwlapp.web.build_static`` (``make build`` does).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import dash
from servestatic.compress import Compressor

from pwlapp.web.static import BUILD, DASH_FOLDER

# The scripts of a page with dcc.Graph, dcc.Store and html components; Plotly comes from npm.
DASH_FILES = (
    "dash/deps/*@18.3.1.min.js",
    "dash/deps/prop-types@*.min.js",
    "dash/dash-renderer/build/dash_renderer.min.js",
    "dash/dcc/dash_core_components*.js",
    "dash/dcc/async-graph.js",
    "dash/html/dash_html_components.min.js",
)


def main() -> None:
    """Copy and compress; Dash's files of an earlier build are deleted."""
    packages = Path(dash.__file__).parents[1]
    target = BUILD / "static" / DASH_FOLDER
    shutil.rmtree(target, ignore_errors=True)
    for pattern in DASH_FILES:
        found = sorted(packages.glob(pattern))
        if not found:
            raise FileNotFoundError(f"Dash {dash.__version__} has no {pattern}")
        for path in found:
            copy = target / path.relative_to(packages)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    compressor = Compressor(use_zstd=False, quiet=True)
    for path in sorted((BUILD / "static").rglob("*")):
        if path.is_file() and compressor.should_compress(path.name):
            compressor.compress(str(path))


if __name__ == "__main__":
    main()
