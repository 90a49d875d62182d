"""A file to download."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A file to download; its name is ASCII."""

    name: str
    media_type: str
    content: str | bytes
