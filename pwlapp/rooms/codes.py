"""Codes of rooms: six letters and digits that are not mistaken for each other."""

from __future__ import annotations

import re
import secrets
import unicodedata

ALPHABET = "ACDEFHJKMNPRTVWXY34679"  # no 0 and O, 1 and I and L, 2 and Z, 5 and S, 8 and B, G, Q, U
LENGTH = 6

_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_IGNORED = re.compile(r"[\s\-‐‑‒–—―−]")
MAX_TYPED = 40


def new_code() -> str:
    """A random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def written(code: str) -> str:
    """The code as people read it: ``K7N-4PX``."""
    return f"{code[:3]}-{code[3:]}"


def link(page: str, code: str) -> str:
    """The link into a room, for the page at an address that ends with a slash."""
    return f"{page}#room={code}"


def read_code(typed: str) -> str | None:
    """The code that was typed in any case, with spaces or hyphens, or in full-width letters.

    None if that is no code.
    """
    if len(typed) > MAX_TYPED:
        return None
    code = _IGNORED.sub("", unicodedata.normalize("NFKC", typed)).upper()
    return code if _CODE.fullmatch(code) else None
