"""Fit on the lecture's data: the screen shows the numbers that the lecture prints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage, number

Open = Callable[..., LecturePage]

INITIAL = ["0.5153", "-0.4414", "-0.1371", "0.3319", "-0.6657"]
AFTER_5000 = ["1.7773", "-3.0447", "-0.9945", "-2.7176", "2.6391"]
AFTER_10000 = ["2.8167", "-3.9404", "-1.7500", "-3.5572", "4.9937"]


def test_the_lecture_from_start_to_end(address: str, open_page: Open) -> None:
    for lang, train, seed in (
        ("ko-KR", "5,000 에폭 학습", "시드"),
        ("en-US", "Train 5,000 epochs", "Seed"),
    ):
        page = open_page(address, lang=lang)
        expect(page.find("html")).to_have_attribute("lang", lang[:2])
        expect(page.find("#fit-train")).to_have_text(train)
        expect(page.find("#fit")).to_contain_text(seed)
        expect(page.find("#fit-data")).to_contain_text("0.269138")
        assert page.weights() == INITIAL
        assert page.loss() == "0.838499"

    page.train()
    page.wait_for_epoch(5000)
    expect(page.find("#count-loss")).to_have_text("0.301082")
    assert page.weights() == AFTER_5000

    page.train()
    page.wait_for_epoch(10_000)
    expect(page.find("#count-loss")).to_have_text("0.266865")
    assert page.weights() == AFTER_10000
    expect(page.find("#fit-checkpoints tbody tr")).to_have_count(3)
    rows = page.checkpoint_rows()
    assert [row[0] for row in rows] == ["0", "5,000", "10,000"]
    assert rows[1][1:6] == AFTER_5000
    assert [number(cell) for cell in rows[2][6:8]] == pytest.approx([14.3, -5.1], abs=0.5)

    page.page.reload()
    page.wait_until_ready()
    page.wait_for_epoch(10_000)
    assert page.weights() == AFTER_10000


def test_what_is_painted_after_training(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(1000)
    page.wait_for_epoch(1000)
    scrub_and_replay(page)
    curves_agree_with_torch(page)
    loss_curve_has_the_truth_and_a_log_axis(page, 1000)
    page.type_weight("fit", 0, "1")
    the_dashed_truth_stays_on_top(page)


def curves_agree_with_torch(page: LecturePage) -> None:
    p = page.page.evaluate("pwl.fit.frame().p")
    l1, l2 = torch.nn.Linear(1, 2, bias=False), torch.nn.Linear(2, 1)
    with torch.no_grad():
        l1.weight.copy_(torch.tensor(p[:2]).reshape(2, 1))
        l2.weight.copy_(torch.tensor(p[2:4]).reshape(1, 2))
        l2.bias.copy_(torch.tensor(p[4:]))
    before = torch.nn.Sequential(l1, torch.nn.ReLU(), l2)

    for graph, trace, net in (
        ("fit-yhat-plot", 0, torch.nn.Sequential(before, torch.nn.Sigmoid())),
        ("fit-logit-plot", 2, before),
    ):
        x, y = page.drawn(graph, trace)
        expected = net(torch.tensor(x).reshape(-1, 1)).detach().flatten().numpy()
        assert len(x) >= 200
        assert np.abs(np.array(y) - expected).max() < 1e-5
        # and the pixels are where these numbers say: half a pixel is about 0.3 % of the axis
        painted = np.array(page.painted(graph, trace))
        span = 1.24 if graph == "fit-yhat-plot" else 18
        assert np.abs(np.interp(x, *painted.T) - expected).max() < span * 0.005


ORDER = """(id) => [...document.querySelectorAll(`#${id} g.trace`)]
  .map((node) => node.__data__[0].trace.index)"""


def the_dashed_truth_stays_on_top(page: LecturePage) -> None:
    expect(page.find("#fit-logit-plot g.trace")).to_have_count(6)
    assert page.page.evaluate(ORDER, "fit-yhat-plot") == [0, 1]
    # at the bottom the units that have no colour of their own
    assert page.page.evaluate(ORDER, "fit-logit-plot") == [5, 0, 1, 2, 3, 4]


def loss_curve_has_the_truth_and_a_log_axis(page: LecturePage, epochs: int) -> None:
    page.page.wait_for_function(
        "(epochs) => document.querySelector('#fit-loss-plot .js-plotly-plot')"
        ".data[1].x.at(-1) === epochs",
        arg=epochs,
    )
    truth = page.drawn("fit-loss-plot", 0)[1]
    assert truth == pytest.approx([0.269138] * 2, abs=1e-6)
    at, losses = page.drawn("fit-loss-plot", 1)
    assert at[0] == 0
    assert losses[0] == pytest.approx(0.838499, abs=1e-6)
    assert losses == sorted(losses, reverse=True)
    page.find("#fit-log-x input").check()
    page.page.wait_for_function(
        """(epochs) => {
          const gd = document.querySelector("#fit-loss-plot .js-plotly-plot");
          const { type, range: [low, high] } = gd._fullLayout.xaxis;
          return type === "log" && low === 0 && high > Math.log10(epochs) && high < 3.2;
        }""",
        arg=epochs,
    )


def scrub_and_replay(page: LecturePage) -> None:
    end = page.painted("fit-yhat-plot", 0)
    page.find("#playback-start").click()
    expect(page.find("#count-epoch")).to_have_text("0")
    assert page.weights() == INITIAL
    assert page.painted("fit-yhat-plot", 0) != end
    scrub = page.find("#playback-scrub")
    scrub.focus()
    page.page.keyboard.press("ArrowRight")
    expect(page.find("#count-epoch")).not_to_have_text("0")
    expect(page.find("#fit-looking-back")).to_contain_text("Looking back")
    page.find("#playback-toggle").click()
    expect(page.find("#count-epoch")).to_have_text("1,000")
    expect(page.find("#fit-looking-back")).to_be_empty()
    assert page.painted("fit-yhat-plot", 0) == end
    page.open_drawer("fit-checkpoints-panel")
    page.find("#fit-checkpoints [data-seq]").first.click()
    page.close_drawers()
    expect(page.find("#count-epoch")).to_have_text("0")
    page.find("#playback-end").click()
    expect(page.find("#count-epoch")).to_have_text("1,000")


def test_weights_by_hand_bad_input_and_a_run_that_diverges(address: str, open_page: Open) -> None:
    page = open_page(address)
    training_continues_from_weights_set_by_hand(page)
    bad_input_is_explained(page)
    page.choose("fit-optimizer", "adam")
    a_diverging_run_stops_with_a_message(page)


def training_continues_from_weights_set_by_hand(page: LecturePage) -> None:
    before = page.loss()
    page.type_weight("fit", 4, "2")
    expect(page.find("#count-loss")).not_to_have_text(before)
    page.page.wait_for_function("pwl.fit.frame().mark === 'edit'")
    server_loss = page.page.evaluate("pwl.fit.frame().loss")
    assert number(page.loss()) == pytest.approx(server_loss, abs=2e-6)
    page.click("#fit-step")
    page.wait_for_epoch(1)
    assert number(page.weights()[4]) == pytest.approx(2, abs=0.0011), "one step of Adam from 2"


def test_pause_resume_reset_and_other_seeds(address: str, open_page: Open) -> None:
    page = open_page(address)
    pause_resume_and_reset(page)
    page.choose("fit-engine", "fused@cpu")
    other_seeds(page)


def pause_resume_and_reset(page: LecturePage) -> None:
    page.unfold()
    page.choose("fit-engine", "torch@cpu")  # slow enough to be paused
    page.train(100_000)
    page.click("#fit-pause")
    expect(page.find("#fit-resume")).to_be_visible()
    expect(page.find("#count-status")).to_contain_text("100,000")
    paused_at = page.page.evaluate("pwl.fit.frame().epoch")
    page.click("#fit-resume")
    page.page.wait_for_function(f"pwl.fit.frame().epoch > {paused_at}")
    page.click("#fit-reset")
    expect(page.find("#count-epoch")).to_have_text("0")
    expect(page.find("#fit-train")).to_be_enabled()
    assert page.weights() == INITIAL


def other_seeds(page: LecturePage) -> None:
    page.fill("#fit-seed", "3")
    expect(page.find("#fit-reset")).to_contain_text("3")
    page.click("#fit-reset")
    expect(page.find("#fit-weights-0-field")).not_to_have_value("0.5153")
    torch.manual_seed(3)
    w1 = torch.nn.Linear(1, 2, bias=False).weight.flatten()
    expected = [f"{value:.4f}" for value in w1.tolist()]
    assert page.weights()[:2] == expected
    page.fill("#fit-seed", "2")  # an untrained net takes what stands in the field
    page.train(5000)
    page.wait_for_epoch(5000)
    expect(page.find("#count-loss")).to_have_text("0.270344")
    page.fill("#fit-seed", "3")
    page.click("#fit-train")
    expect(page.find("#fit-notice")).to_contain_text("seed 2 back")
    expect(page.find("#count-epoch")).to_have_text("5,000")


def test_two_tabs_have_two_nets(address: str, open_page: Open) -> None:
    one = open_page(address)
    two = open_page(address, context_of=one)
    one.train(400)
    one.wait_for_epoch(400)
    assert two.find("#count-epoch").inner_text() == "0"
    two.train(100)
    two.wait_for_epoch(100)
    two.page.reload()
    two.wait_until_ready()
    two.wait_for_epoch(100)
    one.wait_for_epoch(400)


@pytest.mark.parametrize("secure", [True, False], ids=["localhost", "plain http"])
def test_a_duplicated_tab_gets_a_new_net(address: str, open_page: Open, secure: bool) -> None:
    one = open_page(address, fresh=not secure)
    if not secure:  # what a browser lacks on plain http
        one.page.context.add_init_script(
            "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"
        )
        # The new tab waits a second for the other one's answer, which is late on a busy machine.
        one.page.context.add_init_script(
            "const set = setTimeout; window.setTimeout = (job, ms, ...rest) =>"
            " set(job, ms === 1000 ? 20000 : ms, ...rest);"
        )
        one.page.reload()
        one.wait_until_ready()
    one.train(100)
    one.wait_for_epoch(100)
    with one.page.context.expect_page() as opened:
        # copies sessionStorage, as duplicating a tab does
        one.page.evaluate("window.open(location.href)")
    two = LecturePage(opened.value)
    assert two.page.evaluate("sessionStorage.getItem('pwl.sid')") is not None
    two.wait_until_ready()
    expect(two.find("#count-epoch")).to_have_text("0")
    one.wait_for_epoch(100)


def bad_input_is_explained(page: LecturePage) -> None:
    page.unfold()
    page.choose("fit-optimizer", "sgd")
    for field, typed, complaint in (
        ("#fit-epochs", "many", "1 to 1,000,000"),
        ("#fit-lr", "-1", "learning rate"),
        ("#fit-hidden", "2049", "1 to 2,048"),
        ("#fit-momentum", "1", "momentum"),
    ):
        good = page.find(field).input_value()
        page.fill(field, typed)
        page.click("#fit-train")
        expect(page.find("#fit-notice")).to_contain_text(complaint)
        page.fill(field, good)
        epoch = int(page.find("#count-epoch").inner_text())
        page.train(5)
        page.wait_for_epoch(epoch + 5)
        expect(page.find("#fit-notice")).to_be_hidden()


def a_diverging_run_stops_with_a_message(page: LecturePage) -> None:
    page.fill("#fit-lr", "100")
    page.train(5000)
    expect(page.find("#fit-notice")).to_contain_text("smaller than 100")
    assert all(np.isfinite(number(text)) for text in page.weights())
    page.fill("#fit-lr", "0.001")
    page.train(10)
    expect(page.find("#fit-notice")).to_be_hidden()
