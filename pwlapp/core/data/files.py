"""CSV files of points: x, prob (the truth, which the net never sees) and y (its targets)."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import numpy as np

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import MAX_X, Points
from pwlapp.core.data.source import display_name, read_source, too_big
from pwlapp.core.net import Array
from pwlapp.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("x", "prob", "y")
MAX_COLUMNS = 1000

log = logging.getLogger(__name__)


def parse_csv(raw: bytes, *, max_bytes: int, label: str = "") -> Points:
    """Read points from a CSV file with columns x, prob and y, in any order, among any others.

    Commas, semicolons (then decimal commas too) or tabs separate; UTF-8, with a byte order mark
    or without, and the CP949 of Korean Windows are understood; blank lines are skipped, but count
    in row numbers, as in a spreadsheet: the first line is 1. Imports pandas.

    Parameters
    ----------
    raw : bytes
        The whole file.
    max_bytes : int
        More than this is refused.
    label : str
        See `Points`.

    Raises
    ------
    UserError
        ``data_too_big`` (limit_mb), ``data_empty``, ``data_not_csv``, ``data_missing_column``
        (column), ``data_not_number`` (column, row), ``data_out_of_range`` (column, row, min,
        max).
    """
    if len(raw) > max_bytes:
        raise too_big(max_bytes)
    try:
        table = read_table(raw, max_cells=max_bytes)
    except ValueError:  # pandas' and Unicode's errors are ValueErrors too
        raise UserError("data_not_csv") from None
    if len(table) < 2:
        raise UserError("data_empty")
    names = table.iloc[0].str.strip().str.lower().tolist()
    if len(names) == 1 and names[0] not in COLUMNS:
        raise UserError("data_not_csv")  # nothing separates anything
    for name in COLUMNS:
        if name not in names:
            raise UserError("data_missing_column", column=name)
    cells = {name: table[names.index(name)].iloc[1:] for name in COLUMNS}
    x = to_numbers("x", cells["x"], -MAX_X, MAX_X)
    prob, y = (to_numbers(name, cells[name], 0, 1) for name in ("prob", "y"))
    return Points(x, prob, y, "settings", label)


def read_table(raw: bytes, *, max_cells: int) -> pd.DataFrame:
    """Read all cells, the header's too, as text; the index is the row number, from 1.

    Raises ValueError for what is no table: bytes that are no text, a page or JSON, a quote that
    never closes, a row longer than the header, or more cells than memory should hold.
    """
    import pandas as pd

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp949")
    if "\0" in text or text.lstrip().startswith(("<", "{", "[")):
        raise ValueError("not a CSV file")
    lines = text.splitlines()
    header = next(filter(str.strip, lines), "")
    separator = max(",;\t", key=header.count)  # of equals, the comma
    width = header.count(separator) + 1
    if width > MAX_COLUMNS or width * len(lines) > max_cells:
        raise ValueError("too many cells")
    if separator != ",":
        text = text.replace(",", ".")
    row_0 = "0" + separator * (width - 1)  # tells pandas how long a row may be
    table = pd.read_csv(
        io.StringIO(f"{row_0}\n{text}"),
        sep=separator,
        header=None,
        dtype=str,
        na_filter=False,
        skip_blank_lines=False,
        skipinitialspace=True,
    )
    return table[(table != "").any(axis="columns")].iloc[1:]


def to_numbers(name: str, cells: pd.Series[str], low: float, high: float) -> Array:
    """Turn a column's cells into numbers, or raise an error that names column and row."""
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce")
    bad = numbers[~numbers.between(low, high)]  # NaN is not between, so it is bad too
    if bad.empty:
        return numbers.to_numpy(np.float32)
    row = int(bad.index[0])
    if np.isfinite(bad.iloc[0]):
        raise UserError("data_out_of_range", column=name, row=row, min=low, max=high)
    raise UserError("data_not_number", column=name, row=row)


def read_points(source: str, *, timeout_s: float, max_bytes: int) -> Points:
    """Read points from a file or address; see `source.read_source` and `parse_csv`."""
    raw = read_source(source, timeout_s=timeout_s, max_bytes=max_bytes)
    return parse_csv(raw, max_bytes=max_bytes, label=display_name(source))


def load(source: str, max_bytes: int, timeout_s: float = 3.0) -> tuple[Points, UserError | None]:
    """Get the points that a server shows.

    Parameters
    ----------
    source : str
        The file or URL in the settings; empty: the lecture's points.
    max_bytes : int
        More than this is refused.
    timeout_s : float
        Seconds that fetching may take.

    Returns
    -------
    points : Points
        The lecture's where ``source`` can't be used.
    problem : UserError or None
        Why ``source`` can't be used.
    """
    if not source:
        return lecture_points(), None
    try:
        return read_points(source, timeout_s=timeout_s, max_bytes=max_bytes), None
    except UserError as problem:
        name = display_name(source)
        log.warning("data source %s not used (%s): the lecture's data instead", name, problem)
        return lecture_points(), problem
