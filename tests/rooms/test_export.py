"""The files of a class: CSV without names or formulas, and a notebook that runs."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace

import numpy as np
import pytest

from pwlapp.core.analysis.plateaus import plateaus
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.training import initial_state
from pwlapp.rooms.board.export import BYTE_ORDER_MARK, Student, csv_table, notebook, safe_cell
from pwlapp.rooms.board.rows import Row, row
from pwlapp.rooms.state import Seat
from tests.core.export.test_export import WORDS, some_points
from tests.support.notebooks import run_cells
from tests.support.sessions import make_state

POINTS = lecture_points()


def make_row(number: int, nickname: str = "", net: Architecture = LECTURE) -> Row:
    train = replace(initial_state(number, *POINTS.training, net), epoch=100)
    state = replace(make_state(data_key=POINTS.key), seed=number, train=train)
    seat = Seat(own="x", nickname=nickname, number=number)
    best = plateaus(*POINTS.training, net.loss)
    return row(seat, state, POINTS, best, is_here=True)


def table(text: str) -> list[dict[str, str]]:
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))


class TestCsv:
    def test_has_each_seat_with_its_weights_to_the_last_bit(self) -> None:
        rows = [make_row(1), make_row(2, net=Architecture(h=3, bias1=True))]
        first, second = table(csv_table(rows, {1: 31}, {2: 0.25}, with_names=False))
        assert (first["student"], first["seed"], first["epoch"], first["outcome"]) == (
            "1",
            "1",
            "100",
            "not_yet",
        )
        assert [np.float32(first[name]) for name in ("W1_1", "W1_2", "W2_1", "W2_2", "b2")] == (
            initial_state(1, *POINTS.training).params.tolist()
        )
        assert (first["answer"], first["score"], first["b1_1"], first["W1_3"]) == ("31", "", "", "")
        assert (second["answer"], second["score"], second["h"], second["bias1"]) == (
            "",
            "0.25",
            "3",
            "1",
        )
        assert [float(second[f"b1_{k}"]) for k in (1, 2, 3)] == rows[1]["numbers"][3:6]
        assert float(second["slope_left"]) == rows[1]["slopes"][0]

    def test_has_no_names_unless_asked(self) -> None:
        rows = [make_row(1, "Mina")]
        without, with_names = (csv_table(rows, {}, {}, names) for names in (False, True))
        assert "Mina" not in without
        assert "name" not in table(without)[0]
        assert table(with_names)[0]["name"] == "Mina"

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
    def test_has_no_formula_in_a_name(self, name: str) -> None:
        [line] = table(csv_table([make_row(1, name)], {}, {}, with_names=True))
        assert line["name"] == f"'{name}"
        assert safe_cell("Mina=1") == "Mina=1"

    def test_has_no_weights_of_wide_nets(self) -> None:
        rows = [make_row(1, net=Architecture(h=64))]
        [line] = table(csv_table(rows, {1: (0.5, 1.0)}, {}, with_names=False))
        assert (line["answer"], line["h"]) == ("0.5 1.0", "64")
        assert "b2" not in line

    def test_of_an_empty_room_is_its_header(self) -> None:
        assert table(csv_table([], {}, {}, with_names=True)) == []


def student(seat: int, points: Points, net: Architecture = LECTURE) -> Student:
    train = initial_state(seat, *points.training, net)
    return Student(seat, seat, "both", train, points.key)


class TestNotebook:
    @pytest.mark.parametrize("with_torch", [True, False], ids=["torch", "numpy"])
    @pytest.mark.parametrize("points", [POINTS, some_points(64)], ids=["lecture", "law"])
    def test_makes_every_students_net(
        self,
        points: Points,
        with_torch: bool,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        nets = [
            LECTURE,
            Architecture(h=5, bias1=True, activation="sigmoid"),
            Architecture(loss="mse"),
        ]
        students = [student(n, points, net) for n, net in enumerate(nets, start=1)]
        students[2] = students[2]._replace(data_key="another")
        if not with_torch:
            monkeypatch.setitem(sys.modules, "torch", None)  # cannot be imported
        names, drawn = run_cells(notebook(students, points, WORDS), monkeypatch)
        n = len(points.x)
        assert drawn == [*[f"plot {n}"] * (3 + (points.prob is not None)), "show", "hist 3", "show"]
        for made, each in zip(names["nets"], students, strict=True):
            weights = [weight.data.reshape(-1) for weight in made.parameters()]
            assert np.concatenate(weights).tobytes() == each.train.params.tobytes()
        printed = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert [(int(seat), outcome) for seat, outcome, _ in printed] == [(1, "both"), (2, "both")]
        assert [float(loss) for *_, loss in printed] == pytest.approx(
            [each.train.loss for each in students[:2]], abs=1e-6
        )

    def test_of_an_empty_room_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names, _ = run_cells(notebook([], POINTS, WORDS), monkeypatch)
        assert names["nets"] == []
