"""What a measurement was taken on."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pwlapp.core.engines import cores, cpu_name

PACKAGES = ("torch", "numba", "jax", "optax", "scikit-learn", "numpy")


def describe() -> dict[str, Any]:
    """Name the processor, how many cores this process may use, and the versions of what is timed.

    Returns
    -------
    dict
        ``cores`` (int), ``cpu`` (str), ``versions`` (name -> version; what is missing is left out).
    """
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    if shutil.which("gcc"):
        told = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True)
        versions["gcc"] = told.stdout.strip()
    return {"cores": cores(), "cpu": cpu_name(), "versions": versions}


def line(machine: dict[str, Any]) -> str:
    """Write `describe`'s answer in one line."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return f"{machine['cpu']}, {machine['cores']} cores; {versions}"
