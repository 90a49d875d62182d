"""Links that contain the work: opened in another browser, in this one, and bad links."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.sharing import link_of, saved_of
from tests.golden import packed
from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

NOTICE = "#fit-notice"
AFTER_10000 = ["2.8167", "-3.9404", "-1.7500", "-3.5572", "4.9937"]


def test_training_continues_exactly_in_another_browser(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.type_weight("build", 0, "1/3")
    here.train(5000)
    here.wait_for_epoch(5000)
    link = link_of(here)
    assert len(link) < 450
    there = open_page(link, lang="ko-KR")  # nothing in common but the link
    there.wait_for_epoch(5000)
    expect(there.find("html")).to_have_attribute("lang", "ko")
    expect(there.find(NOTICE)).to_contain_text("링크를 열었습니다")
    assert there.page.evaluate("location.hash") == ""
    expect(there.find("#build-weights-0-field")).to_have_value("0.3333")
    scrub = there.find("#playback-scrub")  # no run came with it, and it stands at the end
    expect(scrub).to_have_js_property("max", "1")
    expect(scrub).to_have_js_property("value", "1")
    for page in (here, there):
        page.train(5000)
        page.wait_for_epoch(10_000)
        assert page.weights() == AFTER_10000
    mine, theirs = saved_of(here), saved_of(there)
    assert {name: mine[name] for name in ("params", "m", "v", "epoch", "data_key")} == {
        name: theirs[name] for name in ("params", "m", "v", "epoch", "data_key")
    }
    there.page.reload()  # does not open the link once more
    there.wait_until_ready()
    there.wait_for_epoch(10_000)


def test_a_wide_net_starts_over_and_trains_there(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.unfold()
    here.find("#fit-hidden").fill("16")
    here.train(60)
    here.wait_for_epoch(60)
    link = link_of(here)
    here.find("#share-open").click()
    expect(here.find("#share-note")).to_contain_text("trains the 60 epochs again")
    there = open_page(link)
    expect(there.find(NOTICE)).to_contain_text("Training 60 epochs again")
    there.wait_for_epoch(60)
    assert saved_of(there)["net"]["h"] == 16
    assert there.loss() == here.loss()
    there.find("#fit-lr").evaluate("(field) => field.closest('details').open = true")
    there.find("#fit-lr").fill("0.5")
    there.train(1)
    there.wait_for_epoch(61)
    there.find("#share-open").click()
    expect(there.find("#share-note")).to_contain_text("holds its settings only")
    third = open_page(link_of(there))
    expect(third.find(NOTICE)).to_contain_text("settings only")
    expect(third.find("#count-epoch")).to_have_text("0")
    expect(third.find("#fit-lr")).to_have_value("0.5")


def test_bad_links_and_a_link_in_an_open_tab(address: str, open_page: Open) -> None:
    page = open_page(address + "/#s=1.AAAA")
    bad_links_show_a_message(page)
    page.go("fit")
    a_link_in_an_open_tab_is_one_step_of_undo(page)


def a_link_in_an_open_tab_is_one_step_of_undo(page: LecturePage) -> None:
    page.train(40)
    page.wait_for_epoch(40)
    fragment = link_of(page).partition("#")[2]
    page.click("#build-challenge")
    page.type_weight("build", 4, "7")
    page.train(60)
    page.wait_for_epoch(100)
    before = saved_of(page)
    page.page.evaluate("(fragment) => (location.hash = fragment)", fragment)
    page.wait_for_epoch(40)
    expect(page.find("#build-weights-4-field")).to_have_value("4.5")
    expect(page.find("#build-challenge-card")).to_be_hidden()
    page.page.evaluate("pwl.history.undo()")
    page.wait_for_epoch(100)
    expect(page.find("#build-weights-4-field")).to_have_value("7")
    with page.shown("#build-challenge-card") as card:
        expect(card).to_be_visible()
    assert saved_of(page)["params"] == before["params"]
    page.page.evaluate("pwl.history.redo()")
    page.wait_for_epoch(40)
    page.page.evaluate("location.hash = '#fit'")  # an ordinary anchor
    page.page.wait_for_function("document.querySelector('#fit').getBoundingClientRect().top < 200")
    page.wait_for_epoch(40)


def bad_links_show_a_message(page: LecturePage) -> None:
    for fragment, sentence in (
        ("", "damaged or was cut off"),
        ("#s=9.AAAA", "newer version"),
        ("#s=", "damaged or was cut off"),
        ("#s=9.AAAA", "newer version"),
        ("#s", "damaged or was cut off"),
    ):
        page.page.evaluate("(fragment) => fragment && (location.hash = fragment)", fragment)
        expect(page.find(NOTICE)).to_contain_text(sentence)
        page.page.wait_for_function("location.hash === ''")


def test_the_server_checks_a_link_as_well(address: str, open_page: Open) -> None:
    page = open_page(address, quiet=False)
    page.train(20)
    page.wait_for_epoch(20)
    forged = {"f": {"key": "k", "opt": {"lr": 1e9}, "v": [0, 0, 0]}}
    page.page.evaluate("(text) => (location.hash = `#s=${text}`)", packed(forged))
    expect(page.find(NOTICE)).to_have_class(re.compile("error"))
    page.wait_for_epoch(20)
