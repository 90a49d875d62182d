from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import SgdOptions
from pwlapp.core.state import TrainState
from pwlapp.sessions.frames import CURVE_POINTS, Frame, curve
from pwlapp.sessions.snapshot import frame_row, frame_texts, json_number, snapshot
from pwlapp.sessions.state import History, Notice, Run, Speed
from pwlapp.sessions.transitions import with_frame
from tests.support.sessions import make_state

X = np.linspace(-1, 1, 11, dtype=np.float32)
POINTS = Points(X, abs(X), abs(X), "lecture")


def test_a_snapshot_has_all_fields() -> None:
    state = make_state(
        version=3,
        run=Run(5, 105, "running"),
        notice=Notice("data_changed", {"n": 1}),
        first_seq=4,
        next_seq=9,
        speed=Speed("fused@cpu", run=5, epochs=2, seconds=0.25, per_second=1.5),
        history=History(first=8, now=10, sizes=(1, 1, 1)),
    )
    assert snapshot(state) == {
        "version": 3,
        "status": "running",
        "epoch": 7,
        "start_epoch": 5,
        "target_epoch": 105,
        "seed": 1,
        "net": {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"},
        "optimizer": {"kind": "adam", "lr": 0.001},
        "lr": 0.001,
        "engine": "torch@cpu",
        "engine_used": "fused@cpu",
        "engine_speed": 8.0,
        "data_key": "0" * 16,
        "first_seq": 4,
        "next_seq": 9,
        "loss": 0.25,
        "params": [1.0, -1.0, -4.5, -9.0, 4.5],
        "epochs_per_second": 1.5,
        "notice": {"code": "data_changed", "args": {"n": 1}},
        "by_recipe": True,
        "can_undo": 2,
        "can_redo": 1,
    }


@pytest.mark.parametrize(
    ("run", "notice", "status"),
    [
        (None, None, "idle"),
        (None, Notice("session_new"), "idle"),
        (None, Notice("diverged"), "diverged"),
        (Run(0, 9, "paused"), None, "paused"),
        (Run(0, 9, "running"), Notice("diverged"), "running"),
    ],
)
def test_status(run: Run | None, notice: Notice | None, status: str) -> None:
    assert snapshot(make_state(run=run, notice=notice))["status"] == status


def test_without_a_run_start_and_target_are_the_nets_epoch() -> None:
    seen = snapshot(make_state())
    assert (seen["start_epoch"], seen["epoch"], seen["target_epoch"]) == (7, 7, 7)


def test_nine_digits_restore_every_float32() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    values = bits.view(np.float32)
    finite = values[np.isfinite(values)]
    again = np.array([json_number(value) for value in finite.tolist()], dtype=np.float32)
    assert finite.size > 19_000
    assert again.tobytes() == finite.tobytes()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_null_in_json(value: float) -> None:
    numbers = np.full(5, value, dtype=np.float32)
    train = TrainState(numbers, numbers, numbers, epoch=0, loss=value)
    text = json.dumps(
        [
            snapshot(make_state(train=train, speed=Speed(seconds=value, per_second=value))),
            frame_row(Frame(1, 0, value, numbers)),
        ]
    )
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)[1] == [1, 0, None, "", *[None] * 5]


def wide_state(loss: float = 0.25) -> TrainState:
    net = Architecture(h=9, bias1=True)
    numbers = np.random.default_rng(0).normal(size=(3, net.size)).astype(np.float32)
    return TrainState(*numbers, epoch=7, loss=loss, net=net)


def test_a_wide_net_shows_its_curve_to_five_decimals() -> None:
    train = wide_state()
    drawn = curve(train.params, train.net, X)
    seen = snapshot(make_state(train=train, optimizer=SgdOptions(0.5, 0.9)))
    assert seen["net"] == {"h": 9, "bias1": True, "activation": "relu", "loss": "bce"}
    assert seen["optimizer"] == {"kind": "sgd", "lr": 0.5, "momentum": 0.9}
    assert seen["params"] is None
    _, [frame] = with_frame(make_state(train=train), "start", POINTS)
    assert frame_row(frame)[4:] == [round(value, 5) for value in drawn.astype(float).tolist()]
    json.dumps(seen, allow_nan=False)


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=25),
    st.floats(width=32),
    st.integers(0, 10**9),
    st.sampled_from(["", "start", "end", "edit"]),
)
def test_the_text_of_a_frame_is_its_row(
    numbers: list[float], loss: float, epoch: int, mark: Any
) -> None:
    frame = Frame(7, epoch, loss, np.array(numbers, dtype=np.float32), mark)
    [(seq, text)] = frame_texts([frame])
    assert seq == 7
    assert json.loads(text) == frame_row(frame)
    assert " " not in text


def test_the_text_of_a_curve_is_its_row() -> None:
    drawn = np.linspace(-1, 1, CURVE_POINTS, dtype=np.float32)
    for values in (drawn, np.where(drawn > 0.5, np.inf, drawn).astype(np.float32)):
        frame = Frame(1, 5, 0.25, values, "end")
        [(_, text)] = frame_texts([frame])
        assert json.loads(text) == frame_row(frame)
