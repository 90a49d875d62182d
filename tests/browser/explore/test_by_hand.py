"""The card "By hand against Adam": both losses equal torch's, and weights set by hand are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from pwlapp.core import net
from tests.golden import loss_of
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-byhand")

Open = Callable[..., LecturePage]
HAND, ADAM = 0, 1  # traces of the plot


def data_of(page: LecturePage) -> tuple[np.ndarray, np.ndarray]:
    x, y = page.page.evaluate("(() => { const { x, y } = pwl.fit.now().data; return [x, y]; })()")
    return np.array(x, float), np.array(y, float)


def show(page: LecturePage) -> None:
    page.find("#by-hand-plot").scroll_into_view_if_needed()
    expect(page.find("#by-hand-plot .scatterlayer .trace")).to_have_count(3)
    expect(page.find("#by-hand-loss")).not_to_have_text("–")


def set_by_hand(page: LecturePage, p: list[float]) -> None:
    for k, value in enumerate(p):
        page.type_weight("by-hand", k, str(value))


def test_by_hand_against_adam(address: str, open_page: Open) -> None:
    page = open_page(address)
    show(page)
    weights_set_by_hand_are_kept_and_can_be_undone(page)
    losses_equal_torchs_and_the_lower_one_is_named(page)
    a_net_without_sigmoid_is_compared_without_one(page)


def losses_equal_torchs_and_the_lower_one_is_named(page: LecturePage) -> None:
    x, y = data_of(page)
    p = [1.5, -2.0, -3.0, -5.0, 4.0]
    set_by_hand(page, p)
    expected = loss_of(np.array(p), x, y, net.LECTURE)
    expect(page.find("#by-hand-loss")).to_have_text(f"{expected:.6f}")
    expect(page.find("#by-hand-adam-loss")).to_have_text("0.838499")
    expect(page.find("#by-hand-verdict")).to_contain_text("You are lower, by ")
    verdict = page.find("#by-hand-verdict").inner_text()
    assert float(verdict.split()[-1][:-1]) == pytest.approx(0.838499 - expected, abs=2e-6)
    drawn_x, drawn_y = page.drawn("by-hand-plot", HAND)
    params = net.from_vector(np.array(p, np.float32))
    assert drawn_y == pytest.approx(net.yhat(params, np.array(drawn_x, np.float32)), abs=1e-5)
    page.skip_replay()
    page.train(5000)
    page.wait_for_epoch(5000)
    expect(page.find("#by-hand-adam-loss")).to_have_text("0.301082")
    page.find("#by-hand-from-adam").click()
    expect(page.find("#by-hand-loss")).to_have_text("0.301082")
    assert [f"{number(v):.3f}" for v in page.weights("by-hand")] == [
        f"{number(v):.3f}" for v in page.weights()
    ]


def weights_set_by_hand_are_kept_and_can_be_undone(page: LecturePage) -> None:
    page.type_weight("build", 4, "1.25")
    start = page.weights("by-hand")
    page.find("#by-hand-from-build").click()
    assert page.weights("by-hand") == [*start[:4], "1.25"]
    page.type_weight("by-hand", 0, "3")
    page.page.evaluate("pwl.history.undo()")
    expect(page.find("#by-hand-weights-0-field")).to_have_value("1")
    page.page.evaluate("pwl.history.undo()")
    expect(page.find("#by-hand-weights-4-field")).to_have_value("4.5")
    page.page.evaluate("pwl.history.redo()")
    expect(page.find("#by-hand-weights-4-field")).to_have_value("1.25")
    page.page.reload()
    page.wait_until_ready()
    assert page.weights("by-hand") == [*start[:4], "1.25"]


def a_net_without_sigmoid_is_compared_without_one(page: LecturePage) -> None:
    page.unfold()
    page.fill("#fit-hidden", "12")
    page.choose("fit-loss", "mse")
    expect(page.find("#fit-reset")).to_contain_text("this net")
    page.click("#fit-reset")
    expect(page.find("#fit-weights")).to_contain_text("12 units")
    show(page)
    x, y = data_of(page)
    page.find("#by-hand-best").click()
    rows = np.stack([np.minimum(x, 0), np.maximum(x, 0), np.ones_like(x)], axis=1)
    best = np.linalg.lstsq(rows, y, rcond=None)[0]
    expected = np.mean((rows @ best - y) ** 2)
    expect(page.find("#by-hand-loss")).to_have_text(f"{expected:.6f}")
    expect(page.find("#by-hand-from-adam")).to_be_disabled()
    _, curve = page.drawn("by-hand-plot", ADAM)
    assert len(curve) == 101, "a wide net's own curve"
