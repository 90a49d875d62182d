"""Undo and Redo of everything that a student sets, on the page and in the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.sharing import params_of, saved_of
from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

UNDO, REDO = "#undo", "#redo"
NOTICE = "#fit-notice"
NET = ("params", "m", "v", "epoch", "optimizer_epoch", "seed", "net", "loss", "by_recipe")


def whole(page: LecturePage) -> dict[str, Any]:
    saved = saved_of(page)
    return {name: saved[name] for name in NET}


def undo(page: LecturePage) -> None:
    page.page.evaluate("pwl.history.undo()")


def redo(page: LecturePage) -> None:
    page.page.evaluate("pwl.history.redo()")


# The events of an arrow key that is held down: each repetition is a separate change.
HELD_KEY = """(slider) => {
  for (let k = 0; k < 3; k++) {
    slider.stepUp();
    for (const name of ["input", "change"]) {
      slider.dispatchEvent(new Event(name, { bubbles: true }));
    }
  }
}"""


@pytest.mark.view("build")
def test_a_drag_in_build_is_one_step_and_keys_undo_it(address: str, open_page: Open) -> None:
    page = open_page(address)
    expect(page.find(UNDO)).to_be_disabled()
    expect(page.find(REDO)).to_be_disabled()
    start = page.weights("build")
    page.drag("#build-weights-0-slider", 0.9)
    dragged = page.weights("build")
    assert dragged != start
    page.find("#build-weights-1-slider").evaluate(HELD_KEY)
    page.click("#build-challenge")
    expect(page.find("#build-challenge-card")).to_be_visible()
    formula = page.page.evaluate("JSON.stringify(pwl.build.now().challenge)")
    page.click("#build-challenge-show")
    page.find(UNDO).click()
    expect(page.find("#build-challenge-task")).to_be_visible()
    page.find(UNDO).click()
    expect(page.find("#build-challenge-card")).to_be_hidden()
    page.page.keyboard.press("Control+z")
    expect(page.find("#build-weights-1-field")).to_have_value(dragged[1].replace("-", "−"))
    page.page.keyboard.press("Control+z")
    expect(page.find("#build-weights-0-field")).to_have_value(start[0].replace("-", "−"))
    expect(page.find(UNDO)).to_be_disabled()
    page.page.keyboard.press("Control+Shift+Z")
    expect(page.find("#build-weights-0-field")).to_have_value(dragged[0].replace("-", "−"))
    for _ in range(2):
        page.page.keyboard.press("Control+y")
    expect(page.find("#build-challenge-card")).to_be_visible()
    assert page.page.evaluate("JSON.stringify(pwl.build.now().challenge)") == formula
    page.type_weight("build", 2, "1/3")  # something new: nothing is left to be done again
    expect(page.find(REDO)).to_be_disabled()


FIELDS = """() => pwl.fitFieldSteps.read()"""


def test_undo_restores_every_field_of_fit(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.unfold()
    seen = [page.page.evaluate(FIELDS)]
    typed = {"seed": "7", "epochs": "123", "hidden": "3", "lr": "0.01"}
    for name, value in typed.items():
        page.find(f"#fit-{name}").press_sequentially("9")
        page.fill(f"#fit-{name}", value)
        page.find(f"#fit-{name}").blur()
        seen.append(page.page.evaluate(FIELDS))
    page.fill("#fit-lr", "0.001")
    page.find("#fit-lr").blur()
    seen.append(page.page.evaluate(FIELDS))
    boxes = {"fit-bias": "bias1", "fit-log-x": "log"}
    choices = {"fit-activation": "sigmoid", "fit-loss": "mse", "fit-optimizer": "sgd"}
    for group, value in {**boxes, **choices}.items():
        page.choose(group, value)
        if group == "fit-optimizer":
            expect(page.find("#fit-lr")).to_have_value("0.1")  # the method's usual one
        seen.append(page.page.evaluate(FIELDS))
    engines = page.find("#fit-engine input")
    engines.nth(1).check()
    seen.append(page.page.evaluate(FIELDS))
    page.fill("#fit-momentum", "0.5")
    page.find("#fit-momentum").blur()
    seen.append(page.page.evaluate(FIELDS))
    for before in reversed(seen[:-1]):
        undo(page)
        page.page.wait_for_function(f"(was) => {SAME}", arg=before)
    expect(page.find("#fit-train")).to_have_text("Train 5,000 epochs")
    expect(page.find(UNDO)).to_be_disabled()
    for after in seen[1:]:
        redo(page)
        page.page.wait_for_function(f"(was) => {SAME}", arg=after)
    expect(page.find("#fit-train")).to_have_text("Train 123 epochs")
    page.train(20)
    page.wait_for_epoch(20)
    assert whole(page)["net"] == {"h": 3, "bias1": True, "activation": "sigmoid", "loss": "mse"}


SAME = """Object.entries(pwl.fitFieldSteps.read()).every(
  ([id, value]) => String(value) === String(was[id]))"""


def test_training_after_undo_of_a_reset_is_exact(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(300)
    page.wait_for_epoch(300)
    before = whole(page)
    frames = page.page.evaluate("pwl.fit.now().playback.frames.length")
    page.fill("#fit-seed", "5")
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    page.click("#fit-step")
    page.wait_for_epoch(1)
    after = whole(page)
    page.find(UNDO).click()
    page.wait_for_epoch(300)
    assert whole(page) == before
    redo(page)
    page.wait_for_epoch(1)
    assert whole(page) == after, "redo brings back what undo took away"
    undo(page)
    page.wait_for_epoch(300)
    assert whole(page) == before
    expect(page.find("#fit-seed")).to_have_value("5")  # it was typed before the reset
    page.page.wait_for_function(  # with its curve
        "(frames) => pwl.fit.now().playback.frames.length === frames", arg=frames
    )
    page.page.reload()
    page.wait_until_ready()
    page.wait_for_epoch(300)
    page.fill("#fit-seed", "1")
    page.train(200)
    page.wait_for_epoch(500)
    uninterrupted = open_page(address)
    uninterrupted.train(300)
    uninterrupted.wait_for_epoch(300)
    uninterrupted.train(200)
    uninterrupted.wait_for_epoch(500)
    assert whole(page) == whole(uninterrupted)


def test_a_reloaded_page_has_the_sessions_steps(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(100)
    page.wait_for_epoch(100)
    trained = whole(page)
    page.fill("#fit-seed", "5")
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    page.type_weight("fit", 0, "2.5")
    page.page.wait_for_function("pwl.fit.now().state.params[0] === 2.5")
    edited = whole(page)
    undo(page)
    page.page.reload()
    page.wait_until_ready()
    for button in (UNDO, REDO):
        expect(page.find(button)).to_be_enabled()
    redo(page)
    assert whole(page) == edited
    expect(page.find(REDO)).to_be_disabled()
    undo(page)
    undo(page)
    assert whole(page) == trained
    expect(page.find("#fit-seed")).to_have_value("1")
    expect(page.find(UNDO)).to_be_disabled()
    redo(page)
    redo(page)
    assert whole(page) == edited
    expect(page.find("#fit-seed")).to_have_value("5")


def test_undo_beside_a_run(address: str, open_page: Open) -> None:
    page = open_page(address)
    undo_of_a_reset_stops_the_run_that_followed(page)
    an_edit_is_undone_during_a_run(page)


def undo_of_a_reset_stops_the_run_that_followed(page: LecturePage) -> None:
    page.click("#fit-step")
    page.wait_for_epoch(1)
    before = whole(page)
    page.choose_slow_engine()
    page.fill("#fit-epochs", "1000000")
    page.click("#fit-reset")
    page.wait_for_epoch(0)
    page.train()
    page.page.wait_for_function("pwl.fit.now().state.epoch > 0")
    page.find(UNDO).click()
    page.wait_for_epoch(1)
    assert whole(page) == before
    expect(page.find(NOTICE)).to_contain_text("The run that was under way was stopped")
    redo(page)
    expect(page.find(NOTICE)).to_contain_text("press Resume")
    expect(page.find("#fit-resume")).to_be_enabled()
    undo(page)
    page.click("#fit-step")
    page.wait_for_epoch(2)


def test_weights_by_hand(address: str, open_page: Open) -> None:
    page = open_page(address)
    undo_restores_an_untrained_net_with_its_fields(page)
    a_trained_net_goes_back(page)


def a_trained_net_goes_back(page: LecturePage) -> None:
    page.train(50)
    page.wait_for_epoch(50)
    before = whole(page)
    page.type_weight("fit", 0, "2.5")
    page.page.wait_for_function("pwl.fit.now().state.params[0] === 2.5")
    page.drag("#fit-weights-3-slider", 0.8)
    page.page.wait_for_function("pwl.history.canUndo() && !pwl.fit.now().state.by_recipe")
    undo(page)
    undo(page)
    page.page.wait_for_function("pwl.fit.now().state.epoch === 50")
    after = whole(page)
    assert (after["params"], after["m"], after["v"]) == (before["params"], before["m"], before["v"])
    expect(page.find(NOTICE)).to_be_hidden()
    redo(page)
    assert params_of(page)[0] == 2.5
    # trained since: epochs stay, the weights of then are put in, and redo has the trained ones
    page.train()
    page.wait_for_epoch(100)
    trained = whole(page)
    undo(page)
    expect(page.find(NOTICE)).to_contain_text("The weights of epoch 50 are back")
    undone = whole(page)
    assert undone["params"] == before["params"]
    assert (undone["epoch"], undone["m"], undone["v"]) == (100, trained["m"], trained["v"])
    redo(page)
    assert whole(page)["params"] == trained["params"]


def an_edit_is_undone_during_a_run(page: LecturePage) -> None:
    page.type_weight("fit", 0, "6")
    page.page.wait_for_function("pwl.fit.now().state.params[0] === 6")
    page.train()
    page.page.wait_for_function("pwl.fit.now().state.epoch > 2")
    undo(page)
    page.page.wait_for_function("Math.abs(pwl.fit.now().state.params[0]) < 3")
    assert page.page.evaluate("pwl.fit.now().state.status") == "running"
    page.click("#fit-pause")
    expect(page.find("#fit-resume")).to_be_visible()


def undo_restores_an_untrained_net_with_its_fields(page: LecturePage) -> None:
    page.type_weight("fit", 0, "2.5")
    page.page.wait_for_function("pwl.fit.now().state.params[0] === 2.5")
    before = whole(page)
    with page.shown("#fit-seed") as field:
        field.fill("9")
        field.press("Enter")
    page.page.wait_for_function("pwl.fit.now().state.seed === 9")
    after = whole(page)
    undo(page)
    assert whole(page) == before
    expect(page.find("#fit-seed")).to_have_value("1")
    redo(page)
    assert whole(page) == after
    expect(page.find("#fit-seed")).to_have_value("9")
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#fit-seed")).to_have_value("9")


def a_text_field_keeps_its_own_undo(page: LecturePage) -> None:
    for key in ("Control+z", "Meta+z"):
        page.type_weight("build", 0, "2")
        field = page.find("#fit-seed")
        field.press("End")
        field.press_sequentially("23")
        field.press(key)
        assert page.weights("build")[0] == "2"
        field.blur()
        page.page.keyboard.press(key)  # the step that leaving the field made, if there was one
        page.page.keyboard.press(key)
        expect(page.find("#build-weights-0-field")).not_to_have_value("2")


def test_undo_of_choices_and_of_text(address: str, open_page: Open) -> None:
    page = open_page(f"{address}#explore-seeds")
    undo_restores_choices_in_explore(page)
    a_text_field_keeps_its_own_undo(page)


def undo_restores_choices_in_explore(page: LecturePage) -> None:
    page.fill("#seeds-count", "40")
    page.find("#seeds-count").press("Tab")
    expect(page.find("#seeds-train")).to_have_text("Train 40 seeds")
    page.go("explore-surface")
    expect(page.find("#surface-x option")).to_have_count(5)
    page.find("#surface-x").press("ArrowDown")  # the other axis takes what this one had
    expect(page.find("#surface-y")).to_have_value("0")
    page.go("fit")
    page.open_drawer("fit-data-panel")
    page.find(".data-tile input[value='sine']").check()
    page.find("input[name='data-held-out'][value='0.2']").check()
    points = page.find("#data-n").input_value()
    page.find("#data-n").fill("77")
    page.find("#data-n").press("Tab")
    for _ in range(2):
        undo(page)
    expect(page.find("#data-n")).to_have_value(points)
    expect(page.find("input[name='data-held-out'][value='0']")).to_be_checked()
    undo(page)
    expect(page.find(".data-tile input[value='lecture']")).to_be_checked()
    undo(page)
    expect(page.find("#surface-x")).to_have_value("0")
    expect(page.find("#surface-y")).to_have_value("1")
    undo(page)
    expect(page.find("#seeds-train")).to_have_text("Train 500 seeds")
    expect(page.find(UNDO)).to_be_disabled()
    for _ in range(5):
        redo(page)
    expect(page.find("#data-n")).to_have_value("77")
    expect(page.find("#surface-y")).to_have_value("0")
    expect(page.find("#seeds-count")).to_have_value("40")
