"""Text files as tables: encoding, separator, quotes."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import NamedTuple, get_args

from pwlapp.core.data.choices import Encoding, Separator

COMMENTS = ("#", "%", "//")
MAX_COLUMNS = 1000
SAMPLE_LINES, SAMPLE_CHARACTERS = 200, 20_000  # the part in which the separator is detected
SEP_LINE = re.compile(r'"?sep=([,;\t| ])"?[ ]*\n')


class TextTable(NamedTuple):
    """The rows of a text file, blank ones included, and how they were read."""

    rows: list[tuple[str, ...]]
    encoding: str
    separator: str


def read_text(
    raw: bytes, *, max_cells: int, encoding: str | None = None, separator: str | None = None
) -> TextTable:
    """Read all cells as text.

    Parameters
    ----------
    raw : bytes
    max_cells : int
        A larger table is refused.
    encoding : one of `choices.Encoding`, optional
        Detected by charset-normalizer if it is not given.
    separator : one of `choices.Separator`, optional
        If it is not given: the one that Excel's first line ``sep=;`` names, else the one that
        CleverCSV detects.

    Raises
    ------
    ValueError
        If this is not a table: bytes that are not text, HTML or JSON, an unclosed quote, or too
        many cells.
    """
    text, encoding = decode(raw, encoding)
    if "\0" in text or text.lstrip().startswith(("<", "{", "[")):
        raise ValueError("not a table")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    sep_line = SEP_LINE.match(text)
    body = text[sep_line.end() :] if sep_line else text
    separator = separator or (sep_line[1] if sep_line else find_separator(body))
    csv.field_size_limit(max(len(text), 1))  # set for the whole process; no cell is longer
    rows: list[tuple[str, ...]] = [()] if sep_line else []
    width = 0
    for row in csv.reader(
        io.StringIO(body), delimiter=separator, skipinitialspace=True, strict=True
    ):
        rows.append(tuple([cell.strip() for cell in row]))
        width = max(width, len(row))
        if width > MAX_COLUMNS or width * len(rows) > max_cells:
            raise ValueError("too many cells")
    return TextTable(rows, encoding, separator)


def decode(raw: bytes, encoding: str | None) -> tuple[str, str]:
    """The text without a byte order mark, and its encoding; ValueError if it is not text."""
    if encoding:
        return raw.decode(encoding, errors="replace").removeprefix("\ufeff"), encoding
    from charset_normalizer import from_bytes

    found = from_bytes(raw, cp_isolation=list(get_args(Encoding))).best()
    if found is None:
        raise ValueError("not text")
    return str(found), found.encoding


def find_separator(text: str) -> str:
    """The separator of the cells; a comma if none is detected."""
    import clevercsv

    lines = (line for line in io.StringIO(text) if line.strip() and not line.startswith(COMMENTS))
    sample = "".join(islice(lines, SAMPLE_LINES))[:SAMPLE_CHARACTERS]
    try:
        found = clevercsv.Sniffer().sniff(sample, delimiters=list(get_args(Separator)))
    except clevercsv.Error:
        return ","
    return (found and found.delimiter) or ","
