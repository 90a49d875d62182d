"""The moving curves: each painted frame equals torch's, also after zoom and resize."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from playwright.sync_api import Route, expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

YHAT = ("fit-yhat-plot", 0)
LOGIT = ("fit-logit-plot", 2)
BEND = ("fit-logit-plot", 4)

EXACT = 1e-5  # of the axis
ROUNDED = 2e-5  # where Plotly itself has drawn: it rounds to 0.01 pixels

# Put the play head on a frame, and wait until it is painted.
SEEK = """(share) => new Promise((done) => {
  const { playback } = pwl.fit.now();
  playback.seek(Math.round(share * (playback.frames.length - 1)));
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""

SPAN = """(id) => {
  const [low, high] = document.querySelector(`#${id} .js-plotly-plot`)._fullLayout.yaxis.range;
  return high - low;
}"""

# What Plotly would draw again, and what it has computed from: before and after a redraw of its own.
REDRAWN = """async (id) => {
  const gd = document.querySelector(`#${id} .js-plotly-plot`);
  const look = () => ({
    computed: gd.calcdata.map((points) => points.map(({ i, x, y }) => [i, x ?? null, y ?? null])),
    read: gd._fullData.map(({ x, y }) => [[...x], [...y]]),
  });
  const before = look();
  await Plotly.redraw(gd);
  return [before, look()];
}"""


def test_what_is_painted_is_torchs(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(2000)
    page.wait_for_epoch(2000)
    each_frame_equals_torchs(page)
    the_bend_is_painted_where_the_logit_bends(page)
    hover_shows_the_values_on_the_screen(page)
    for graph in (YHAT[0], LOGIT[0], "fit-loss-plot"):
        plotlys_data_are_the_painted_ones(page, graph)
    a_moved_curve_follows_the_theme(page)
    plotlys_own_redraw_shows_the_newest_curve(page)
    painting_follows_zoom_and_resize(page)


def forward(page: LecturePage) -> dict[str, torch.nn.Module]:
    """The net under the play head, in torch: yhat and logit."""
    p = torch.tensor(page.page.evaluate("pwl.fit.frame().p"))
    first, second = torch.nn.Linear(1, 2, bias=False), torch.nn.Linear(2, 1)
    with torch.no_grad():
        first.weight.copy_(p[:2].reshape(2, 1))
        second.weight.copy_(p[2:4].reshape(1, 2))
        second.bias.copy_(p[4:])
    logit = torch.nn.Sequential(first, torch.nn.ReLU(), second)
    return {
        "fit-yhat-plot": torch.nn.Sequential(logit, torch.nn.Sigmoid()),
        "fit-logit-plot": logit,
    }


def assert_torch_is_painted(page: LecturePage, tolerance: float = EXACT) -> None:
    nets = forward(page)
    for graph, trace in (YHAT, LOGIT):
        painted = np.array(page.painted(graph, trace))
        x, y = page.drawn(graph, trace)
        assert len(painted) == len(x) >= 200
        expected = nets[graph](torch.tensor(x).reshape(-1, 1)).detach().flatten().numpy()
        span = page.page.evaluate(SPAN, graph)
        assert np.abs(painted[:, 0] - x).max() < 2 * tolerance, "the x axis is 2 units long"
        assert np.abs(painted[:, 1] - expected).max() < tolerance * span
        assert np.abs(np.array(y) - expected).max() < EXACT * span


def each_frame_equals_torchs(page: LecturePage) -> None:
    curves = []
    for share in (0, 0.3, 0.6, 0.9, 1):
        page.page.evaluate(SEEK, share)
        assert_torch_is_painted(page)
        curves.append(page.painted(*YHAT))
    assert all(one != other for one, other in pairwise(curves))


def the_bend_is_painted_where_the_logit_bends(page: LecturePage) -> None:
    page.page.evaluate(SEEK, 0.5)
    dot = page.page.evaluate(
        """([id, trace]) => {
          const gd = document.querySelector(`#${id} .js-plotly-plot`);
          const dot = gd.calcdata[trace][0].node3.select(".point").node();
          const { x, y, width, height } = dot.getBBox();
          const { e, f } = dot.transform.baseVal.consolidate().matrix;
          const { xaxis, yaxis } = gd._fullLayout;
          return [xaxis.p2d(x + width / 2 + e), yaxis.p2d(y + height / 2 + f)];
        }""",
        BEND,
    )
    b2 = page.page.evaluate("pwl.fit.frame().p[4]")
    assert dot == pytest.approx([0, b2], abs=1e-3)


def plotlys_data_are_the_painted_ones(page: LecturePage, graph: str) -> None:
    page.page.evaluate(SEEK, 0.5)
    before, after = page.page.evaluate(REDRAWN, graph)
    assert before == after


# The page sets the y axes itself, a few times a second; the x axes it leaves alone.
ZOOM = """([id, range]) =>
  Plotly.relayout(document.querySelector(`#${id} .js-plotly-plot`), { "xaxis.range": range })"""
NARROWER = """([id, before]) =>
  document.querySelector(`#${id} .nsewdrag`).getBoundingClientRect().width < before"""


def painting_follows_zoom_and_resize(page: LecturePage) -> None:
    def assert_torch_is_in_view() -> None:
        inside = np.array([at for at in page.painted(*YHAT) if -0.5 <= at[0] <= 0.7])
        expected = forward(page)[YHAT[0]](torch.tensor(inside[:, :1], dtype=torch.float32))
        assert len(inside) > 100
        assert np.abs(inside[:, 1:] - expected.detach().numpy()).max() < 1.24 * EXACT

    page.page.evaluate(SEEK, 0.4)
    page.page.evaluate(ZOOM, [YHAT[0], [-0.5, 0.7]])
    page.page.evaluate(SEEK, 0.7)
    assert_torch_is_in_view()
    surface = page.find(f"#{YHAT[0]} .nsewdrag").bounding_box()
    assert surface is not None
    page.page.set_viewport_size({"width": 1000, "height": 800})
    page.page.wait_for_function(NARROWER, arg=[YHAT[0], surface["width"]])
    page.page.evaluate(SEEK, 0.8)
    assert_torch_is_in_view()


def plotlys_own_redraw_shows_the_newest_curve(page: LecturePage) -> None:
    page.page.evaluate(SEEK, 0.2)
    for graph, _ in (YHAT, LOGIT):
        page.page.evaluate(ZOOM, [graph, [-1.5, 1.5]])
    assert_torch_is_painted(page, ROUNDED)


def hover_shows_the_values_on_the_screen(page: LecturePage) -> None:
    for share in (0.2, 0.8):
        page.page.evaluate(SEEK, share)
        x, y = page.drawn(*YHAT)
        k = len(x) // 4
        at = page.page.evaluate(
            """([id, x, y]) => {
              const gd = document.querySelector(`#${id} .js-plotly-plot`);
              gd.scrollIntoView({ block: "center", behavior: "instant" });
              const { left, top } = gd.querySelector(".nsewdrag").getBoundingClientRect();
              const { xaxis, yaxis } = gd._fullLayout;
              return [left + xaxis.d2p(x), top + yaxis.d2p(y)];
            }""",
            [YHAT[0], x[k], y[k]],
        )
        page.page.mouse.move(at[0] + 1, at[1] - 1)
        page.page.mouse.move(*at)
        expect(page.find(f"#{YHAT[0]} .hovertext")).to_contain_text(f"{y[k]:.4f}".replace("-", "−"))
        page.page.mouse.move(2, 2)


def a_moved_curve_follows_the_theme(page: LecturePage) -> None:
    colour = """([id]) => {
      const [truth] = document.querySelector(`#${id} .js-plotly-plot`).calcdata[1];
      return getComputedStyle(truth.node3.select(".js-line").node()).stroke;
    }"""
    seen = []
    for share in (0.3, 0.6):
        page.page.evaluate(SEEK, share)
        seen.append(page.page.evaluate(colour, YHAT))
        page.find("#theme-switch").click()
        assert_torch_is_painted(page)
    assert seen[0] != seen[1]


# A tab that is hidden paints nothing: no animation frames until it is shown again.
HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  const frames = window.requestAnimationFrame;
  const waiting = [];
  window.requestAnimationFrame = (job) => waiting.push(job);
  window.shownAgain = () => {
    delete document.hidden;
    window.requestAnimationFrame = frames;
    window.seen = [];
    window.arrivals = 0;
    const { playback } = pwl.fit.now();
    const { add } = playback;
    playback.add = (...frames) => {
      arrivals += 1;
      add(...frames);
    };
    const epoch = document.querySelector("#count-epoch");
    new MutationObserver(() => seen.push(epoch.textContent)).observe(
      epoch, { childList: true, characterData: true, subtree: true });
    document.dispatchEvent(new Event("visibilitychange"));
    waiting.forEach((job) => frames(job));
  };
  document.dispatchEvent(new Event("visibilitychange"));
}"""
STATUS = """async () => {
  const answer = await fetch(`frames/${pwl.fit.now().sid}?since=0`);
  return (await answer.json()).state.status;
}"""


def test_a_tab_shown_again_has_the_newest_frame_at_once(address: str, open_page: Open) -> None:
    page = open_page(address, motion=True)
    page.choose_slow_engine()
    page.train(3000)
    page.page.wait_for_function("pwl.fit.frame().epoch > 0")
    page.page.evaluate(HIDE)
    while page.page.evaluate(STATUS) == "running":
        page.page.wait_for_timeout(100)
    page.page.evaluate("shownAgain()")
    expect(page.find("#count-epoch")).to_have_text("3,000")
    # the epoch before, perhaps, then one step for each part in which the frames arrive
    seen, arrivals = page.page.evaluate("[seen, arrivals]")
    assert arrivals >= 1
    assert len(seen) <= 1 + arrivals


def test_pause_stops_the_picture_before_the_server_answers(address: str, open_page: Open) -> None:
    page = open_page(address, motion=True)
    page.choose_slow_engine()
    page.train(100_000)
    page.page.wait_for_function("pwl.fit.frame().epoch > 20")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "fit-pause" in str(route.request.post_data_json.get("changedPropIds")):
            held.append(route)
        else:
            route.continue_()

    page.page.route("**/_dash-update-component**", hold)
    page.find("#fit-pause").click()
    curve, epoch = page.painted(*YHAT), page.find("#count-epoch").inner_text()
    trained = page.page.evaluate("pwl.fit.now().state.epoch")
    page.page.wait_for_function(f"pwl.fit.now().playback.frames.at(-1).epoch > {trained} + 50")
    assert page.find("#count-epoch").inner_text() == epoch
    assert page.painted(*YHAT) == curve
    held[0].continue_()
    expect(page.find("#fit-resume")).to_be_visible()
    page.page.wait_for_function(
        """() => {
          const { state, frame } = pwl.fit.now();
          return state.epoch === frame.epoch && document.querySelector("#count-epoch").textContent
            === frame.epoch.toLocaleString("en-US");
        }"""
    )
    assert_torch_is_painted(page)


# The counters follow the picture a few times a second, and have caught up.
AT_REST = """() => {
  const { playback } = pwl.fit.now();
  const shown = document.querySelector("#count-epoch").textContent;
  return !playback.playing && shown === playback.frame.epoch.toLocaleString("en");
}"""


def test_pause_stops_a_replay_and_resume_continues_it(address: str, open_page: Open) -> None:
    """Without a run, both buttons control the replay, and send no request."""
    page = open_page(address, motion=True)
    sent: list[str] = []
    page.find("#playback-speed").fill("-3")  # half a minute's replay
    page.train(5000)
    page.page.wait_for_function("pwl.fit.now().state.epoch === 5000")
    expect(page.find("#fit-train")).to_be_enabled()
    page.page.on("request", lambda request: sent.append(request.url))
    page.find("#fit-pause").click()
    page.page.wait_for_function(AT_REST)
    epoch = page.find("#count-epoch").inner_text()
    assert epoch != "5,000"
    page.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert page.find("#count-epoch").inner_text() == epoch
    page.find("#playback-speed").fill("3")
    page.find("#fit-resume").click()
    expect(page.find("#count-epoch")).to_have_text("5,000")
    expect(page.find("#fit-pause")).to_be_disabled()
    assert not [url for url in sent if "_dash-update-component" in url]
