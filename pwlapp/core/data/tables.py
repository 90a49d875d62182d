"""Tables from files: rows of cells, the names of the columns, and how the file was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pwlapp.core.data.cells import Cell, is_number, text_of
from pwlapp.core.data.text_files import COMMENTS, read_text
from pwlapp.core.data.workbooks import read_workbook
from pwlapp.errors import UserError

ZIP = b"PK\x03\x04"  # how an .xlsx begins
OLE = b"\xd0\xcf\x11\xe0"  # how an .xls begins, and an .xlsx with a password


# Plain tuples, because the garbage collector looks no further at them, however many there are.
Cells: TypeAlias = tuple[Cell, ...]
# The line counts all rows from 1, as a spreadsheet does.
Row: TypeAlias = tuple[int, Cells]


@dataclass(frozen=True)
class Table:
    """A table in a file.

    Attributes
    ----------
    rows : list of (int, tuple of cells)
        Each with its line; without blank rows, the header, comments, and titles above it.
    names : list of str
        One for each column; empty where there is none.
    has_header : bool
    long_line : int or None
        The first line of a text file that has more cells than its first row.
    encoding, separator : str or None
        Of a text file.
    sheet : str or None
        Of a workbook, whose sheets are `sheets`.
    """

    rows: list[Row]
    names: list[str]
    has_header: bool
    long_line: int | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()


def read_table(
    raw: bytes,
    *,
    max_cells: int,
    encoding: str | None = None,
    separator: str | None = None,
    sheet: str | None = None,
    has_header: bool | None = None,
) -> Table:
    """Read a text file or the sheet of a workbook; what is not given is found.

    Raises
    ------
    ValueError
        As `read_text`.
    UserError
        ``data_old_excel``; as `read_workbook`.
    """
    if raw.startswith(OLE):
        raise UserError("data_old_excel")
    if raw.startswith(ZIP):
        read = read_workbook(raw, max_cells=max_cells, sheet=sheet)
        header, names, rows = split(numbered(read.rows), has_header)
        width = max((len(cells) for _, cells in rows), default=0)
        names += [""] * (width - len(names))
        return Table(rows, names, header, sheet=read.name, sheets=tuple(read.names))
    text = read_text(raw, max_cells=max_cells, encoding=encoding, separator=separator)
    header, names, rows = split(numbered(text.rows), has_header)
    shown = len(names)
    long = [row for row in rows if len(row[1]) > shown and any(row[1][shown:])]
    width = max((filled(cells) for _, cells in long), default=0)
    long_line = long[0][0] if long else None
    names += [""] * (width - len(names))
    return Table(rows, names, header, long_line, text.encoding, text.separator)


def numbered(rows: Iterable[Cells]) -> list[Row]:
    """The rows that are not blank."""
    return [(line, cells) for line, cells in enumerate(rows, 1) if filled(cells)]


def filled(cells: Cells) -> int:
    """How many cells there are up to the last one that is not empty."""
    k = len(cells)
    while k and cells[k - 1] == "":
        k -= 1
    return k


def split(rows: list[Row], has_header: bool | None) -> tuple[bool, list[str], list[Row]]:
    """Whether there is a header, the names of the columns, and the rows of data.

    Comments and titles go. The last comment gives the names if nothing else does, as in NumPy's
    ``# x,y``, and has a cell for each column.
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
    told = [text_of(cell) for cell in above[-1]] if above else []
    if len(told) == len(names) + 1 and told[0] in COMMENTS:  # separated by spaces
        del told[0]
    if len(told) == len(names):
        names = [told[0].lstrip("#%/ "), *told[1:]]
    return False, names, body


def is_comment(cells: Cells) -> bool:
    """Whether a row begins as comments do."""
    return isinstance(cells[0], str) and cells[0].startswith(COMMENTS)


def is_title(cells: Cells) -> bool:
    """Whether only one cell is filled, and with words."""
    words = [cell for cell in cells if cell != ""]
    return len(words) == 1 and not is_number(words[0])
