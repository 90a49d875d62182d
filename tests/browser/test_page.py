"""The page as a whole: languages, themes, narrow screens, size, restarts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.classroom.test_class import SETTING, Room, join, post
from tests.support.lecture_page import LecturePage
from tests.support.server import free_port, serve

Open = Callable[..., LecturePage]

FIRST_VISIT_LIMIT = 640_000  # bytes


def test_keyboard_language_and_theme(address: str, open_page: Open) -> None:
    page = open_page(address)
    everything_can_be_reached_by_keyboard(page)
    language_and_theme_change_in_place(page)


def language_and_theme_change_in_place(page: LecturePage) -> None:
    page.train(50)
    page.wait_for_epoch(50)
    page.fill("#fit-epochs", "77")
    page.find("#language-switch").click()
    expect(page.find("h1")).to_have_text("꺾인 직선 실험실")
    expect(page.find("#fit-train")).to_have_text("77 에폭 학습")
    expect(page.find("#fit-loss-plot .xtitle")).to_have_text("에폭")
    page.find("#theme-switch").click()
    expect(page.find("html")).to_have_attribute("data-theme", "dark")
    assert page.find("#count-epoch").inner_text() == "50"
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("html")).to_have_attribute("lang", "ko")
    expect(page.find("html")).to_have_attribute("data-theme", "dark")
    expect(page.find("#fit-loss-plot .xtitle")).to_have_text("에폭")
    page.wait_for_epoch(50)


SIZES = [(360, 740), (390, 844), (768, 1024), (1366, 768), (1920, 1080)]
NOTHING_STICKS_OUT = """() => ![...document.querySelectorAll("button, input, h1, h2, h3, .graph")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !node.closest(".table-box, .code, .skip"))
  .some((node) => node.getBoundingClientRect().right > innerWidth + 1)
  && document.documentElement.scrollWidth === innerWidth"""


@pytest.mark.parametrize("lang", ["ko-KR", "en-US"])
def test_nothing_overflows_the_screen(address: str, open_page: Open, lang: str) -> None:
    page = open_page(address, lang=lang)
    page.unfold()
    page.choose("fit-optimizer", "sgd")  # momentum shows, too
    page.train(20)
    page.wait_for_epoch(20)
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_function(
            "document.querySelector('#fit-logit-plot .main-svg').getBoundingClientRect().right"
            " <= innerWidth"
        )
        page.page.wait_for_function(NOTHING_STICKS_OUT)
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.go("share")
    page.find(".share-fold summary").click()
    page.find("#share-qr-show").click()
    page.page.wait_for_function(NOTHING_STICKS_OUT)


def test_the_layout_does_not_shift_while_the_page_loads(address: str, open_page: Open) -> None:
    page = open_page(address, width=390, height=844)
    heights = page.page.evaluate(
        """() => ["build", "fit"].map((id) => document.getElementById(id).offsetHeight)"""
    )
    page.train(3)
    page.wait_for_epoch(3)
    after = page.page.evaluate(
        """() => ["build", "fit"].map((id) => document.getElementById(id).offsetHeight)"""
    )
    assert after == heights


def everything_can_be_reached_by_keyboard(page: LecturePage) -> None:
    page.unfold()
    in_fit = tabbed(page)
    assert {"language-switch", "theme-switch", "projector", "fit-seed", "fit-epochs", "fit-options",
            "fit-hidden", "fit-lr", "playback-skip", "fit-train", "fit-step", "fit-reset",
            "playback-toggle", "playback-scrub", "fit-weights-4-field"} <= in_fit  # fmt: skip
    page.go("build")
    in_build = tabbed(page)
    assert {"build-start", "tab-build-steps", "build-weights-0-slider"} <= in_build
    assert not {name for name in in_build if name.startswith("fit-")}
    page.go("fit")


def tabbed(page: LecturePage) -> set[str]:
    """The ids that the Tab key reaches; checks that each shows its focus."""
    page.page.evaluate("document.activeElement.blur()")
    page.find(".skip").focus()
    reached = set()
    for _ in range(70):
        page.page.keyboard.press("Tab")
        reached.add(
            page.page.evaluate(
                """() => {
                  const node = document.activeElement;
                  const { outlineStyle, outlineWidth } = getComputedStyle(node);
                  const seen = outlineStyle !== "none" && outlineWidth !== "0px";
                  const name = node.id || node.closest("[id]")?.id;
                  return seen ? name : `${name} without a focus ring`;
                }"""
            )
        )
    body = "undefined without a focus ring"  # after the last element, before the first
    assert not [name for name in reached - {body} if "without" in name]
    return reached


def test_a_first_visit_downloads_little(address: str, chromium: Browser) -> None:
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    network = context.new_cdp_session(page)
    received: list[int] = []
    sockets: list[object] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(address)
    LecturePage(page).wait_until_shown()
    assert len(received) > 10
    assert sum(received) <= FIRST_VISIT_LIMIT
    assert sockets == [], "an idle connection for each student"
    context.close()


def test_a_restarted_server(tmp_path: Path, open_page: Open) -> None:
    """Nets, rooms and seats are kept; an open page reconnects by itself."""
    port = free_port()
    with serve(tmp_path, port=port) as address:
        idle = open_page(address, quiet=False)  # a lost connection is an error in the console
        idle.train(60)
        idle.wait_for_epoch(60)
        weights = idle.weights()
        page = open_page(address, quiet=False)
        page.choose_slow_engine()
        page.train(30_000)
        page.page.wait_for_function("pwl.fit.frame().epoch > 200")
        opened = post(f"{address}/rooms", {})
        room = Room(address, opened["code"], opened["teacher"])
        join(idle, room)
    expect(page.find("#count-status")).to_contain_text("cannot be reached")
    expect(page.find("#fit-pause")).to_be_disabled()
    with serve(tmp_path, port=port):
        seen = page.page.evaluate("pwl.fit.frame().epoch")
        page.page.wait_for_function(f"pwl.fit.frame().epoch > {seen}")
        expect(page.find("#fit-pause")).to_be_enabled()
        page.click("#fit-pause")
        room("push", **SETTING | {"epochs": 40})
        idle.wait_for_epoch(40)
        room("release")
        idle.page.reload()
        idle.wait_until_ready()
        idle.wait_for_epoch(60)
        assert idle.weights() == weights
        idle.train(10)
        idle.wait_for_epoch(70)


def test_a_broken_data_file_is_explained(tmp_path: Path, open_page: Open) -> None:
    data = tmp_path / "mine.csv"
    data.write_bytes(b"x,prob,y\n0,0.5,1\n0,zero,1\n")
    with serve(tmp_path, data) as address:
        page = open_page(address)
        expect(page.find("#fit-data-problem")).to_contain_text("Line 3, column “prob”")
        expect(page.find("#fit-data")).to_contain_text("the lecture's (2,000 points)")
        page.train(20)
        page.wait_for_epoch(20)
        page.find("#language-switch").click()
        expect(page.find("#fit-data-problem")).to_contain_text("그동안은 아래 데이터를 씁니다")
        page.page.close()  # before its server, which it would miss
