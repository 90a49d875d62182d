"""A class on the students' pages, each in its own browser context; the teacher sends HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import e
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage, number

OpenPage = Callable[..., LecturePage]
NET = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
SETTING = {
    "data": {"law": "lecture"},
    "seed": 5,
    "seat_seeds": False,
    "net": NET,
    "optimizer": {"kind": "adam", "lr": 0.001},
    "epochs": 0,
}

AT_BOTTOM = """(selector) =>
  Math.abs(document.querySelector(selector).getBoundingClientRect().bottom - innerHeight) < 2"""

# How far the button of the drawer "stuck", if it is shown, is from the bottom of the screen.
STUCK_ABOVE_BOTTOM = """() => {
  const drawer = document.getElementById("fit-stuck");
  drawer.hidden = false;
  const { bottom } = drawer.querySelector("summary").getBoundingClientRect();
  drawer.hidden = true;
  return innerHeight - bottom;
}"""

# The display of the weights when the page is painted for the first time.
AT_FIRST = """requestAnimationFrame(function look() {
  const node = document.querySelector(".plot-weights");
  if (node) window.atFirst = getComputedStyle(node).display;
  else requestAnimationFrame(look);
})"""


def post(url: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:
        read: dict[str, Any] = json.load(answer)
    return read


class Room(NamedTuple):
    """An open room, and the commands of its teacher."""

    address: str
    code: str
    token: str

    @property
    def link(self) -> str:
        return f"{self.address}/#room={self.code}"

    def __call__(self, command: str, **body: Any) -> None:
        post(f"{self.address}/rooms/teacher/{command}", body, self.token)


@pytest.fixture
def room(address: str) -> Room:
    opened = post(f"{address}/rooms", {})
    return Room(address, opened["code"], opened["teacher"])


def join(page: LecturePage, room: Room, nickname: str = "") -> None:
    """Open the link of the room in a tab in which the page is already open."""
    page.page.evaluate("(code) => { location.hash = `room=${code}`; }", room.code)
    page.find("#class-nickname").fill(nickname)
    page.find("#class-join").click()
    expect(page.find("#class-bar")).to_contain_text(f"{room.code[:3]}-{room.code[3:]}")


def wait_for_count(page: LecturePage, epoch: int) -> None:
    expect(page.find("#count-epoch")).to_have_text(f"{epoch:,}")


def stands(page: LecturePage) -> dict[str, Any]:
    """The net and the values of the fields."""
    fields = ("#fit-seed", "#fit-epochs", "#fit-lr")
    return {
        "weights": [number(weight) for weight in page.weights()],
        "loss": page.loss(),
        "fields": [page.find(field).input_value() for field in fields],
    }


def trace_ends(page: LecturePage, plot: str, trace: int) -> list[float]:
    """The first and the last y of a line in one of Fit's plots."""
    _, y = page.drawn(f"fit-{plot}-plot", trace)
    return [y[0], y[-1]]


def test_a_class_on_a_students_page(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.address, own_context=True)
    own_work_is_kept_and_restored_completely(page, room)
    a_frozen_class_shows_a_message_and_loses_nothing(page, room)


def own_work_is_kept_and_restored_completely(page: LecturePage, room: Room) -> None:
    page.train(300)
    page.wait_for_epoch(300)
    trained = page.loss()
    page.type_weight("fit", 4, "0.5")
    expect(page.find("#count-loss")).not_to_have_text(trained)
    page.fill("#fit-seed", "7")  # typed, and not yet used
    before = stands(page)
    join(page, room, "Minji")
    expect(page.find("#class-says")).to_contain_text("your own net")
    assert stands(page) == before

    room("push", **SETTING)
    wait_for_count(page, 0)
    expect(page.find("#fit-seed")).to_have_value("5")
    expect(page.find("#class-says")).to_contain_text("Your teacher leads")
    expect(page.find("#undo")).to_be_disabled()  # own steps are set aside, too
    room("start", epochs=200)
    page.wait_for_epoch(200)
    page.find("#lessons-open").click()
    expect(page.find("#lessons")).to_be_visible()
    room("hide", controls=["train", "lessons"])
    expect(page.find("#fit-train")).to_be_hidden()
    expect(page.find("#lessons")).to_be_hidden()
    room("ask", kind="number", text="How many?", options=[])
    expect(page.find("#class-panel")).to_be_visible()
    room("lesson", lesson=["tour", 3])  # the teacher's is shown nevertheless
    expect(page.find("#lesson-task")).to_be_visible()
    expect(page.find("#class-panel")).to_be_hidden()  # not over the lesson
    room("end_question")
    page.open_drawer("fit-options")
    room("lesson", lesson=None)
    expect(page.find("#lesson-task")).to_be_hidden()
    expect(page.find("details.drawer[open]")).to_have_count(0)  # none lies over the plots

    room("release")
    wait_for_count(page, 300)
    room("challenge", kind="lowest", epochs=10)  # another word of the room does not replace this
    expect(page.find("#class-task")).to_be_visible()
    expect(page.find("#class-says")).to_contain_text("Your own net is back")
    page.page.set_viewport_size({"width": 1366, "height": 768})  # the panel takes 320 pixels
    scrub = page.find("#playback-scrub").bounding_box()
    assert scrub is not None
    assert scrub["width"] > 200
    page.wait_until_drawn_to_size("fit")
    page.page.set_viewport_size({"width": 390, "height": 664})
    for part in ("says", "task", "keep", "leave"):  # and nothing of it is cut
        expect(page.find(f"#class-{part}")).to_be_in_viewport(ratio=1)
    assert page.find("#class-says").evaluate("(says) => says.scrollHeight <= says.clientHeight + 1")
    room("hide", controls=["seed", "train"])  # the task is then at the bottom of the screen
    page.page.wait_for_function(AT_BOTTOM, arg="#class-panel")
    assert 0 < page.page.evaluate(STUCK_ABOVE_BOTTOM) < 20
    room("hide", controls=[])
    page.page.set_viewport_size({"width": 1280, "height": 900})
    room("end_challenge")
    expect(page.find("#class-task")).to_be_hidden()
    expect(page.find("#fit-seed")).to_have_value("7")
    expect(page.find("#fit-train")).to_be_visible()
    assert stands(page) == before
    page.find("#undo").click()  # the seed, then the weight
    page.find("#undo").click()
    expect(page.find("#fit-weights-4-field")).not_to_have_value("0.5")
    assert stands(page)["weights"][:4] == before["weights"][:4]


def a_frozen_class_shows_a_message_and_loses_nothing(page: LecturePage, room: Room) -> None:
    room("push", **SETTING | {"epochs": 300})
    expect(page.find("#fit-seed")).to_have_value("5")  # the student's own net has 300 epochs, too
    page.wait_for_epoch(300)
    before = stands(page)

    room("freeze", on=True)
    expect(page.find("#class-veil")).to_contain_text("Your teacher has paused the class")
    expect(page.find("#class-veil")).to_contain_text("Your work is kept")
    page.page.keyboard.press("t")  # trains, when it is not paused
    page.page.keyboard.press("1")
    expect(page.find("#fit-notice")).to_be_hidden()
    assert page.page.evaluate("document.querySelector('main').inert")

    room("spotlight", seat=1)  # which is seen while all are frozen
    expect(page.find("#class-veil")).to_be_hidden()
    expect(page.find("#class-says")).to_have_text("Paused: everyone looks at your net.")
    assert page.page.evaluate("document.querySelector('main').inert")
    room("spotlight", seat=None)
    expect(page.find("#class-veil")).to_be_visible()

    room("freeze", on=False)
    expect(page.find("#class-veil")).to_be_hidden()
    assert stands(page) == before

    truth = trace_ends(page, "yhat", 1)
    room("challenge", kind="match", target=[1, -1, -4, -6, 2])
    expect(page.find(".plot-logit .to-match")).to_be_visible()
    assert trace_ends(page, "logit", 3) == [-4, -2]
    assert trace_ends(page, "yhat", 1) == pytest.approx([1 / (1 + e**4), 1 / (1 + e**2)])
    score = page.find(".class-score")
    expect(score).to_have_text(re.compile(r"Your distance: \d"))
    distance = score.inner_text()
    room("spotlight", seat=1)
    expect(page.find("#class-says")).to_have_text("Everyone sees your net.")
    room("start", epochs=100)  # the student's own net; the page shows its copy, which stays
    expect(score).not_to_have_text(distance)
    expect(score).to_have_text(re.compile(r"Your distance: \d"))
    wait_for_count(page, 300)
    room("challenge", kind="match", target=[1, -1, -4, -6, 2])  # for which all get their own nets
    page.wait_for_epoch(400)
    assert not page.page.evaluate("document.querySelector('#fit .plot-weights').inert")
    room("end_challenge")
    expect(page.find(".plot-logit .to-match")).to_be_hidden()
    assert trace_ends(page, "yhat", 1) == truth
    page.train(100)
    page.wait_for_epoch(500)


def test_a_reload_and_a_second_tab_keep_the_seat(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.address, own_context=True)
    page.fill("#fit-seed", "8")  # typed, and not yet used
    page.fill("#fit-epochs", "123")
    join(page, room, "Minji")
    other = open_page(room.link, own_context=True)
    join(other, room)
    room("push", **SETTING | {"seat_seeds": True, "epochs": 200})
    page.wait_for_epoch(200)
    expect(page.find("#fit-seed")).to_have_value("5")
    expect(other.find("#fit-seed")).to_have_value("6")  # a seed each

    page.fill("#fit-epochs", "77")
    room("hide", controls=["weights"])
    expect(page.find("#fit-weights")).to_be_hidden()
    page.page.add_init_script(AT_FIRST)
    page.page.reload()
    page.wait_until_ready()
    assert page.page.evaluate("atFirst") == "none"  # before the page knows the room
    room("hide", controls=[])
    expect(page.find("#fit-weights")).to_be_visible()
    second = open_page(room.address, context_of=page)
    for tab in (page, second):
        expect(tab.find("#class-says")).to_contain_text("Your teacher leads")
        tab.wait_for_epoch(200)
        expect(tab.find("#fit-seed")).to_have_value("5")
        tab.go("class")
        expect(tab.find("#class-body")).to_contain_text("You are student 1 of 2")
        expect(tab.find("#class-nickname")).to_have_value("Minji")

    second.find("#class-leave").click()
    for tab, says in ((page, "You left this class in another tab"), (second, "You have left")):
        expect(tab.find("#class-says")).to_contain_text(says)
        expect(tab.find("#class-says")).to_contain_text("Your own net is back")
        wait_for_count(tab, 0)
    expect(page.find("#fit-seed")).to_have_value("8")
    expect(page.find("#fit-epochs")).to_have_value("123")
    expect(other.find("#class-says")).to_contain_text("Your teacher leads")


def test_the_class_net_can_be_kept_when_the_room_ends(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.address, own_context=True)
    page.train(100)
    page.wait_for_epoch(100)
    own = page.weights()
    join(page, room)
    room("push", **SETTING | {"epochs": 300})
    page.wait_for_epoch(300)
    of_class = page.weights()

    room("end")
    wait_for_count(page, 100)
    expect(page.find("#class-says")).to_contain_text("This class is over")
    page.find("#class-keep").click()
    wait_for_count(page, 300)
    assert page.weights() == of_class
    page.find("#undo").click()
    wait_for_count(page, 100)
    assert page.weights() == own
    page.page.reload()
    page.wait_until_ready()
    wait_for_count(page, 100)
    expect(page.find("#class-bar")).to_be_hidden()


def test_revealed_answers_are_shown_to_all(room: Room, open_page: OpenPage) -> None:
    first, second = (open_page(room.link, own_context=True) for _ in range(2))
    for page in (first, second):
        join(page, room)
    room("ask", kind="choice", text="<b>Which side?</b>", options=["left", "right"])
    for page, option in ((first, 0), (second, 1)):
        expect(page.find("#class-panel h3")).to_have_text("<b>Which side?</b>")
        expect(page.find("#class-panel h3")).to_be_in_viewport()
        page.find("#class-panel label").nth(option).click()
        page.find("#class-panel .button").click()
        expect(page.find(".class-said")).to_contain_text("Only your teacher sees it")
    expect(first.find(".class-shares")).to_have_count(0)
    room("reveal")
    expect(first.find(".class-shares li.mine")).to_have_text("left1")
    expect(second.find(".class-shares li.mine")).to_have_text("right1")

    room("ask", kind="curve", text="How will it bend?", options=[])
    for key in ("ArrowUp", "ArrowRight", "ArrowDown"):
        first.find(".class-sketch").press(key)
    first.find("#class-panel .button").click()
    expect(first.find(".class-said")).to_contain_text("Only your teacher sees it")
    room("reveal")
    expect(second.find("#class-panel polyline.others")).to_have_count(1)
    expect(second.find("#class-panel polyline.truth")).to_have_count(1)
    expect(first.find("#class-panel polyline.mine")).to_have_count(1)


def test_class_scripts_are_loaded_when_a_class_is_opened(address: str, open_page: OpenPage) -> None:
    page = open_page(address, own_context=True)
    loaded: list[str] = []
    page.page.on("request", lambda request: loaded.append(request.url))
    page.page.reload()
    page.wait_until_shown()
    assert any("/static/main" in url for url in loaded)
    assert not any("class-style" in url or "/locale/" in url for url in loaded)
    assert "class." not in (page.find("#catalogue").text_content() or "")
    page.go("class")
    expect(page.find("#board-link")).to_be_hidden()
    page.find("#class-open").click()
    expect(page.find("#board-stage")).to_be_visible()
    expect(page.find("#board-link")).to_be_visible()
