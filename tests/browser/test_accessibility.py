"""axe-core in every view, drawer and dialog, both themes, two languages and screen sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import expect

from tests.browser.classroom.test_class import Room, join, post
from tests.support import axe
from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

COMPILES_MS = 120_000  # the first time that many seeds are trained
THEME = "(theme) => { document.documentElement.dataset.theme = theme; }"
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Audit:
    """Runs axe at each stop of a walk through the page, and collects the problems."""

    def __init__(self, page: LecturePage, part_rules: Sequence[str]) -> None:
        self.page = page
        self.part_rules = part_rules
        self.found: list[str] = []
        self.themes = ["light", "dark"]  # the page is in the first

    def stop(self, name: str, selector: str = "", *, page: LecturePage | None = None) -> None:
        """Check a part of the page: contrasts in both themes, and `part_rules` once.

        Without `selector` the whole page is checked by all rules.
        """
        page = page or self.page
        for theme in self.themes:
            page.page.evaluate(THEME, theme)
            page.page.evaluate(TWO_FRAMES)
            self.found += [f"{name}, {theme}: {text}" for text in axe.faint(page, selector)]
        self.themes.reverse()  # the next stop begins with this theme: a change repaints all plots
        rules = self.part_rules if selector else ()
        self.found += [f"{name}: {problem}" for problem in axe.problems(page, selector, rules)]

    def drawer(self, id_: str) -> None:
        """Open a drawer with its button, check it, and close it."""
        self.page.open_drawer(id_)
        self.stop(id_, f"#{id_}")
        self.page.find(f"#{id_} .drawer-close").click()


# The parts have the same elements on a phone, where rules that do not depend on the size would find
# the same again.
SIZES = [("ko-KR", 1366, 633, ()), ("en-US", 390, 664, axe.SIZE_RULES)]


@pytest.fixture(params=SIZES, ids=["laptop", "phone"])
def audit(request: pytest.FixtureRequest, address: str, open_page: Open) -> Audit:
    lang, width, height, part_rules = request.param
    view = request.node.get_closest_marker("view").args[0]
    page = open_page(
        f"{address}?theme=light#{view}", lang=lang, width=width, height=height, own_context=True
    )
    return Audit(page, part_rules)


@pytest.mark.view("build")
def test_build_fit_and_their_drawers(audit: Audit) -> None:
    page = audit.page
    page.find("#build-challenge").click()
    audit.stop("build")
    audit.found += axe.problems(page, rules=axe.CONTRAST_RULE)  # confirms `axe.faint`
    for tab in ("equations", "constructions"):
        page.find(f"#tab-build-{tab}-panel").click()
        expect(page.find("#construction-difference")).not_to_be_empty()
        audit.stop(tab, f"#build-{tab}-panel")
    page.go("fit")
    page.train(300)
    page.wait_for_epoch(300)
    audit.stop("fit")
    audit.drawer("fit-data-panel")
    audit.drawer("fit-options")
    audit.drawer("fit-checkpoints-panel")
    page.page.evaluate("document.getElementById('fit-stuck').hidden = false")
    audit.drawer("fit-stuck")
    page.find("#fit-epochs").fill("x")
    page.page.keyboard.press("Enter")
    expect(page.find("#fit-epochs")).to_have_attribute("aria-invalid", "true")
    audit.stop("refusal", ".stage-controls")
    page.find("#fit-epochs").blur()
    page.page.keyboard.press("?")
    expect(page.find("#help")).to_be_visible()
    audit.stop("help", "#help")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("l")
    page.find(".lesson-choice").first.click()
    expect(page.find("#lesson-task")).to_be_visible()
    audit.stop("lesson", "#lessons")
    page.find("#lessons-close").click()
    if page.find("#menu").is_visible():
        page.find("#menu").click()
        audit.stop("menu", "#switches")
    page.page.goto(f"{page.page.url.split('?')[0]}?theme=light&projector=1#fit")
    page.wait_until_ready()
    audit.stop("projector")
    assert not audit.found, "\n".join(audit.found)


@pytest.mark.view("explore-seeds")
def test_explore_and_take_home(audit: Audit) -> None:
    page = audit.page
    page.find("#seeds-count").fill("12")
    page.find("#seeds-epochs").fill("200")
    page.find("#seeds-train").click()
    expect(page.find("#seeds-train")).to_be_enabled(timeout=COMPILES_MS)
    audit.stop("seeds")
    page.go("explore-surface")
    expect(page.find("#surface-plot .main-svg").first).to_be_visible()
    audit.stop("surface", "#explore-surface")
    page.go("explore-byhand")
    expect(page.find("#by-hand-plot .main-svg").first).to_be_visible()
    audit.stop("by hand", "#explore-byhand")
    page.go("explore-compare")
    page.find("#compare-keep").click()
    expect(page.find("#compare-table tbody tr")).not_to_have_count(0)
    audit.stop("compare", "#explore-compare")
    page.go("explore-pieces")
    expect(page.find("#pieces-plot .main-svg").first).to_be_visible()
    audit.stop("pieces", "#explore-pieces")
    page.go("explore-onestep")
    expect(page.find("#one-step-table tbody tr")).not_to_have_count(0)
    audit.stop("one step", "#explore-onestep")
    page.go("share")
    page.find(".share-fold > summary").click()
    page.find("#share-qr-show").click()
    page.page.wait_for_function("document.querySelector('#share-qr img')?.naturalWidth > 0")
    audit.stop("take home", "#share")
    page.find("#share-qr-large").click()
    audit.stop("QR code", ".qr-full")
    assert not audit.found, "\n".join(audit.found)


def send_answer(page: LecturePage) -> None:
    page.find(".class-answer button").click()
    expect(page.find(".class-said")).not_to_be_empty()


@pytest.mark.view("class")
def test_the_class_of_a_student(audit: Audit, address: str) -> None:
    page = audit.page
    opened = post(f"{address}/rooms", {})
    room = Room(address, opened["code"], opened["teacher"])
    audit.stop("join")
    join(page, room, "Minji")
    audit.stop("bar", "#class-bar")
    if page.find("#menu").is_visible():
        page.find("#menu").click()
        page.find("#share-open").click(trial=True)  # the bar does not cover it
        page.find("#menu").click()
    page.go("class")
    audit.stop("seat", "#class")
    page.go("fit")
    room("ask", kind="choice", text="Which side?", options=["left", "right"])
    page.find("#class-panel label").first.click()
    send_answer(page)
    audit.stop("choice", "#class-panel")
    room("reveal")
    expect(page.find(".class-shares")).to_be_visible()
    audit.stop("shares", "#class-panel")
    room("ask", kind="curve", text="How will it bend?", options=[])
    page.find(".class-sketch").press("ArrowUp")
    audit.stop("sketch", "#class-panel")
    send_answer(page)
    room("reveal")
    expect(page.find("#class-panel polyline.mine")).to_be_attached()
    audit.stop("sketches", "#class-panel")
    room("ask", kind="number", text="How many?", options=[])
    page.find("#class-panel input").fill("3")
    send_answer(page)
    audit.stop("number", "#class-panel")
    room("reveal")
    expect(page.find("#class-panel .bar")).to_be_attached()
    audit.stop("numbers", "#class-panel")
    room("freeze", on=True)
    expect(page.find("#class-veil")).to_be_visible()
    audit.stop("veil", "#class-veil")
    room("end")
    expect(page.find("#class-close")).to_be_visible()
    audit.stop("over", "#class-bar")
    assert not audit.found, "\n".join(audit.found)


@pytest.mark.view("board")
def test_the_board_of_a_teacher(audit: Audit, address: str, open_page: Open) -> None:
    page = audit.page
    audit.stop("closed")
    page.find("#board-open").click()
    expect(page.find("#board-code")).to_contain_text("-")
    code = (page.find("#board-code").text_content() or "").replace("-", "")
    for name in ("Bora", "Aram", ""):
        body = {"code": code, "nickname": name, "own": "0" * 22, "seat": None}
        post(f"{address}/rooms/join", body)
    page.find("#board-push").click()
    expect(page.find("#board-list [role='option']")).to_have_count(3)
    page.find("#board-list").focus()
    page.page.keyboard.press("ArrowRight")
    audit.stop("board")
    for drawer in ("pages", "ask", "challenge", "save", "room"):
        audit.drawer(f"board-{drawer}")
    page.open_drawer("board-challenge")
    page.find("#board-challenge-start").click()
    page.close_drawers()
    page.open_drawer("board-ask")
    page.find("#board-ask-send").click()
    page.close_drawers()
    expect(page.find("#board-question-text")).not_to_be_empty()
    audit.stop("question", ".board-side")
    page.page.evaluate("document.getElementById('board-tab-challenge').click()")
    audit.stop("challenge", ".board-side")
    page.find("#board-code").click()
    expect(page.find(".invite-qr")).to_be_visible()
    audit.stop("invitation", ".invite")
    page.page.keyboard.press("Escape")
    page.open_drawer("board-room")
    link = page.find("#board-links input").nth(1).input_value()
    wall = open_page(link, own_context=True)
    expect(wall.find("#board-code")).to_contain_text("-")
    audit.stop("wall", page=wall)
    assert not audit.found, "\n".join(audit.found)
