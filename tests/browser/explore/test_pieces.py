"""The card "The line in pieces": knots, slopes and units of the net in Fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from pwlapp.core.net import Architecture, from_vector
from tests.golden import in_pieces
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-pieces")

Open = Callable[..., LecturePage]

UNITS, DEAD, UNIT1, UNIT2, NET, PIECE, CHOSEN, BEND, KNOTS = range(9)  # as in pieces/plot.ts


def table(page: LecturePage) -> list[list[str]]:
    found: list[list[str]] = page.page.evaluate(
        """() => [...document.querySelectorAll("#pieces-table tbody tr")].map((row) =>
          [...row.children].map((cell) => cell.textContent))"""
    )
    return found


def near(page: LecturePage) -> None:
    page.find("#pieces-plot").scroll_into_view_if_needed()
    expect(page.find("#pieces-plot .js-plotly-plot")).to_be_visible()


def train(page: LecturePage, epochs: int, **fields: Any) -> None:
    for name, value in fields.items():
        if name in ("hidden", "seed", "lr"):
            page.fill(f"#fit-{name}", str(value))
        else:
            page.choose(f"fit-{name}", value)
    if fields:
        page.click("#fit-reset")
        page.wait_for_epoch(0)
    page.train(epochs)
    page.wait_for_epoch(epochs)


def ready(address: str, open_page: Open) -> LecturePage:
    page = open_page(address)
    page.skip_replay()
    return page


def test_the_lectures_net_in_two_pieces(address: str, open_page: Open) -> None:
    page = ready(address, open_page)
    train(page, 10_000)
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net at epoch 10,000")
    W1a, W1b, W2a, W2b, b2 = page.page.evaluate("pwl.fit.frame().p")
    first, second = table(page)
    assert (first[:2], second[:2]) == (["−1", "0"], ["0", "1"])
    assert number(first[2]) == pytest.approx(W1b * W2b, abs=6e-5)
    assert number(second[2]) == pytest.approx(W1a * W2a, abs=6e-5)
    assert number(first[2]) == pytest.approx(14.3, abs=0.5)
    assert number(second[2]) == pytest.approx(-5.1, abs=0.5)
    assert first[3] == second[3] == "4.9937"
    assert b2 == pytest.approx(4.9937, abs=6e-5)
    expect(page.find("#pieces-formula math")).to_contain_text("14.01")
    expect(page.find("#pieces-count")).to_have_text(
        "2 straight pieces within the data. Units that bend there: 2 of 2."
    )

    x, y = page.drawn("pieces-plot", NET)
    assert x == [-1, 0, 1]
    assert y == pytest.approx([W1b * -1 * W2b + b2, b2, W1a * W2a + b2], abs=1e-6)
    painted = np.array(page.painted("pieces-plot", NET))
    assert np.abs(np.interp(x, *painted.T) - y).max() < 0.3
    assert page.drawn("pieces-plot", KNOTS)[0] == [0, 0, None] * 2, "a tick for each unit"

    page.click("#playback-start")  # follows the play head
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net at epoch 0")
    W1a, W1b, W2a, W2b, b2 = page.page.evaluate("pwl.fit.frame().p")
    assert number(table(page)[0][2]) == pytest.approx(W1b * W2b, abs=6e-5)
    page.type_weight("fit", 0, "0")  # a unit that bends nowhere
    near(page)
    expect(page.find("#pieces-count")).to_contain_text("on at no data point (dotted): 1")
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(page.find("#pieces-count")).to_contain_text("유닛(점선): 1개")


def test_other_nets(address: str, open_page: Open) -> None:
    page = ready(address, open_page)
    page.unfold()
    sigmoid_units_are_steps(page)
    a_wide_net_is_analysed_when_it_is_at_rest(page)


def a_wide_net_is_analysed_when_it_is_at_rest(page: LecturePage) -> None:
    train(page, 300, hidden=512, activation="relu", lr=0.001)
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net as it stands, at epoch 300")
    sent = page.page.evaluate("pwl.fit.send('params').then(({ params }) => params)")
    params = from_vector(sent, bias1=True)
    line = in_pieces(np.array(sent), Architecture(512, bias1=True), -1, 1)
    rows = table(page)
    assert len(rows) == len(line["slopes"]) > 100
    for column, values in ((2, line["slopes"]), (3, line["intercepts"]), (1, [*line["knots"], 1])):
        found = [number(row[column]) for row in rows]
        assert found == pytest.approx(list(values), abs=6e-5)
    expect(page.find("#pieces-formula")).to_contain_text("too many for a formula")
    expect(page.find("#pieces-count")).to_contain_text("Drawn: the 100 units")
    assert params.b1 is not None
    knots = -params.b1.astype(float) / params.W1
    inside = np.abs(knots) < 1
    drawn = page.drawn("pieces-plot", KNOTS)[0]
    assert drawn[::3] == pytest.approx(knots[inside], abs=1e-6)
    assert page.drawn("pieces-plot", UNITS)[0].count(None) == 100
    assert len(page.painted("pieces-plot", NET)) > 100

    k = int(np.flatnonzero(inside & (params.W1 > 0))[0])
    slider = page.find("#pieces-choose input[type=range]")
    slider.fill(str(k))
    slider.press("ArrowRight")
    expect(page.find("#pieces-unit")).to_contain_text(f"Unit {k + 1}: W1 = {params.W1[k]:.4f}")
    x, y = page.drawn("pieces-plot", CHOSEN)
    assert x == pytest.approx([-1, knots[k], 1], abs=1e-6)
    most = params.W2[k] * (params.W1[k] + params.b1[k])
    assert y == pytest.approx([0, 0, most], abs=1e-5)
    assert page.drawn("pieces-plot", BEND)[0] == pytest.approx([knots[k]] * 2, abs=1e-6)
    page.find("#pieces-choose input[type=checkbox]").check()
    page.page.wait_for_function(
        """(most) => {
          const { yaxis } = document.querySelector("#pieces-plot .js-plotly-plot")._fullLayout;
          return yaxis.range[1] - yaxis.range[0] < 15 * most;
        }""",
        arg=abs(float(most)),
    )
    dead = (np.maximum(params.W1, -params.W1) + params.b1) <= 0
    slider.fill(str(int(np.flatnonzero(dead)[0]) + 1))
    expect(page.find("#pieces-unit")).to_contain_text("on at no data point")
    expect(page.find("#pieces-count")).to_contain_text(f"at no data point: {int(dead.sum())}.")


def sigmoid_units_are_steps(page: LecturePage) -> None:
    train(page, 500, hidden=4, bias="bias1", activation="sigmoid", lr=0.05)
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net at epoch 500")
    expect(page.find("#pieces-formula")).to_contain_text("Sigmoid units do not bend")
    p = np.array(page.page.evaluate("pwl.fit.frame().p"))
    W1, b1, W2 = p[:4], p[4:8], p[8:12]
    half = {k + 1: -b1[k] / W1[k] for k in range(4) if abs(b1[k] / W1[k]) < 1}
    rows = table(page)
    assert [int(row[1]) for row in rows] == sorted(half, key=lambda k: half[k])
    for place, unit, height, steep in rows:
        k = int(unit) - 1
        numbers = [number(text.removeprefix("+")) for text in (place, height, steep)]
        assert numbers == pytest.approx([half[k + 1], W2[k] * np.sign(W1[k]), abs(W1[k])], abs=6e-5)
    x, y = (np.array(values) for values in page.drawn("pieces-plot", UNIT1))
    inside = np.array([value is not None for value in x])
    curve = W2[0] / (1 + np.exp(-(x[inside].astype(float) * W1[0] + b1[0])))
    assert y[inside].astype(float) == pytest.approx(curve, abs=1e-6)
