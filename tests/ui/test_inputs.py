from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.ui import inputs


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
        (7, 7),
        (0.25, 0.25),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: Any, value: float) -> None:
    assert float(inputs.number(typed)) == pytest.approx(value)


NO_NUMBERS: list[Any] = [
    *("1,5", "1,50", "0,123", "1,2345", "1,234,5"),
    *("", "x", "1/0", "1/2/3", "1e999999999", "9" * 50, "nan", "inf", "0x10", "1_000", "١"),
    *(None, True, [], {}, float("nan"), float("inf"), 10**400),
]


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_invalid_numbers(typed: Any) -> None:
    assert inputs.number(typed) is None


@given(st.one_of(st.text(max_size=60), st.floats(), st.integers(), st.none(), st.booleans()))
def test_anything_gives_a_number_in_range_or_a_user_error(value: Any) -> None:
    with contextlib.suppress(UserError):
        assert 1 <= inputs.whole_number(value, "bad_epochs", 1, 100) <= 100
    with contextlib.suppress(UserError):
        assert 0 < inputs.learning_rate(value) <= inputs.MAX_LR


@pytest.mark.parametrize("session", [None, {}, [], "sid", {"sid": 1}, {"sid": None}])
def test_a_session_without_an_id(session: Any) -> None:
    with pytest.raises(UserError, match="session_unknown"):
        inputs.session_id(session)


def test_the_fields_of_a_net() -> None:
    fields = inputs.NetFields("1,024", ["bias1"], "sigmoid", "mse")
    assert inputs.architecture(fields) == Architecture(1024, True, "sigmoid", "mse")
    assert inputs.architecture(inputs.NetFields(2, [], "relu", "bce")) == LECTURE
    assert inputs.architecture(inputs.NetFields("2", None, "relu", "bce")) == LECTURE


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("0", [], "relu", "bce"), "bad_hidden"),
        (("2049", [], "relu", "bce"), "bad_hidden"),
        (("2.5", [], "relu", "bce"), "bad_hidden"),
        ((None, [], "relu", "bce"), "bad_hidden"),
        (("2", True, "relu", "bce"), "bad_architecture"),
        (("2", ["bias2"], "relu", "bce"), "bad_architecture"),
        (("2", [], "tanh", "bce"), "bad_architecture"),
        (("2", [], ["relu"], "bce"), "bad_architecture"),
        (("2", [], "relu", "hinge"), "bad_architecture"),
        (("2", [], "relu", {}), "bad_architecture"),
    ],
)
def test_fields_that_describe_no_net(fields: tuple[Any, ...], code: str) -> None:
    with pytest.raises(UserError, match=code):
        inputs.architecture(inputs.NetFields(*fields))


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        (("adam", "0.01", "nonsense"), AdamOptions(lr=0.01)),
        (("sgd", "1/2", ".9"), SgdOptions(lr=0.5, momentum=0.9)),
        (("sgd", "0.1", 0), SgdOptions(lr=0.1, momentum=0.0)),
    ],
)
def test_the_fields_of_an_optimizer(fields: tuple[Any, ...], options: object) -> None:
    assert inputs.optimizer(inputs.OptimizerFields(*fields)) == options


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("sgd", "0.1", "1"), "bad_momentum"),
        (("sgd", "0.1", "-0.1"), "bad_momentum"),
        (("sgd", "0.1", "0.9999999999999999999"), "bad_momentum"),
        (("sgd", "0.1", None), "bad_momentum"),
        (("sgd", "0", "0.9"), "bad_lr"),
        (("rmsprop", "0.1", "0.9"), "bad_optimizer"),
        ((["adam"], "0.1", "0.9"), "bad_optimizer"),
    ],
)
def test_fields_that_describe_no_optimizer(fields: tuple[Any, ...], code: str) -> None:
    with pytest.raises(UserError, match=code):
        inputs.optimizer(inputs.OptimizerFields(*fields))


@pytest.mark.parametrize("value", [None, 1, ["auto"], {}])
def test_invalid_engines(value: Any) -> None:
    with pytest.raises(UserError, match="bad_engine"):
        inputs.engine(value)
