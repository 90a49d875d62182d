"""The points to fit: the lecture's "irony of spec", a file of your own, or a drawn stand-in.

Points are x, prob (the truth, which the net never sees) and y (what the net is fitted to). What a
server shows at first comes from the first of these that works: the source in the settings, the
cached copy of the lecture's file, the lecture's file itself, points drawn by the same law, which
need no network.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pwlapp.core.data.points import MAX_X, Origin
from pwlapp.core.data.points import (
    Points as Points,  # so that data and how they come are one import
)
from pwlapp.core.data.source import display_name, read_file, read_source, too_big
from pwlapp.core.net import Array
from pwlapp.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

LECTURE_URL = "https://raw.githubusercontent.com/guebin/DL2025/main/posts/ironyofspec.csv"
COLUMNS = ("x", "prob", "y")
MAX_COLUMNS = 1000
EMBEDDED_SEED = 43052  # the seed that the course draws its own data with


log = logging.getLogger(__name__)


def parse_csv(
    raw: bytes, *, max_bytes: int, origin: Origin = "settings", label: str = ""
) -> Points:
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
    origin, label
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
    return Points(x, prob, y, origin, label)


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


def draw_embedded(seed: int = EMBEDDED_SEED, n: int = 2000) -> Points:
    """Draw points by the lecture's law; the same seed gives the same points.

    ``prob`` is the sigmoid of 5 + 15x for x < 0 and of 5 - 5x for x > 0, on ``n`` points spread
    evenly over [-1, 1], and y is 1 with that probability. Imports torch.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    x = torch.linspace(-1, 1, n)
    prob = torch.sigmoid(torch.where(x < 0, 5 + 15 * x, 5 - 5 * x))
    y = (torch.rand(n, generator=generator) < prob).float()
    return Points(x.numpy(), prob.numpy(), y.numpy(), origin="embedded")


def load(
    source: str,
    lecture_url: str,
    cache_dir: Path,
    max_bytes: int,
    draw: Callable[[], Points] = draw_embedded,
    timeout_s: float = 3.0,
) -> tuple[Points, UserError | None]:
    """Get points from the first place that has them; see the top of this module.

    Parameters
    ----------
    source : str
        The file or address in the settings, or empty.
    lecture_url : str
        Empty: neither fetched nor looked for in the cache.
    cache_dir : Path
        Made when there is something to put in it.
    draw : callable
        Makes the points of last resort.

    Returns
    -------
    points : Points
    problem : UserError or None
        Why ``source``, if there is one, could not be used.
    """
    problem = None
    if source:
        try:
            return read_points(source, timeout_s=timeout_s, max_bytes=max_bytes), None
        except UserError as error:
            log.warning(
                "data source %s not used (%s): other data are shown", display_name(source), error
            )
            problem = error
    points = None
    if lecture_url:
        points = cached_lecture(lecture_url, cache_dir, max_bytes)
        points = points or fetched_lecture(lecture_url, cache_dir, max_bytes, timeout_s)
    return points or draw(), problem


def cache_path(url: str, cache_dir: Path) -> Path:
    """Where the copy of an address is kept; another address never finds it."""
    return cache_dir / f"lecture-{hashlib.sha256(url.encode()).hexdigest()[:12]}.csv"


def cached_lecture(url: str, cache_dir: Path, max_bytes: int) -> Points | None:
    """Read the cached copy; None if there is none or it is damaged."""
    path = cache_path(url, cache_dir)
    try:
        raw = read_file(path, max_bytes=max_bytes)
        return parse_csv(raw, max_bytes=max_bytes, origin="cache", label=display_name(url))
    except UserError as error:
        if error.code != "data_not_found":
            log.warning("cached copy %s not used (%s)", path, error)
        return None


def fetched_lecture(url: str, cache_dir: Path, max_bytes: int, timeout_s: float) -> Points | None:
    """Fetch the lecture's file and put a copy in the cache; None if it cannot be had."""
    name = display_name(url)
    try:
        raw = read_source(url, timeout_s=timeout_s, max_bytes=max_bytes)
        points = parse_csv(raw, max_bytes=max_bytes, origin="lecture", label=name)
    except UserError as error:
        log.warning("lecture's data %s not used (%s)", name, error)
        return None
    try:
        write_whole(cache_path(url, cache_dir), raw)
    except OSError as error:
        log.warning("lecture's data not cached (%s)", error)
    return points


def write_whole(path: Path, raw: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(raw)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
