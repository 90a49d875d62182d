"""A lesson with the keyboard alone: all controls can be reached with Tab and pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.classroom.test_class import Room, post
from tests.support.lecture_page import LecturePage, number

Open = Callable[..., LecturePage]

MOST_TABS = 120  # to any element of the page
FOCUS = """(selector) => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const isRinged = node === document.body || // between the last element and the first
    (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) ||
    [...document.querySelectorAll(":has(:focus-visible)")].some((host) =>
      getComputedStyle(host).outlineStyle !== "none");
  const what = node.id || node.outerHTML.slice(0, 80);
  return { isThere: node.matches(selector), isRinged, what };
}"""


class Keyboard:
    """A page, and keys to press on it."""

    def __init__(self, page: LecturePage) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.page.keyboard.press(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until `selector` has the focus; check that each focus is visible."""
        for _ in range(MOST_TABS):
            self.press("Tab")
            focus: dict[str, Any] = self.page.page.evaluate(FOCUS, selector)
            assert focus["isRinged"], focus["what"]
            if focus["isThere"]:
                return
        raise AssertionError(f"Tab does not reach {selector}")

    def activate(self, selector: str) -> None:
        self.tab_to(selector)
        self.press("Enter")

    def write(self, selector: str, text: str) -> None:
        self.tab_to(selector)
        self.press("Control+a")
        self.page.page.keyboard.type(text)


def test_a_lesson_without_a_mouse(address: str, open_page: Open) -> None:
    page = open_page(f"{address}#build", own_context=True)
    keys = Keyboard(page)

    keys.activate(".skip")
    expect(page.find("#build > h2")).to_be_focused()
    before = page.weights("build")
    keys.tab_to("#build-weights-0-slider")
    keys.press("ArrowRight", "ArrowRight")
    assert number(page.weights("build")[0]) > number(before[0])
    page.page.reload()
    page.wait_until_ready()

    keys.activate("nav a[href='#fit']")
    expect(page.find("#fit")).to_be_visible()
    keys.activate("#fit-options > summary")
    keys.tab_to("#fit-engine input")
    page.page.keyboard.press("ArrowUp")  # from the first to the last: PyTorch's own loop
    expect(page.find("#fit-engine input[value='torch@cpu']")).to_be_checked()
    keys.press("Escape")
    expect(page.find("#fit-options .drawer-body")).to_be_hidden()
    expect(page.find("#fit-options > summary")).to_be_focused()

    keys.write("#fit-seed", "7")
    keys.write("#fit-epochs", "1000000")
    keys.activate("#fit-train")
    expect(page.find("#count-epoch")).not_to_have_text("0")
    keys.activate("#fit-pause")
    expect(page.find("#fit-resume")).to_be_visible()
    keys.activate("#fit-step")
    keys.tab_to("#playback-scrub")
    stood = page.find("#count-epoch").text_content()
    keys.press("ArrowLeft", "ArrowLeft")
    expect(page.find("#count-epoch")).not_to_have_text(stood or "")
    keys.activate("#playback-end")
    keys.tab_to("#fit-weights-2-slider")
    weights = page.weights()
    keys.press("ArrowRight")
    assert page.weights() != weights
    keys.activate("#fit-reset")
    expect(page.find("#count-epoch")).to_have_text("0")
    keys.activate("#undo")
    expect(page.find("#count-epoch")).not_to_have_text("0")

    keys.activate("nav a[href='#explore']")
    keys.activate("#explore-pick a[href='#explore-pieces']")
    expect(page.find("#explore-pieces")).to_be_visible()

    opened = post(f"{address}/rooms", {})
    room = Room(address, opened["code"], opened["teacher"])
    keys.activate("nav a[href='#class']")
    keys.write("#class-code", room.code)
    keys.write("#class-nickname", "Minji")
    keys.press("Enter")
    expect(page.find("#class-bar")).to_contain_text(room.code[:3])
    room("ask", kind="choice", text="Which side?", options=["left", "right"])
    expect(page.find("#class-panel")).to_be_visible()
    keys.tab_to("#class-panel input")
    keys.press("Space")
    keys.activate(".class-answer button")
    expect(page.find(".class-said")).to_contain_text("Only your teacher sees it")
    keys.activate("#class-leave")
    expect(page.find("#class-leave")).to_be_hidden()
