"""Exported programs run and give the lecture's numbers."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pwlapp.core.data import datasets
from pwlapp.core.data.points import Points
from pwlapp.core.engines.torch_engine import make_net
from pwlapp.core.export import notebooks, programs
from pwlapp.core.export.checkpoint import state_dict_file
from pwlapp.core.export.literals import literal, rows, vector
from pwlapp.core.export.programs import Program
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice, with_params

WORDS = {
    key: text
    for key, text in json.loads(
        (Path(__file__).parents[3] / "pwlapp/ui/locales/en.json").read_text("utf-8")
    ).items()
    if key.startswith("code.")
}
BEFORE = [0.5153, -0.4414, -0.1371, 0.3319, -0.6657]
AFTER = [1.7773, -3.0447, -0.9945, -2.7176, 2.6391]  # 5,000 epochs, as the lecture prints them


def some_points(n: int) -> Points:
    return Points(*datasets.draw("irony", n, 0, datasets.SEED), "law")


def trained(
    epochs: int,
    points: Points,
    net: Architecture = LECTURE,
    options: OptimizerOptions | None = None,
    seed: int = 1,
) -> Program:
    options = options or AdamOptions()
    state = initial_state(seed, points.x, points.y, net)
    if epochs:
        state = train_slice(state, points.x, points.y, options, Budget(epochs)).state
    return Program(seed, options, state, points, by_recipe=True)


def printed(text: str) -> list[float]:
    """All numbers that a script prints, in their order."""
    return [float(found) for found in re.findall(r"-?\d+\.\d*(?:e-?\d+)?", text)]


def run(text: str, folder: Path) -> list[float]:
    """Run a script in a process of its own."""
    path = folder / "run.py"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},  # two threads on busy cores wait for each other
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return printed(done.stdout)


def test_the_script_prints_the_lectures_numbers(lecture: Points, tmp_path: Path) -> None:
    state = replace(initial_state(1, lecture.x, lecture.y), epoch=5000)
    text = programs.script(Program(1, AdamOptions(), state, lecture, by_recipe=True), WORDS)
    assert "http" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "torch.optim.Adam(net.parameters())\n" in text, "as on the page, nothing but defaults"
    numbers = run(text, tmp_path)
    assert numbers[:5] == BEFORE
    assert numbers[5:10] == AFTER
    longer = Program(1, AdamOptions(), replace(state, epoch=10_000), lecture, by_recipe=True)
    assert programs.script(longer, WORDS) == text.replace("5000", "10000").replace(
        "5,000", "10,000"
    )


def run_here(text: str) -> list[float]:
    """Run a script in this process, which has loaded torch already."""
    out = io.StringIO()
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(out):
        exec(compile(text, "<script>", "exec"), {})
    return printed(out.getvalue())


OTHERS: list[tuple[Architecture, OptimizerOptions]] = [
    (LECTURE, AdamOptions()),
    (Architecture(3, bias1=True, activation="sigmoid", loss="mse"), SgdOptions(0.05, 0.9, 1e-4)),
    (Architecture(5, bias1=True), AdamOptions(0.01, 0.8, 0.99, 1e-7, 1e-3)),
]


@pytest.mark.parametrize(("net", "options"), OTHERS)
def test_a_script_from_the_seed_reproduces_the_run(
    net: Architecture, options: OptimizerOptions
) -> None:
    program = trained(30, some_points(64), net, options, seed=7)
    numbers = run_here(programs.script(program, WORDS))
    assert numbers[-net.size - 1 : -1] == pytest.approx(program.train.params.tolist(), abs=1e-4)
    assert numbers[-1] == pytest.approx(program.train.loss, abs=1e-6)


@pytest.mark.parametrize(("net", "options"), OTHERS)
def test_a_script_from_the_weights_continues_the_run(
    net: Architecture, options: OptimizerOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "MORE_EPOCHS", 20)
    x = np.linspace(-1, 1, 50, dtype=np.float32)
    points = Points(x, np.full_like(x, 0.5), (x > 0).astype(np.float32), "settings", "mine.csv")
    program = trained(25, points, net, options)
    edited = with_params(program.train, program.train.params + np.float32(0.25), x, points.y)
    program = replace(program, train=edited, by_recipe=False)
    text = programs.script(program, WORDS)
    assert "set by hand" in text.replace("\n# ", " ")
    assert "manual_seed" not in text
    numbers = run_here(text)
    goes_on = train_slice(edited, x, points.y, options, Budget(45)).state
    assert numbers[: net.size] == pytest.approx(edited.params.tolist(), abs=1e-4)
    assert numbers[-net.size - 1 : -1] == pytest.approx(goes_on.params.tolist(), abs=1e-4)
    assert numbers[-1] == pytest.approx(goes_on.loss, abs=1e-6)


def test_many_points_are_packed_into_the_program() -> None:
    """Bit for bit, without a file beside it."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, programs.MOST_POINTS + 1)).astype(np.float32)
    program = trained(2, Points(x, None, y, "own"), Architecture(loss="mse"))
    text = programs.script(program, WORDS)
    assert max(map(len, text.splitlines())) <= 100
    names: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "<script>", "exec"), names)
    assert np.array_equal(names["x"].flatten(), x)
    assert np.array_equal(names["y"].flatten(), y)
    params = torch.cat([weight.detach().flatten() for weight in names["net"].parameters()])
    assert params.numpy() == pytest.approx(program.train.params, abs=1e-5)


def test_held_out_points_are_not_exported() -> None:
    points = some_points(40).holding_out(0.25)
    x, y = points.training
    state = initial_state(1, x, y)
    program = Program(1, AdamOptions(), state, points, by_recipe=True)
    names: dict[str, object] = {}
    text = programs.script(program, WORDS).partition("# The net")[0]
    exec(compile(text, "<script>", "exec"), names)
    assert [names[name].shape for name in ("x", "y", "prob")] == [(30, 1)] * 3  # type: ignore[attr-defined]
    assert np.array_equal(names["y"].flatten(), y)  # type: ignore[attr-defined]


def test_points_without_a_truth() -> None:
    x = np.linspace(-1, 1, 12, dtype=np.float32)
    program = trained(3, Points(x, None, 3 * x, "own"), Architecture(loss="mse"))
    assert "prob" not in programs.script(program, WORDS) + notebooks.notebook(program, WORDS)
    assert run_here(programs.script(program, WORDS))[-1] == pytest.approx(
        program.train.loss, abs=1e-6
    )


def test_texts_of_the_catalogue_stay_comments() -> None:
    """No line of a catalogue's text can become code."""
    hostile = dict.fromkeys(WORDS, "one\nimport os\r\n'''two")
    program = trained(0, some_points(8))
    for line in programs.script(program, hostile).splitlines():
        assert "import os" not in line or line.startswith("#")


@pytest.mark.parametrize("value", [0.1, -1e-30, 3.4e38, 1 / 3, 5.0, float("inf"), float("-inf")])
def test_a_literal_is_the_same_float32(value: float) -> None:
    assert np.float32(eval(literal(value))) == np.float32(value)


def test_long_literals_are_wrapped_and_whole() -> None:
    values = np.random.default_rng(0).normal(size=400).astype(np.float32)
    for text in (vector(values), rows([values])):
        assert max(map(len, text.splitlines())) <= 100
        assert np.array_equal(np.array(eval(text), np.float32).ravel(), values)


@pytest.mark.parametrize(
    "net", [LECTURE, Architecture(3, bias1=True, loss="mse"), Architecture(64)]
)
def test_a_checkpoint_goes_into_the_same_sequential(net: Architecture, tmp_path: Path) -> None:
    params = np.random.default_rng(1).normal(size=net.size).astype(np.float32)
    path = tmp_path / "net.pt"
    path.write_bytes(base64.b64decode(state_dict_file(params, net)))
    state = torch.load(path)  # with nothing but defaults, which load no code
    assert list(state) == list(torch.load(path, weights_only=True))
    wanted = ["0.weight", *(["0.bias"] if net.bias1 else []), "2.weight", "2.bias"]
    assert list(state) == wanted
    with torch.random.fork_rng(devices=[]):
        made = make_net(net)
    made.load_state_dict(state)
    flat = torch.cat([weight.detach().flatten() for weight in made.parameters()]).numpy()
    assert np.array_equal(flat, params)
