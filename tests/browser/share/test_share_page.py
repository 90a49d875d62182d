"""Links for lecturers: copied, drawn as a QR code, and with parts of the page hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import expect

from pwlapp.ui.opening import HIDEABLE
from tests.browser.sharing import link_of, pixels
from tests.support.lecture_page import LecturePage

pytestmark = pytest.mark.view("share")

Open = Callable[..., LecturePage]

NOTICE = "#fit-notice"


def test_the_link_is_copied_and_drawn(address: str, open_page: Open) -> None:
    page = open_page(address)
    for name, hideable in HIDEABLE.items():
        assert page.find(hideable.selector).count() > 0, name
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.find("#share-open").click()
    expect(page.find("#share-copy")).to_be_focused()
    page.find("#share-copy").click()
    expect(page.find("#share-copied")).to_have_text("Copied.")
    link = link_of(page)
    assert page.page.evaluate("navigator.clipboard.readText()") == link
    assert page.find("#share-address").input_value() == link
    page.find("#share-qr-show").click()
    code = page.find("#share-qr img")
    page.page.wait_for_function("document.querySelector('#share-qr img').naturalWidth > 0")
    assert seen_code(code.screenshot(), page) == [link]
    page.find("#share-qr-large").click()
    expect(page.find(".qr-full")).to_be_visible()
    box: Any = page.find(".qr-full img").bounding_box()
    assert box["height"] > 700
    page.page.keyboard.press("Escape")
    expect(page.find(".qr-full")).to_be_hidden()
    without_a_clipboard_the_link_is_selected(page)


def seen_code(screenshot: bytes, page: LecturePage) -> list[str]:
    grey = np.ascontiguousarray(pixels(page, screenshot)[:, :, 0])
    return [code.text for code in zxingcpp.read_barcodes(grey)]


def without_a_clipboard_the_link_is_selected(page: LecturePage) -> None:
    page.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.page.evaluate("document.execCommand = () => false")
    page.find("#share-copy").click()
    expect(page.find("#share-copied")).to_contain_text("Ctrl+C")
    selected = page.page.evaluate(
        "document.activeElement.value.slice(document.activeElement.selectionStart)"
    )
    assert selected == link_of(page)


def test_a_lecturers_address_hides_before_the_first_paint(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?hide=build,options,logit,language&lang=ko&theme=dark#")
    expect(page.find("#fit-data")).not_to_be_empty()
    expect(page.find("html")).to_have_attribute("data-theme", "dark")
    expect(page.find("h1")).to_have_text("꺾인 직선 실험실")
    for gone in (
        "#build",
        "nav a[href='#build']",
        "#fit-options",
        "#fit-logit-plot",
        "#language-switch",
    ):
        expect(page.find(gone)).to_be_hidden()
    for there in ("#fit-yhat-plot", "#fit-train", "nav a[href='#explore']"):
        expect(page.find(there)).to_be_visible()
    head = page.page.evaluate("document.head.innerHTML")
    assert head.index("#fit-options { display: none") < head.index("stylesheet")
    page.train(25)
    page.wait_for_epoch(25)


def test_an_unknown_name_shows_a_message(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?hide=fitt,<b>,playback,net,optimizer,engine")
    expect(page.find(NOTICE)).to_contain_text("fitt, <b>")
    expect(page.find("#fit-playback")).to_be_hidden()
    expect(page.find("#fit-options")).to_be_hidden()  # nothing is left in this drawer


def test_the_builder_writes_the_address(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?lesson=seeds.2&hide=random")
    expect(page.find("#lesson-task")).to_be_visible()  # opening, it shows a view of its own
    page.find("#share-open").click()
    page.find(".share-fold summary").click()
    expect(page.find(".lecturer input[value='random']")).to_be_checked()
    page.find(".lecturer input[value='options']").check()
    page.find("#lecturer-lang").select_option("en")
    page.find("#lecturer-theme").select_option("light")
    link = link_of(page).partition("#")[0]
    assert link == f"{address}/?hide=random,options&lesson=seeds.2&lang=en&theme=light"
    other = open_page(link_of(page), lang="ko-KR")
    expect(other.find("html")).to_have_attribute("lang", "en")
    expect(other.find("#fit-options")).to_be_hidden()
