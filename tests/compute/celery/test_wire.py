"""The JSON of messages: values are decoded as they were, and only allowed functions run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pwlapp.compute.celery import calls, wire
from pwlapp.compute.celery.app import make_app
from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state
from pwlapp.errors import UserError
from tests.support import jobs

X = np.linspace(-1, 1, 11, dtype=np.float32)


def sent(value: Any) -> Any:
    return wire.loads(wire.dumps(value))


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int64]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    )
)
def test_arrays_come_back_bit_for_bit(array: Any) -> None:
    back = sent(array)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.writeable


@given(st.floats())
def test_floats_come_back_bit_for_bit(value: float) -> None:
    back = sent(value)
    assert back == value or (math.isnan(back) and math.isnan(value))
    assert math.copysign(1, back) == math.copysign(1, value) or math.isnan(value)


@pytest.mark.parametrize(
    "value",
    [
        Architecture(5, True, "sigmoid", "mse"),
        AdamOptions(0.1, 0.5, 0.6, 1e-3),
        SgdOptions(0.1, 0.9),
        Budget(10, (1, 2, 3), 20.0),
        Path("/a/b"),
        [1, "zwei", None, True, {"a": [2.5]}],
    ],
)
def test_values_come_back_equal(value: Any) -> None:
    back = sent(value)
    assert back == value
    assert type(back) is type(value)


def test_a_state_is_decoded_with_its_net() -> None:
    state = initial_state(3, X, abs(X), Architecture(4, True))
    back = sent(state)
    assert isinstance(back, TrainState)
    assert back.params.tobytes() == state.params.tobytes()
    assert (back.net, back.epoch, back.loss) == (state.net, state.epoch, state.loss)


def test_points_come_back_under_the_same_key() -> None:
    points = Points(X, abs(X), abs(X), "settings", "점수.csv")
    back, problem = sent([points, UserError("data_not_number", row=3)])
    assert (back.key, back.label) == (points.key, "점수.csv")
    assert (problem.code, problem.args_) == ("data_not_number", {"row": 3})


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: None, np.array(["a"]), 1j])
def test_a_value_without_json_is_refused_when_sent(value: Any) -> None:
    with pytest.raises(TypeError):
        wire.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"__type__": "pwl.of_tomorrow", "__value__": 1}',
        '{"__type__": "pwl.array", "__value__": ["object", [1], ""]}',
        '{"__type__": "pwl.array", "__value__": ["float32", [9], "AAAA"]}',
        '{"__type__": "pwl.Budget", "__value__": {"of_tomorrow": 1}}',
    ],
)
def test_damaged_and_incompatible_text_raise_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- of many kinds
        wire.loads(text)


# Calls


@pytest.fixture(autouse=True)
def _tests_may_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = {f"tests.support.jobs:{name}" for name in ("add", "refuse", "fail", "leave")}
    monkeypatch.setattr(calls, "ALLOWED", calls.ALLOWED | allowed)


def made(function: Any, *args: Any) -> Any:
    return calls.result(calls.perform(calls.request(function, args)))


def test_a_call_returns_the_result() -> None:
    assert made(jobs.add, 2, 3) == 5


def test_an_exception_of_a_call_is_raised_again() -> None:
    with pytest.raises(UserError) as refused:
        made(jobs.refuse, 9)
    assert (refused.value.code, refused.value.args_) == ("bad_epochs", {"min": 1, "max": 9})
    with pytest.raises(ZeroDivisionError, match="of all things") as failed:
        made(jobs.fail)
    assert "in fail" in failed.value.__notes__[0]


@pytest.mark.parametrize("name", ["UnicodeDecodeError", "print", "HTTPError"])
def test_an_exception_that_cannot_be_made_again_is_a_runtime_error(name: str) -> None:
    """It needs more arguments, is no exception, or is not built in."""
    answer = wire.dumps(["error", [name, "what happened", "where"]])
    with pytest.raises(RuntimeError, match="what happened") as error:
        calls.result(answer)
    assert type(error.value) is RuntimeError
    assert "where" in error.value.__notes__[0]


@pytest.mark.parametrize("function", [lambda: None, Path.exists])
def test_a_function_without_a_name_cannot_be_called(function: Any) -> None:
    with pytest.raises(TypeError, match="expected one of"):
        calls.request(function, ())


def test_a_call_that_ends_its_process_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="goodbye"):
        made(jobs.leave)


@pytest.mark.parametrize(
    "name",
    [
        "os:getcwd",
        "builtins:eval",
        "pwlapp.errors:UserError",
        "pwlapp.core.data.files:np.load",
        "",
        ":",
    ],
)
def test_only_allowed_functions_are_called(name: str) -> None:
    with pytest.raises(ValueError, match="may not be called"):
        calls.result(calls.perform(wire.dumps([name, []])))


def test_messages_are_json_and_nothing_else() -> None:
    conf = make_app("").conf
    assert list(conf.accept_content) == ["json"]
    assert (conf.task_serializer, conf.result_serializer, conf.event_serializer) == ("json",) * 3
    assert conf.result_accept_content in (None, ["json"])
