"""Reads a text file or a workbook as a table: rows of cells and the names of the columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pwlapp.core.data.cells import Cell, is_number, text_of
from pwlapp.core.data.choices import Choices
from pwlapp.core.data.text_files import COMMENTS, read_text
from pwlapp.core.data.workbooks import read_workbook
from pwlapp.errors import UserError

ZIP = b"PK\x03\x04"  # how an .xlsx begins
OLE = b"\xd0\xcf\x11\xe0"  # how an .xls begins, and an .xlsx with a password


# Plain tuples: the garbage collector stops tracking tuples of strings and numbers, so that many
# rows do not slow it down.
Cells: TypeAlias = tuple[Cell, ...]
Row: TypeAlias = tuple[int, Cells]  # line number in the file, from 1 as in a spreadsheet


@dataclass(frozen=True)
class Table:
    """A table in a file.

    Attributes
    ----------
    rows : list of (int, tuple of cells)
        The rows of data, each with its line number. Blank rows, comments, titles and the header
        are left out.
    names : list of str
        The name of each column; an empty string for a column without a name.
    has_header : bool
    long_line : int or None
        For a text file: the first line that has more cells than the header.
    encoding, separator : str or None
        How a text file was read; None for a workbook.
    sheet : str or None
        The sheet of a workbook that was read; None for a text file.
    sheets : tuple of str
        The names of all sheets of a workbook.
    """

    rows: list[Row]
    names: list[str]
    has_header: bool
    long_line: int | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()


def read_table(raw: bytes, choices: Choices, *, max_cells: int) -> Table:
    """Read a text file or a sheet of a workbook.

    Raises
    ------
    ValueError
        See `read_text`.
    UserError
        ``data_old_excel`` for an .xls file; see also `read_workbook`.
    """
    if raw.startswith(OLE):
        raise UserError("data_old_excel")
    if raw.startswith(ZIP):
        read = read_workbook(raw, max_cells=max_cells, sheet=choices.sheet)
        header, names, rows = split(numbered(read.rows), choices.header)
        width = max((len(cells) for _, cells in rows), default=0)
        names += [""] * (width - len(names))
        return Table(rows, names, header, sheet=read.name, sheets=tuple(read.names))
    text = read_text(
        raw, max_cells=max_cells, encoding=choices.encoding, separator=choices.separator
    )
    header, names, rows = split(numbered(text.rows), choices.header)
    shown = len(names)
    long = [row for row in rows if len(row[1]) > shown and any(row[1][shown:])]
    width = max((filled(cells) for _, cells in long), default=0)
    long_line = long[0][0] if long else None
    names += [""] * (width - len(names))
    return Table(rows, names, header, long_line, text.encoding, text.separator)


def numbered(rows: Iterable[Cells]) -> list[Row]:
    """The rows that are not blank, with their line numbers."""
    return [(line, cells) for line, cells in enumerate(rows, 1) if filled(cells)]


def filled(cells: Cells) -> int:
    """The number of cells up to the last one that is not empty."""
    k = len(cells)
    while k and cells[k - 1] == "":
        k -= 1
    return k


def split(rows: list[Row], has_header: bool | None) -> tuple[bool, list[str], list[Row]]:
    """Separate the header from the data; comments and titles are dropped.

    Without a header, the last comment above the data gives the names if it has one cell for each
    column, as in the ``# x,y`` that NumPy writes.

    Returns
    -------
    has_header : bool
    names : list of str
    rows : list of Row
    """
    body = [row for row in rows if not is_comment(row[1])]
    while len(body) > 1 and is_title(body[0][1]) and filled(body[1][1]) > 1:
        body = body[1:]
    if not body:
        return False, [], []
    first_line, first = body[0]
    if has_header is None:
        has_header = not all(is_number(cell) for cell in first if cell != "")
    if has_header:
        return True, [text_of(cell) for cell in first], body[1:]
    names = [""] * len(first)
    above = [cells for line, cells in rows if line < first_line and is_comment(cells)]
    commented = [text_of(cell) for cell in above[-1]] if above else []
    if len(commented) == len(names) + 1 and commented[0] in COMMENTS:  # separated by spaces
        del commented[0]
    if len(commented) == len(names):
        names = [commented[0].lstrip("#%/ "), *commented[1:]]
    return False, names, body


def is_comment(cells: Cells) -> bool:
    """Whether the first cell begins with a comment sign."""
    return isinstance(cells[0], str) and cells[0].startswith(COMMENTS)


def is_title(cells: Cells) -> bool:
    """Whether exactly one cell is filled, and not with a number."""
    words = [cell for cell in cells if cell != ""]
    return len(words) == 1 and not is_number(words[0])
