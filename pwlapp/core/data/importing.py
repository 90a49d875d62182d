"""Import of a file of points: how it is read, what is unclear, and a preview for the student."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.data.cells import Cell, Mark, decimal_mark, is_number, number, text_of
from pwlapp.core.data.choices import Choices, Rules
from pwlapp.core.data.source import too_big
from pwlapp.core.data.tables import Table, read_table
from pwlapp.core.net import Array
from pwlapp.errors import UserError

ROLES = ("x", "y", "prob")
NO_COLUMN = -1
SAMPLE_ROWS = 50  # from which it is decided whether a column holds numbers
PREVIEW_ROWS = 8


class Import:
    """A file of points that has been read, even if the student still has to make choices.

    Attributes
    ----------
    table : Table
    columns : dict of str to (int or None)
        For each role its column: the one chosen, else the one with the role's name, else the
        first free column that holds numbers.
    is_guessed : bool
        Whether a needed column was neither chosen nor found by its name.
    decimal : "." or "," or None
        The decimal mark. None if the file does not show it, so that the student has to choose.

    Raises
    ------
    UserError
        ``data_too_big`` (limit_mb); ``data_not_csv``, ``data_empty`` (needed); the errors of
        `read_table`.
    """

    def __init__(self, raw: bytes, choices: Choices, rules: Rules) -> None:
        self.choices = choices
        self.rules = rules
        self._needed = ", ".join(rules.needed)
        self.table = self._read(raw)
        self.columns = self._chosen_columns()
        self.is_guessed = not set(rules.needed) <= set(self.columns)
        self._guess_columns()
        self._unclear: UserError | None = None
        self.decimal: Mark | None = choices.decimal or self._find_decimal()

    def _read(self, raw: bytes) -> Table:
        if len(raw) > self.rules.max_bytes:
            raise too_big(self.rules.max_bytes)
        try:
            table = read_table(raw, self.choices, max_cells=self.rules.max_bytes)
        except UserError:
            raise
        except (ValueError, csv.Error):
            raise UserError("data_not_csv", needed=self._needed) from None
        if not table.rows:
            raise UserError("data_empty", needed=self._needed)
        return table

    def _chosen_columns(self) -> dict[str, int | None]:
        names = [name.lower() for name in self.table.names]
        columns: dict[str, int | None] = {}
        for role in ROLES:
            chosen: int | None = getattr(self.choices, role)
            if chosen is not None:
                columns[role] = chosen if 0 <= chosen < len(names) else None
            elif role in names:
                columns[role] = names.index(role)
        return columns

    def _guess_columns(self) -> None:
        numeric = [k for k in range(len(self.table.names)) if self._holds_numbers(k)]
        if not numeric and set(self.rules.needed).isdisjoint(self.columns):
            raise UserError("data_not_csv", needed=self._needed)
        free = [k for k in numeric if k not in self.columns.values()]
        for role in ROLES:
            if role not in self.columns:
                self.columns[role] = free.pop(0) if free and role in self.rules.needed else None

    def _holds_numbers(self, column: int) -> bool:
        cells = [cell for cell in self._cells(column, SAMPLE_ROWS) if cell != ""]
        return sum(map(is_number, cells)) * 2 > len(cells)

    def _cells(self, column: int, most: int | None = None) -> list[Cell]:
        rows = self.table.rows[:most]
        return [cells[column] if column < len(cells) else "" for _, cells in rows]

    def _find_decimal(self) -> Mark | None:
        cells = [c for k in self.columns.values() if k is not None for c in self._cells(k)]
        # In a file separated by commas, "1.000" is not a thousand: where points group thousands,
        # the decimal mark is a comma, and cells are separated by something else.
        if self.table.separator == "," and not any("," in str(cell) for cell in cells):
            return "."
        try:
            return decimal_mark(cells) or "."
        except UserError as unclear:
            self._unclear = unclear
            return None

    @cached_property
    def numbers(self) -> dict[str, NDArray[np.float64]]:
        """The column of each role, NaN where a cell holds no number.

        Empty if the decimal mark is unclear.
        """
        mark = self.decimal
        if mark is None:
            return {}
        return {
            role: np.array([number(cell, mark) for cell in self._cells(column)])
            for role, column in self.columns.items()
            if column is not None
        }

    @cached_property
    def gaps(self) -> NDArray[np.bool_]:
        """For each row, whether a number is missing."""
        gaps = np.zeros(len(self.table.rows), dtype=np.bool_)
        for numbers in self.numbers.values():
            gaps |= np.isnan(numbers)
        return gaps

    @cached_property
    def kept(self) -> NDArray[np.int64]:
        """Indices of the rows that become points, ascending."""
        rows = np.flatnonzero(~self.gaps) if self.choices.drop_gaps else np.arange(self.gaps.size)
        if self.choices.thin and rows.size > self.rules.most:
            # seeded by the size, so that the same file gives the same points each time
            rows = np.random.default_rng(rows.size).permutation(rows)[: self.rules.most]
        return np.sort(rows)

    def problems(self) -> Iterator[UserError]:
        """The reasons why `points` would fail; other choices may resolve them."""
        if self.table.long_line:
            yield UserError("data_long_row", row=self.table.long_line)
        missing = [role for role in self.rules.needed if self.columns[role] is None]
        for role in missing:
            yield UserError("data_missing_column", column=role, needed=self._needed)
        if self._unclear:
            yield self._unclear
        if missing or self._unclear:
            return
        for role in self.numbers:
            yield from self._bad_number(role)
        if self.kept.size < self.rules.least:
            yield UserError("data_empty", needed=self._needed)
        if self.kept.size > self.rules.most:
            yield UserError("data_too_long", max=self.rules.most)

    def _bad_number(self, role: str) -> Iterator[UserError]:
        low, high = (0.0, 1.0) if role == "prob" and self._is_binary else getattr(self.rules, role)
        numbers = self.numbers[role][self.kept]
        bad = np.flatnonzero(~((numbers >= low) & (numbers <= high)))
        if not bad.size:
            return
        column, line = self.columns[role], self.table.rows[self.kept[bad[0]]][0]
        name = (self.table.names[column] if column is not None else "") or role
        if np.isfinite(numbers[bad[0]]):
            yield UserError("data_out_of_range", column=name, row=line, min=low, max=high)
        else:
            yield UserError("data_not_number", column=name, row=line)

    @property
    def _is_binary(self) -> bool:
        y = self.numbers["y"][self.kept]
        return bool(((y >= 0) & (y <= 1) | np.isnan(y)).all())

    def points(self) -> tuple[Array, Array | None, Array]:
        """The imported points, in the order of the file.

        Returns
        -------
        x : ndarray of shape (n,), float32
        prob : ndarray of shape (n,), float32, or None
            None if the file has no such column.
        y : ndarray of shape (n,), float32

        Raises
        ------
        UserError
            The first of `problems`; ``data_missing_column`` (column, needed) if a needed column
            was only guessed.
        """
        for role in self.rules.needed if self.is_guessed else ():
            if role not in self._chosen_columns():
                raise UserError("data_missing_column", column=role, needed=self._needed)
        for problem in self.problems():
            raise problem
        columns = {role: n[self.kept].astype(np.float32) for role, n in self.numbers.items()}
        return columns["x"], columns.get("prob"), columns["y"]

    def preview(self) -> dict[str, Any]:
        """What the student sees before the points are used, as JSON.

        ``found`` holds the choices that were made or detected. ``problems`` lists what is wrong
        with them. ``is_sure`` is true if `points` would succeed without further choices.
        """
        table = self.table
        problems = [problem.to_json() for problem in self.problems()]
        columns = {role: NO_COLUMN if k is None else k for role, k in self.columns.items()}
        found = asdict(self.choices) | {
            "encoding": table.encoding,
            "separator": table.separator,
            "decimal": self.decimal,
            "sheet": table.sheet,
            "header": table.has_header,
            **columns,
        }
        return {
            "found": found,
            "is_sure": not self.is_guessed and not problems,
            "problems": problems,
            "names": table.names,
            "sheets": table.sheets,
            "rows": [[line, *map(text_of, cells)] for line, cells in table.rows[:PREVIEW_ROWS]],
            "numbers": {role: preview_of(numbers) for role, numbers in self.numbers.items()},
            "n_rows": len(table.rows),
            "n_gaps": int(self.gaps.sum()),
            "n_points": int(self.kept.size),
        }


def preview_of(numbers: NDArray[np.float64]) -> list[float | None]:
    """The first numbers of a column, with None in place of NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(value) for value in numbers[:PREVIEW_ROWS]]
