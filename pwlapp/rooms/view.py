"""The room as JSON for a student's page; assets/class/types.ts has the types."""

from __future__ import annotations

from typing import Any

import msgspec

from pwlapp.rooms.state import Challenge, Question, Room, Seat, session_shown

SHOWN_PLACES = 10


def room_view(room: Room, seat: Seat, seats: int) -> dict[str, Any]:
    """The room as one seat sees it; `seats` is the number of seats in the room."""
    question, answer = room.question, seat.answer
    is_answered = question is not None and answer is not None and answer.question == question.id
    return {
        "code": room.code,
        "seat": seat.number,
        "nickname": seat.nickname,
        "sid": session_shown(room, seat),
        "leading": room.leading,
        "frozen": room.frozen,
        "hidden": room.hidden,
        "lesson": room.lesson,
        "spotlight": room.spotlight.seat if room.spotlight else None,
        "seats": seats,
        "question": question and question_view(question),
        "answer": answer.value if answer and is_answered else None,
        "challenge": room.challenge and _challenge_of(room, room.challenge, seat),
    }


def question_view(question: Question) -> dict[str, Any]:
    """A question, and all answers once they are revealed."""
    return {
        "id": question.id,
        "kind": question.kind,
        "text": question.text,
        "text_is_preset": question.text_is_preset,
        "options": question.options,
        "options_are_preset": question.options_are_preset,
        "revealed": question.revealed is not None,
        "answers": msgspec.to_builtins(question.revealed),
    }


def challenge_view(room: Room, challenge: Challenge, places: int | None = None) -> dict[str, Any]:
    """A challenge with its best places, or all places if `places` is None.

    It is ``over`` if the sessions of the class count and the class is no longer led.
    """
    return {
        "id": challenge.id,
        "kind": challenge.kind,
        "epochs": challenge.epochs,
        "target": challenge.target,
        "over": challenge.of_class and not room.leading,
        "ranking": msgspec.to_builtins(challenge.ranking[:places]),
    }


def _challenge_of(room: Room, challenge: Challenge, seat: Seat) -> dict[str, Any]:
    own = (place.score for place in challenge.ranking if place.seat == seat.number)
    return challenge_view(room, challenge, SHOWN_PLACES) | {"own": next(own, None)}
