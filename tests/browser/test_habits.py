"""The page when it is translated or printed, and with an input method."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

# As Chrome's Translate does: each text goes into elements of its own, where that is allowed.
TRANSLATE = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode);
  const open = texts.filter(({ parentElement, data }) => data.trim() &&
    !parentElement.closest("[translate='no'], script, style, svg"));
  for (const text of open) {
    const outer = document.createElement("font");
    const inner = document.createElement("font");
    inner.textContent = `¡${text.data}!`;
    outer.append(inner);
    text.replaceWith(outer);
  }
  return open.length;
}"""

COMPOSE = """([selector, key]) => {
  const field = document.querySelector(selector);
  const press = { key, bubbles: true, cancelable: true, isComposing: true };
  field.dispatchEvent(new KeyboardEvent("keydown", press));
}"""


def test_a_translated_page_still_trains(address: str, open_page: Open) -> None:
    page = open_page(address)
    assert page.page.evaluate(TRANSLATE) > 30
    page.train(100)
    page.wait_for_epoch(100)
    page.open_drawer("fit-options")
    page.choose("fit-optimizer", "sgd")
    page.train(20)
    page.wait_for_epoch(120)
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    page.find("#undo").click()
    page.wait_for_epoch(120)
    page.page.evaluate("document.getElementById('language-switch').click()")
    expect(page.find("#fit-reset")).to_have_text("초기 가중치로")


def test_print_is_light_and_shows_the_open_view_only(address: str, open_page: Open) -> None:
    page = open_page(f"{address}?theme=dark#fit")
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.page.emulate_media(media="print")
    expect(page.find("html")).to_have_attribute("data-theme", "light")
    expect(page.find(".page-header")).to_be_hidden()
    expect(page.find("#build")).to_be_hidden()
    expect(page.find("#fit-yhat-plot .js-line").first).to_be_visible()
    page.page.emulate_media(media="screen")
    page.page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.find("html")).to_have_attribute("data-theme", "dark")
    expect(page.find(".page-header")).to_be_visible()


def test_keys_during_composition_commit_nothing(address: str, open_page: Open) -> None:
    page = open_page(f"{address}#explore-seeds")
    page.find("#seeds-count").fill("7")
    page.page.evaluate(COMPOSE, ["#seeds-count", "Enter"])
    expect(page.find("#seeds-status")).to_be_empty()
    expect(page.find("#seeds-train")).to_be_enabled()
    page.go("fit")
    page.open_drawer("fit-options")
    page.page.evaluate(COMPOSE, ["#fit-hidden", "Escape"])
    expect(page.find("#fit-options .drawer-body")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.find("#fit-options .drawer-body")).to_be_hidden()


def test_full_width_digits_are_read_and_a_decimal_comma_is_questioned(
    address: str, open_page: Open
) -> None:
    page = open_page(address)
    page.fill("#fit-epochs", "１００")
    expect(page.find("#fit-train")).to_have_text("Train 100 epochs")
    page.click("#fit-train")
    page.wait_for_epoch(100)
    page.type_weight("fit", 4, "−１．５")
    expect(page.find("#fit-weights-4-slider")).to_have_value("-1.5")
    page.type_weight("fit", 4, "1,5")
    expect(page.find("#fit-weights .complaint")).to_contain_text("1,5")
