from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pwlapp import __main__ as command_line
from pwlapp.core.data import Points
from pwlapp.core.training import (
    AdamOptions,
    Budget,
    Frames,
    SliceResult,
    TrainState,
    initial_state,
    train_slice,
)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        status = command_line.main(argv)
    except SystemExit as leaving:
        status = leaving.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_prints_the_pages_numbers(capsys: pytest.CaptureFixture[str], lecture_csv: Path):
    status, out, err = run(
        capsys, "fit", "--data", str(lecture_csv), "--seed", "1", "--epochs", "10000"
    )
    assert (status, err) == (0, "")
    title, header, *rows = out.splitlines()
    assert "2,000 points" in title
    assert "0.269138" in title
    assert header.split() == ["epoch", "W1[0]", "W1[1]", "W2[0]", "W2[1]", "b2", "loss"]
    assert [row.split() for row in rows] == [
        ["0", "0.5153", "-0.4414", "-0.1371", "0.3319", "-0.6657", "0.838499"],
        ["5,000", "1.7773", "-3.0447", "-0.9945", "-2.7176", "2.6391", "0.301082"],
        ["10,000", "2.8167", "-3.9404", "-1.7500", "-3.5572", "4.9937", "0.266865"],
    ]


def test_json_is_exact(lecture: Points, lecture_csv: Path):
    options = ["--data", str(lecture_csv), "--seed", "5", "--epochs", "7", "--lr", "0.02", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pwlapp", "fit", *options],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    printed = json.loads(done.stdout)
    assert done.stderr == ""
    first = initial_state(5, lecture.x, lecture.y)
    last = train_slice(first, lecture.x, lecture.y, AdamOptions(lr=0.02), Budget(7)).state
    assert (printed["seed"], printed["lr"], printed["diverged"]) == (5, 0.02, False)
    assert (printed["data"], printed["n_points"]) == ("ironyofspec.csv", 2000)
    for row, state in zip(printed["checkpoints"], (first, last), strict=True):
        assert row["epoch"] == state.epoch
        assert [*row["W1"], *row["W2"], row["b2"]] == state.params.tolist()
        assert row["loss"] == state.loss


def test_without_a_file_the_points_are_drawn(capsys: pytest.CaptureFixture[str], drawn: Points):
    status, out, _ = run(capsys, "fit", "--epochs", "0", "--json")
    printed = json.loads(out)
    assert status == 0
    assert printed["true_loss"] == drawn.true_loss
    assert [row["epoch"] for row in printed["checkpoints"]] == [0]


def test_a_long_run_prints_every_5000th_epoch_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """With slices of all lengths; the training itself is left out."""
    ends = iter([3_000, 5_000, 5_001, 12_000, 15_000, 15_500])

    def skip(state: TrainState, *args: object) -> SliceResult:
        budget = next(arg for arg in args if isinstance(arg, Budget))
        end = next(ends)
        record = tuple(epoch for epoch in budget.record if state.epoch < epoch < end)
        epochs = np.array([*record, end])
        losses = np.zeros(epochs.size, np.float32)
        frames = Frames(epochs, losses, np.tile(state.params, (epochs.size, 1)))
        return SliceResult(dataclasses.replace(state, epoch=end), frames, False, seconds=0.0)

    monkeypatch.setattr(command_line, "train_slice", skip)
    status, out, _ = run(capsys, "fit", "--epochs", "15500")
    assert status == 0
    epochs = [line.split()[0] for line in out.splitlines()[2:]]
    assert epochs == ["0", "5,000", "10,000", "15,000", "15,500"]


def test_a_diverging_run_says_so(capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, "fit", "--lr", "100", "--json")
    assert status == 2
    assert re.fullmatch(r"pwlapp fit: diverged after epoch \d+; [^\n]*\n", err)
    printed = json.loads(out)
    assert printed["diverged"] is True
    assert printed["checkpoints"][-1]["loss"] < 10


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["fit", "--data", "no-such-file.csv"], "no-such-file.csv"),
        (["fit", "--data", __file__], ""),
        (["fit", "--seed", "-1"], "4294967295"),
        (["fit", "--seed", "one"], "--seed"),
        (["fit", "--epochs", "1000001"], "1000000"),
        (["fit", "--epochs", "-1"], "1000000"),
        (["fit", "--epochs", "1.5"], "--epochs"),
        (["fit", "--lr", "0"], "1000"),
        (["fit", "--lr", "nan"], "1000"),
        (["fit", "--device", "cuda:99"], "cuda:99"),
        (["fit", "--nonsense"], "--nonsense"),
        (["teach"], "teach"),
        ([], "command"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(
    capsys: pytest.CaptureFixture[str], argv: list[str], word: str
):
    status, out, err = run(capsys, *argv)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"pwlapp( fit)?: [^\n]+\n", err)
    assert word in err


def test_serve_refuses_bad_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PWLAPP_PORT", "eighty")
    status, out, err = run(capsys, "serve")
    assert (status, out) == (2, "")
    assert "PWLAPP_PORT" in err
    assert err.count("\n") == 1


def test_ctrl_c_leaves_quietly(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "train_slice", interrupted)
    status, _, err = run(capsys, "fit")
    assert (status, err) == (130, "")


def test_the_last_good_weights_are_printed_wherever_the_slices_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole = json.loads(run(capsys, "fit", "--seed", "2", "--lr", "10", "--json")[1])
    assert whole["checkpoints"][-1]["epoch"] > 0
    monkeypatch.setattr(command_line, "SLICE_MS", 0.0)  # one epoch a slice
    assert json.loads(run(capsys, "fit", "--seed", "2", "--lr", "10", "--json")[1]) == whole
