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
from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget, Frames, SliceResult, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.exit_codes import EXIT_CODES
from pwlapp.settings import Settings
from tests.support.csv_files import GOOD, parse

TORCH = ("--engine", "torch@cpu")  # its numbers are the same on every machine, bit for bit


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        status = command_line.main(argv)
    except SystemExit as leaving:
        status = leaving.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_prints_the_pages_numbers(capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, "fit", "--epochs", "10000")  # with the compiled engine
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


def test_json_is_exact(capsys: pytest.CaptureFixture[str], lecture: Points):
    options = ["--seed", "5", "--epochs", "7", "--lr", "0.02", "--json", *TORCH]
    status, out, err = run(capsys, "fit", *options)
    assert (status, err) == (0, "")
    printed = json.loads(out)
    first = initial_state(5, lecture.x, lecture.y)
    last = train_slice(first, lecture.x, lecture.y, AdamOptions(lr=0.02), Budget(7)).state
    assert (printed["seed"], printed["lr"], printed["diverged"]) == (5, 0.02, False)
    assert printed["engine"] == "torch@cpu"
    assert printed["net"] == {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
    assert printed["optimizer"]["kind"] == "adam"
    assert AdamOptions(**{k: v for k, v in printed["optimizer"].items() if k != "kind"}) == (
        AdamOptions(lr=0.02)
    )
    assert (printed["data"], printed["n_points"]) == ("", 2000)
    assert printed["true_loss"] == lecture.true_loss
    for row, state in zip(printed["checkpoints"], (first, last), strict=True):
        assert row["epoch"] == state.epoch
        assert [*row["W1"], *row["W2"], row["b2"]] == state.params.tolist()
        assert row["loss"] == state.loss


def test_the_compiled_engine_is_the_default(capsys: pytest.CaptureFixture[str]):
    rows = {}
    for engine in ("auto", "torch@cpu"):
        chosen = [] if engine == "auto" else ["--engine", engine]
        status, out, _ = run(capsys, "fit", "--epochs", "1000", "--json", *chosen)
        assert status == 0
        rows[engine] = json.loads(out)
    assert (rows["auto"]["engine"], rows["torch@cpu"]["engine"]) == ("fused@cpu", "torch@cpu")
    ours, theirs = (rows[engine]["checkpoints"][-1] for engine in ("auto", "torch@cpu"))
    for name in ("W1", "W2", "b2", "loss"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-4)


def test_torch_trains_if_compiling_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def fail() -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr("pwlapp.compute.warmup.load_compiled", fail)
    status, out, err = run(capsys, "fit", "--epochs", "3", "--json")
    assert status == 0
    assert json.loads(out)["engine"] == "torch@cpu"
    assert err == "pwlapp fit: no fused@cpu here (Ran out of input), torch@cpu instead\n"
    status, out, err = run(capsys, "fit", "--engine", "fused@cpu")
    assert (status, out) == (2, "")
    assert "“fused@cpu”" in err


def test_a_closed_pipe_is_not_an_error():
    command = f"{sys.executable} -m pwlapp fit --epochs 60000 | head -n 1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert done.stdout.startswith("data of the lecture: 2,000 points")
    assert done.stderr == ""


def test_another_net_and_another_optimizer(capsys: pytest.CaptureFixture[str], lecture: Points):
    words = "--hidden 3 --bias --activation sigmoid --loss mse --optimizer sgd --momentum 0.9"
    argv = ["fit", "--epochs", "20", *words.split(), *TORCH]
    net = Architecture(h=3, bias1=True, activation="sigmoid", loss="mse")
    first = initial_state(1, lecture.x, lecture.y, net)
    options = SgdOptions(momentum=0.9)
    last = train_slice(first, lecture.x, lecture.y, options, Budget(20)).state
    printed = json.loads(run(capsys, *argv, "--json")[1])
    assert printed["net"] == {"h": 3, "bias1": True, "activation": "sigmoid", "loss": "mse"}
    assert printed["optimizer"] == {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    row = printed["checkpoints"][-1]
    assert [*row["W1"], *row["b1"], *row["W2"], row["b2"]] == last.params.tolist()
    assert row["loss"] == last.loss

    title, header, *_, line = run(capsys, *argv)[1].splitlines()
    squares = np.mean((lecture.prob - lecture.y) ** 2)  # the loss function of the net
    assert f"loss of prob {squares:.6f};" in title
    assert "; 3 sigmoid units with b1, mse, sgd, lr 0.1, momentum 0.9; seed 1, torch@cpu" in title
    assert header.split() == [
        *("epoch", "W1[0]", "W1[1]", "W1[2]", "b1[0]", "b1[1]", "b1[2]"),
        *("W2[0]", "W2[1]", "W2[2]", "b2", "loss"),
    ]
    assert line.split() == [
        "20",
        *(f"{value:.4f}" for value in last.params.tolist()),
        f"{last.loss:.6f}",
    ]


def test_a_wide_net_is_a_line_of_epoch_and_loss(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "fit", "--hidden", "9", "--epochs", "5", *TORCH)
    assert status == 0
    assert [len(line.split()) for line in out.splitlines()[1:]] == [2, 2, 2]


def test_the_points_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    points = parse(GOOD)
    (tmp_path / "mine.csv").write_bytes(GOOD)
    argv = ["fit", "--data", str(tmp_path / "mine.csv"), "--epochs", "0", *TORCH]
    printed = json.loads(run(capsys, *argv, "--json")[1])
    assert (printed["data"], printed["n_points"]) == ("mine.csv", 2)
    assert printed["true_loss"] == points.true_loss
    first = initial_state(1, points.x, points.y)
    assert [(row["epoch"], row["loss"]) for row in printed["checkpoints"]] == [(0, first.loss)]
    assert run(capsys, *argv)[1].startswith("data mine.csv: 2 points, ")


def test_a_long_run_prints_every_5000th_epoch_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """With slices of all lengths and a stub for the training."""
    ends = iter([3_000, 4_999, 5_000, 10_000, 14_000, 15_000, 15_500])

    def skip(state: TrainState, *args: object) -> SliceResult:
        after = dataclasses.replace(state, epoch=next(ends))
        frames = Frames(np.zeros(0, np.int64), np.zeros(0), state.params[None, :][:0])
        return SliceResult(after, frames, False, seconds=0.0, engine="torch@cpu")

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
        (["fit", "--seed", "-1"], "4,294,967,295."),
        (["fit", "--seed", "one"], "--seed"),
        (["fit", "--epochs", "1000001"], "1,000,000."),
        (["fit", "--epochs", "-1"], "1,000,000."),
        (["fit", "--epochs", "1.5"], "--epochs"),
        (["fit", "--lr", "0"], "1,000."),
        (["fit", "--lr", "nan"], "1,000."),
        (["fit", "--engine", "torch@cuda:99"], "torch@cuda:99"),
        (["fit", "--engine", "abacus"], "abacus"),
        (["fit", "--hidden", "0"], "2,048."),
        (["fit", "--hidden", "2049"], "2,048."),
        (["fit", "--activation", "tanh"], "--activation"),
        (["fit", "--loss", "mae"], "--loss"),
        (["fit", "--optimizer", "lbfgs"], "--optimizer"),
        (["fit", "--optimizer", "sgd", "--momentum", "1"], "momentum must be"),
        (["fit", "--momentum", "0.5"], "--momentum"),
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


def test_help_lists_every_setting_and_every_exit_status(capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, "serve", "--help")
    assert (status, err) == (0, "")
    written = " ".join(out.split())
    for variable, default, what in Settings.table():
        assert f"{variable} ({default or 'empty'}) {what}" in written
    status, top, _ = run(capsys, "--help")
    assert status == 0
    for text in (out, top):
        codes = dict(re.findall(r"^  (\d+) +(.+)$", text, re.MULTILINE))
        assert codes == {str(code): what for code, what in EXIT_CODES.items()}
    assert {"0", "1", "2", "3", "4", "5", "130"} == codes.keys()


def test_serve_ends_with_the_apps_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.main", lambda: 5)
    assert run(capsys, "serve") == (5, "", "")


def test_ctrl_c_exits_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "train_slice", interrupted)
    status, _, err = run(capsys, "fit")
    assert (status, err) == (130, "")


def test_the_last_good_weights_are_printed_wherever_the_slices_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole = json.loads(run(capsys, "fit", "--seed", "2", "--lr", "10", "--json", *TORCH)[1])
    assert whole["checkpoints"][-1]["epoch"] > 0
    monkeypatch.setattr(command_line, "SLICE_MS", 0.0)  # one epoch a slice
    assert json.loads(run(capsys, "fit", "--seed", "2", "--lr", "10", "--json", *TORCH)[1]) == whole
