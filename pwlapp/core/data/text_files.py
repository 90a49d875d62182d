"""Text files as tables: encoding, separator, quotes."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import NamedTuple

ENCODINGS = ("utf_8", "cp949", "cp1252", "utf_16", "utf_16_le", "utf_16_be")
SEPARATORS = (",", ";", "\t", "|", " ")
COMMENTS = ("#", "%", "//")
MAX_COLUMNS = 1000
SAMPLE_LINES, SAMPLE_CHARACTERS = 200, 20_000  # what the separator is found from
EXCELS_LINE = re.compile(r'"?sep=([,;\t| ])"?[ ]*\n')


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
        More are refused.
    encoding : one of `ENCODINGS`, optional
        Found by charset-normalizer if it is not given.
    separator : one of `SEPARATORS`, optional
        If it is not given: that of Excel's line ``sep=;``, else found by CleverCSV.

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
    told = EXCELS_LINE.match(text)
    body = text[told.end() :] if told else text
    separator = separator or (told[1] if told else find_separator(body))
    csv.field_size_limit(max(len(text), 1))  # of this process; a cell can't be longer
    rows: list[tuple[str, ...]] = [()] if told else []
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
    """Text, without a byte order mark, and its encoding. Raises ValueError if it is no text."""
    if encoding:
        return raw.decode(encoding, errors="replace").removeprefix("\ufeff"), encoding
    from charset_normalizer import from_bytes

    found = from_bytes(raw, cp_isolation=list(ENCODINGS)).best()
    if found is None:
        raise ValueError("not text")
    return str(found), found.encoding


def find_separator(text: str) -> str:
    """The separator of the cells; a comma if there is none."""
    import clevercsv

    lines = (line for line in io.StringIO(text) if line.strip() and not line.startswith(COMMENTS))
    sample = "".join(islice(lines, SAMPLE_LINES))[:SAMPLE_CHARACTERS]
    try:
        found = clevercsv.Sniffer().sniff(sample, delimiters=list(SEPARATORS))
    except clevercsv.Error:
        return ","
    return (found and found.delimiter) or ","
