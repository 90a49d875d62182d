"""The card "Many seeds", and the message about a stuck run: on the lecture's data, on screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-seeds")

Open = Callable[..., LecturePage]

BOTH, LEFT, RIGHT = 0.267, 0.336, 0.622
SLOW_S = 120  # a busy machine

# Each dot on the screen, in the units of the axes: [seed, loss, the seed's own number].
DOTS = """() => {
  const gd = document.getElementById("seeds-dots");
  const { xaxis, yaxis } = gd._fullLayout;
  const frame = gd.querySelector(".nsewdrag").getBoundingClientRect();
  return [...gd.querySelectorAll(".scatterlayer .trace")].slice(0, 3).flatMap((trace, k) => {
    const { customdata } = gd.data[k];
    return [...trace.querySelectorAll(".point")].map((point, i) => {
      const box = point.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const at = xaxis.p2d(x - frame.x);
      return { seed: customdata[i], at, loss: yaxis.p2d(y - frame.y), x, y };
    });
  });
}"""


# Whether the ring around the dot of a seed is painted
MARKED = """(seed) => {
  const gd = document.getElementById("seeds-dots");
  const ring = gd.querySelectorAll(".scatterlayer .trace")[3];
  return gd.data[3].x[0] === seed && Boolean(ring?.querySelector(".point"));
}"""


# Redraw the dots for longer than Plotly delays a hover, then release the mouse button.
REDRAW_AND_RELEASE = """async ({ x, y }) => {
  const began = performance.now();
  while (performance.now() < began + 150) {
    await Plotly.redraw(document.getElementById("seeds-dots"));
  }
  document.dispatchEvent(new MouseEvent("mouseup", { clientX: x, clientY: y }));
}"""


def train_seeds(page: LecturePage, count: int, epochs: int = 5000) -> list[dict[str, Any]]:
    """Press the button, wait for all, and read the dots from the screen."""
    page.fill("#seeds-count", str(count))
    page.fill("#seeds-epochs", str(epochs))
    page.find("#seeds-train").click()
    expect(page.find("#seeds-status")).to_contain_text(f"All {count} seeds", timeout=SLOW_S * 1000)
    page.page.wait_for_function(
        f"""() => document.getElementById("seeds-dots").data?.slice(0, 3)
          .flatMap(({{ customdata }}) => customdata).length === {count}"""
    )
    return dots_of(page)


def dots_of(page: LecturePage) -> list[dict[str, Any]]:
    """The dots as they are on the screen now, by their seeds."""
    page.find("#seeds-dots").evaluate("node => node.scrollIntoView({ behavior: 'instant' })")
    dots: list[dict[str, Any]] = page.page.evaluate(DOTS)
    return sorted(dots, key=lambda dot: dot["seed"])


def test_sixty_seeds_lie_on_three_plateaus(address: str, open_page: Open) -> None:
    page = open_page(address, height=1600)
    expect(page.find("#seeds-train")).to_have_text("Train 500 seeds")
    dots = train_seeds(page, 60)
    assert [dot["seed"] for dot in dots] == list(range(1, 61))
    assert [dot["at"] for dot in dots] == pytest.approx(list(range(1, 61)), abs=0.3)
    losses = [dot["loss"] for dot in dots]
    at = lambda level: sum(abs(loss - level) < 0.004 for loss in losses)  # noqa: E731
    bent = sum(loss < LEFT - 0.004 for loss in losses)
    assert at(LEFT) + at(RIGHT) + bent == 60
    assert all(loss > BOTH - 0.004 for loss in losses)
    assert min(at(LEFT), at(RIGHT), bent, at(BOTH)) > 0

    # what is said is what is drawn
    told = page.find("#seeds-told")
    expect(told).to_contain_text(f"{bent} of 60 seeds ({100 * bent / 60:.0f} %)")
    expect(told).to_contain_text(f"other {60 - bent}")
    reasons = page.find("#seeds-reasons li").all_inner_texts()
    why_not = [int(text.split()[0]) for text in reasons if not text.startswith("Of those")]
    assert sum(why_not) == 60 - bent
    for plot in ("#seeds-dots", "#seeds-curves"):
        expect(page.find(f"{plot} .annotation-text")).to_have_count(3)
        labels = page.find(f"{plot} .annotation-text").all_text_contents()
        assert sorted(labels) == ["both sides 0.267", "left only 0.336", "right only 0.622"]

    # a press on a dot opens that very run in Fit, also if the plot is redrawn meanwhile
    dot = dots_of(page)[42]
    page.page.mouse.move(dot["x"], dot["y"])
    opened = page.find("#seeds-open-field")
    expect(opened).to_have_value("43")
    page.page.wait_for_function(MARKED, arg=43)
    page.page.mouse.down()
    page.page.evaluate(REDRAW_AND_RELEASE, dot)
    page.page.mouse.up()
    chosen = page.find("#seeds-chosen").inner_text()
    page.wait_for_epoch(5000)
    expect(page.find("#fit-seed")).to_have_value(opened.input_value())
    assert page.loss() in chosen
    expect(page.find("#fit-train")).to_be_in_viewport()


def test_by_keyboard_and_in_korean(address: str, open_page: Open) -> None:
    page = open_page(address, lang="ko-KR", height=1600)
    page.fill("#seeds-first", "3")
    page.fill("#seeds-count", "4")
    page.find("#seeds-count").press("Enter")
    expect(page.find("#seeds-status")).to_have_text("시드 4개를 모두 학습함", timeout=SLOW_S * 1000)
    field = page.find("#seeds-open-field")
    field.press("ArrowUp")
    expect(field).to_have_value("3")
    expect(page.find("#seeds-chosen")).to_contain_text("손실 0.335776 · 처음: 둘 다 왼쪽")
    for _ in range(9):
        field.press("ArrowUp")
    expect(field).to_have_value("6")
    field.press("Enter")
    page.wait_for_epoch(5000)
    expect(page.find("#count-loss")).to_have_text("0.621783")
    expect(page.find("#stuck-reason")).to_contain_text("모두 오른쪽을 향합니다")


def test_stop_refusals_and_another_kind_of_net(address: str, open_page: Open) -> None:
    page = open_page(address, height=1600)
    stop_and_refusals(page)
    the_largest_seeds(page)
    page.fill("#seeds-first", "1")
    another_kind_of_net_has_no_plateaus(page)


def stop_and_refusals(page: LecturePage) -> None:
    page.fill("#seeds-count", "2000")
    page.find("#seeds-train").click()
    expect(page.find("#seeds-status")).to_contain_text("of 2,000", timeout=SLOW_S * 1000)
    page.find("#seeds-stop").click()
    expect(page.find("#seeds-train")).to_be_enabled()
    expect(page.find("#seeds-train")).to_be_focused()
    said = page.find("#seeds-status").inner_text()
    assert 0 < number(said.split()[0]) < 2000
    for field, typed, complaint in (
        ("#seeds-count", "2001", "1 to 2,000"),
        ("#seeds-first", "-1", "0 to 4,294,967,295"),
        ("#seeds-epochs", "many", "1 to 1,000,000"),
    ):
        good = page.find(field).input_value()
        page.find(field).fill(typed)
        page.find("#seeds-train").click()
        expect(page.find("#seeds-status")).to_contain_text(complaint)
        expect(page.find(field)).to_have_attribute("aria-invalid", "true")
        expect(page.find("#seeds-train")).to_be_enabled()
        page.find(field).fill(good)
        page.find(field).press("Tab")
        expect(page.find("#seeds-status")).not_to_contain_text(complaint)
        expect(page.find(field)).not_to_have_attribute("aria-invalid", "true")


def test_refusals_of_the_server_and_another_try(address: str, open_page: Open) -> None:
    page = open_page(address, height=1600, quiet=False)  # a refusal is a line in the console
    a_refusal_of_the_server(page)
    the_reason_is_requested_again_after_a_failure(page)


def a_refusal_of_the_server(page: LecturePage) -> None:
    page.fill("#seeds-epochs", "1,000,000")
    page.find("#seeds-train").click()
    expect(page.find("#seeds-status")).to_contain_text("too long")
    expect(page.find("#seeds-train")).to_be_enabled()


def the_largest_seeds(page: LecturePage) -> None:
    page.fill("#seeds-first", "4294967294")
    page.fill("#seeds-epochs", "10")
    page.find("#seeds-train").click()
    expect(page.find("#seeds-status")).to_contain_text("would be above 4,294,967,295")
    page.fill("#seeds-count", "2")
    page.find("#seeds-train").click()
    expect(page.find("#seeds-status")).to_have_text("All 2 seeds trained", timeout=SLOW_S * 1000)


def another_kind_of_net_has_no_plateaus(page: LecturePage) -> None:
    page.unfold()
    page.choose("fit-bias", "bias1")
    page.train(1)
    page.wait_for_epoch(1)
    expect(page.find("#seeds-setting")).to_contain_text("bias b1")
    dots = train_seeds(page, 8, 300)
    expect(page.find("#seeds-dots .annotation-text")).to_have_count(0)
    best = min(dots, key=lambda dot: dot["loss"])
    expect(page.find("#seeds-told")).to_contain_text(f"(seed {best['seed']})")
    shown = re.search(r"best ends at ([\d.]+)", page.find("#seeds-told").inner_text())
    assert shown
    assert float(shown[1]) == pytest.approx(best["loss"], abs=0.004)


def stuck(page: LecturePage, seed: int) -> None:
    page.go("fit")
    page.fill("#fit-seed", str(seed))
    page.train(5000)
    page.wait_for_epoch(5000)


def test_the_page_says_why_seed_3_is_stuck_and_what_helps(address: str, open_page: Open) -> None:
    page = open_page(address)
    expect(page.find("#fit-stuck")).to_be_hidden()
    stuck(page, 3)
    page.find("#fit-stuck > summary").click()  # beside the buttons that are pressed next
    expect(page.find("#stuck-hint")).to_be_in_viewport()
    reason = page.find("#stuck-reason")
    expect(reason).to_contain_text("Both units face left")
    expect(reason).to_contain_text("−2.4492, −2.0526")
    expect(page.find("#stuck-limit")).to_contain_text("0.3358")
    expect(page.find("#stuck-limit")).to_contain_text("0.2668")

    # a weight set by hand that mends it takes the word back
    page.type_weight("fit", 0, "2")
    expect(page.find("#fit-stuck")).to_be_hidden()
    undone(page)

    for button, field, value in (
        ("#stuck-seed", "#fit-seed", "4"),
        ("#stuck-units", "#fit-hidden", "4"),
    ):
        page.click(button)  # starts over with it
        expect(page.find(field)).to_have_value(value)
        page.wait_for_epoch(5000)
        expect(page.find("#fit-train")).to_be_in_viewport()
        undone(page)

    page.click("#stuck-bias")  # gets further and leaves a dead unit
    expect(page.find("#fit-bias input")).to_be_checked()
    page.wait_for_epoch(5000)
    expect(page.find("#stuck-reason")).to_contain_text("Unit 2 is dead")
    p = page.page.evaluate("pwl.fit.frame().p")
    assert max(p[1] * x + p[3] for x in (-1, 1)) <= 0, "it is"
    expect(page.find("#stuck-bias")).to_be_hidden()


def undone(page: LecturePage) -> None:
    """Press Undo, and check that the net from before is restored."""
    page.page.evaluate("pwl.history.undo()")
    expect(page.find("#count-loss")).to_have_text("0.335776")
    expect(page.find("#fit-seed")).to_have_value("3")
    expect(page.find("#fit-hidden")).to_have_value("2")
    expect(page.find("#stuck-reason")).to_contain_text("Both units face left")


def the_reason_is_requested_again_after_a_failure(page: LecturePage) -> None:
    refusals = []

    def refuse_once(route: Route) -> None:
        if refusals:
            route.continue_()
        else:
            refusals.append(route.request.url)
            route.abort()

    train_seeds(page, 5, 10)
    told = page.find("#seeds-told").inner_text()
    page.page.route("**/plateaus", refuse_once)
    page.page.reload()  # they were asked for when the page was opened
    page.wait_until_ready()
    stuck(page, 3)
    expect(page.find("#fit-stuck > summary")).to_be_visible()  # though nothing has changed since
    assert len(refusals) == 1
    page.go("explore-seeds")
    expect(page.find("#seeds-told")).to_have_text(told)  # the runs are kept
    expect(page.find("#seeds-epochs")).to_have_value("10")
    expect(page.find("#seeds-dots .points path").first).to_be_visible()
