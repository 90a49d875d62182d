"""A file that a browser saves."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A file to download; its name is ASCII."""

    name: str
    media_type: str
    content: str | bytes
