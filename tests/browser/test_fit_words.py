"""What Fit says about one net or another, and that its words have room."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]


def test_the_summary_repeats_nothing_that_cannot_be_used(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.unfold()
    for typed in ("2.5", "abc", "-1", "", "2049"):
        page.find("#fit-hidden").fill("3")
        expect(page.find("#fit-summary")).to_contain_text("3 units · ReLU")
        page.find("#fit-hidden").fill(typed)
        expect(page.find("#fit-summary")).to_contain_text("– units · ReLU")
    page.choose("fit-optimizer", "sgd")
    page.find("#fit-lr").fill("-1")
    page.find("#fit-momentum").fill("1")
    expect(page.find("#fit-summary")).to_contain_text("SGD, learning rate –, momentum –")


def test_the_words_fit_the_net(address: str, open_page: Open) -> None:
    page = open_page(address)
    title = page.find(".card:has(#fit-logit-plot) h3")
    expect(title).to_have_text("Before the sigmoid: the bent line")
    page.unfold()
    page.find("#fit-hidden").fill("16")
    page.choose("fit-activation", "sigmoid")
    page.find("#fit-hidden").press("Enter")  # untrained: it is taken
    expect(page.find("#fit-layers")).to_contain_text("Linear(1, 16, bias=False)")
    expect(title).to_have_text("Before the sigmoid: a smooth curve")
    page.train(10)
    page.wait_for_epoch(10)
    page.find("#playback-start").click()
    expect(page.find("#fit-looking-back")).to_have_text("Looking back at epoch 0.")
    page.find("#fit-seed").fill("12345")
    page.find("#fit-train").click()
    label = page.find("#fit-reset").inner_text()
    assert label == "Start over, seed 12,345"
    expect(page.find("#fit-notice")).to_contain_text(f"press “{label}” first")
    page.find("#language-switch").click()
    expect(title).to_have_text("시그모이드 앞: 매끄러운 곡선")
    expect(page.find("#fit-notice")).to_contain_text(f"‘{page.find('#fit-reset').inner_text()}’")


def test_the_train_button_says_what_it_does(address: str, open_page: Open) -> None:
    page = open_page(address)
    train = page.find("#fit-train")
    for typed, label in (
        ("1", "Train 1 epoch"),
        ("1,000,000", "Train 1,000,000 epochs"),
        ("1000001", "Train N epochs"),
        ("0", "Train N epochs"),
        ("20", "Train 20 epochs"),
    ):
        page.find("#fit-epochs").fill(typed)
        expect(train).to_have_text(label)
    page.find("#fit-seed").fill("7")  # which an untrained net takes
    expect(train).to_have_text("Train 20 epochs")
    page.train()
    page.wait_for_epoch(20)
    page.find("#fit-seed").fill("8")  # and a trained one does not
    expect(train).to_have_text("Train N epochs")
    page.find("#fit-seed").fill("7")
    expect(train).to_have_text("Train 20 epochs")


TIME_LEFT = """([epochs, speed]) => {
  const { showState } = pwl.fitControls;
  const run = { epoch: 0, start_epoch: 0, target_epoch: epochs, epochs_per_second: speed };
  showState({ status: "running", ...run });
  return document.querySelector("#count-status").textContent;
}"""


def test_numbers_are_told_in_words_that_one_can_use(address: str, open_page: Open) -> None:
    page = open_page(address)
    for seconds, told in (
        (0.2, "about 1 s left"),
        (90, "about 90 s left"),
        (91, "about 2 min left"),
        (720, "about 12 min left"),
        (5400, "about 90 min left"),
        (5500, "about 1.5 hours left"),
    ):
        assert page.page.evaluate(TIME_LEFT, [seconds * 10, 10]).endswith(told)
    signed = "[1, 0.00004, 0, -0.00004, -1].map((value) => pwl.numbers.signed(value))"
    assert page.page.evaluate(signed) == ["+1.0000", "0.0000", "0.0000", "0.0000", "−1.0000"]


def test_a_longer_summary_pushes_nothing_down(address: str, open_page: Open) -> None:
    page = open_page(address)
    line = page.find("#fit-options summary")

    def heights() -> list[float]:
        found = []
        for width in (360, 600, 601, 1280):
            page.page.set_viewport_size({"width": width, "height": 900})
            found.append(line.evaluate("(summary) => summary.getBoundingClientRect().height"))
        return found

    before = heights()
    page.unfold()
    page.choose("fit-optimizer", "sgd")
    page.find("#fit-momentum").fill("0.9")
    page.choose("fit-engine", "torch@cpu")
    expect(page.find("#fit-summary")).to_contain_text("the lecture's loop in PyTorch")
    assert heights() == before


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


def test_the_loss_axis_has_room_for_two_decimals(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.page.wait_for_function(ROOM_AT_TWO_DECIMALS, timeout=10_000)
