"""Codes as students type them, and nicknames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwlapp.errors import UserError
from pwlapp.rooms.codes import ALPHABET, LENGTH, new_code, read_code
from pwlapp.rooms.nicknames import MAX_NICKNAME, read_nickname


def test_new_codes_are_read_unchanged() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) > 190
    for code in codes:
        assert len(code) == LENGTH
        assert read_code(code) == code


@pytest.mark.parametrize("pair", ["0O", "1I", "1L", "2Z", "5S", "8B", "6G", "VU", "0Q"])
def test_the_alphabet_has_no_similar_letters(pair: str) -> None:
    assert len(set(pair) & set(ALPHABET)) <= 1


@pytest.mark.parametrize(
    "typed",
    ["K7N4PX", "k7n4px", " k7n-4px ", "K7N–4PX", "k 7 n 4 p x", "Ｋ７Ｎ４ＰＸ"],
)
def test_a_code_is_read_in_any_form(typed: str) -> None:
    assert read_code(typed) == "K7N4PX"


@pytest.mark.parametrize(
    "typed", ["", "K7N4P", "K7N4PXX", "K7N4P0", "../..", "K7N4PX" * 10, "\x00"]
)
def test_invalid_codes(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(max_size=50))
def test_any_text_gives_a_code_or_none(typed: str) -> None:
    code = read_code(typed)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", ""),
        ("   ", ""),
        (" 민수 ", "민수"),
        ("\u1106\u1175\u11ab\u1109\u116e", "민수"),  # composed
        ("<b>x</b>", "<b>x</b>"),
        ("👩\u200d🎓", "👩\u200d🎓"),
        ("x" * MAX_NICKNAME, "x" * MAX_NICKNAME),
    ],
)
def test_nicknames(typed: str, name: str) -> None:
    assert read_nickname(typed) == name


@pytest.mark.parametrize(
    "typed",
    ["x" * 21, "x" * 100_000, "a\x00", "a\nb", "a\u202eb", "\u200b", "\u200d", "a\u2066", "\ud800"],
)
def test_nicknames_that_are_refused(typed: str) -> None:
    with pytest.raises(UserError, match=r"^bad_nickname: max=20$"):
        read_nickname(typed)
