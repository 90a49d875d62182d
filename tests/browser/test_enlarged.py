"""The page enlarged, with forced colours, and plots for screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

LEAST_PX = 100  # of a plot's height
LOST = """(least) => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const view = document.documentElement.dataset.view;
  const small = [...document.querySelectorAll(`#${view} .graph.fills`)].filter((graph) =>
    graph.checkVisibility({ visibilityProperty: true }) && graph.clientHeight < least);
  const fixed = [...document.querySelectorAll(`.page-header, #${view} *`)].filter((node) =>
    node.checkVisibility() && ["fixed", "sticky"].includes(getComputedStyle(node).position));
  return [...(scrollWidth > clientWidth ? [`${scrollWidth} px wide`] : []),
          ...[...small, ...fixed].map((node) => node.id || node.outerHTML.slice(0, 80))];
}"""
COLOURS = """() => {
  const { backgroundColor } = getComputedStyle(document.querySelector("#fit .swatch.data"));
  const { outlineStyle } = getComputedStyle(document.querySelector("nav a[aria-current]"));
  return [backgroundColor, outlineStyle];
}"""


def test_at_400_percent_nothing_is_lost_or_covered(address: str, open_page: Open) -> None:
    """At this zoom a window of 1280 by 1024 pixels has 320 by 256 CSS pixels."""
    page = open_page(address, width=320, height=256, fresh=True)
    assert page.page.evaluate(LOST, LEAST_PX) == []
    page.go("build")
    assert page.page.evaluate(LOST, 0) == []
    page.page.emulate_media(forced_colors="active")
    page.go("fit")
    assert page.page.evaluate(COLOURS) == ["rgb(124, 135, 151)", "solid"]


def test_a_plot_at_rest_has_its_numbers_as_text(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(100)
    page.wait_for_epoch(100)
    plot = page.find(".plot-yhat .graph")
    x, y = page.drawn("fit-yhat-plot", 0)
    assert x[0] == -1
    said = rf"data y: 2,000 points\. net ŷ: {round(y[0], 4):g} \(x = −1\)"
    expect(plot).to_have_attribute("aria-label", re.compile(said))
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(plot).to_have_attribute("aria-label", re.compile(r"데이터 y: 점 2,000개"))
