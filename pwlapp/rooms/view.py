"""What a student's page gets of the room; assets/class/types.ts has its types."""

from __future__ import annotations

from typing import Any

import msgspec

from pwlapp.rooms.state import Challenge, Question, Room, Seat, followed

SHOWN_PLACES = 10


def room_view(room: Room, seat: Seat, seats: int) -> dict[str, Any]:
    """The room as one seat sees it, as JSON.

    Parameters
    ----------
    room : Room
    seat : Seat
    seats : int
        How many there are.
    """
    question, answer = room.question, seat.answer
    is_answered = question is not None and answer is not None and answer.question == question.id
    return {
        "code": room.code,
        "seat": seat.number,
        "nickname": seat.nickname,
        "sid": followed(room, seat),
        "leading": room.leading,
        "frozen": room.frozen,
        "hidden": room.hidden,
        "lesson": room.lesson,
        "spotlight": room.spotlight.seat if room.spotlight else None,
        "seats": seats,
        "question": question and question_view(question),
        "answer": answer.value if answer and is_answered else None,
        "challenge": room.challenge and _challenge_of(room.challenge, seat),
    }


def question_view(question: Question) -> dict[str, Any]:
    """A question, and all answers once they are revealed."""
    return {
        "id": question.id,
        "kind": question.kind,
        "text": question.text,
        "options": question.options,
        "revealed": question.revealed is not None,
        "answers": msgspec.to_builtins(question.revealed),
    }


def challenge_view(challenge: Challenge, places: int | None = None) -> dict[str, Any]:
    """A challenge, with so many of the best places; None: with all of them."""
    ranking = challenge.ranking[:places]
    return msgspec.structs.asdict(challenge) | {"ranking": msgspec.to_builtins(ranking)}


def _challenge_of(challenge: Challenge, seat: Seat) -> dict[str, Any]:
    own = (place.score for place in challenge.ranking if place.seat == seat.number)
    return challenge_view(challenge, SHOWN_PLACES) | {"own": next(own, None)}
