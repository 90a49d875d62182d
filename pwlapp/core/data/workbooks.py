"""Excel's .xlsx files as tables."""

from __future__ import annotations

import datetime
import io
import logging
import warnings
import zipfile
from typing import Any, NamedTuple

from pwlapp.core.data.cells import Cell
from pwlapp.core.data.text_files import MAX_COLUMNS
from pwlapp.errors import UserError

MAX_UNPACKED = 30_000_000  # bytes; a malicious file of 5 MB may unpack to gigabytes
CHUNK = 65_536

log = logging.getLogger(__name__)


class Sheet(NamedTuple):
    """The rows of a sheet, including blank ones, its name, and the names of all sheets."""

    rows: list[tuple[Cell, ...]]
    name: str
    names: list[str]


def read_workbook(raw: bytes, *, max_cells: int, sheet: str | None = None) -> Sheet:
    """Read the values of a sheet, the first one by default. Imports openpyxl.

    Raises
    ------
    UserError
        ``data_bad_workbook``: broken, not .xlsx, or too large.
    """
    # openpyxl raises exceptions of any type for a broken file.
    try:
        return _read(raw, max_cells, sheet)
    except Exception as error:  # noqa: BLE001
        log.info("workbook not read: %r", error)
        raise UserError("data_bad_workbook") from None


def _read(raw: bytes, max_cells: int, wanted: str | None) -> Sheet:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions it leaves out
        book = openpyxl.load_workbook(unpacked(raw), read_only=True, data_only=True)
    names = [sheet.title for sheet in book.worksheets]
    sheet = book[wanted] if wanted in names else book.worksheets[0]
    sheet.reset_dimensions()  # the size that the file claims may be wrong
    rows: list[tuple[Cell, ...]] = []
    n_cells = 0
    for values in sheet.iter_rows(values_only=True):
        row = tuple([_cell(value) for value in values[:MAX_COLUMNS]])
        rows.append(row)
        n_cells += 1 + len(row)
        if n_cells > max_cells:
            raise ValueError("too many cells")
    return Sheet(rows, sheet.title, names)


def unpacked(raw: bytes) -> io.BytesIO:
    """Copy an archive into memory without compression, within a limit of size.

    openpyxl unpacks whole members at once, and the sizes that an archive declares may be wrong.

    Raises
    ------
    ValueError
        If the archive holds more than `MAX_UNPACKED` bytes, or uses a compression that Excel does
        not use.
    zipfile.BadZipFile
    """
    plain = io.BytesIO()
    size = 0
    with zipfile.ZipFile(io.BytesIO(raw)) as packed, zipfile.ZipFile(plain, "w") as copy:
        for member in packed.infolist():
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("a compression that Excel does not use")
            with packed.open(member) as source, copy.open(member.filename, "w") as target:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > MAX_UNPACKED:
                        raise ValueError("too large")
                    target.write(chunk)
    return plain


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()
