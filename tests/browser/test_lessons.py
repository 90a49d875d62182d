"""The lessons, done as a student would: a step is ticked when its task is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from pwlapp.ui.lessons import LESSONS
from tests.browser.test_stage import RECORD_SHIFTS, shifts
from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

TRAINED_S = 120  # a training whose engine is not compiled yet, on a busy machine


def begin(page: LecturePage, lesson: str) -> None:
    page.skip_replay()
    if page.find("#menu").is_visible():  # a phone
        page.find("#menu").click()
    page.find("#lessons-open").click()
    page.find(f".lesson-choice[data-lesson='{lesson}']").click()
    wait_until_set(page)


def wait_until_set(page: LecturePage) -> None:
    """Wait until the step's settings are made and its element has a ring."""
    expect(page.find(".lesson-ring")).to_have_count(1)
    expect(page.find("#lesson-was-set")).to_be_visible()


def ticked(page: LecturePage) -> None:
    expect(page.find("#lesson-task.done")).to_be_visible(timeout=TRAINED_S * 1000)


def go_on(page: LecturePage) -> None:
    ticked(page)
    page.find("#lesson-next").click()
    expect(page.find("#lesson-task.done")).to_have_count(0)


def read(page: LecturePage) -> None:
    """Pass a step without a task, which is ticked when the next one is opened."""
    expect(page.find("#lesson-next.primary")).to_be_visible()
    expect(page.find("#lesson-task.done")).to_have_count(0)
    page.find("#lesson-next").click()


def here(page: LecturePage, step: int) -> None:
    expect(page.find(".lesson-dots [aria-current]")).to_have_text(str(step))


def start_over(page: LecturePage, epochs: int) -> None:
    page.click("#fit-reset")
    expect(page.find("#count-epoch")).to_have_text("0")
    page.train(epochs)


# Between the header and the lesson's sheet, whose buttons cover none of the task.
IN_SIGHT = """() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const ring = box(".lesson-ring");
  return box(".page-header").bottom <= ring.top && ring.bottom <= box("#lessons").top &&
    box("#lesson-task").bottom <= box("#lessons-body .buttons").top;
}"""


def the_tour_is_offered(page: LecturePage) -> None:
    """On a phone; the offer moves nothing on the page."""
    page.page.evaluate(RECORD_SHIFTS)
    expect(page.find("#tour-offer")).to_be_visible()
    assert shifts(page) == []
    assert page.page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_tour_of_a_first_visit(address: str, open_page: Open) -> None:
    """It is offered once, if the address names no view; by keyboard, on a phone."""
    page = open_page(address, lang="ko-KR", width=390, height=664)  # the address has a view
    expect(page.find("#tour-offer")).to_be_hidden()
    page.page.goto(address)
    page.wait_until_ready()
    the_tour_is_offered(page)
    page.find("#tour-start").press("Enter")
    here(page, 1)
    expect(page.find("#lessons")).to_be_focused()
    expect(page.find("[data-part='again']")).to_be_hidden()  # it sets nothing
    for selector, key in (
        ("#build-weights-2-slider", "ArrowRight"),
        ("#fit-train", "Enter"),
        ("#playback-scrub", "Home"),
        ("#fit-train", "Enter"),
        ("#fit-weights-0-slider", "ArrowRight"),
        ("#pieces-choose .slider", "ArrowRight"),
    ):
        expect(page.find("#lesson-task.done")).to_have_count(0)
        if selector in ("#playback-scrub", "#pieces-choose .slider"):
            page.page.wait_for_function(IN_SIGHT)
        page.find(selector).press(key)
        ticked(page)
        page.find("#lesson-next").press("Enter")
    page.find("#lesson-next").press("Enter")
    expect(page.find(".lesson-choice[data-lesson='tour']")).to_contain_text("7")
    page.find("#lessons").press("Escape")
    page.page.goto(address)
    page.wait_until_shown()
    expect(page.find("#tour-offer")).to_be_hidden()
    page.find("#menu").click()
    page.find("#help-open").click()
    page.find("#tour-help").click()
    here(page, 1)
    expect(page.find("#help")).to_be_hidden()


def test_the_tour_is_not_offered_after_training(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?lang=en#", width=390, height=844)
    the_tour_is_offered(page)
    page.find("#tour-dismiss").click()
    expect(page.find("#tour-offer")).to_be_hidden()
    page.page.evaluate("localStorage.clear()")
    page.page.reload()
    page.wait_until_shown()
    expect(page.find("#tour-offer")).to_be_visible()
    page.train(10)
    expect(page.find("#tour-offer")).to_be_hidden()


@pytest.mark.view("build")
def test_the_page_in_order_and_one_step(address: str, open_page: Open) -> None:
    page = open_page(address)
    the_page_in_order(page)
    page.find(".lesson-choice[data-lesson='onestep']").click()
    wait_until_set(page)
    one_step_of_the_loop(page)


def the_page_in_order(page: LecturePage) -> None:
    page.click("#build-random")
    begin(page, "page")
    page.type_weight("build", 2, "2")
    go_on(page)
    page.find("#construction-6").click()
    go_on(page)
    wait_until_set(page)
    page.type_weight("build", 0, "2")
    go_on(page)
    wait_until_set(page)
    page.click("#build-start")
    go_on(page)
    wait_until_set(page)
    read(page)
    page.click("#fit-step")
    go_on(page)
    page.train(4999)
    go_on(page)
    page.find("#fit-checkpoints [data-seq]").first.click()
    go_on(page)
    page.train(5000)
    go_on(page)
    read(page)
    expect(page.find(".lesson-choice[data-lesson='page']")).to_contain_text("10 of 10")


def one_step_of_the_loop(page: LecturePage) -> None:
    expect(page.find("#one-step-when")).to_have_text("From epoch 0 to 1")
    read(page)
    page.find("#one-step-choose [data-weight='2']").click()
    go_on(page)
    page.find("#one-step-next").click()
    go_on(page)
    wait_until_set(page)
    page.choose("fit-optimizer", "sgd")
    with page.shown("#fit-momentum") as field:
        field.fill("0.9")
        field.press("Tab")
    page.go("explore-onestep")
    expect(page.find("#one-step-table thead")).to_contain_text("Momentum m")
    for epoch in range(3):
        expect(page.find("#one-step-when")).to_contain_text(f"From epoch {epoch} to")
        page.find("#one-step-next").click()
    go_on(page)
    wait_until_set(page)
    page.find("#one-step-choose [data-weight='4']").click()
    ticked(page)


def test_why_most_seeds_fail(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?lesson=seeds.1")
    page.skip_replay()
    wait_until_set(page)
    page.train(5000)
    go_on(page)
    page.type_weight("fit", 1, "1")
    go_on(page)
    page.train(10_000)
    go_on(page)
    page.fill("#seeds-count", "60")
    page.find("#seeds-train").click()
    go_on(page)
    page.unfold()
    page.find("#fit-bias input").check()
    start_over(page, 1000)
    ticked(page)
    page.page.reload()
    page.wait_until_ready()
    here(page, 5)
    expect(page.find(".lesson-dots .done")).to_have_count(5)


def test_the_learning_rate(address: str, open_page: Open) -> None:
    page = open_page(address)
    begin(page, "lr")
    page.train()
    go_on(page)
    wait_until_set(page)
    page.train(10_000)
    go_on(page)
    wait_until_set(page)
    page.unfold()
    page.fill("#fit-lr", "100")
    page.train()
    go_on(page)
    wait_until_set(page)
    page.choose("fit-optimizer", "sgd")
    page.fill("#fit-lr", "0.1")
    page.train(5000)
    go_on(page)
    wait_until_set(page)
    page.choose("fit-optimizer", "sgd")
    page.fill("#fit-lr", "0.1")
    page.fill("#fit-momentum", "0.9")
    page.train(5000)
    ticked(page)


def test_wide_nets_and_steps(address: str, open_page: Open) -> None:
    page = open_page(address)
    begin(page, "wide")
    page.train(1000)
    go_on(page)
    page.unfold()
    for units in ("8", "512"):
        page.fill("#fit-hidden", units)
        start_over(page, 1000)
        go_on(page)
    unit = page.find("#pieces-choose input[type=range]")
    expect(unit).to_have_attribute("max", "512")  # the pieces are those of the wide net
    unit.press("ArrowRight")
    ticked(page)

    page.find("#lesson-next").click()
    page.find(".lesson-choice[data-lesson='steps']").click()
    wait_until_set(page)
    read(page)
    for k, value in enumerate(("-10", "10", "20", "20")):
        page.type_weight("fit", k, value)
    go_on(page)
    wait_until_set(page)
    read(page)
    wait_until_set(page)
    page.train(5000)
    ticked(page)


def test_an_address_leads_to_the_card_of_the_step(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?lesson=seeds.2")
    wait_until_set(page)
    page.wait_for_epoch(5000)  # trained on the way: the right side has stayed flat
    assert all(float(w) < 0 for w in page.weights()[:2])
    page.type_weight("fit", 0, "1")
    go_on(page)
    page.page.reload()
    page.wait_until_ready()
    here(page, 3)  # the step before the reload, not what the address says
    assert float(page.weights()[0]) == 1
    page.page.goto(f"{address}/?lesson=seeds.3")
    page.wait_until_ready()
    wait_until_set(page)
    here(page, 3)
    expect(page.find("#fit-weights-1-field")).to_have_value("−2.0526")
    expect(page.find("#fit-weights-0-field")).to_have_value("1.0000")
    page.train(10_000)
    ticked(page)


def test_going_back_discards_nothing(address: str, open_page: Open) -> None:
    page = open_page(address)
    begin(page, "lr")
    page.train(20)
    page.wait_for_epoch(20)
    page.find("#lesson-next").click()  # without its tick
    wait_until_set(page)
    page.train(30)
    page.wait_for_epoch(30)
    page.find("[data-part='back']").click()
    here(page, 1)
    expect(page.find(".lesson-ring")).to_have_count(1)
    expect(page.find("#lesson-was-set")).to_be_hidden()
    expect(page.find("#count-epoch")).to_have_text("30")
    page.find("[data-part='again']").click()
    wait_until_set(page)
    expect(page.find("#count-epoch")).to_have_text("0")
    page.find("#undo").click()
    expect(page.find("#count-epoch")).to_have_text("30")


def test_what_a_step_sets_in_build_leaves_training_alone(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.fill("#fit-epochs", "40")  # which is a step of its own
    page.type_weight("build", 0, "2")
    begin(page, "page")
    expect(page.find("#build-weights-0-field")).to_have_value("1")
    page.train(40)
    page.wait_for_epoch(40)
    page.find("#undo").click()
    expect(page.find("#build-weights-0-field")).to_have_value("2")
    expect(page.find("#count-epoch")).to_have_text("40")


def test_lessons_that_failed_to_load_are_requested_again(address: str, open_page: Open) -> None:
    page = open_page(address, quiet=False)
    page.page.route("**/lessons.json", lambda route: route.abort())
    page.find("#lessons-open").click()
    expect(page.find("#lessons-body [role=alert]")).to_be_visible()
    page.page.unroute("**/lessons.json")
    page.find("#lessons-body button").click()
    expect(page.find(".lesson-choice").first).to_be_visible()


def test_by_keyboard(address: str, open_page: Open) -> None:
    page = open_page(address)
    keyboard = page.page.keyboard
    keyboard.press("l")
    page.find(".lesson-choice[data-lesson='lr']").press("Enter")
    wait_until_set(page)
    page.find("#lesson-next").press("Enter")
    here(page, 2)
    wait_until_set(page)
    expect(page.find("#lesson-next")).to_be_focused()
    keyboard.press("Enter")
    here(page, 3)
    wait_until_set(page)
    keyboard.press("ArrowLeft")
    here(page, 2)
    keyboard.press("Shift+ArrowRight")
    here(page, 2)
    keyboard.press("Escape")
    expect(page.find("#lessons")).to_be_hidden()
    expect(page.find(".lesson-ring")).to_have_count(0)
    keyboard.press("l")
    here(page, 2)  # the step before the reload


def test_a_lesson_restores_the_work_from_before(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(300)
    page.wait_for_epoch(300)
    before = page.weights()
    begin(page, "seeds")
    expect(page.find("#count-epoch")).to_have_text("0")
    page.find("#undo").click()
    expect(page.find("#count-epoch")).to_have_text("300")
    assert page.weights() == before


def test_an_unknown_lesson(address: str, open_page: Open) -> None:
    page = open_page(f"{address}/?lesson=cooking.1")
    expect(page.find("#fit-notice")).to_contain_text("cooking")
    expect(page.find(".lesson-choice")).to_have_count(len(LESSONS))
    page.find("#lessons").press("Escape")
    expect(page.find("#lessons")).to_be_hidden()
    expect(page.find("#lessons-open")).to_be_focused()


def test_on_a_phone_the_lesson_is_a_sheet(address: str, open_page: Open) -> None:
    page = open_page(address, width=390, height=844)
    begin(page, "steps")
    box = page.find("#lessons").bounding_box()
    assert box is not None
    assert box["y"] >= 0.55 * 844
    assert page.page.evaluate("document.documentElement.scrollWidth") == 390
    page.find("#lessons-fold").click()
    expect(page.find("#lessons-body")).to_be_hidden()
