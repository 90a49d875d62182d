"""The lecture's six constructions of the bent line, each as a program.

The server runs exactly the program that the page shows. Its text consists only of the templates
below and of literals of checked numbers, so that it is safe to execute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.export.literals import column, literal, rows
from pwlapp.core.net import Params, check_vector, from_vector, slopes

GRID = """\
import torch

x = torch.linspace(-1, 1, 1001).reshape(-1, 1)
"""


@dataclass(frozen=True)
class Result:
    """A construction and its line.

    Attributes
    ----------
    number : int
        1 to 6.
    code : str
        The program that was run.
    y : list of float
        Its bent line at the 1001 points of ``torch.linspace(-1, 1, 1001)``.
    max_difference : float
        The largest absolute difference from construction 1.
    """

    number: int
    code: str
    y: list[float]
    max_difference: float


def times_x(weight: float) -> str:
    """Write ``weight * x`` without needless factors: ``x``, ``-x`` or ``1.5 * x``."""
    return {1.0: "x", -1.0: "-x"}.get(float(weight), f"{literal(weight)} * x")


def plus(value: float) -> str:
    """Write a number as the next term of a sum: ``+ 4.5`` or ``- 4.5``."""
    sign = "-" if value < 0 else "+"
    return f"{sign} {literal(abs(value))}"


def weighted_sum(params: Params, first: str, second: str) -> str:
    """Write ``W2[0] * first + W2[1] * second + b2``."""
    weight, other = params.W2
    return f"{literal(weight)} * {first} {plus(other)} * {second} {plus(params.b2)}"


def piecewise(params: Params) -> str:
    """1: one formula for each side of the bend."""
    # 7 digits hide the rounding errors of products of float32 weights
    left, right = (float(f"{slope:.7g}") for slope in slopes(params))
    b2 = plus(params.b2)
    return f"""\
y = x * 0
y[x < 0] = ({times_x(left)} {b2})[x < 0]
y[x >= 0] = ({times_x(right)} {b2})[x >= 0]
"""


def two_relus(params: Params) -> str:
    """2: a weighted sum of ReLUs."""
    first, second = params.W1
    return f"""\
relu = torch.nn.ReLU()
y = {weighted_sum(params, f"relu({times_x(first)})", f"relu({times_x(second)})")}
"""


def broadcast(params: Params) -> str:
    """3: both units as columns of one matrix, with one call of ReLU."""
    first, second = params.W1
    return f"""\
relu = torch.nn.ReLU()
u = torch.concat([{times_x(first)}, {times_x(second)}], axis=1)  # (1001, 2)
v = relu(u)
v1 = v[:, [0]]  # (1001, 1)
v2 = v[:, [1]]
y = {weighted_sum(params, "v1", "v2")}
"""


def linear_out(params: Params) -> str:
    """4: the sum as a matrix product, y = linr(v)."""
    first, second = params.W1
    return f"""\
relu = torch.nn.ReLU()
u = torch.concat([{times_x(first)}, {times_x(second)}], axis=1)
v = relu(u)
y = v @ torch.tensor({column(params.W2)}) {plus(params.b2)}  # (1001, 2) @ (2, 1)
"""


def linear_in(params: Params) -> str:
    """5: the units as a matrix product as well, u = linr(x)."""
    return f"""\
relu = torch.nn.ReLU()
u = x @ torch.tensor({rows([params.W1])})  # (1001, 1) @ (1, 2)
v = relu(u)
y = v @ torch.tensor({column(params.W2)}) {plus(params.b2)}
"""


def layers(params: Params) -> str:
    """6: both products as layers of a net."""
    return f"""\
l1 = torch.nn.Linear(1, 2, bias=False)
a1 = torch.nn.ReLU()
l2 = torch.nn.Linear(2, 1, bias=True)
l1.weight.data = torch.tensor({rows([params.W1])}).T  # (2, 1)
l2.weight.data = torch.tensor({column(params.W2)}).T  # (1, 2)
l2.bias.data = torch.tensor([{literal(params.b2)}])
pwlinr = torch.nn.Sequential(l1, a1, l2)
y = pwlinr(x).data
"""


TEMPLATES: tuple[Callable[[Params], str], ...] = (
    piecewise,
    two_relus,
    broadcast,
    linear_out,
    linear_in,
    layers,
)


def programs(params: Params) -> list[str]:
    """Write the six constructions of a net with two hidden units as complete programs.

    Each leaves the bent line in ``y``, of shape (1001, 1).
    """
    return [GRID + template(params) for template in TEMPLATES]


def run_all(vector: object) -> list[Result]:
    """Write the six programs with these parameters and run them. Imports torch.

    Parameters
    ----------
    vector : array-like of shape (5,)
        W1, W2 and b2 in the order of `net.to_vector`.

    Raises
    ------
    UserError
        ``bad_params`` (max) unless these are five numbers of at most `net.MAX_PARAM`.
    """
    import torch

    codes = programs(from_vector(check_vector(vector, k=5)))
    with torch.random.fork_rng(devices=[]):  # a new torch.nn.Linear draws random weights
        curves = [run(code) for code in codes]
    return [
        Result(number, code, y.tolist(), float(np.abs(y - curves[0]).max()))
        for number, (code, y) in enumerate(zip(codes, curves, strict=True), start=1)
    ]


def run(code: str) -> NDArray[np.float64]:
    """Execute a program that `programs` has written and return its ``y``, of shape (1001,)."""
    names: dict[str, Any] = {}
    exec(compile(code, "<construction>", "exec"), names)  # noqa: S102 -- our templates and numbers
    y: NDArray[np.float64] = names["y"].flatten().numpy().astype(np.float64)
    return y
