"""Reads the cells of a table as numbers, and detects their decimal mark."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias

from pwlapp.errors import UserError

Cell: TypeAlias = str | float
Mark = Literal[".", ","]

# NFKC turns full-width digits, marks and spaces into ASCII, but not these minus signs and quotes.
_LOOKALIKES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'"})
_WHOLE = r"(?:[1-9][0-9]{0,2}(?P<group>[GROUPS])[0-9]{3}(?:(?P=group)[0-9]{3})*|[0-9]+)"
_NUMBER = rf"[+-]?(?:{_WHOLE}(?:[MARK][0-9]*)?|[MARK][0-9]+)(?:[eE][+-]?[0-9]+)?"


def _pattern(mark: Mark) -> re.Pattern[str]:
    groups = " '" + (set(".,") - {mark}).pop()
    return re.compile(_NUMBER.replace("MARK", mark).replace("GROUPS", groups))


_PATTERNS: dict[Mark, re.Pattern[str]] = {".": _pattern("."), ",": _pattern(",")}
_TO_PYTHON: dict[Mark, dict[int, int | None]] = {
    ".": str.maketrans("", "", ", '"),
    ",": str.maketrans(",", ".", ". '"),
}


def number(cell: Cell, mark: Mark) -> float:
    """Read the number in a cell.

    Text may have full-width digits, U+2212 as minus, and grouped thousands: ``1,000.5`` or
    ``1 000.5`` with a decimal point.

    Parameters
    ----------
    cell : str or float
    mark : "." or ","
        The decimal mark.

    Returns
    -------
    float
        NaN if the cell holds no number.
    """
    if isinstance(cell, float):
        return cell
    text = _ascii(cell)
    if len(text) < 10 and text.isdigit():
        return float(text)
    if not _PATTERNS[mark].fullmatch(text):
        return math.nan
    value = float(text.translate(_TO_PYTHON[mark]))
    return value if math.isfinite(value) else math.nan


def text_of(cell: Cell) -> str:
    """A cell as text."""
    return cell if isinstance(cell, str) else f"{cell:.15g}"


def is_number(cell: Cell) -> bool:
    """Whether a cell is a number with either decimal mark."""
    return not (math.isnan(number(cell, ".")) and math.isnan(number(cell, ",")))


def decimal_mark(cells: Iterable[Cell]) -> Mark | None:
    """Detect the decimal mark of cells.

    Returns
    -------
    "." or "," or None
        None if all cells mean the same with both marks.

    Raises
    ------
    UserError
        ``data_decimal_unclear`` (cell, high, low): a cell such as ``1,000`` has two meanings, and
        no other cell shows which is right; ``data_decimal_mixed`` (point, comma): one cell has a
        decimal point, another one a decimal comma.
    """
    seen: dict[Mark, str] = {}
    unclear = ""
    for cell in cells:
        if isinstance(cell, float) or cell.isdigit():
            continue
        with_point, with_comma = number(cell, "."), number(cell, ",")
        if math.isnan(with_point) != math.isnan(with_comma):
            seen.setdefault("." if math.isnan(with_comma) else ",", cell)
        elif abs(with_point - with_comma) > 0:  # both are numbers
            unclear = unclear or cell
    if len(seen) == 2:
        raise UserError("data_decimal_mixed", point=seen["."], comma=seen[","])
    if unclear and not seen:
        low, high = sorted((number(unclear, "."), number(unclear, ",")), key=abs)
        raise UserError("data_decimal_unclear", cell=unclear, high=text_of(high), low=text_of(low))
    return next(iter(seen), None)


def _ascii(text: str) -> str:
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).strip()
