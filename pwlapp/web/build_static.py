"""The second step of the build: joins Dash's own scripts into one file, and compresses all files.

``make build`` runs it as ``python -m pwlapp.web.build_static``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import dash
from servestatic.compress import Compressor

from pwlapp.web.static import BUILD

# The scripts for the fields, dcc.Store and html components, in the order of their dependencies.
# Plotly comes from npm, and so does the part of Dash's polyfill that the components need.
RUNTIME = "runtime"
DASH_FILES = (
    "dash/deps/react@18.3.1.min.js",
    "dash/deps/react-dom@18.3.1.min.js",
    "dash/deps/prop-types@15.8.1.min.js",
    RUNTIME,
    "dash/dash-renderer/build/dash_renderer.min.js",
    "dash/dcc/dash_core_components.js",
    "dash/html/dash_html_components.min.js",
)
# Makes Chromium compile all functions during loading; see ``scripts/build.mjs``.
AT_ONCE = "//# allFunctionsCalledOnLoad\n"


def join_dash(build: Path = BUILD) -> None:
    """Join Dash's scripts into one file, which compresses better, and add it to the manifest.

    Raises
    ------
    FileNotFoundError
        If Dash does not ship one of the files.
    """
    packages = Path(dash.__file__).parents[1]
    manifest = json.loads((build / "manifest.json").read_text("utf-8"))
    paths = [
        build / "static" / manifest[RUNTIME] if name == RUNTIME else packages / name
        for name in DASH_FILES
    ]
    joined = AT_ONCE + "\n;".join(path.read_text("utf-8") for path in paths)
    digest = hashlib.sha256(joined.encode()).hexdigest()[:8]
    manifest["dash"] = f"dash_renderer-{digest}.js"  # Dash looks for a script with this name
    (build / "static" / manifest["dash"]).write_text(joined, "utf-8")
    (build / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def main() -> None:
    """Join Dash's scripts and compress all files."""
    join_dash()
    compressor = Compressor(use_zstd=False, quiet=True)
    for path in sorted((BUILD / "static").rglob("*")):
        if path.is_file() and compressor.should_compress(path.name):
            compressor.compress(str(path))


if __name__ == "__main__":
    main()
