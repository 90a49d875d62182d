"""Checks the nicknames of students."""

from __future__ import annotations

import unicodedata

from pwlapp.errors import UserError

MAX_NICKNAME = 20
JOINER = "\u200d"  # between the parts of one emoji
# Unicode categories: control characters, invisible ones, and those that change text direction.
REFUSED = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def read_nickname(typed: str) -> str:
    """Check a nickname and remove spaces around it; it may be empty.

    Raises
    ------
    UserError
        ``bad_nickname`` (max)
    """
    name = unicodedata.normalize("NFC", typed[: 10 * MAX_NICKNAME]).strip()
    is_seen = not name or name.strip(f"{JOINER} ")
    if len(name) > MAX_NICKNAME or not is_seen or not all(map(is_allowed, name)):
        raise UserError("bad_nickname", max=MAX_NICKNAME)
    return name


def is_allowed(character: str) -> bool:
    """Whether a character is allowed in a text that others read."""
    return character == JOINER or unicodedata.category(character) not in REFUSED
