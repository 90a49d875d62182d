"""Exports a run as a Jupyter notebook: the program of `programs` in cells, and a plot."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pwlapp.core.export import programs, torch_in_numpy
from pwlapp.core.export.programs import Part, Program, Words

FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # for Colab, for JupyterLab
WITHOUT_TORCH = """

try:
    import torch
except ImportError:
    import sys

    sys.modules["torch"] = torch_in_numpy
"""


def notebook(program: Program, words: Words) -> str:
    """Write the run as a Jupyter notebook.

    If PyTorch cannot be imported, as in JupyterLite, the notebook computes with NumPy.

    Parameters
    ----------
    program, words
        As in `programs.script`.
    """
    cells = [without_torch(words), *programs.parts(program, words), plot(program, words)]
    return notebook_of(programs.title(program, words), cells)


def without_torch(words: Words) -> Part:
    """A cell that defines a replacement for torch and uses it if torch cannot be imported."""
    source = inspect.getsource(torch_in_numpy)
    source = source[source.index("from types") :]  # without the docstring
    return Part(words["code.without_torch"], source + WITHOUT_TORCH, is_folded=True)


def notebook_of(heading: str, parts: Iterable[Part]) -> str:
    """Write a heading and the parts of a program as a notebook in nbformat 4.5."""
    cells = [_cell(0, "markdown", f"# {heading}")]
    for k, part in enumerate(parts, start=1):
        cells.append(_cell(2 * k - 1, "markdown", part.heading))
        cells.append(_cell(2 * k, "code", part.code, FOLDED if part.is_folded else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def plot(program: Program, words: Words) -> Part:
    """The lecture's plot: the points, the true curve if it is known, and the net."""
    is_known = program.points.prob is not None
    truth = 'plt.plot(x[order], prob[order], "--")\n' if is_known else ""
    n = programs.training(program.points)["x"].size
    alpha = max(0.03, min(0.5, 60 / n))  # 0.03, as in the lecture, for its 2,000 points
    code = f"""\
import matplotlib.pyplot as plt

order = x.flatten().argsort()
plt.plot(x, y, ".", alpha={alpha:.2g})
{truth}plt.plot(x[order], net(x).data[order], "--")
plt.show()
"""
    return Part(words["code.plot" if is_known else "code.plot_no_truth"], code)


def _cell(
    number: int, kind: str, text: str, metadata: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    source = text.rstrip("\n").splitlines(keepends=True)
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": dict(metadata)}
    return {**cell, "source": source, **code}
