"""The teacher's board; students use a page in another context, or send HTTP."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.classroom.test_class import Room, join, post
from tests.browser.sharing import params_of
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("board")

OpenPage = Callable[..., LecturePage]
EPOCHS = 300
WEIGHTS = ("W1₁", "W1₂", "W2₁", "W2₂", "b2")


# The size of the smallest letters that the canvases paint, all anew.
SMALLEST = """async () => {
  const { prototype } = CanvasRenderingContext2D;
  const { fillText } = prototype;
  const sizes = [];
  prototype.fillText = function (...given) {
    sizes.push(Number(/([\\d.]+)px/.exec(this.font)[1]));
    return fillText.apply(this, given);
  };
  pwl.boardCanvases.resize();
  document.querySelector("#board-tab-plots").click();
  while (!sizes.length) await new Promise(requestAnimationFrame);
  document.querySelector("#board-tab-question").click();
  return Math.min(...sizes);
}"""


# The chips and words whose text is cut off, or leaves the window.
CUT = """() => [...document.querySelectorAll(".board-chip span, .board-line > *")].filter((node) =>
  node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().right > innerWidth
).map((node) => node.textContent)"""


class Board:
    """A teacher's page with an open room."""

    def __init__(self, page: LecturePage) -> None:
        self.page = page
        page.find("#board-open").click()
        expect(page.find("#board-code")).to_contain_text("-")
        self.code = (page.find("#board-code").text_content() or "").replace("-", "")

    def press(self, command: str, said: str) -> None:
        self.page.find(f"#board-{command}").click()
        expect(self.page.find("#board-said")).to_contain_text(said)

    def count(self, outcome: str) -> Locator:
        return self.page.find(f"#board-chip-{outcome} strong")

    def listed(self) -> Locator:
        return self.page.find("#board-list [role='option']")

    def open_drawer(self, name: str) -> None:
        self.page.find(f"#board-{name} > summary").click()
        expect(self.page.find(f"#board-{name} .drawer-body")).to_be_visible()


@pytest.fixture
def board(address: str, open_page: OpenPage) -> Board:
    return Board(open_page(address, own_context=True))


class Seat:
    """A student who sends HTTP requests and has no page."""

    def __init__(self, address: str, board: Board, nickname: str) -> None:
        self._address = address
        body = {"code": board.code, "nickname": nickname, "own": "0" * 22, "seat": None}
        self._token = post(f"{address}/rooms/join", body)["seat"]

    def answer(self, question: int, value: int) -> None:
        body = {"question": question, "value": value}
        post(f"{self._address}/rooms/seat/answer", body, self._token)


def saved(board: Board, kind: str) -> bytes:
    with board.page.page.expect_download() as waiting:
        board.page.find(f"#board-file-{kind}").click()
    return Path(waiting.value.path()).read_bytes()


def test_a_lesson_from_the_code_to_the_release(
    board: Board, address: str, open_page: OpenPage
) -> None:
    teacher = board.page
    student = open_page(f"{address}/#fit", own_context=True)
    join(student, Room(address, board.code, ""), "Minji")
    expect(board.listed()).to_have_count(1)
    expect(teacher.find("#board-headline")).to_have_text("1 in the room, ready to start")

    board.press("push", "Sent to 1")
    expect(teacher.find("#board-leads")).to_contain_text("You lead")
    teacher.find("#board-epochs input").fill(str(EPOCHS))
    board.press("start", "Training 1")
    student.wait_for_epoch(EPOCHS)
    expect(board.listed()).to_contain_text(f"epoch {EPOCHS}")
    expect(board.count("not_started")).to_have_text("0")
    expect(board.listed()).to_contain_text(f"loss {number(student.loss()):.4f}")
    expect(teacher.find("#board-said")).to_have_text("")  # nobody trains any more

    board.press("freeze", "frozen")
    expect(student.find("#class-veil")).to_be_visible()
    expect(teacher.find("#board-freeze")).to_have_text("Unfreeze")
    board.press("freeze", "free again")
    expect(student.find("#class-veil")).to_be_hidden()

    teacher.find("#board-list").focus()
    teacher.page.keyboard.press("ArrowRight")
    expect(teacher.find("#board-chosen-name")).to_contain_text("Minji")
    teacher.find("#board-chosen-close").click()
    expect(teacher.find("#board-all-curves")).to_be_visible()
    teacher.find("#board-canvas").click(position={"x": 40, "y": 80})  # the only tile
    expect(teacher.find("#board-chosen-name")).to_contain_text("Minji")
    expect(teacher.find("#board-chosen-weights li")).to_have_text(
        [
            f"{name} {number(weight):.2f}".replace("-", "−")
            for name, weight in zip(WEIGHTS, student.weights(), strict=True)
        ]
    )
    expect(teacher.find("#board-tiles")).to_be_visible()
    teacher.page.keyboard.press("Escape")
    expect(teacher.find("#board-chosen")).to_be_hidden()
    teacher.page.keyboard.press("ArrowRight")
    teacher.page.keyboard.press("Enter")
    expect(teacher.find("#fit")).to_be_visible()
    expect(teacher.find("#count-loss")).to_have_text(student.loss())
    assert params_of(teacher) == params_of(student)
    teacher.go("board")
    expect(teacher.find("#board-setting")).to_contain_text("your own setting, not Minji’s")
    teacher.find("#board-setting-fit").click()
    expect(teacher.find("#board-setting")).to_contain_text("what stands in Fit")

    teacher.find("#board-spotlight").click()
    expect(teacher.find("#board-leads")).to_have_text("Minji is on every screen")
    board.open_drawer("challenge")
    teacher.find("#board-challenge-start").click()
    expect(teacher.find("#board-said")).to_contain_text("the shown one is off the screens")
    expect(teacher.find("#board-leads")).to_contain_text("You lead")
    expect(teacher.find("#board-ranking output")).to_have_text(re.compile(r"^\d+\.\d{4}$"))
    board.press("freeze", "frozen")
    expect(student.find("#class-veil")).to_be_visible()
    board.open_drawer("challenge")
    teacher.find("#board-challenge-start").click()
    expect(teacher.find("#board-said")).to_contain_text("the screens are free again")
    expect(teacher.find("#board-leads")).to_contain_text("You lead")
    expect(student.find("#class-veil")).to_be_hidden()

    hidden = ("net", "optimizer", "weights", "train")  # ticked faster than the room can answer
    board.open_drawer("pages")
    for name in hidden:
        teacher.find(f"#board-hide-{name} input").check()
    for gone in ("#fit-options > summary", "#fit-weights", "#fit-train", "#fit-step", "#fit-reset"):
        expect(student.find(gone)).to_be_hidden()
    for name in hidden:
        expect(teacher.find(f"#board-hide-{name} input")).to_be_checked()
    teacher.find("#board-pages .drawer-close").click()
    board.press("release", "own work")
    expect(teacher.find("#board-leads")).to_contain_text("on their own")
    expect(teacher.find("#board-challenge-words")).to_contain_text("The challenge has ended")
    expect(teacher.find("#board-challenge-end")).to_have_text("Take the ranking away")
    teacher.find("#board-challenge-end").click()
    expect(teacher.find("#board-panel-challenge")).to_be_hidden()
    expect(student.find("#class-panel")).to_be_hidden()


def test_filters_and_order_of_the_tiles(board: Board, address: str) -> None:
    page = board.page
    for name in ("Bora", "", "Aram"):
        Seat(address, board, name)
    board.press("push", "Sent to 3")
    expect(board.listed()).to_contain_text(["Bora", "Student 2", "Aram"])
    page.find("#board-order").select_option("name")
    expect(board.listed()).to_contain_text(["Aram", "Bora", "Student 2"])
    page.find("#board-search input").fill("AR")
    expect(board.listed()).to_contain_text(["Aram"])
    page.find("#board-search input").fill("nobody")
    expect(page.find("#board-nobody")).to_be_visible()
    page.find("#board-search input").fill("")
    page.find("#board-chip-both").click()
    expect(board.listed()).to_have_count(0)
    page.find("#board-chip-not_started").click()
    expect(board.listed()).to_have_count(3)
    page.find("#board-names input").uncheck()
    expect(board.listed()).to_contain_text(["Student 3", "Student 1", "Student 2"])
    for waiting in ("not started", "시작 전"):
        expect(page.find("#board-chip-not_started span")).to_have_text(waiting)
        for width, height in ((390, 664), (1366, 633), (1366, 768)):
            page.page.set_viewport_size({"width": width, "height": height})
            assert page.page.evaluate(CUT) == []
        page.find("#language-switch").click()


def test_a_projector_without_names_or_answers_and_downloads(
    board: Board, address: str, open_page: OpenPage
) -> None:
    seats = [Seat(address, board, name) for name in ("Minji", "Jisoo", "Bora")]
    board.press("push", "Sent to 3")
    board.page.page.set_viewport_size({"width": 1366, "height": 633})
    expect(board.listed()).to_have_count(3)
    board.page.find("#board-list").focus()
    board.page.page.keyboard.press("ArrowRight")  # which is in the question's place here
    expect(board.page.find("#board-chosen")).to_be_visible()
    board.open_drawer("ask")
    board.page.find("#board-ask-send").click()
    expect(board.page.find("#board-question-text")).to_contain_text("bend on both sides")
    expect(board.page.find("#board-question-text")).to_be_visible()
    board.open_drawer("ask")
    board.page.find("#board-ask-text").fill("How many points?")
    board.page.find("#board-ask-send").click()
    expect(board.page.find("#board-question-text")).to_have_text("How many points?")
    board.page.load("board")
    question = board.page.page.evaluate("pwl.board.room.question.id")
    for seat, value in zip(seats, (3, 5, 999_999), strict=True):
        seat.answer(question, value)
    expect(board.page.find("#board-answered")).to_have_text(
        "3 of 3 have answered. Far outside, not drawn: 1."
    )
    board.open_drawer("room")
    link = board.page.find("#board-links input").nth(1).input_value()
    expect(board.page.find("#board-links")).to_contain_text("No other device")
    wall = open_page(link, own_context=True, width=1920, height=1080)
    expect(wall.find("#board-code")).to_have_text(board.page.find("#board-code").inner_text())
    assert wall.page.url == f"{address}/?projector=1#board"
    expect(wall.find("#board-list")).to_contain_text("Student 2")
    expect(wall.find("#board")).not_to_contain_text("Minji")
    expect(wall.find("#board-answered")).to_contain_text("hidden here")
    wall.load("board")
    assert wall.page.evaluate(SMALLEST) == 24  # pixels, for the back row
    assert wall.texts_below(24) == []
    board.page.find("#board-room .drawer-close").click()
    board.page.find("#board-reveal").click()
    expect(wall.find("#board-answered")).to_contain_text("Everybody sees")
    downloads_and_the_end_of_a_room(board)


def downloads_and_the_end_of_a_room(board: Board) -> None:
    board.open_drawer("save")
    anonymous = saved(board, "csv").decode("utf-8-sig")
    board.page.find("#board-with-names input").check()
    named = saved(board, "csv").decode("utf-8-sig")
    assert "Minji" not in anonymous
    assert [row["name"] for row in csv.DictReader(io.StringIO(named))] == ["Minji", "Jisoo", "Bora"]
    assert saved(board, "picture").startswith(b"\x89PNG")
    assert b"nbformat" in saved(board, "notebook")
    board.page.find("#board-save .drawer-close").click()
    board.open_drawer("room")
    board.page.find("#board-end").click()
    board.page.find("#board-end").click()
    expect(board.page.find("#board-ended")).to_contain_text("ended")
    board.page.page.reload()
    board.page.wait_until_shown()
    expect(board.page.find("#board-open")).to_be_visible()
