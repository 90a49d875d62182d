"""The exported notebook is valid, and its cells run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pwlapp.core.data.points import Points
from pwlapp.core.export import notebooks, programs
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from tests.core.export.test_export import WORDS, some_points, trained
from tests.support.notebooks import code_cells, run_cells


def own_points(n: int) -> Points:
    """As a student uploads them."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, n).astype(np.float32)
    prob = (1 / (1 + np.exp(-5 * x))).astype(np.float32)
    y = (rng.random(n) < prob).astype(np.float32)
    return Points(x, prob, y, "own", "mine.xlsx")


@pytest.mark.parametrize(
    "points", [some_points(2000), own_points(64), own_points(10_000)], ids=["law", "own", "most"]
)
def test_the_notebook_is_valid_and_its_cells_run(
    points: Points, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In an empty folder, with the student's points inside."""
    monkeypatch.chdir(tmp_path)
    program = trained(40, points)
    text = notebooks.notebook(program, WORDS)
    assert ("alpha=0.03)" in code_cells(text)[-1]) == (points.x.size >= 2000)  # seen if few
    names, drawn = run_cells(text, monkeypatch)
    assert drawn == [f"plot {points.x.size}"] * 3 + ["show"]
    for name in ("x", "y", "prob"):
        assert np.array_equal(names[name].flatten(), getattr(points, name))
    params = torch.cat([weight.detach().flatten() for weight in names["net"].parameters()])
    assert params.numpy() == pytest.approx(program.train.params, abs=1e-6)


@pytest.mark.parametrize(
    ("net", "options"),
    [
        (LECTURE, AdamOptions()),
        (Architecture(4, bias1=True, activation="sigmoid", loss="mse"), AdamOptions(lr=0.01)),
        (Architecture(3, bias1=True), SgdOptions(lr=0.1, momentum=0.9)),
    ],
)
@pytest.mark.parametrize("by_recipe", [True, False], ids=["from the seed", "from its weights"])
def test_without_torch_it_computes_the_same(
    net: Architecture,
    options: OptimizerOptions,
    by_recipe: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As in JupyterLite; the first weights are torch's, too."""
    monkeypatch.setattr(programs, "MORE_EPOCHS", 50)
    program = replace(trained(60, own_points(64), net, options), by_recipe=by_recipe)
    text = notebooks.notebook(program, WORDS)
    with_torch, _ = run_cells(text, monkeypatch)
    monkeypatch.setitem(sys.modules, "torch", None)  # cannot be imported
    without, drawn = run_cells(text, monkeypatch)
    assert drawn == ["plot 64"] * 3 + ["show"]
    for here, there in zip(
        without["net"].parameters(), with_torch["net"].parameters(), strict=True
    ):
        assert np.asarray(here) == pytest.approx(there.detach().numpy(), abs=1e-5)
    loss = with_torch["loss_fn"](with_torch["net"](with_torch["x"]), with_torch["y"]).item()
    assert float(capsys.readouterr().out.split()[-1]) == pytest.approx(loss, abs=1e-5)
