from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwlapp.commands.table import checked
from pwlapp.commands.training import Train
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import MAX_LR, AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.ui import inputs

SERVICE: Any = SimpleNamespace(max_epochs=100)
NET = {"h": "2", "bias1": [], "activation": "relu", "loss": "bce"}
ADAM = {"kind": "adam", "lr": "0.001", "momentum": "0"}
TYPED = {"seed": "1", "net": NET, "optimizer": ADAM, "engine": "auto", "epochs": "100"}


def body(**changes: Any) -> Any:
    """The command's body, read from the fields."""
    return checked(Train, inputs.read(TYPED | changes), SERVICE)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5000", 5000),
        (" 5,000 ", 5000),
        ("1,234,567.5", 1234567.5),
        ("1e3", 1000),
        ("−2", -2),
        ("1/3", 1 / 3),
        (".5", 0.5),
        ("2.", 2),
        ("１，０００", 1000),
        ("−１．５", -1.5),
        (7, 7),
        (0.25, 0.25),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: Any, value: float) -> None:
    found = inputs.number(typed)
    assert found == pytest.approx(value)
    assert type(found) is type(value)


NO_NUMBERS: list[Any] = [
    *("1,5", "1,50", "0,123", "1,2345", "1,234,5"),
    *("", "x", "1/0", "1/2/3", "1e999999999", "9" * 50, "nan", "inf", "0x10", "1_000", "١"),
    *(None, True, [], {}, float("nan"), float("inf"), 10**400),
]


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_invalid_numbers(typed: Any) -> None:
    assert inputs.number(typed) is typed


@given(st.one_of(st.text(max_size=60), st.floats(), st.integers(), st.none(), st.booleans()))
def test_anything_gives_a_number_in_range_or_a_user_error(value: Any) -> None:
    with contextlib.suppress(UserError):
        assert 1 <= body(epochs=value).epochs <= 100
    with contextlib.suppress(UserError):
        assert 0 < body(optimizer=ADAM | {"lr": value}).optimizer.lr <= MAX_LR


@pytest.mark.parametrize(
    ("fields", "net"),
    [
        (("1,024", ["bias1"], "sigmoid", "mse"), Architecture(1024, True, "sigmoid", "mse")),
        ((2, [], "relu", "bce"), LECTURE),
        (("2", None, "relu", "bce"), LECTURE),
    ],
)
def test_the_fields_of_a_net(fields: tuple[Any, ...], net: Architecture) -> None:
    assert body(net=dict(zip(NET, fields, strict=True))).net == net


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        (("adam", "0.01", "nonsense"), AdamOptions(lr=0.01)),
        (("sgd", "1/2", ".9"), SgdOptions(lr=0.5, momentum=0.9)),
        (("sgd", "0.1", 0), SgdOptions(lr=0.1, momentum=0.0)),
    ],
)
def test_the_fields_of_an_optimizer(fields: tuple[Any, ...], options: object) -> None:
    assert body(optimizer=dict(zip(ADAM, fields, strict=True))).optimizer == options
