"""The card "One step, explained": Fit then shows what the card has predicted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-onestep")

Open = Callable[..., LecturePage]
RESIDUAL, FACTOR, PRODUCT = "one-step-residual", "one-step-factor", "one-step-product"


def near(page: LecturePage) -> None:
    page.find("#one-step").scroll_into_view_if_needed()
    expect(page.find("#one-step-table tbody tr").first).to_be_visible()


def stands_at(page: LecturePage, epoch: int) -> None:
    expect(page.find("#one-step-when")).to_have_text(f"From epoch {epoch} to {epoch + 1}")


def column(page: LecturePage, title: str) -> list[float]:
    """The numbers below a title of the table."""
    texts: list[str] = page.page.evaluate(
        """(title) => {
          const table = document.querySelector("#one-step-table table");
          const titles = [...table.querySelectorAll("thead th")].map((th) => th.textContent);
          const i = titles.indexOf(title);
          return [...table.querySelectorAll("tbody tr")].map((row) => row.children[i].textContent);
        }""",
        title,
    )
    return [number(text) for text in texts]


def frame(page: LecturePage) -> list[float]:
    found: list[float] = page.page.evaluate("pwl.fit.frame().p")
    return found


def test_one_step_of_the_lectures_net(address: str, open_page: Open) -> None:
    page = open_page(address)
    near(page)
    a_hovered_weight_is_highlighted_in_the_formulas(page)
    the_points_pull_a_weight(page)
    the_step_is_what_was_predicted(page)


def the_step_is_what_was_predicted(page: LecturePage) -> None:
    stands_at(page, 0)
    for epoch in range(1, 4):
        predicted = column(page, "New weight")
        assert column(page, "Old weight") == pytest.approx(frame(page), abs=1e-6)
        gradients = column(page, "Gradient")
        assert column(page, "Finite difference") == pytest.approx(gradients, rel=1e-3)
        told = page.find("#one-step-after").inner_text()
        button = page.find("#one-step-next")
        button.focus()
        page.page.keyboard.press("Enter")
        stands_at(page, epoch)
        expect(page.find("#count-epoch")).to_have_text(str(epoch))
        expect(button).to_be_focused()
        assert frame(page) == pytest.approx(predicted, abs=1e-6)
        after = number(told.split()[-1].rstrip("."))
        loss = page.page.evaluate("pwl.fit.frame().loss")
        assert loss == pytest.approx(after, abs=2e-6)
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(page.find("#one-step-when")).to_have_text("에폭 3에서 4까지")
    predicted = column(page, "후")
    page.find("#one-step-next").click()
    expect(page.find("#one-step-when")).to_have_text("에폭 4에서 5까지")
    assert frame(page) == pytest.approx(predicted, abs=1e-6)


def the_points_pull_a_weight(page: LecturePage) -> None:
    """The third plot is the first times the second, and its mean is the gradient."""
    params = frame(page)
    for place, name in enumerate(("W1₁", "W1₂", "W2₁", "W2₂", "b2")):
        button = page.find("#one-step-choose button").nth(place)
        button.click()
        expect(page.find("#one-step-table tr.current th")).to_have_text(name)
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.find("#one-step-pull")).to_contain_text(name)
        drawn = (page.drawn(plot, 0) for plot in (RESIDUAL, FACTOR, PRODUCT))
        (x, residual), (_, factor), (_, product) = (np.array(each) for each in drawn)
        np.testing.assert_allclose(product, residual * factor)
        gradient = column(page, "Gradient")[place]
        assert product.mean() == pytest.approx(gradient, rel=2e-4, abs=2e-5)
        assert page.drawn(PRODUCT, 1)[1] == pytest.approx([gradient] * 2, rel=1e-3)
        off = x * params[place % 2] < 0  # where the weight's unit is off
        assert (factor[off] == (name == "b2")).all()
    page.find("#one-step-table tbody button").first.click()  # the table chooses as well
    expect(page.find("#one-step-choose button").first).to_have_attribute("aria-pressed", "true")


def test_the_card_follows_the_net_and_the_optimizer(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.skip_replay()
    page.train(50)
    page.wait_for_epoch(50)
    near(page)
    stands_at(page, 50)
    page.unfold()
    page.choose("fit-optimizer", "sgd")
    with page.shown("#fit-momentum") as field:
        field.fill("0.9")
        field.press("Tab")
    near(page)
    expect(page.find("#one-step-table thead")).to_contain_text("Momentum m")
    for epoch in (51, 52):
        predicted = column(page, "New weight")
        page.find("#one-step-next").click()
        stands_at(page, epoch)
        assert frame(page) == pytest.approx(predicted, abs=1e-6)
    page.fill("#fit-lr", "fast")  # no learning rate: the session's own optimizer goes on
    predicted = column(page, "New weight")
    page.find("#one-step-next").click()
    stands_at(page, 53)
    assert frame(page) == pytest.approx(predicted, abs=1e-6)
    page.type_weight("fit", 0, "2")
    near(page)
    expect(page.find("#one-step-table tbody tr").first).to_contain_text("2.000000")
    page.find("#undo").click()
    expect(page.find("#one-step-table tbody tr").first).not_to_contain_text("2.000000")
    assert column(page, "Old weight") == pytest.approx(frame(page), abs=1e-6)

    page.fill("#fit-hidden", "64")
    page.choose("fit-bias", "bias1")
    page.click("#fit-reset")
    expect(page.find("#fit-formula")).to_be_hidden()
    near(page)
    expect(page.find("#one-step-table tbody tr")).to_have_count(25)
    expect(page.find("#one-step-first")).to_contain_text("64 units")
    expect(page.find("#one-step-formula")).to_contain_text("…")


# Whether the weights that light up in a formula are these.
LIT = """([formula, weights]) => {
  const lit = [...document.querySelectorAll(`#${formula} [data-weight]`)].filter((node) =>
    getComputedStyle(node).backgroundColor !== "rgba(0, 0, 0, 0)");
  return lit.map((node) => node.dataset.weight).join() === weights;
}"""


def expect_lit(page: LecturePage, formula: str, weights: str) -> None:
    page.page.wait_for_function(LIT, arg=[formula, weights])


def a_hovered_weight_is_highlighted_in_the_formulas(page: LecturePage) -> None:
    expect_lit(page, "one-step-formula", "")
    page.find("#one-step-table tbody tr").nth(2).hover()
    expect_lit(page, "one-step-formula", "2")
    expect_lit(page, "fit-formula", "2")
    page.find("#one-step-when").hover()
    expect_lit(page, "one-step-formula", "")
    with page.shown("#fit-weights-1-field") as field:
        field.focus()
        expect_lit(page, "fit-formula", "1")
        field.fill("0.25")
        field.press("Enter")
        expect(page.find("#fit-formula [data-weight='1']")).to_contain_text("0.2500")
    near(page)
    expect(page.find("#one-step-formula [data-weight='1']")).to_contain_text("0.2500")
