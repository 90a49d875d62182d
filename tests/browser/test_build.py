"""Build, by mouse and keyboard: the plots follow at once, without a request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Request, expect

from pwlapp.core import net
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("build")

NET, TRUTH = 2, 3  # positions in figures.TRACES["bent"]
Open = Callable[..., LecturePage]


def painted_y(page: LecturePage, line: int, at: list[float]) -> np.ndarray:
    x, y = np.array(page.painted("build-plot", line)).T
    return np.interp(at, x, y)


def params_of(page: LecturePage) -> net.Params:
    return net.from_vector(np.array([number(text) for text in page.weights("build")], np.float32))


def test_values_constructions_and_a_challenge(address: str, open_page: Open) -> None:
    page = open_page(address)
    values_by_keyboard(page)
    random_values_agree_with_the_closed_form(page)
    page.find("#build-start").click()
    six_constructions_are_one_function(page)
    page.find("#tab-build-steps").click()
    the_challenge_hides_the_formula_until_requested(page)


def values_by_keyboard(page: LecturePage) -> None:
    """The start values are the target; keys and typed values move the net away from it."""
    expect(page.find("#build-mse")).to_have_text("0")
    assert page.weights("build") == ["1", "-1", "-4.5", "-9", "4.5"]
    at = [-1, -0.5, 0, 0.5, 1]
    expected = net.target(np.array(at, np.float32))
    assert painted_y(page, NET, at) == pytest.approx(expected, abs=0.05)
    assert painted_y(page, TRUTH, at) == pytest.approx(expected, abs=0.05)

    page.find("#build-weights-4-slider").focus()
    page.page.keyboard.press("ArrowRight")
    expect(page.find("#build-weights-4-field")).to_have_value("4.6")
    expect(page.find("#build-mse")).to_have_text("0.01")
    page.find("#build-start").press("Enter")
    expect(page.find("#build-mse")).to_have_text("0")

    page.type_weight("build", 0, "1/3")
    assert page.find("#build-weights-0-field").input_value() == "1/3"
    expect(page.find("#panel-u1-title")).to_contain_text("0.3333")
    x, u1 = page.drawn("panel-u1-plot", 0)
    assert u1 == pytest.approx([v / 3 for v in x])
    page.type_weight("build", 0, "one third")
    expect(page.find("#build-weights .complaint")).to_contain_text("one third")
    assert page.drawn("panel-u1-plot", 0)[1] == u1, "the last good value stays"
    page.find("#build-weights-0-field").press("Escape")
    expect(page.find("#build-weights .complaint")).to_be_empty()


def random_values_agree_with_the_closed_form(page: LecturePage) -> None:
    page.click("#build-random")
    expect(page.find("#build-mse")).not_to_have_text("0")
    params = params_of(page)
    x, y = page.drawn("build-plot", NET)
    assert y == pytest.approx(net.logit(params, np.array(x, np.float32)), abs=1e-5)
    difference = np.array(y) - net.target(np.array(x, np.float32))
    assert number(page.find("#build-mse").inner_text()) == pytest.approx(
        np.mean(difference**2), abs=1e-4
    )
    weights = page.weights("build")
    page.page.reload()  # and they stay
    page.wait_until_ready()
    assert page.weights("build") == weights


def test_a_drag_redraws_everything_without_a_request(address: str, open_page: Open) -> None:
    page = open_page(address, lang="ko-KR")
    requests: list[str] = []

    def keep(request: Request) -> None:
        if "/static/" not in request.url:  # the page loads its last scripts after some seconds
            requests.append(request.url)

    page.page.on("request", keep)
    page.drag("#build-weights-4-slider", 0.25, release=False)
    b2 = number(page.find("#build-weights-4-field").input_value())
    assert -7 < b2 < -5
    page.page.wait_for_function(
        "([b2]) => document.querySelector('#panel-y-title').textContent.endsWith(`−${-b2}`)",
        arg=[b2],
    )
    assert number(page.find("#build-mse").inner_text()) == pytest.approx((4.5 - b2) ** 2, abs=1e-3)
    shift = b2 - 4.5
    assert painted_y(page, NET, [-1, 0, 1]) == pytest.approx(
        [-4.5 + shift, 4.5 + shift, shift], abs=0.2
    )
    panel = np.array(page.painted("panel-y-plot", 0))
    assert np.interp(0, *panel.T) == pytest.approx(b2, abs=0.5)
    assert requests == []
    page.page.remove_listener("request", keep)
    page.page.mouse.up()
    page.find("#tab-build-equations-panel").click()
    expect(page.find("#build-equations")).to_contain_text(f"{-b2:g}")
    page.find("#tab-build-constructions-panel").click()
    expect(page.find("#construction-code")).to_contain_text(f"{-b2:g}")


def six_constructions_are_one_function(page: LecturePage) -> None:
    page.find("#tab-build-constructions-panel").click()
    for number_ in range(1, 7):
        page.find(f"#construction-{number_}").click()
        expect(page.find("#construction-name")).to_contain_text(str(number_))
        expect(page.find("#construction-code")).to_contain_text("torch.linspace(-1, 1, 1001)")
        y = np.array(page.painted("construction-plot", 0))
        assert np.interp([-1, 0, 1], *y.T) == pytest.approx([-4.5, 4.5, 0], abs=0.1)
        if number_ > 1:
            expect(page.find("#construction-difference")).not_to_be_empty()
            difference = page.find("#construction-difference").inner_text().replace("−", "-")
            assert 0 <= float(difference) < 1e-5
    page.find("#construction-6").press("ArrowRight")
    expect(page.find("#construction-1")).to_have_attribute("aria-selected", "true")


def the_challenge_hides_the_formula_until_requested(page: LecturePage) -> None:
    expect(page.find("#build-formula math")).to_have_count(1)
    page.click("#build-challenge")
    expect(page.find("#build-formula math")).to_have_count(0)
    expect(page.find("#build-challenge-status")).not_to_be_empty()
    _, y = page.drawn("build-plot", TRUTH)
    left, right, b = (y[50] - y[0]) / 1, y[100] - y[50], y[50]
    for k, value in enumerate([1, -1, right, -left, b]):
        page.type_weight("build", k, f"{value:.6f}")
    expect(page.find("#build-challenge-status")).to_have_class("challenge-status solved")
    page.click("#build-challenge-show")
    expect(page.find("#build-formula math")).to_have_count(1)
