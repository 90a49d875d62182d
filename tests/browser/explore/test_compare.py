"""The card "Compare runs": the kept runs, their curves and their table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from pwlapp.core.training import frame_epochs
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-compare")

Open = Callable[..., LecturePage]

LIVE, TRUTH = 8, 9  # positions in assets/explore/compare/plots.ts; kept runs have 0 to 7
FRAMES = """() => pwl.fit.now().playback.frames.map(({ epoch, loss, p }) => [epoch, loss, p])"""
ORDER = """() => [...document.querySelectorAll("#compare-fit-plot .trace")]
  .map((node) => node.__data__[0].trace.index)"""
HEADS = [
    "Run", "Again", "Epochs", "Final loss", "Left slope", "Right slope", "Optimizer",
    "Learning rate", "Units", "Bias b1", "Activation", "Loss kind", "Seed", "Data",
]  # fmt: skip


def train_with(page: LecturePage, lr: str, epochs: int, seed: int = 1) -> list[Any]:
    """Train a new net; returns its frames: epoch, loss and weights."""
    page.fill("#fit-lr", lr)
    page.fill("#fit-seed", str(seed))
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    page.train(epochs)
    page.wait_for_epoch(epochs)
    frames: list[Any] = page.page.evaluate(FRAMES)
    return frames


def assert_same_run(page: LecturePage, kept: list[Any]) -> None:
    """Equal to the last bit at every planned epoch; the end of a slice is also a frame."""
    now, before = (
        {epoch: rest for epoch, *rest in frames} for frames in (page.page.evaluate(FRAMES), kept)
    )
    common = now.keys() & before.keys()
    assert {0, *frame_epochs(0, 200)} <= common
    assert [now[epoch] for epoch in common] == [before[epoch] for epoch in common]


def prepared(address: str, open_page: Open) -> LecturePage:
    page = open_page(address)
    page.skip_replay()
    page.unfold()
    return page


def near(page: LecturePage) -> None:
    page.find("#compare-note").scroll_into_view_if_needed()
    expect(page.find("#compare-table tr.current")).to_be_visible()


def rows(page: LecturePage) -> list[list[str]]:
    found: list[list[str]] = page.page.evaluate(
        """() => [...document.querySelectorAll("#compare-table tbody tr")].map((row) =>
          [...row.children].map((cell) =>
            cell.querySelector(".run-name")?.value ?? cell.innerText))"""
    )
    return found


def assert_painted(page: LecturePage, graph: str, trace: int, x: list[float], y: Any) -> None:
    """Check that the painted line goes through these points."""
    low, high = page.page.evaluate(
        f"document.querySelector('#{graph} .js-plotly-plot')._fullLayout.yaxis.range"
    )
    painted = np.array(page.painted(graph, trace))
    assert np.abs(np.interp(x, *painted.T) - y).max() < (high - low) * 0.02


def loss_is_drawn(page: LecturePage, trace: int, frames: list[Any]) -> None:
    epochs, losses = [frame[0] for frame in frames], [frame[1] for frame in frames]
    x, y = page.drawn("compare-loss-plot", trace)
    assert len(x) <= 240
    assert (x[0], x[-1]) == (epochs[0], epochs[-1])
    recorded = dict(zip(epochs, losses, strict=True))
    assert y == [recorded[epoch] for epoch in x]
    assert_painted(page, "compare-loss-plot", trace, epochs, losses)


def fit_is_drawn(page: LecturePage, trace: int, p: list[float]) -> None:
    W1, W2, b2 = np.array(p[:2]), np.array(p[2:4]), p[4]
    x = np.array(page.drawn("compare-fit-plot", trace)[0])
    yhat = 1 / (1 + np.exp(-(np.maximum(x[:, None] * W1, 0) @ W2 + b2)))
    assert page.drawn("compare-fit-plot", trace)[1] == pytest.approx(yhat, abs=1e-6)
    assert_painted(page, "compare-fit-plot", trace, x.tolist(), yhat)


def test_two_learning_rates_side_by_side(address: str, open_page: Open) -> None:
    page = prepared(address, open_page)
    page.find("#compare-keep").click()
    expect(page.find("#compare-said")).to_have_text(
        "Nothing is trained yet. Train first, then keep the run."
    )
    slow = train_with(page, "0.001", 2000)
    page.click("#compare-keep-in-fit")
    expect(page.find("#compare-said-in-fit")).to_contain_text("“Adam 0.001 · 2 units · seed 1”")
    quick = train_with(page, "0.01", 1000)
    page.find("#compare-keep").click()
    now = train_with(page, "0.02", 500, seed=2)

    near(page)
    expect(page.find("#compare-table tbody tr")).to_have_count(3)
    expect(page.find("#compare-table tr.current td").nth(1)).to_have_text("500")
    for trace, frames in ((0, slow), (1, quick), (LIVE, now)):
        loss_is_drawn(page, trace, frames)
        fit_is_drawn(page, trace, frames[-1][2])
    assert page.page.evaluate(ORDER)[-2:] == [LIVE, TRUTH]
    assert page.find("#compare-table thead th").all_inner_texts() == HEADS
    expected = [
        ("now in Fit", "0.02", "2", "500", now),
        ("Adam 0.001 · 2 units · seed 1", "0.001", "1", "2,000", slow),
        ("Adam 0.01 · 2 units · seed 1", "0.01", "1", "1,000", quick),
    ]
    for row, (name, lr, seed, epochs, frames) in zip(rows(page), expected, strict=True):
        assert (row[0], row[2]) == (name, epochs)
        assert row[6:] == ["Adam", lr, "2", "no", "ReLU", "BCE", seed, "The lecture's set"]
        _, loss, p = frames[-1]
        slopes = sorted((W1, W1 * W2) for W1, W2 in zip(p[:2], p[2:4], strict=True))
        left = sum(slope for W1, slope in slopes if W1 < 0)
        right = sum(slope for W1, slope in slopes if W1 > 0)
        shown = [number(text) for text in row[3:6]]
        assert shown == pytest.approx([loss, left, right], abs=6e-5)
        assert number(row[3]) == pytest.approx(loss, abs=6e-7)

    page.click("#playback-start")  # the play head moves, and the live curves with it
    page.page.set_viewport_size({"width": 1000, "height": 800})
    near(page)
    page.wait_until_drawn_to_size("explore-compare")
    expect(page.find("#compare-table tr.current td").nth(1)).to_have_text("0")
    assert page.drawn("compare-loss-plot", LIVE)[0] == [0]
    fit_is_drawn(page, LIVE, now[0][2])

    page.find("#compare-axes input").nth(0).check()
    page.find("#compare-axes input").nth(1).check()
    page.page.wait_for_function(
        """() => {
          const gd = document.querySelector("#compare-loss-plot .js-plotly-plot");
          const { xaxis, yaxis } = gd._fullLayout;
          return xaxis.type === "log" && yaxis.type === "log";
        }"""
    )
    assert page.drawn("compare-loss-plot", 0)[0][0] > 0


def test_runs_are_named_hidden_removed_and_survive_a_reload(address: str, open_page: Open) -> None:
    page = prepared(address, open_page)
    frames = train_with(page, "0.01", 300)
    for _ in range(2):
        page.find("#compare-keep").click()
    names = page.find("#compare-table .run-name")
    expect(names).to_have_count(2)
    expect(names.nth(1)).to_have_value("Adam 0.01 · 2 units · seed 1 (2)")
    names.nth(1).fill("the <b>quick</b> one")
    names.nth(1).press("Enter")
    page.find("#compare-table .run-shown").nth(0).uncheck()
    expect(page.find("#compare-table tr.unseen")).to_have_count(1)
    assert page.drawn("compare-loss-plot", 0)[1] == [None]

    page.page.reload()
    page.wait_until_ready()
    near(page)
    expect(names.nth(1)).to_have_value("the <b>quick</b> one")
    expect(page.find("#compare-table .run-shown").nth(0)).not_to_be_checked()
    page.page.wait_for_function(
        "document.querySelector('#compare-loss-plot .js-plotly-plot')?.data[1].y.length > 1"
    )
    loss_is_drawn(page, 1, frames)
    fit_is_drawn(page, 1, frames[-1][2])

    page.find("#compare-table .run-remove").nth(1).click()
    expect(names).to_have_count(1)
    assert page.drawn("compare-loss-plot", 1)[1] == [None]
    page.page.evaluate("pwl.history.undo()")
    expect(names.nth(1)).to_have_value("the <b>quick</b> one")
    page.page.evaluate("pwl.history.redo()")
    expect(names).to_have_count(1)
    for kept in range(2, 9):
        page.find("#compare-keep").click()
        expect(names).to_have_count(kept)
    page.find("#compare-keep").click()
    expect(page.find("#compare-said")).to_have_text("8 runs are kept already. Remove one first.")
    expect(names).to_have_count(8)
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(page.find("#compare-said")).to_contain_text("이미 8개를 남겼습니다")
    expect(names.nth(0)).to_have_value("Adam 0.01 · 유닛 2개 · 시드 1")


def test_a_row_restores_its_run_and_other_data_are_marked(address: str, open_page: Open) -> None:
    page = prepared(address, open_page)
    kept = train_with(page, "0.01", 200, seed=5)
    page.find("#compare-keep").click()
    train_with(page, "0.05", 100, seed=2)
    near(page)
    page.find("#compare-table tr.run td").nth(2).click()
    expect(page.find("#compare-said")).to_contain_text("is trained again in Fit")
    page.wait_for_epoch(200)
    expect(page.find("#fit-seed")).to_have_value("5")
    expect(page.find("#fit-lr")).to_have_value("0.01")
    assert page.page.evaluate("pwl.fit.now().state.optimizer") == {"kind": "adam", "lr": 0.01}
    assert_same_run(page, kept)

    other = {"law": "step_like", "n": 300, "noise": 0, "seed": 1, "held_out": 0}
    page.page.evaluate("(spec) => pwl.fit.send('use_data', { spec })", other)
    page.go("explore-compare")
    near(page)
    row = page.find("#compare-table tr.other-data")
    expect(row).to_contain_text("The lecture's set (other data)")
    expect(page.find("#compare-table tr.current")).to_contain_text("Step-like probability")
    expect(page.find("#compare-note")).to_contain_text("One run is on other data")
    assert page.drawn("compare-fit-plot", 0)[1] == [None]
    assert len(page.drawn("compare-loss-plot", 0)[1]) > 100

    row.locator("[data-action='open']").click()  # on its own data, and the others come back by Undo
    page.wait_for_epoch(200)
    assert_same_run(page, kept)
    page.page.evaluate("pwl.history.undo()")
    page.wait_for_epoch(0)
    assert page.page.evaluate("pwl.fit.now().data.spec.law") == "step_like"


def test_runs_that_cannot_be_shown_or_repeated_as_they_were(address: str, open_page: Open) -> None:
    page = prepared(address, open_page)
    a_wide_net_keeps_its_curve_and_a_changed_one_says_so(page)
    a_run_on_own_points_says_that_they_are_not_kept(page)


def a_wide_net_keeps_its_curve_and_a_changed_one_says_so(page: LecturePage) -> None:
    page.fill("#fit-hidden", "32")
    page.click("#fit-reset")
    expect(page.find("#fit-layers")).to_contain_text("32")
    page.train(50)
    page.wait_for_epoch(50)
    page.fill("#fit-lr", "0.01")
    page.train(50)
    page.wait_for_epoch(100)
    page.find("#compare-keep").click()
    expect(page.find("#compare-table tr.run th")).to_contain_text("optimizer changed on the way")
    curve = page.page.evaluate("pwl.fit.frame().curve")
    x, y = page.drawn("compare-fit-plot", 0)
    assert (len(x), x[0], x[-1]) == (101, -1, 1)
    assert y == pytest.approx(1 / (1 + np.exp(-np.array(curve))), abs=1e-6)
    assert rows(page)[1][4:6] == ["–", "–"]


def a_run_on_own_points_says_that_they_are_not_kept(page: LecturePage) -> None:
    spec = {"law": "own", "x": [-1, 0, 0.5, 1], "y": [0, 1, 1, 0], "prob": None, "held_out": 0}
    page.page.evaluate("(spec) => pwl.fit.send('use_data', { spec })", spec)
    page.train(20)
    page.wait_for_epoch(20)
    page.find("#compare-keep").click()
    expect(page.find("#compare-table tr.run").nth(1)).to_contain_text("Your own points")
    assert page.drawn("compare-points-plot", 0)[0][:4] == [-1, 0, 0.5, 1]
    assert page.drawn("compare-fit-plot", TRUTH)[1] == [None], "nobody knows the truth"
    page.page.evaluate("pwl.fit.send('use_data', { spec: { law: 'lecture', held_out: 0 } })")
    row = page.find("#compare-table tr.other-data")
    row.locator("[data-action='open']").click()
    expect(page.find("#compare-said")).to_contain_text("which are not here now")
