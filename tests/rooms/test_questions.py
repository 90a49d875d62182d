"""Questions: which answers are valid, and the summary that the class sees."""

from __future__ import annotations

from typing import Any

import pytest

from pwlapp.errors import UserError
from pwlapp.rooms.questions import answers, check_answer, summary
from pwlapp.rooms.state import CURVE_VALUES, Answer, Answers, Question, Seat, Value

NUMBER = Question(3, "number", "How many points?")
COUNT = Question(3, "number", "How many of us?", text_is_preset=True)
CHOICE = Question(3, "choice", "Which side?", ("left", "right", "both"))
CURVE = Question(3, "curve", "Sketch it")
FLAT = [0.5] * CURVE_VALUES


def seats(*values: Value | None, question: int = 3) -> list[Seat]:
    """Seats 1, 2, ... with these answers."""
    return [
        Seat(own="x", number=n, answer=None if value is None else Answer(question, value))
        for n, value in enumerate(values, start=1)
    ]


@pytest.mark.parametrize(
    ("question", "value", "kept"),
    [
        (NUMBER, 31, 31),
        (NUMBER, -0.5, -0.5),
        (NUMBER, 1e9, 1e9),
        (COUNT, 0, 0),
        (COUNT, 30, 30),
        (CHOICE, 0, 0),
        (CHOICE, 2, 2),
        (CURVE, FLAT, tuple(FLAT)),
        (CURVE, [0] * 10 + [1] * 11, (0.0,) * 10 + (1.0,) * 11),
    ],
)
def test_valid_answers(question: Question, value: Any, kept: Value) -> None:
    assert check_answer(question, value, 30) == kept


@pytest.mark.parametrize(
    ("question", "value"),
    [
        *[(NUMBER, value) for value in (None, "31", True, float("nan"), float("inf"), 1e300, [1])],
        *[(CHOICE, value) for value in (None, -1, 3, 1.0, True, "0", [0])],
        *[
            (CURVE, value)
            for value in (None, 0.5, FLAT[1:], [*FLAT, 0.5], [*FLAT[1:], 1.1], [*FLAT[1:], "0"])
        ],
        (CURVE, [*FLAT[1:], float("nan")]),
        (CURVE, {"0": 1}),
    ],
)
def test_invalid_answers(question: Question, value: Any) -> None:
    with pytest.raises(UserError, match="bad_answer"):
        check_answer(question, value, 30)


@pytest.mark.parametrize(
    ("question", "value", "message"),
    [
        *[(COUNT, value, "bad_answer_count: max=30") for value in (-5, 31, 999, 0.5, None, True)],
        (NUMBER, 1e10, "bad_answer_number: min=-1000000000, max=1000000000"),
    ],
)
def test_a_refusal_names_the_limits(question: Question, value: Any, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        check_answer(question, value, 30)


def test_only_answers_to_this_question_count() -> None:
    given = [*seats(5, None, 7), *seats(9, question=2)]
    assert answers(NUMBER, given) == {1: 5, 3: 7}


def test_the_order_of_numbers_and_curves_is_not_that_of_the_seats() -> None:
    assert summary(NUMBER, seats(9, None, 2.5, 7)) == Answers(numbers=(2.5, 7.0, 9.0))
    low, high = tuple(FLAT), (0.9,) * CURVE_VALUES
    assert summary(CURVE, seats(high, low, None)) == Answers(curves=(low, high))


def test_choices_are_counted_option_by_option() -> None:
    assert summary(CHOICE, seats(2, 0, None, 2)) == Answers(counts=(1, 0, 2))
    assert summary(CHOICE, []) == Answers(counts=(0, 0, 0))
