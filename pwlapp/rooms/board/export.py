"""Exports the board as CSV, and the nets of all students as a notebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pwlapp.core.data.points import Points
from pwlapp.core.export import notebooks, programs
from pwlapp.core.export.literals import literal, vector
from pwlapp.core.export.programs import Part, Words
from pwlapp.core.messages import fill
from pwlapp.core.net import Architecture
from pwlapp.core.state import TrainState
from pwlapp.rooms.board.rows import Outcome, Row
from pwlapp.rooms.state import Value

BYTE_ORDER_MARK = "\ufeff"  # without it, spreadsheets do not recognise UTF-8
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes such a cell for a formula

MAKE_NET = """\
def make_net(student):
    h, bias1 = student["h"], student["bias1"]
    a1 = torch.nn.ReLU() if student["activation"] == "relu" else torch.nn.Sigmoid()
    layers = [torch.nn.Linear(1, h, bias=bias1), a1, torch.nn.Linear(h, 1)]
    if student["loss_fn"] == "bce":
        layers.append(torch.nn.Sigmoid())
    net = torch.nn.Sequential(*layers)
    params = torch.tensor(student["params"])
    for weight in net.parameters():
        n = weight.numel()
        weight.data, params = params[:n].reshape_as(weight), params[n:]
    return net


nets = [make_net(student) for student in students]
"""
LOSSES = """\
for student, net in zip(students, nets):
    if student["same_data"]:
        loss_fn = torch.nn.BCELoss() if student["loss_fn"] == "bce" else torch.nn.MSELoss()
        print(student["number"], student["outcome"], loss_fn(net(x), y).item())
"""
HISTOGRAM = """\
import numpy as np

losses = np.array([student["loss"] for student in students])
plt.hist(losses[np.isfinite(losses)], bins=40)
plt.xlabel("loss")
plt.show()
"""


class Student(NamedTuple):
    """A student's net, as it is exported."""

    seat: int
    seed: int
    outcome: Outcome
    train: TrainState
    data_key: str
    score: float | None = None  # in the present challenge


def csv_table(
    rows: Sequence[Row],
    answers: Mapping[int, Value],
    scores: Mapping[int, float],
    with_names: bool,
) -> str:
    """Write the board as CSV, with a line for each student.

    Parameters
    ----------
    rows : sequence of dict
        See `rows.row`.
    answers, scores : mapping of int to a value
        Answers to the present question and scores in the present challenge, by seat number.
    with_names : bool
        Whether there is a column of nicknames.
    """
    widest = max(
        (Architecture(**row["net"]) for row in rows if row["plain"]),
        key=lambda net: net.size,
        default=None,
    )
    has_bias1 = any(row["net"]["bias1"] for row in rows)
    weights = replace(widest, bias1=has_bias1).weight_names if widest else []
    columns = [
        "student", *["name"] * with_names, "outcome", "seed", "epoch", "loss",
        "slope_left", "slope_right", "data", "h", "bias1", "activation", "loss_fn",
        "answer", "score", *weights,
    ]  # fmt: skip
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    for row in rows:
        seat = {"answer": _answer(answers.get(row["n"])), "score": scores.get(row["n"])}
        table.writerow(_cells(row) | seat)
    return BYTE_ORDER_MARK + text.getvalue()


def notebook(students: Sequence[Student], points: Points, words: Words) -> str:
    """Write a notebook that builds the nets of all students and draws them, also without PyTorch.

    Parameters
    ----------
    students : sequence of Student
    points : Points
        The data of the class. The notebook computes the losses of nets trained on it again.
    words : mapping of str to str
        The catalogue's ``code.*`` sentences.

    Returns
    -------
    str
        Contains only checked numbers, no nicknames.
    """
    parts = [
        notebooks.without_torch(words),
        programs.data_part(points, words),
        Part(words["code.class_students"], _students(students, points)),
        Part(words["code.class_nets"], MAKE_NET),
        Part(words["code.class_losses"], LOSSES),
        Part(words["code.class_plot"], _plot(points)),
        Part(words["code.class_histogram"], HISTOGRAM),
    ]
    return notebooks.notebook_of(fill(words["code.class_title"], n=len(students)), parts)


def safe_cell(text: str) -> str:
    """Escape a text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _cells(row: Row) -> dict[str, Any]:
    """The cells of a row, by column; None for values that are missing."""
    left, right = row["slopes"] or (None, None)
    net = row["net"]
    cells = {
        "student": row["n"],
        "name": safe_cell(row["name"]),
        "outcome": row["outcome"],
        "seed": row["seed"],
        "epoch": row["epoch"],
        "loss": row["loss"],
        "slope_left": left,
        "slope_right": right,
        "data": row["data"],
        "h": net["h"],
        "bias1": int(net["bias1"]),
        "activation": net["activation"],
        "loss_fn": net["loss"],
    }
    if row["plain"]:
        cells |= zip(Architecture(**net).weight_names, row["numbers"], strict=True)
    return cells


def _answer(value: Value | None) -> str | float | None:
    return " ".join(str(y) for y in value) if isinstance(value, tuple) else value


def _students(students: Sequence[Student], points: Points) -> str:
    lines = "".join(f"    {_student(student, points)},\n" for student in students)
    return f"students = [\n{lines}]\n"


def _student(student: Student, points: Points) -> str:
    train, net = student.train, student.train.net
    return (
        f'{{"number": {student.seat:d}, "seed": {student.seed:d}, "outcome": "{student.outcome}", '
        f'"epoch": {train.epoch:d}, "loss": {literal(train.loss)}, '
        f'"score": {student.score!r}, '
        f'"same_data": {student.data_key == points.key!r}, '
        f'"h": {net.h:d}, "bias1": {net.bias1!r}, '
        f'"activation": "{net.activation}", "loss_fn": "{net.loss}",\n'
        f'     "params": {vector(train.params)}}}'
    )


def _plot(points: Points) -> str:
    is_known = points.prob is not None
    truth = 'plt.plot(x[order], prob[order], "k--")\n' if is_known else ""
    return f"""\
import matplotlib.pyplot as plt

colors = {{
    "both": "C0", "left": "C1", "right": "C2", "dead": "C3", "diverged": "C4",
    "not_yet": "C5", "not_started": "C7",
}}
order = x.flatten().argsort()
for student, net in zip(students, nets):
    plt.plot(x[order], net(x).data[order], colors[student["outcome"]], lw=0.5, alpha=0.5)
{truth}plt.show()
"""
