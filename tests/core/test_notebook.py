"""The exported notebook is valid, and its cells run."""

from __future__ import annotations

import sys
import types
from typing import Any

import nbformat
import pytest
import torch

from pwlapp.core.export import programs
from tests.core.test_export import WORDS, some_points, trained


def test_the_notebook_is_one_and_its_cells_run(monkeypatch: pytest.MonkeyPatch) -> None:
    program = trained(40, some_points(64))
    content = nbformat.reads(programs.notebook(program, WORDS), as_version=4)
    nbformat.validate(content)
    drawn: list[str] = []
    pyplot: Any = types.ModuleType("matplotlib.pyplot")  # the notebook's alone to have
    pyplot.plot = lambda *args, **_options: drawn.append(str(len(args[0])))
    pyplot.show = lambda: drawn.append("show")
    matplotlib: Any = types.ModuleType("matplotlib")
    matplotlib.pyplot = pyplot
    monkeypatch.setitem(sys.modules, "matplotlib", matplotlib)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    names: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        for cell in content.cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, "<cell>", "exec"), names)
    assert drawn == ["64", "64", "64", "show"]
    params = torch.cat([weight.detach().flatten() for weight in names["net"].parameters()])
    assert params.numpy() == pytest.approx(program.train.params, abs=1e-6)
