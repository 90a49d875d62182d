"""Fit's texts about different nets, and that they fit into their boxes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]


def test_the_train_button_and_the_summary(address: str, open_page: Open) -> None:
    page = open_page(address)
    the_train_button_says_what_it_does(page)
    the_summary_names_only_options_that_apply(page)


def the_summary_names_only_options_that_apply(page: LecturePage) -> None:
    """It moves nothing when it gets longer."""
    short = summary_heights(page)
    page.unfold()
    for typed in ("2.5", "abc", "-1", "", "2049"):
        page.fill("#fit-hidden", "3")
        expect(page.find("#fit-summary")).to_contain_text("3 units · ReLU")
        page.fill("#fit-hidden", typed)
        expect(page.find("#fit-summary")).to_contain_text("– units · ReLU")
    page.choose("fit-optimizer", "sgd")
    page.fill("#fit-lr", "-1")
    page.fill("#fit-momentum", "1")
    expect(page.find("#fit-summary")).to_contain_text("SGD, learning rate –, momentum –")
    page.fill("#fit-momentum", "0.9")
    page.choose("fit-engine", "torch@cpu")
    expect(page.find("#fit-summary")).to_contain_text("the lecture's loop in PyTorch")
    assert summary_heights(page) == short


def the_train_button_says_what_it_does(page: LecturePage) -> None:
    train = page.find("#fit-train")
    for typed, label in (
        ("1", "Train 1 epoch"),
        ("1,000,000", "Train 1,000,000 epochs"),
        ("1000001", "Train N epochs"),
        ("0", "Train N epochs"),
        ("20", "Train 20 epochs"),
    ):
        page.fill("#fit-epochs", typed)
        expect(train).to_have_text(label)
    page.fill("#fit-seed", "7")  # which an untrained net takes
    expect(train).to_have_text("Train 20 epochs")
    page.train()
    page.wait_for_epoch(20)
    page.fill("#fit-seed", "8")  # and a trained one does not
    expect(train).to_have_text("Start over first")
    page.fill("#fit-seed", "-8")
    expect(train).to_have_text("Train N epochs")
    expect(page.find("#fit-seed")).to_have_attribute("aria-invalid", "true")
    expect(page.find("#fit-complaint")).to_contain_text("The seed must be a whole number from 0")
    page.fill("#fit-seed", "7")
    expect(page.find("#fit-complaint")).to_be_empty()
    expect(train).to_have_text("Train 20 epochs")


def summary_heights(page: LecturePage) -> list[float]:
    """The heights of the summary's line, on screens of several widths."""
    found = []
    for width in (360, 600, 601, 1280):
        page.page.set_viewport_size({"width": width, "height": 900})
        line = page.find("#fit-options summary")
        found.append(line.evaluate("(summary) => summary.getBoundingClientRect().height"))
    return found


# Whether the loss axis has room for ticks of two decimals.
ROOM_AT_TWO_DECIMALS = """() => {
  const gd = document.querySelector("#fit-loss-plot .js-plotly-plot");
  const ticks = [...gd.querySelectorAll(".ytick text")];
  if (!ticks.some((tick) => tick.textContent === "0.25")) { // the page may still set its own range
    Plotly.relayout(gd, { "yaxis.range": [0.24, 0.31] });
    return false;
  }
  const left = Math.min(...ticks.map((tick) => tick.getBoundingClientRect().left));
  return gd.querySelector(".ytitle").getBoundingClientRect().right < left;
}"""


def test_the_texts_agree_with_the_net(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.page.wait_for_function(ROOM_AT_TWO_DECIMALS)
    title = page.find(".card:has(#fit-logit-plot) h3")
    expect(title).to_have_text("Before the sigmoid: the bent line")
    page.unfold()
    page.fill("#fit-hidden", "16")
    page.choose("fit-activation", "sigmoid")
    page.find("#fit-hidden").press("Enter")  # untrained: it is taken
    expect(page.find("#fit-layers")).to_contain_text("Linear(1, 16, bias=False)")
    expect(title).to_have_text("Before the sigmoid: a smooth curve")
    page.train(10)
    page.wait_for_epoch(10)
    page.find("#playback-start").click()
    expect(page.find("#fit-looking-back")).to_have_text("Looking back at epoch 0.")
    page.fill("#fit-seed", "12345")
    page.click("#fit-train")
    label = "Start over, seed 12,345"
    expect(page.find("#fit-reset")).to_have_text(label)
    expect(page.find("#fit-notice")).to_contain_text(f"press “{label}” first")
    page.find("#language-switch").click()
    expect(title).to_have_text("시그모이드 앞: 매끄러운 곡선")
    expect(page.find("#fit-reset")).not_to_have_text(label)
    expect(page.find("#fit-notice")).to_contain_text(f"‘{page.find('#fit-reset').inner_text()}’")
