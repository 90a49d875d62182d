"""Tokens: each is valid for its room and role only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from pwlapp.rooms.state import Room
from pwlapp.rooms.tokens import claimed_code, is_teacher, seat_number, seat_token, teacher_token

ROOM = Room("K7N4PX", bytes(range(32)), 0.0)
OTHER = Room("ACDEFH", bytes(32), 0.0)
REOPENED = Room("K7N4PX", bytes(range(1, 33)), 0.0)


def test_a_token_names_its_room_and_its_holder() -> None:
    assert is_teacher(ROOM, teacher_token(ROOM))
    assert [seat_number(ROOM, seat_token(ROOM, n)) for n in (1, 2, 300)] == [1, 2, 300]
    assert claimed_code(teacher_token(ROOM)) == claimed_code(seat_token(ROOM, 1)) == "K7N4PX"


def test_the_tokens_of_students_and_teachers_are_not_interchangeable() -> None:
    assert not is_teacher(ROOM, seat_token(ROOM, 1))
    assert seat_number(ROOM, teacher_token(ROOM)) is None


@pytest.mark.parametrize("room", [OTHER, REOPENED])
def test_a_token_of_another_room_is_refused(room: Room) -> None:
    assert not is_teacher(ROOM, teacher_token(room))
    assert seat_number(ROOM, seat_token(room, 1)) is None


def test_a_changed_token_is_refused() -> None:
    for token in (teacher_token(ROOM), seat_token(ROOM, 1)):
        for i in range(len(token)):
            if token[i] == "." or i == len(token) - 1:  # some bits of the last letter are unused
                continue
            changed = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :]
            assert not is_teacher(ROOM, changed)
            assert seat_number(ROOM, changed) is None


def test_tokens_signed_without_the_key_are_refused() -> None:
    for key in (b"", b"K7N4PX", bytes(32)):
        for salt in ("teacher", "seat"):
            for payload in (["K7N4PX"], ["K7N4PX", 1]):
                token = str(URLSafeSerializer(key, salt=salt).dumps(payload))
                assert not is_teacher(ROOM, token)
                assert seat_number(ROOM, token) is None
                assert claimed_code(token) == "K7N4PX"


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    assert not is_teacher(ROOM, text)
    assert seat_number(ROOM, text) is None
    claimed_code(text)


@pytest.mark.parametrize("payload", [[], {}, None, 3, "K7N4PX", ["k7n4px"], [["K7N4PX"]], ["x"]])
def test_tokens_without_a_room(payload: object) -> None:
    assert claimed_code(str(URLSafeSerializer(b"").dumps(payload))) is None
    assert claimed_code("x" * 5000) is None
