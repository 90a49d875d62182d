"""CSV files of points: x, prob (the truth, which the net never sees) and y (its targets)."""

from __future__ import annotations

import base64
import io
import logging
from typing import TYPE_CHECKING

import numpy as np

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import MAX_POINTS, MAX_X, MIN_POINTS, Points
from pwlapp.core.data.source import display_name, read_source, too_big
from pwlapp.core.net import Array
from pwlapp.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

MAX_COLUMNS = 1000
MAX_OWN = 10_000  # of a student's x and y, so that the axis labels are readable

log = logging.getLogger(__name__)


class Columns:
    """The columns of a CSV file, read as text.

    The separator is a comma, a tab, or a semicolon (then decimal commas are allowed too). The
    encoding is UTF-8, with or without a byte order mark, or the CP949 of Korean Windows. Columns
    may come in any order, in any case, and among others; blank lines are skipped. Imports pandas.

    Parameters
    ----------
    raw : bytes
        The whole file.
    needed : tuple of str
        Names of columns, in lower case.
    max_bytes : int
        More than this is refused.

    Raises
    ------
    UserError
        ``data_too_big`` (limit_mb); ``data_not_csv``, ``data_empty`` (needed);
        ``data_missing_column`` (column, needed).
    """

    def __init__(self, raw: bytes, needed: tuple[str, ...], max_bytes: int) -> None:
        if len(raw) > max_bytes:
            raise too_big(max_bytes)
        listed = ", ".join(needed)
        try:
            table = read_table(raw, max_cells=max_bytes)
        except ValueError:  # pandas' and Unicode's errors are ValueErrors too
            raise UserError("data_not_csv", needed=listed) from None
        if len(table) < 2:
            raise UserError("data_empty", needed=listed)
        self._names = table.iloc[0].str.strip().str.lower().tolist()
        self._rows = table.iloc[1:]
        if len(self._names) == 1 and self._names[0] not in needed:
            raise UserError("data_not_csv", needed=listed)  # no separator found
        for name in needed:
            if name not in self._names:
                raise UserError("data_missing_column", column=name, needed=listed)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def numbers(self, name: str, low: float, high: float) -> Array:
        """A column as numbers from ``low`` to ``high``; shape (n,), float32.

        Raises
        ------
        UserError
            ``data_not_number`` (column, row), ``data_out_of_range`` (column, row, min, max). Rows
            are counted as in a spreadsheet: the first line is 1, and blank ones count.
        """
        import pandas as pd

        cells: pd.Series[str] = self._rows[self._names.index(name)]
        numbers = pd.to_numeric(cells, errors="coerce")
        bad = numbers[~numbers.between(low, high)]  # also refuses NaN
        if bad.empty:
            return numbers.to_numpy(np.float32)
        row = int(bad.index[0])
        if np.isfinite(bad.iloc[0]):
            raise UserError("data_out_of_range", column=name, row=row, min=low, max=high)
        raise UserError("data_not_number", column=name, row=row)


def parse_csv(raw: bytes, *, max_bytes: int, label: str = "") -> Points:
    """Read a server's points: columns x, prob and y, the last two within [0, 1].

    Raises UserError as `Columns` does. `label` is that of `Points`.
    """
    columns = Columns(raw, ("x", "prob", "y"), max_bytes)
    x, prob, y = (
        columns.numbers(name, low, high)
        for name, low, high in (("x", -MAX_X, MAX_X), ("prob", 0, 1), ("y", 0, 1))
    )
    return Points(x, prob, y, "settings", label)


def parse_own(
    raw: bytes, max_bytes: int, max_points: int = MAX_POINTS
) -> tuple[Array, Array | None, Array]:
    """Read a student's points: columns x and y, and perhaps prob.

    Parameters
    ----------
    raw : bytes
        The whole file.
    max_bytes, max_points : int
        More than these are refused.

    Returns
    -------
    x : ndarray of shape (n,), float32
        In the order of the file.
    prob : ndarray of shape (n,), float32, or None
        The truth, within [0, 1] where y is; None if the file has no such column.
    y : ndarray of shape (n,), float32

    Raises
    ------
    UserError
        As `Columns` does, and ``data_empty`` (needed), ``data_too_long`` (max).
    """
    columns = Columns(raw, ("x", "y"), max_bytes)
    if len(columns) < MIN_POINTS:
        raise UserError("data_empty", needed="x, y")
    if len(columns) > max_points:
        raise UserError("data_too_long", max=max_points)
    x, y = (columns.numbers(name, -MAX_OWN, MAX_OWN) for name in ("x", "y"))
    is_binary = bool((y >= 0).all() and (y <= 1).all())
    limits = (0, 1) if is_binary else (-MAX_OWN, MAX_OWN)
    return x, columns.numbers("prob", *limits) if "prob" in columns else None, y


def parse_encoded(text: str, max_bytes: int) -> tuple[Array, Array | None, Array]:
    """`parse_own` of a file in base64, as it travels between processes."""
    return parse_own(base64.b64decode(text), max_bytes)


def read_table(raw: bytes, *, max_cells: int) -> pd.DataFrame:
    """Read all cells, the header's too, as text. The index counts rows from 1.

    Raises ValueError if this is not a table: bytes that are not text, HTML or JSON, an unclosed
    quote, a row longer than the header, or too many cells.
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
    separator = max(",;\t", key=header.count)  # on a tie, the comma
    width = header.count(separator) + 1
    if width > MAX_COLUMNS or width * len(lines) > max_cells:
        raise ValueError("too many cells")
    if separator != ",":
        text = text.replace(",", ".")
    row_0 = "0" + separator * (width - 1)  # limits the length of a row
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


def read_points(source: str, *, timeout_s: float, max_bytes: int) -> Points:
    """Read points from a file or URL; see `source.read_source` and `parse_csv`."""
    raw = read_source(source, timeout_s=timeout_s, max_bytes=max_bytes)
    return parse_csv(raw, max_bytes=max_bytes, label=display_name(source))


def load(source: str, max_bytes: int, timeout_s: float = 3.0) -> tuple[Points, UserError | None]:
    """Load the points that a server shows.

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
        The lecture's if ``source`` can't be used.
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
