"""Questions to a class: checks answers and summarises them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeGuard

from pwlapp.errors import UserError
from pwlapp.rooms.state import CURVE_VALUES, Answers, Question, Seat, Value

MAX_NUMBER = 10**9


def check_answer(question: Question, value: object, seats: int) -> Value:
    """Check a student's answer, and return it.

    Parameters
    ----------
    question : Question
    value : object
        From a request, so of any type.
    seats : int
        Number of seats in the room. The page's own question, "how many of us", asks for a whole
        number from 0 to this; a teacher's question for a number within `MAX_NUMBER` of 0.

    Returns
    -------
    float, int or tuple of float
        By the kind of question: a number, the index of an option, or `CURVE_VALUES` values of yhat
        within [0, 1].

    Raises
    ------
    UserError
        ``bad_answer``, ``bad_answer_count`` (max), ``bad_answer_number`` (min, max).
    """
    if question.kind == "number" and question.text_is_preset:
        if _is_number(value, 0, seats) and value % 1 == 0:
            return value
        raise UserError("bad_answer_count", max=seats)
    if question.kind == "number":
        if _is_number(value, -MAX_NUMBER, MAX_NUMBER):
            return value
        raise UserError("bad_answer_number", min=-MAX_NUMBER, max=MAX_NUMBER)
    if question.kind == "choice" and type(value) is int and 0 <= value < len(question.options):
        return value
    if (
        question.kind == "curve"
        and isinstance(value, list | tuple)
        and len(value) == CURVE_VALUES
        and all(_is_number(y, 0.0, 1.0) for y in value)
    ):
        return tuple(float(y) for y in value)
    raise UserError("bad_answer")


def answers(question: Question, seats: Collection[Seat]) -> dict[int, Value]:
    """The answers to this question, by seat number."""
    return {
        seat.number: seat.answer.value
        for seat in seats
        if seat.answer is not None and seat.answer.question == question.id
    }


def summary(question: Question, seats: Collection[Seat]) -> Answers:
    """All answers as the class sees them: sorted, so that their order does not reveal the seat."""
    given = answers(question, seats).values()
    if question.kind == "choice":
        chosen = list(given)
        return Answers(counts=tuple(chosen.count(i) for i in range(len(question.options))))
    if question.kind == "curve":
        return Answers(curves=tuple(sorted(value for value in given if isinstance(value, tuple))))
    return Answers(
        numbers=tuple(sorted(float(value) for value in given if not isinstance(value, tuple)))
    )


def _is_number(value: object, low: float, high: float) -> TypeGuard[float]:
    """Whether a value is a number, but not a bool, within these limits."""
    return isinstance(value, int | float) and type(value) is not bool and low <= value <= high
