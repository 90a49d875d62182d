"""The line in pieces: knots, slopes and units of the net in Fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from playwright.sync_api import expect

from pwlapp.core.net import START, Architecture, Params, from_vector, to_vector
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-pieces")

Open = Callable[..., LecturePage]
Vector = NDArray[np.float64]
INF = float("inf")

UNITS, DEAD, UNIT1, UNIT2, NET, PIECE, CHOSEN, BEND, KNOTS = range(9)  # pieces-plot.js
BY_BROWSER = "([p, net, low, high]) => pwl.net.pieces(p, net, low ?? -Infinity, high ?? Infinity)"


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
            page.find(f"#fit-{name}").fill(str(value))
        else:
            page.choose(f"fit-{name}", value)
    if fields:
        page.find("#fit-reset").click()
        page.wait_for_epoch(0)
    page.train(epochs)
    page.wait_for_epoch(epochs)


def ready(address: str, open_page: Open) -> LecturePage:
    page = open_page(address)
    page.find("#playback-skip").check()
    return page


class Pieces(NamedTuple):
    """A net's logit as the browser takes it apart: ``slopes[i] * x + intercepts[i]``.

    Piece i lies between ``knots[i - 1]`` and ``knots[i]``.
    """

    knots: Vector
    slopes: Vector
    intercepts: Vector

    def at(self, x: Vector) -> tuple[Vector, Vector]:
        """Values and slopes at x."""
        i = np.searchsorted(self.knots, x)
        return self.slopes[i] * x + self.intercepts[i], self.slopes[i]


def pieces(page: LecturePage, params: Params, low: float = -INF, high: float = INF) -> Pieces:
    net = Architecture(params.W1.size, params.b1 is not None)
    ends = [None if np.isinf(end) else end for end in (low, high)]
    found = page.page.evaluate(BY_BROWSER, [to_vector(params).tolist(), vars(net), *ends])
    return Pieces(*(np.array(found[name], np.float64) for name in Pieces._fields))


def by_torch(params: Params, x: Vector) -> tuple[Vector, Vector]:
    """Values and slopes of the logit by autograd, in float64."""
    W1, W2 = (torch.tensor(layer, dtype=torch.float64) for layer in (params.W1, params.W2))
    b1 = torch.zeros_like(W1) if params.b1 is None else torch.tensor(params.b1).double()
    at = torch.tensor(x, requires_grad=True)
    logit = torch.relu(at[:, None] * W1 + b1) @ W2 + params.b2
    (slope,) = torch.autograd.grad(logit.sum(), at)
    return logit.detach().numpy(), slope.numpy()


def assert_is_torchs(line: Pieces, params: Params, x: Vector) -> None:
    size = np.abs(line.slopes).max() + 1
    for found, wanted in zip(line.at(x), by_torch(params, x), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-8 * size)


def tied(seed: int, h: int, bias1: bool) -> Params:
    """Random weights, with zeros among W1 and W2, and knots that several units share."""
    rng = np.random.default_rng(seed)
    W1, W2, b1 = rng.normal(0, 2, (3, h)).astype(np.float32)
    if h > 2:
        W1[::5] = 0
        W2[1::5] = 0
        b1[2::5] = W1[2::5] / 4  # all of these bend at -1/4
    return Params(W1, W2, float(np.float32(rng.normal())), b1 if bias1 else None)


@pytest.mark.parametrize("bias1", [False, True])
@pytest.mark.parametrize("h", [1, 2, 8, 512])
def test_the_pieces_have_the_values_and_slopes_of_autograd(
    shared_page: LecturePage, h: int, bias1: bool
) -> None:
    for seed, (low, high) in enumerate([(-1.5, 2.0), (-INF, INF), (0.5, 0.75)]):
        params = tied(seed, h, bias1)
        line = pieces(shared_page, params, low, high)
        assert (np.diff(line.knots) > 0).all()
        assert len(line.slopes) == len(line.intercepts) == len(line.knots) + 1
        ends = np.concatenate([[max(low, -99)], line.knots, [min(high, 99)]])
        middles = (ends[:-1] + ends[1:]) / 2  # no piece is too many
        anywhere = np.random.default_rng(seed).uniform(ends[0], ends[-1], 300)  # no knot is missing
        assert_is_torchs(line, params, np.concatenate([middles, anywhere]))
        neighbours = Pieces(line.knots, line.slopes[1:], line.intercepts[1:])
        for one in (line, neighbours):  # they meet at their knot
            y = one.slopes[: len(line.knots)] * line.knots + one.intercepts[: len(line.knots)]
            np.testing.assert_allclose(y, by_torch(params, line.knots)[0], rtol=1e-9, atol=1e-6)


def test_small_whole_numbers_have_no_pieces_too_many(shared_page: LecturePage) -> None:
    """Many knots in common, at the ends too, and many changes that cancel."""
    rng = np.random.default_rng(11)
    for h in range(1, 13):
        W1, W2, b1 = rng.integers(-3, 4, (3, h)).astype(np.float32)
        params = Params(W1, W2, 0.5, b1)
        line = pieces(shared_page, params, -2, 2)
        assert (np.diff(line.slopes) != 0).all()
        assert_is_torchs(line, params, np.linspace(-1.99, 1.99, 41))


def params_of(W1: list[float], b1: list[float], W2: list[float]) -> Params:
    return Params(*(np.array(part, np.float32) for part in (W1, W2)), 0.5, np.array(b1, np.float32))


@pytest.mark.parametrize(
    ("params", "ends", "expected"),
    [
        pytest.param(START, (), ([0], [9, -4.5], [4.5, 4.5]), id="the target"),
        pytest.param(
            params_of([0, 0], [2, -3], [4, 5]), (), ([], [0], [8.5]), id="no unit bends: on and off"
        ),
        pytest.param(
            params_of([1, 2], [-1, 0], [0, 3]), (), ([0], [0, 6], [0.5, 0.5]), id="one adds nothing"
        ),
        pytest.param(params_of([1, 1], [-1, -1], [2, -2]), (), ([], [0], [0.5]), id="two cancel"),
        pytest.param(
            params_of([1, 2], [-1, -2], [2, 2]), (), ([1], [0, 6], [0.5, -5.5]), id="one knot"
        ),
        pytest.param(
            params_of([1, -1], [0, 0], [1, -1]), (), ([], [1], [0.5]), id="relu(x) - relu(-x) is x"
        ),
        pytest.param(params_of([1e-30], [1e6], [1]), (-1, 1), ([], [0], [1e6 + 0.5]), id="far out"),
        pytest.param(
            params_of([1, 1, 1, -1], [1, 0, -1, 2], [1, 1, 1, 1]),  # knots -1, 0, 1, 2
            (-1, 1),
            ([0], [0, 1], [3.5, 3.5]),
            id="a knot at an end bends nothing inside",
        ),
        pytest.param(
            params_of([1, 1, 1, -1], [1, 0, -1, 2], [1, 1, 1, 1]), (3, 4), ([], [3], [0.5]),
            id="all knots outside",
        ),
    ],
)  # fmt: skip
def test_knots_that_are_none(
    shared_page: LecturePage,
    params: Params,
    ends: tuple[float, float] | tuple[()],
    expected: tuple[list[float], ...],
) -> None:
    for found, wanted in zip(pieces(shared_page, params, *ends), expected, strict=True):
        assert found.tolist() == pytest.approx(wanted)


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

    page.find("#playback-start").click()  # follows the play head
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net at epoch 0")
    W1a, W1b, W2a, W2b, b2 = page.page.evaluate("pwl.fit.frame().p")
    assert number(table(page)[0][2]) == pytest.approx(W1b * W2b, abs=6e-5)
    page.type_weight("fit", 0, "0")  # a unit that bends nowhere
    near(page)
    expect(page.find("#pieces-count")).to_contain_text("on at no data point (dotted): 1")
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(page.find("#pieces-count")).to_contain_text("유닛(점선): 1개")


def test_a_wide_net_is_taken_apart_when_it_rests(address: str, open_page: Open) -> None:
    page = ready(address, open_page)
    page.unfold()
    train(page, 300, hidden=512, bias="bias1")
    near(page)
    expect(page.find("#pieces-when")).to_have_text("The net as it stands, at epoch 300")
    sent = page.page.evaluate("pwl.fit.send('params').then(({ params }) => params)")
    params = from_vector(sent, bias1=True)
    line = pieces(page, params, -1, 1)
    rows = table(page)
    assert len(rows) == len(line.slopes) > 100
    for column, values in ((2, line.slopes), (3, line.intercepts), (1, [*line.knots, 1])):
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


def test_sigmoid_units_are_steps(address: str, open_page: Open) -> None:
    page = ready(address, open_page)
    page.unfold()
    train(page, 500, hidden=4, bias="bias1", activation="sigmoid", lr=0.05)
    near(page)
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
