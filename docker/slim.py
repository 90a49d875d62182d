"""``python slim.py FOLDER``: delete files that the app never uses from an installed environment.

Headers, tests, debug symbols and source maps are about a third of what pip installs. The Dockerfile
runs the app afterwards, to check the result.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Below site-packages; ** stands for any depth.
UNUSED = (
    "torch/include",
    "torch/share",
    "torch/test",
    "torch/bin/*",
    "torch/lib/*test*",
    "numba/tests",
    "numba/cuda/tests",
    "llvmlite/tests",
    "numpy/**/tests",
    "sympy/**/tests",
    "networkx/**/tests",
    "dash/**/*.map",
    "plotly/labextension",
    "plotly/package_data/plotly.min.js",  # Dash has its own copy
    "pip",
    "pip-*.dist-info",
)
KEPT = {"torch_shm_manager"}  # torch does not start without it
# The largest libraries; their symbol tables are for debuggers.
STRIPPED = ("torch/lib/libtorch_cpu.so", "torch/lib/libtorch_python.so", "llvmlite/**/*.so")


def unused(packages: Path) -> Iterator[Path]:
    """Yield the files and folders to delete; those that are deleted already are left out."""
    for pattern in UNUSED:
        found = [path for path in packages.glob(pattern) if path.name not in KEPT]
        if not found:
            sys.stderr.write(f"no file matches {pattern}; remove it from UNUSED\n")
        yield from (path for path in found if path.exists())


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def main(folder: Path) -> None:
    [packages] = folder.glob("lib/python3*/site-packages")
    for path in unused(packages):
        remove(path)
    libraries = [path for pattern in STRIPPED for path in packages.glob(pattern)]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
