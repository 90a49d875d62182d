"""The room as JSON for the board, without its seats."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

from pwlapp.rooms.questions import answers
from pwlapp.rooms.state import Question, Room, Seat, Setting, Value
from pwlapp.rooms.view import challenge_view, question_view
from pwlapp.sessions.codec import optimizer_from
from pwlapp.sessions.snapshot import optimizer_row

Line: TypeAlias = dict[str, Any]


def room_line(room: Room, seats: Collection[Seat]) -> Line:
    """The room as JSON for the board; `seats` are needed for the answers to the question."""
    return {
        "code": room.code,
        "ends": room.ends,
        "leading": room.leading,
        "frozen": room.frozen,
        "hidden": list(room.hidden),
        "lesson": list(room.lesson) if room.lesson else None,
        "spotlight": room.spotlight.seat if room.spotlight else None,
        "setting": _setting(room.setting) if room.setting else None,
        "question": _question(room.question, seats) if room.question else None,
        "challenge": challenge_view(room, room.challenge) if room.challenge else None,
    }


def _setting(setting: Setting) -> Line:
    return {
        "seed": setting.seed,
        "seat_seeds": setting.seat_seeds,
        "net": vars(setting.net).copy(),
        "optimizer": optimizer_row(optimizer_from(setting.optimizer)),
        "epochs": setting.epochs,
        "data_key": setting.data_key,
    }


def _question(question: Question, seats: Collection[Seat]) -> Line:
    given = answers(question, seats)
    return question_view(question) | {
        "answered": len(given),
        "all": [[number, _answer(value)] for number, value in sorted(given.items())],
    }


def _answer(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
