"""Writes float32 numbers as Python code, with the shortest literals that restore them exactly."""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Iterable, Mapping

import numpy as np

from pwlapp.core.net import Array

WIDTH = 96


def literal(value: float) -> str:
    """Write a number as the shortest Python expression that gives the same float32."""
    number = float(str(np.float32(value)))
    return repr(number) if math.isfinite(number) else f'float("{number}")'


def vector(values: Iterable[float]) -> str:
    """Write numbers as a list, ``[1.0, -1.0]``, broken into lines."""
    return _in_lines("[", ", ".join(literal(value) for value in values), "]")


def rows(matrix: Iterable[Iterable[float]]) -> str:
    """Write numbers as a list of rows: ``[[1.0], [-1.0]]``."""
    listed = [f"[{', '.join(literal(value) for value in row)}]" for row in matrix]
    return _in_lines("[", ", ".join(listed), "]")


def column(values: Iterable[float]) -> str:
    """Write numbers as a matrix of one column: ``[[1.0], [-1.0]]``."""
    return rows([value] for value in values)


def tensor(name: str, values: Array) -> str:
    """Write ``name = torch.tensor([...]).reshape(-1, 1)``; values of shape (n,)."""
    return f"{name} = torch.tensor({vector(values)}).reshape(-1, 1)\n"


def _in_lines(start: str, inner: str, end: str) -> str:
    if len(inner) <= WIDTH - 30:
        return start + inner + end
    body = textwrap.fill(
        inner,
        WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{start}\n{body}\n{end}"


def packed(columns: Mapping[str, Array]) -> str:
    """Write code that decodes float32 columns from base64, which is short even for many points."""
    code = """\
import base64

import numpy as np
import torch


def unpacked(text):
    return torch.tensor(np.frombuffer(base64.b64decode(text), "<f4")).reshape(-1, 1)


"""
    for name, values in columns.items():
        text = base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")
        lines = "".join(f'    "{line}"\n' for line in textwrap.wrap(text, WIDTH - 8))
        code += f"{name} = unpacked(\n{lines})\n"
    return code
