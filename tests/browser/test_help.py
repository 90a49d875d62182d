"""Shortcuts and the sheet that lists them; the header on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from pwlapp.ui.help import SHORTCUTS
from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

SWITCH_LANGUAGE = "document.getElementById('language-switch').click()"
HANGUL = """([key, code]) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }))"""


def test_keys_do_what_the_sheet_says(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.page.emulate_media(reduced_motion="reduce")  # where it scrolls to is there at once
    keys = page.page.keyboard
    page.fill("#fit-epochs", "30")
    page.find("#fit-epochs").blur()
    keys.press("t")
    page.wait_for_epoch(30)
    keys.press("s")
    page.wait_for_epoch(31)
    page.page.evaluate(HANGUL, ["ㄴ", "KeyS"])  # the same key while it writes Korean
    page.wait_for_epoch(32)
    keys.press("r")
    page.wait_for_epoch(0)
    keys.press("z")
    page.wait_for_epoch(32)
    keys.press("y")
    page.wait_for_epoch(0)
    keys.press("z")
    page.wait_for_epoch(32)
    page.find("#playback-speed").fill("-3")
    page.find("#playback-speed").blur()
    top = page.page.evaluate("scrollY")
    keys.press("Space")
    page.page.wait_for_function("pwl.fit.now().playback.playing")
    assert page.page.evaluate("scrollY") == top
    keys.press("4")
    expect(page.find("#construction-4")).to_have_attribute("aria-selected", "true")
    expect(page.find("#construction-4")).to_be_in_viewport()
    for key, section in (("e", "explore"), ("h", "share"), ("n", "fit"), ("b", "build")):
        keys.press(key)
        expect(page.find(f"#{section}")).to_be_visible()
    page.choose_slow_engine()
    page.train(1_000_000)
    expect(page.find("#fit-train")).to_be_disabled()  # it runs; before, P would pause the replay
    keys.press("p")
    expect(page.find("#fit-resume")).to_be_visible()
    keys.press("p")
    expect(page.find("#fit-pause")).to_be_enabled()
    keys.press("p")
    expect(page.find("#fit-resume")).to_be_visible()
    keys.press("d")
    expect(page.find("html")).to_have_attribute("data-theme", "dark")
    keys.press("k")
    expect(page.find("html")).to_have_attribute("lang", "ko")


@pytest.mark.view("build")
def test_shortcuts_are_off_where_keys_have_another_meaning(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.page.evaluate(
        """() => {
          window.pressed = [];
          document.addEventListener("click", ({ target }) =>
            target.closest(
              "#fit-train, #fit-step, #theme-switch, #construction-2, #playback-toggle",
            ) && pressed.push(target.id));
        }"""
    )
    field = page.find("#build-weights-0-field")
    field.press_sequentially("std2?")
    field.press("Escape")
    slider = page.find("#build-weights-0-slider")
    value = slider.input_value()
    slider.press("Space")
    slider.press("ArrowRight")
    assert slider.input_value() != value
    for key in ("Control+d", "Alt+t", "Shift+s"):
        page.page.evaluate(
            """(combination) => {
              const [modifier, key] = combination.split("+");
              const held = `${modifier.toLowerCase().replace("control", "ctrl")}Key`;
              const event = new KeyboardEvent("keydown", { key, bubbles: true, [held]: true });
              document.body.dispatchEvent(event);
            }""",
            key,
        )
    page.find("#build-challenge").press("Space")  # the button's own
    expect(page.find("#build-challenge-card")).to_be_visible()
    page.page.keyboard.press("?")
    expect(page.find("#help")).to_be_visible()
    for key in ("t", "s", "d", "2"):
        page.page.keyboard.press(key)
    page.page.keyboard.press("Escape")
    expect(page.find("#help")).to_be_hidden()
    assert page.page.evaluate("pressed") == []
    page.page.keyboard.press("s")
    assert page.page.evaluate("pressed") == ["fit-step"]


def test_the_sheet_by_keyboard(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.page.set_viewport_size({"width": 1050, "height": 400})
    the_sheet_opens_and_closes(page, "Keys and help", "Train")
    page.page.evaluate(SWITCH_LANGUAGE)
    the_sheet_opens_and_closes(page, "단축키와 도움말", "학습하기")


def the_sheet_opens_and_closes(page: LecturePage, title: str, train: str) -> None:
    page.find("#help-open").focus()
    page.page.keyboard.press("Enter")
    sheet = page.page.get_by_role("dialog", name=title)
    expect(sheet).to_be_visible()
    assert sheet.evaluate("(sheet) => [sheet.scrollTop, sheet.scrollHeight > 400]") == [0, True]
    expect(sheet.locator("[data-keys='t']")).to_contain_text(train)
    lessons = page.find("#lessons-open").count()
    expect(sheet.locator(".help-row:visible")).to_have_count(len(SHORTCUTS) - (not lessons))
    page.page.keyboard.press("Tab")  # stays in the dialog
    page.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.find("#help-open")).to_be_focused()
    page.page.keyboard.press("Enter")
    page.find("#help-close").click()
    expect(sheet).to_be_hidden()


def test_shortcuts_of_hidden_controls_are_not_in_the_sheet(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?hide=theme,explore")
    page.page.keyboard.press("?")
    expect(page.find("#help [data-keys='t']")).to_be_visible()
    expect(page.find("#help [data-keys='d']")).to_be_hidden()
    expect(page.find("#help [data-keys='e']")).to_be_hidden()


def test_on_a_phone_the_switches_are_in_a_menu(address: str, open_page: Open) -> None:
    page = open_page(address, width=390, height=844)
    the_switches_are_in_a_menu(page, theme="dark")
    page.page.evaluate(SWITCH_LANGUAGE)
    expect(page.find("html")).to_have_attribute("lang", "ko")
    the_switches_are_in_a_menu(page, theme="light")


def the_switches_are_in_a_menu(page: LecturePage, theme: str) -> None:
    """The theme that the switch leads to is `theme`."""
    assert page.find(".page-header").evaluate("(header) => header.offsetHeight") < 60
    assert page.page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.find("#theme-switch")).to_be_hidden()
    page.find("#menu").click()
    page.find("#theme-switch").click()
    expect(page.find("html")).to_have_attribute("data-theme", theme)
    page.page.keyboard.press("Escape")
    expect(page.find("#theme-switch")).to_be_hidden()
    page.find("nav a[href='#share']").click()
    expect(page.find("#share h2")).to_be_in_viewport()
