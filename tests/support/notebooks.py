"""Runs exported notebooks cell by cell as Jupyter does, with a stub of matplotlib."""

from __future__ import annotations

import ast
import sys
import types
from typing import Any

import nbformat
import pytest
import torch

# Installed on Colab. A stub replaces matplotlib, so the tests need not install it.
PACKAGES = {"torch", "numpy", "matplotlib"}


def imported(source: str) -> set[str]:
    """The packages that a cell imports, without the standard library's."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def code_cells(text: str) -> list[str]:
    """The code of a valid notebook, cell by cell; it imports nothing but `PACKAGES`."""
    content = nbformat.reads(text, as_version=4)
    nbformat.validate(content)
    cells = [cell.source for cell in content.cells if cell.cell_type == "code"]
    assert set().union(*map(imported, cells)) <= PACKAGES
    return cells


def run_cells(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[str]]:
    """Run a notebook; returns its variables, and its drawing calls (``plot 64``, ``show``)."""
    drawn: list[str] = []
    pyplot: Any = types.ModuleType("matplotlib.pyplot")
    pyplot.plot = lambda x, *_rest, **_options: drawn.append(f"plot {len(x)}")
    pyplot.hist = lambda values, **_options: drawn.append(f"hist {len(values)}")
    pyplot.xlabel = lambda _text: None
    pyplot.show = lambda: drawn.append("show")
    matplotlib: Any = types.ModuleType("matplotlib")
    matplotlib.pyplot = pyplot
    monkeypatch.setitem(sys.modules, "matplotlib", matplotlib)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    names: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        for source in code_cells(text):
            exec(compile(source, "<cell>", "exec"), names)
    return names, drawn
