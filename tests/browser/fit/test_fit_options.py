"""Fit's options: other nets, another optimizer, another engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from pwlapp.core import net
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice
from tests.support.lecture_page import LecturePage, number

Open = Callable[..., LecturePage]

UNIT1, UNIT2, NET, TRUTH, BEND, OTHERS = range(6)  # positions in figures.TRACES["logit"]
BIASED = Architecture(5, bias1=True, loss="mse")

PAUSED_AT_THE_END = """() => {
  const { state, frame } = pwl.fit.now();
  const slider = document.querySelector("#playback-scrub");
  const count = document.querySelector("#count-epoch").textContent;
  return state.status === "paused" && state.epoch === frame.epoch && slider.value === slider.max &&
    count === frame.epoch.toLocaleString("en");
}"""


def trained(architecture: Architecture, options: OptimizerOptions, epochs: int) -> TrainState:
    """The result of the lecture's loop on its data from seed 1."""
    points = lecture_points()
    state = initial_state(1, points.x, points.y, architecture)
    return train_slice(state, points.x, points.y, options, Budget(epochs)).state


def test_the_options_open_by_keyboard_and_momentum_is_remembered(
    address: str, open_page: Open
) -> None:
    page = open_page(address)
    expect(page.find("#fit-hidden")).to_be_hidden()
    expect(page.find("#fit-summary")).to_contain_text(
        "2 units · ReLU · no bias · BCE · Adam, learning rate 0.001"
    )
    page.find("#fit-options summary").press("Enter")
    expect(page.find("#fit-hidden")).to_be_visible()
    expect(page.find("#fit-momentum")).to_be_hidden()
    page.choose("fit-optimizer", "sgd")
    expect(page.find("#fit-lr")).to_have_value("0.1")
    expect(page.find("#fit-momentum")).to_be_visible()
    page.fill("#fit-momentum", "0.9")
    page.train(60)
    page.wait_for_epoch(60)
    expected = trained(net.LECTURE, SgdOptions(lr=0.1, momentum=0.9), 60).params
    assert page.page.evaluate("pwl.fit.frame().p") == pytest.approx(expected, abs=1e-4)
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#fit-hidden")).to_be_hidden()
    expect(page.find("#fit-momentum")).to_have_value("0.9")
    expect(page.find("#fit-summary")).to_contain_text("SGD, learning rate 0.1, momentum 0.9")


def test_five_units_with_bias_and_mse(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.unfold()
    page.fill("#fit-hidden", "5")
    page.choose("fit-bias", "bias1")
    page.choose("fit-loss", "mse")
    expect(page.find("#fit-reset")).to_have_text("Start over with this net")
    page.train(300)
    page.wait_for_epoch(300)
    expect(page.find("#fit-reset")).to_have_text("Reset")
    expect(page.find("#fit-layers")).to_have_text("Linear(1, 5, bias=True) → ReLU → Linear(5, 1)")
    expect(page.find("#fit-engine-used")).to_contain_text("epochs per second")

    p = page.page.evaluate("pwl.fit.frame().p")
    assert p == pytest.approx(trained(BIASED, AdamOptions(), 300).params, abs=1e-4)
    assert [float(text) for text in page.weights(count=16)] == pytest.approx(p, abs=6e-5)
    params = net.from_vector(p, bias1=True)
    for graph, trace in (("fit-yhat-plot", 0), ("fit-logit-plot", NET)):
        x, y = (np.array(values) for values in page.drawn(graph, trace))
        expected = net.yhat(params, x.astype(np.float32), BIASED)
        assert np.abs(y - expected).max() < 1e-5
        painted = np.array(page.painted(graph, trace))
        assert np.abs(np.interp(x, *painted.T) - expected).max() < 0.02
    parts = net.contributions(params, x.astype(np.float32))
    for unit in (UNIT1, UNIT2):
        assert page.drawn("fit-logit-plot", unit)[1] == pytest.approx(parts[:, unit], abs=1e-5)
    others = page.drawn("fit-logit-plot", OTHERS)[1]
    assert [y for y in others if y is not None] == pytest.approx(parts[:, 2:].T.ravel(), abs=1e-5)
    assert params.b1 is not None
    knots = sorted(k for k in -params.b1 / params.W1 if x[0] <= k <= x[-1])
    assert page.drawn("fit-logit-plot", BEND)[0] == pytest.approx(knots, abs=1e-5)
    assert max(page.drawn("fit-logit-plot", TRUTH)[1]) <= 1
    card = page.find(".card:has(#fit-logit-plot)")
    expect(card.locator("h3")).to_have_text("ŷ as a sum of units")
    expect(card.locator(".legend li:visible")).to_have_text(
        ["true probability prob", "net ŷ", "share of unit 1", "share of unit 2", "other units"]
    )

    page.type_weight("fit", 15, "0.25")
    page.page.wait_for_function("pwl.fit.frame().mark === 'edit'")
    server_loss = page.page.evaluate("pwl.fit.frame().loss")
    assert number(page.loss()) == pytest.approx(server_loss, abs=2e-6)


def test_a_wide_net(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.unfold()
    page.fill("#fit-hidden", "64")
    page.choose("fit-activation", "sigmoid")
    page.choose("fit-engine", "torch@cpu")
    page.train(100)
    page.wait_for_epoch(100)
    state = trained(Architecture(64, activation="sigmoid"), AdamOptions(), 100)
    x, y = page.drawn("fit-yhat-plot", 0)
    expected = net.yhat(net.from_vector(state.params), np.array(x, np.float32), state.net)
    assert len(x) == 101
    assert y == pytest.approx(expected, abs=1e-4)
    painted = np.array(page.painted("fit-logit-plot", NET))
    drawn = page.drawn("fit-logit-plot", NET)
    assert np.abs(np.interp(drawn[0], *painted.T) - drawn[1]).max() < 0.1
    for trace in (UNIT1, UNIT2, BEND, OTHERS):
        assert page.drawn("fit-logit-plot", trace)[1] == [None]
    expect(page.find("#fit-weights")).to_have_text("64 units have 129 weights: too many to list.")
    expect(page.find("#count-slopes")).to_be_hidden()
    expect(page.find("#fit-engine-used")).to_contain_text("the lecture's loop in PyTorch")
    expect(page.find("#fit-checkpoints tbody tr")).to_have_count(2)
    assert [len(row) for row in page.checkpoint_rows()] == [2, 2]
    page.find("#language-switch").click()
    expect(page.find("#fit-weights")).to_contain_text("유닛 64개")
    expect(page.find("#fit-summary")).to_contain_text("유닛 64개 · 시그모이드 · 편향 없음")


def test_a_trained_net_is_kept_until_start_over(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(10)
    page.wait_for_epoch(10)
    page.unfold()
    page.fill("#fit-hidden", "3")
    page.click("#fit-train")
    expect(page.find("#fit-notice")).to_contain_text("Start over with this net")
    expect(page.find("#count-epoch")).to_have_text("10")
    page.fill("#fit-hidden", "2")
    expect(page.find("#fit-notice")).to_be_hidden()
    page.train(10)
    page.wait_for_epoch(20)
    page.fill("#fit-hidden", "3")
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    first = trained(Architecture(3), AdamOptions(), 1)
    page.click("#fit-step")
    page.wait_for_epoch(1)
    assert [float(text) for text in page.weights(count=7)] == pytest.approx(first.params, abs=6e-5)
    expect(page.find("#fit-layers")).to_contain_text("Linear(1, 3, bias=False)")


def test_straight_to_the_end(address: str, open_page: Open) -> None:
    page = open_page(address, motion=True)
    page.skip_replay()
    page.page.evaluate(
        """() => {
          window.seen = [];
          const count = document.querySelector("#count-epoch");
          // Frames that are still to be replayed.
          const left = ({ playback }) => playback.frames.length - 1 - playback.index;
          new MutationObserver(() => window.seen.push([count.textContent, left(pwl.fit.now())]))
            .observe(count, { childList: true, characterData: true, subtree: true });
        }"""
    )
    page.train(200)
    page.wait_for_epoch(200)
    seen = page.page.evaluate("window.seen")
    assert seen[-1] == ["200", 0]
    assert max(left for _, left in seen) <= 2, "a replay would have most of 200 frames before it"
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#playback-skip")).to_be_checked()


def test_the_focus_stays_and_a_pause_stops_the_picture(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.unfold()
    page.choose("fit-engine", "torch@cpu")  # slow enough to be paused
    page.fill("#fit-epochs", "100000")
    page.find("#fit-train").press("Enter")
    expect(page.find("#fit-pause")).to_be_focused()
    expect(page.find("#count-epoch")).not_to_have_text("0")
    page.find("#fit-pause").press("Enter")
    expect(page.find("#fit-resume")).to_be_focused()
    expect(page.find("#fit-train")).to_be_enabled()  # the run can be given up for another
    expect(page.find("#playback-toggle")).to_have_attribute("aria-label", "Play")
    page.page.wait_for_function(PAUSED_AT_THE_END)
    before = page.find("#count-epoch").inner_text()
    page.fill("#fit-seed", "7")
    page.find("#fit-seed").press("Enter")  # would throw the trained net away
    expect(page.find("#fit-notice")).to_contain_text("This net began with seed 1")
    assert page.find("#count-epoch").inner_text() == before
    page.fill("#fit-seed", "1")
    page.choose("fit-engine", "fused@cpu")
    page.find("#fit-resume").press("Enter")
    page.wait_for_epoch(100_000)
    expect(page.find("#fit-engine-used")).to_contain_text("compiled")
