"""How to read a file of points, and the limits that imported points must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pwlapp.core.data.cells import Mark

Encoding = Literal["utf_8", "cp949", "cp1252", "utf_16", "utf_16_le", "utf_16_be"]
Separator = Literal[",", ";", "\t", "|", " "]
Range = tuple[float, float]


@dataclass(frozen=True)
class Choices:
    """How to read a file. What is None is detected from the file.

    Attributes
    ----------
    encoding, separator : str or None
        Only for a text file; see `text_files`.
    decimal : "." or "," or None
        The decimal mark.
    sheet : str or None
        Only for a workbook: the name of the sheet.
    header : bool or None
        Whether the first row holds the names of the columns.
    x, y, prob : int or None
        Index of each column, from 0. `NO_COLUMN` if the file has no such column.
    drop_gaps : bool
        Leave out rows that have no number for x, y or prob.
    thin : bool
        If there are too many points, keep a random sample of the largest number allowed.
    """

    encoding: Encoding | None = None
    separator: Separator | None = None
    decimal: Mark | None = None
    sheet: str | None = None
    header: bool | None = None
    x: int | None = None
    y: int | None = None
    prob: int | None = None
    drop_gaps: bool = False
    thin: bool = False


@dataclass(frozen=True)
class Rules:
    """Limits that imported points must keep.

    Attributes
    ----------
    needed : tuple of str
        The roles that must have a column.
    x, y, prob : (float, float)
        The lowest and the highest number allowed. If y is within [0, 1], prob must be too,
        whatever its limits here.
    least, most : int
        Limits of the number of points.
    max_bytes : int
        The largest file allowed.
    """

    needed: tuple[str, ...]
    x: Range
    y: Range
    prob: Range
    least: int
    most: int
    max_bytes: int
