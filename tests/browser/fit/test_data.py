"""The data card of Fit: generated data, own points, files, and test points."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import pytest
from playwright.sync_api import expect

from pwlapp.core.data.datasets import LAWS, TABLE, draw
from pwlapp.core.net import Architecture
from tests.golden import loss_of
from tests.support.lecture_page import LecturePage, number

Open = Callable[..., LecturePage]

# Where the points are on the screen, in the axes' units
PAINTED_POINTS = """() => {
  const gd = document.querySelector("#fit-points-plot .js-plotly-plot");
  const { xaxis, yaxis } = gd._fullLayout;
  return [...gd.querySelectorAll(".point")].map((point) => {
    const [x, y] = point.getAttribute("transform").match(/-?[0-9.]+/g).map(Number);
    return [xaxis.p2d(x), yaxis.p2d(y)];
  });
}"""

PIXEL = """([x, y]) => {
  const plot = document.querySelector(".own-graph.js-plotly-plot");
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.getBoundingClientRect();
  return [left + xaxis._offset + xaxis.d2p(x), top + yaxis._offset + yaxis.d2p(y)];
}"""


class DataCard:
    """The card, unfolded."""

    def __init__(self, page: LecturePage) -> None:
        self.lecture = page
        self.page = page.page
        page.open_drawer("fit-data-panel")
        expect(page.find(".data-tile")).to_have_count(10)

    def choose(self, name: str) -> None:
        self.page.locator(f".data-tile input[value='{name}']").check()

    def keep_for_testing(self, share: str) -> None:
        self.page.locator(f"input[name='data-held-out'][value='{share}']").check()

    def use(self, law: str) -> None:
        """Press the button, and wait until the net is shown on these data."""
        self.page.locator("#data-use").click()
        self.wait_for(law)

    def wait_for(self, law: str) -> None:
        self.page.wait_for_function(
            """(law) => {
              const { data, state, frame, net } = pwl.fit.now();
              return data.spec.law === law && data.key === state.data_key && frame?.net === net;
            }""",
            arg=law,
            timeout=120_000,  # the workers of a server that has just started are not ready yet
        )

    def now(self, expression: str) -> Any:
        """The value of an expression on ``pwl.fit.now()``."""
        return self.page.evaluate(
            f"(({{ data, net, frame, state }}) => {expression})(pwl.fit.now())"
        )

    def net(self) -> Architecture:
        """The net in Fit."""
        h, bias1, activation, loss = self.now("[net.h, net.bias1, net.activation, net.loss]")
        return Architecture(h, bias1, activation, loss)

    def surface(self) -> dict[str, float]:
        """The rectangle of the plot for own points, on the screen."""
        surface = self.page.locator("#own-surface")
        surface.scroll_into_view_if_needed()
        expect(self.page.locator(".own-graph.js-plotly-plot")).to_be_visible()
        box: Any = surface.bounding_box()
        return dict(box)

    def at(self, fx: float, fy: float) -> tuple[float, float]:
        box = self.surface()
        return box["x"] + fx * box["width"], box["y"] + fy * box["height"]

    def pixel(self, point: list[float]) -> tuple[float, float]:
        """The position of a point on the screen."""
        self.surface()
        x, y = self.page.evaluate(PIXEL, point)
        return x, y

    def own_points(self) -> list[list[float]]:
        points: list[list[float]] = self.page.evaluate(
            "JSON.parse(sessionStorage['pwl.own'] ?? '{\"points\": []}').points"
        )
        return points

    def expect_own(self, count: int) -> None:
        words = "1 point" if count == 1 else f"{count} points"
        expect(self.page.locator(".own-count")).to_have_text(words)


def test_each_set_is_painted_with_its_net(address: str, open_page: Open) -> None:
    page = open_page(address)
    card = DataCard(page)
    layers = page.find("#fit-layers")
    for law in LAWS:
        known = TABLE[law]
        card.choose(law)
        page.find("#data-n").fill("80")
        card.use(law)
        x, truth, y = draw(law, 80, known.noise, known.seed)
        page.page.wait_for_function(
            "document.querySelectorAll('#fit-points-plot .point').length === 80"
        )
        painted = np.array(sorted(page.page.evaluate(PAINTED_POINTS)))
        span = max(float(y.max() - y.min()), 1.0)
        assert painted[:, 0] == pytest.approx(x, abs=0.01 * float(x[-1] - x[0]))
        assert painted[:, 1] == pytest.approx(y, abs=0.03 * span)
        assert page.drawn("fit-yhat-plot", 1)[1] == pytest.approx(truth, abs=1e-6)
        expect(layers).to_contain_text(f"Linear(1, {known.net.h}, bias={known.net.bias1})")
        expect(page.find("#fit-epochs")).to_have_value(str(known.epochs))
        page.page.wait_for_function("""() => {
          const { data } = document.querySelector("#fit-yhat-plot .js-plotly-plot");
          return data[0].y.every(Number.isFinite);
        }""")
        curve = page.drawn("fit-yhat-plot", 0)[0]
        assert (curve[0], curve[-1]) == pytest.approx((x[0], x[-1]))
        if known.is_binary:
            expect(layers).to_contain_text("→ Sigmoid")
            expect(page.find("#fit-data-kind")).to_be_empty()
            expect(page.find("#fit-loss input[value='bce']")).to_be_enabled()
        else:
            expect(page.find("#fit-data-kind")).to_contain_text("without a sigmoid")
            expect(page.find("#fit-summary")).to_contain_text("MSE")
            expect(page.find("#fit-loss input[value='bce']")).to_be_disabled()
    card.choose("lecture")
    page.find("#data-belongs").uncheck()
    card.use("lecture")
    expect(page.find("#fit-summary")).to_contain_text("BCE")
    expect(layers).to_contain_text("bias=True) → Sigmoid → Linear(8, 1) → Sigmoid")


def test_undo_reload_and_another_tab(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(20)
    page.wait_for_epoch(20)
    weights = page.weights()
    card = DataCard(page)
    card.choose("sine")
    card.use("sine")
    page.wait_for_epoch(0)
    page.page.evaluate("pwl.history.undo()")
    card.wait_for("lecture")
    page.wait_for_epoch(20)
    assert page.weights() == weights
    expect(page.find(".data-tile input[value='lecture']")).to_be_checked()
    page.page.evaluate("pwl.history.redo()")
    card.wait_for("sine")
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#fit-data")).to_contain_text("Sine (2,000 points)")
    page.open_drawer("fit-data-panel")
    expect(page.find(".data-tile input[value='sine']")).to_be_checked()
    other = open_page(address, context_of=page)
    expect(other.find("#fit-data")).to_contain_text("the lecture's (2,000 points)")
    assert page.page.evaluate("pwl.fit.now().data.spec.law") == "sine"


def test_both_losses_equal_torchs(address: str, open_page: Open) -> None:
    page = open_page(address)
    card = DataCard(page)
    for law in ("sine", "step_like"):
        losses_equal_torchs(page, card, law)


def losses_equal_torchs(page: LecturePage, card: DataCard, law: str) -> None:
    page.open_drawer("fit-data-panel")
    card.choose(law)
    page.find("#data-n").fill("0")
    expect(page.find(".data-note")).to_contain_text("must be a whole number from 2 to")
    expect(page.find("#data-n")).to_have_attribute("aria-invalid", "true")
    expect(page.find("#data-use")).to_be_disabled()
    page.find("#data-n").fill("200")
    expect(page.find("#data-n")).not_to_have_attribute("aria-invalid", "true")
    card.keep_for_testing("0.3")
    card.use(law)
    expect(page.find("#fit-data")).to_contain_text("60 of them are kept for testing")
    page.train(50)
    page.wait_for_epoch(50)
    data = card.now("({x: data.x, y: data.y, test: data.test})")
    assert (len(data["x"]), len(data["test"]["x"])) == (140, 60)
    saved = page.page.evaluate("pwl.fit.send('saved')")["saved"]
    p = np.frombuffer(base64.b64decode(saved["params"]), dtype="<f4")
    test_loss = loss_of(p, data["test"]["x"], data["test"]["y"], card.net())
    assert number(page.find("#count-test").inner_text()) == pytest.approx(test_loss, abs=1.5e-6)
    train_loss = loss_of(p, data["x"], data["y"], card.net())
    assert number(page.loss()) == pytest.approx(train_loss, abs=1.5e-6)
    expect(page.find("#fit-checkpoints tbody tr")).to_have_count(2)  # it follows at 5 Hz
    rows = page.checkpoint_rows()
    assert number(rows[-1][-1]) == pytest.approx(test_loss, abs=1.5e-6)
    page.page.wait_for_function(
        "document.querySelector('#fit-loss-plot .js-plotly-plot').data[3].y.at(-1) ==="
        " pwl.fit.frame().test"
    )
    epochs, losses = page.drawn("fit-loss-plot", 3)
    assert (epochs[0], epochs[-1]) == (0, 50)
    assert losses[-1] == pytest.approx(test_loss, abs=1.5e-6)
    x, _, _ = draw(law, 200, TABLE[law].noise, TABLE[law].seed)
    drawn = [page.drawn("fit-points-plot", trace)[0] for trace in (0, 1)]
    assert [len(xs) for xs in drawn] == [140, 60]
    assert sorted(drawn[0] + drawn[1]) == pytest.approx(x.tolist(), abs=1e-6)
    page.find("#playback-start").click()
    first = page.page.evaluate("pwl.fit.frame().test")
    expect(page.find("#count-test")).to_have_text(f"{first:.6f}")


def test_own_points_by_mouse_are_fitted_and_followed(address: str, open_page: Open) -> None:
    page = open_page(address)
    card = DataCard(page)
    card.choose("own")
    expect(page.find("#data-use")).to_be_disabled()
    for count, (fx, fy) in enumerate(((0.2, 0.75), (0.4, 0.8), (0.55, 0.2), (0.8, 0.25)), start=1):
        page.page.mouse.click(*card.at(fx, fy))
        card.expect_own(count)
    assert [y for _, y in card.own_points()] == [0, 0, 1, 1]
    card.use("own")
    page.train(100)
    page.wait_for_epoch(100)
    x, y = np.array(card.own_points()).T
    assert card.now("data.x") == pytest.approx(x)
    expected = loss_of(card.now("frame.p"), x, y, card.net())
    assert number(page.loss()) == pytest.approx(expected, abs=1.5e-6)
    expect(page.find("#fit")).not_to_contain_text("Loss of the truth")
    weights = page.weights()

    before = page.loss()
    place = card.pixel(card.own_points()[-1])
    page.page.mouse.move(*place)
    page.page.mouse.down()
    page.page.mouse.move(*card.at(0.9, 0.8), steps=4)
    page.page.mouse.up()
    expect(page.find("#count-loss")).not_to_have_text(before)
    assert card.own_points()[-1][1] == 0
    assert page.weights() == weights  # the net stays, the points have moved under it
    expect(page.find("#count-epoch")).to_have_text("100")
    page.page.evaluate("pwl.history.undo()")
    expect(page.find("#count-loss")).to_have_text(before)

    page.page.mouse.click(*place, button="right")
    card.expect_own(3)
    page.find("input[name='own-kind'][value='numbers']").check()
    card.wait_for("own")
    expect(page.find("#fit-layers")).not_to_contain_text("→ Sigmoid")


def test_own_points_by_keyboard(address: str, open_page: Open) -> None:
    page = open_page(address)
    card = DataCard(page)
    card.choose("own")
    page.find("input[name='own-kind'][value='numbers']").check()
    card.surface()
    page.find("#own-clear").focus()
    page.page.keyboard.press("Tab")
    expect(page.find("#own-surface")).to_be_focused()
    for key in ("ArrowLeft", "Shift+ArrowUp", "Enter"):
        page.page.keyboard.press(key)
    card.expect_own(1)
    assert card.own_points() == [[pytest.approx(-0.05), pytest.approx(0.3)]]
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Enter", "ArrowDown", "ArrowDown", "Enter"):
        page.page.keyboard.press(key)
    card.expect_own(3)
    page.page.keyboard.press("Delete")
    card.expect_own(2)
    card.use("own")
    page.train(10)
    page.wait_for_epoch(10)
    assert card.now("net.loss") == "mse"


def test_own_points_by_touch_and_a_file_on_a_phone(address: str, chromium: Any) -> None:
    context = chromium.new_context(
        bypass_csp=True,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        locale="en-US",
    )
    try:
        page = LecturePage(context.new_page())
        page.open(address)
        card = DataCard(page)
        card.choose("own")
        for count, (fx, fy) in enumerate(((0.3, 0.7), (0.5, 0.3), (0.8, 0.7)), start=1):
            page.page.touchscreen.tap(*card.at(fx, fy))
            card.expect_own(count)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
        card.use("own")
        page.train(10)
        page.wait_for_epoch(10)
        assert card.now("data.x.length") == 3
        ambiguous_files_are_resolved_by_keyboard(page, card)
        a_finger_drags_a_point(context, page, card)
    finally:
        context.close()


def a_finger_drags_a_point(context: Any, page: LecturePage, card: DataCard) -> None:
    card.choose("own")
    session = context.new_cdp_session(page.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": px, "y": py} for px, py in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    scrolled = page.page.evaluate("scrollY")
    start = card.pixel(card.own_points()[0])
    page.page.clock.install(time=0)
    page.page.clock.pause_at(1)  # on a slow machine the drag would become a long press
    touch("touchStart", start)
    end = card.at(0.35, 0.25)
    for share in (0.3, 0.6, 1.0):
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        touch("touchMove", (x, y))
    touch("touchEnd")
    page.page.clock.resume()
    page.page.wait_for_function("JSON.parse(sessionStorage['pwl.own']).points[0][1] === 1")
    card.expect_own(3)
    assert page.page.evaluate("scrollY") == scrolled  # a held point does not scroll the page


def test_a_file(address: str, open_page: Open) -> None:
    page = open_page(address, quiet=False)  # a refusal stands in the console, too
    page.train(10)
    page.wait_for_epoch(10)
    card = DataCard(page)
    card.choose("csv")
    expect(page.find("#data-use")).to_be_disabled()

    def pick(content: bytes) -> None:
        file: Any = {"name": "grades.csv", "mimeType": "text/csv", "buffer": content}
        page.page.set_input_files("#data-file", file)

    sheet, problems = page.find("#import"), page.find("#import-problems")
    pick(b"x,y\n0,1\n1,two\n")
    line_3 = "Line 3, column “y” of the data file is not a number. Please correct it."
    expect(problems).to_have_text(line_3)
    expect(page.find("#import-use")).to_be_disabled()
    page.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.find("#data-use").click()
    expect(problems).to_have_text(line_3)  # it asks until it is answered
    expect(page.find("#count-epoch")).to_have_text("10")  # nothing is lost
    page.page.keyboard.press("Escape")
    pick(b"x,z\n0,1\n1,2\n")
    expect(page.find("#import-y")).to_have_value("1")  # the other column of numbers is proposed
    expect(problems).to_be_empty()
    page.page.keyboard.press("Escape")
    complaint = page.find("#data-file-complaint")
    pick(b"<html>")
    expect(complaint).to_contain_text("holds no table of numbers")
    expect(page.find("#data-use")).to_be_disabled()
    pick(b"x;y;prob\n0;1,5;1\n1;2;2\n2;-7;-7,5\n")
    card.use("own")
    expect(complaint).to_be_empty()
    expect(sheet).to_be_hidden()
    assert card.now("data.y") == [1.5, 2, -7]
    assert card.now("data.prob") == [1, 2, -7.5]
    expect(page.find("#fit-data")).to_contain_text("grades.csv (3 points)")
    expect(page.find("#fit-layers")).to_have_text("Linear(1, 2, bias=False) → ReLU → Linear(2, 1)")
    page.train(10)
    page.wait_for_epoch(10)
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#fit-data")).to_contain_text("grades.csv (3 points)")
    page.open_drawer("fit-data-panel")
    expect(page.find(".data-tile input[value='csv']")).to_be_checked()


def ambiguous_files_are_resolved_by_keyboard(page: LecturePage, card: DataCard) -> None:
    card.choose("csv")
    raw = "day;size\n1,250;0\n2,500;NA\n3,750;1\n".encode("utf-16")
    file: Any = {"name": "a.txt", "mimeType": "text/plain", "buffer": raw}
    page.page.set_input_files("#data-file", file)
    press = page.page.keyboard.press
    expect(page.find("#import-problems")).to_contain_text("“1,250” may mean 1250 or 1.25.")
    expect(page.find("#import-decimal")).to_be_focused()
    press("c")  # comma: 1,5
    expect(page.find(".import-rows .gap")).to_have_count(1)
    expect(page.find(".import-rows tbody tr").first).to_contain_text("1,250 = 1.25")
    expect(page.find("#import-problems")).to_contain_text("Line 3, column “size”")
    assert page.page.evaluate("document.querySelector('#import').scrollWidth") <= 390
    expect(page.find("#import-encoding")).to_have_value("utf_16")
    page.find("#import-drop_gaps").focus()
    press("Space")
    expect(page.find("#import-count")).to_have_text("2 points")
    page.find("#import-use").focus()
    press("Enter")
    expect(page.find("#fit-data")).to_contain_text("a.txt (2 points)")
    card.wait_for("own")
    assert card.now("[data.x, data.y]") == [[1.25, 3.75], [0, 1]]

    book = openpyxl.Workbook()
    for row in (["x", "y"], [1, 2], [3, 4.5], [5, 6]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    file = {"name": "b.xlsx", "mimeType": "", "buffer": buffer.getvalue()}
    page.page.set_input_files("#data-file", file)
    page.find("#data-use").click()
    expect(page.find("#fit-data")).to_contain_text("b.xlsx (3 points)")
    assert card.now("data.y") == [2, 4.5, 6]
