"""Codes of rooms: six letters and digits that are not easily confused."""

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
    """The code with a hyphen, for display: ``K7N-4PX``."""
    return f"{code[:3]}-{code[3:]}"


def link(page: str, code: str) -> str:
    """The link to a room; `page` is the address of the page, which ends with a slash."""
    return f"{page}#room={code}"


def read_code(typed: str) -> str | None:
    """Read a typed code; None if it is not a code.

    Lower case, spaces, hyphens and full-width letters are accepted.
    """
    if len(typed) > MAX_TYPED:
        return None
    code = _IGNORED.sub("", unicodedata.normalize("NFKC", typed)).upper()
    return code if _CODE.fullmatch(code) else None
