"""The page in networks with faults: buffering proxies, dead connections, sign-in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.classroom.test_class import SETTING, Room, post
from tests.support.lecture_page import LecturePage
from tests.support.proxy import Proxy, in_front_of

OpenPage = Callable[..., LecturePage]
AFTER_5000 = ["1.7773", "-3.0447", "-0.9945", "-2.7176", "2.6391"]


@pytest.fixture
def proxy(address: str) -> Iterator[Proxy]:
    with in_front_of(address) as proxy:
        yield proxy


@pytest.fixture
def room(proxy: Proxy) -> Room:
    return open_room(proxy.address)


def open_room(address: str) -> Room:
    opened = post(f"{address}/rooms", {})
    return Room(address, opened["code"], opened["teacher"])


def push(room: Room, epochs: int) -> None:
    room("push", **SETTING | {"epochs": epochs})


def join(page: LecturePage, room: Room) -> None:
    page.page.evaluate("(code) => { location.hash = `room=${code}`; }", room.code)
    page.find("#class-join").click()
    expect(page.find("#class-bar")).to_be_visible()


def test_a_proxy_that_buffers_streams(proxy: Proxy, room: Room, open_page: OpenPage) -> None:
    """The page polls instead: alone, in a class, and on the board."""
    proxy.mode = "hold"
    page = open_page(proxy.address, own_context=True)
    page.train(5000)
    page.wait_for_epoch(5000)
    assert page.weights() == AFTER_5000
    join(page, room)
    push(room, 200)
    page.wait_for_epoch(200)
    board = open_page(f"{proxy.address}/#board={room.token}", own_context=True)
    expect(board.find("#board-seats")).to_contain_text("1")
    board.load("board")
    board.page.wait_for_function("pwl.board.roster.get(1)?.epoch === 200")
    room("start", epochs=100)
    board.page.wait_for_function("pwl.board.roster.get(1)?.epoch === 300")
    page.wait_for_epoch(300)


def test_a_connection_that_dies_silently(proxy: Proxy, room: Room, open_page: OpenPage) -> None:
    page = open_page(proxy.address, fresh=True)
    board = open_page(f"{proxy.address}/#board={room.token}", fresh=True)
    join(page, room)
    board.load("board")
    expect(board.find("#board-seats")).to_contain_text("1")
    status, leads = page.find("#count-status"), board.find("#board-leads")
    for each in (page, board):
        each.page.clock.install()
    board.find("#board-push").click()
    expect(board.find("#board-said")).not_to_be_empty()
    push(room, 40)  # something is heard, so that the silence is timed by the new clock
    page.wait_for_epoch(40)
    board.page.wait_for_function("pwl.board.roster.get(1)?.epoch === 40")
    proxy.mode = "drop"
    for ms in (20_000, 5_500):  # silence, and no answer to a question
        for each in (page, board):
            each.page.clock.fast_forward(ms)
    expect(status).to_contain_text("cannot be reached")
    expect(page.find("#fit-train")).to_be_disabled()
    expect(leads).to_contain_text("connection is lost")
    expect(board.find("#board-said")).to_be_empty()
    proxy.mode = "pass"
    expect(leads).not_to_contain_text("connection is lost")
    expect(page.find("#fit-train")).to_be_enabled()
    push(room, 50)
    page.wait_for_epoch(50)
    board.page.wait_for_function("pwl.board.roster.get(1)?.epoch === 50")


def test_a_network_with_a_sign_in_page(proxy: Proxy, open_page: OpenPage) -> None:
    """Commands show a message meanwhile; afterwards the page recovers by itself."""
    page = open_page(proxy.address, fresh=True, quiet=False)
    page.train(100)
    page.wait_for_epoch(100)
    proxy.mode = "portal"
    page.find("#fit-train").click()
    expect(page.find("#count-status")).to_contain_text("asks you to sign in")
    expect(page.find("#fit-train")).to_be_disabled()
    page.page.evaluate("location.hash = 'explore-seeds'")
    expect(page.find("#explore .load-problem")).to_be_visible()
    proxy.mode = "pass"
    expect(page.find("#explore .load-problem")).to_be_hidden()
    expect(page.find("#seeds-train")).to_be_enabled()
    page.go("fit")
    expect(page.find("#count-epoch")).to_have_text("100")
    page.train(100)
    page.wait_for_epoch(200)


def test_seven_tabs_and_a_board_of_one_browser(address: str, open_page: OpenPage) -> None:
    """With HTTP/1.1 a browser opens at most six connections for all of them."""
    room = open_room(address)
    first = open_page(f"{address}/#board={room.token}", own_context=True)
    tabs = [open_page(address, context_of=first) for _ in range(7)]
    for tab in tabs:
        assert tab.page.evaluate("document.visibilityState") == "visible"
        tab.train(500)
    for tab in tabs:
        tab.wait_for_epoch(500)
    join(tabs[6], room)
    push(room, 60)
    tabs[6].wait_for_epoch(60)
    first.load("board")
    first.page.wait_for_function("pwl.board.roster.get(1)?.epoch === 60")
