"""The machine that a measurement was taken on."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pwlapp.core.engines import cores, cpu_name

PACKAGES = ("torch", "numba", "jax", "optax", "scikit-learn", "numpy")


def describe() -> dict[str, Any]:
    """The processor, the number of cores that this process may use, and package versions.

    Returns
    -------
    dict
        ``cores`` (int), ``cpu`` (str), ``versions`` (name -> version; those installed).
    """
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    if shutil.which("gcc"):
        printed = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True)
        versions["gcc"] = printed.stdout.strip()
    return {"cores": cores(), "cpu": cpu_name(), "versions": versions}


def line(machine: dict[str, Any]) -> str:
    """Format the result of `describe` in one line."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return f"{machine['cpu']}, {machine['cores']} cores; {versions}"
