"""The loss surface on the screen, compared with torch and numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from pwlapp.core.net import Architecture, from_vector
from tests.golden import loss_of
from tests.support.lecture_page import LecturePage, number

pytestmark = pytest.mark.view("explore-surface")

Open = Callable[..., LecturePage]
CONTOUR, HALO, PATH, START, MARKED, LOWEST = range(6)  # traces of the plot

SHOWN = """() => {
  const { job, loss, scale } = pwl.surface.shown;
  return { as: [...job.as], bs: [...job.bs], loss: [...loss], low: scale.low, job };
}"""
SAME_LOSS = """() => document.querySelector("#surface-loss").textContent ===
  document.querySelector("#count-loss").textContent"""
AT_REST = "() => pwl.surface.shown && !pwl.surface.shown.job.coarse"
# The plane's origin has the net's weights, but 0 for the two on the axes.
OF_THE_NET = """() => {
  const { p } = pwl.fit.frame();
  const plane = pwl.surface.shown?.job.plane;
  return plane?.origin.every((value, k) => value === 0 || value === p[k]);
}"""


def open_surface(page: LecturePage, epochs: int = 0) -> None:
    """Train, and wait for a fine grid."""
    page.skip_replay()
    if epochs:
        page.train(epochs)
        page.wait_for_epoch(epochs)
    page.load("surface")
    page.find("#surface-plot").scroll_into_view_if_needed()
    page.page.wait_for_function(OF_THE_NET)
    page.page.wait_for_function(AT_REST)
    expect(page.find("#surface-loss")).to_have_text(page.loss())


def middle(page: LecturePage, selector: str) -> tuple[float, float]:
    box: Any = page.find(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def page(address: str, open_page: Open) -> LecturePage:
    return open_page(address)


def test_the_surface_and_the_path_equal_torchs(address: str, open_page: Open) -> None:
    page = open_page(address)
    open_surface(page, 5000)
    shown = page.page.evaluate(SHOWN)
    assert len(shown["as"]) == len(shown["bs"]) == 61
    data = page.page.evaluate("(() => { const { x, y } = pwl.fit.now().data; return [x, y]; })()")
    x, y = np.array(data)
    p = np.array(page.page.evaluate("pwl.fit.frame().p"))

    def at(a: float, b: float) -> float:
        return loss_of(np.array([a, b, *p[2:]]), x, y, Architecture())

    grid = np.array([[at(a, b) for a in shown["as"][::6]] for b in shown["bs"][::6]])
    mine = np.array(shown["loss"]).reshape(61, 61)
    assert mine[::6, ::6] == pytest.approx(grid, abs=1e-5)
    j, i = np.unravel_index(mine.argmin(), mine.shape)
    [a], [b] = page.drawn("surface-plot", LOWEST)
    assert (a, b) == (shown["as"][i], shown["bs"][j])
    near = [at(shown["as"][i + m], shown["bs"][j + n]) for m in (-1, 0, 1) for n in (-1, 0, 1)]
    assert min(near) == near[4] == pytest.approx(shown["low"], abs=1e-6)

    frames = np.array(
        page.page.evaluate("pwl.fit.now().playback.frames.map(({ p }) => p.slice(0, 2))")
    )
    drawn = np.array(page.drawn("surface-plot", PATH)).T
    assert drawn == pytest.approx(frames)
    painted = np.array(page.painted("surface-plot", PATH))
    spans = [shown["as"][-1] - shown["as"][0], shown["bs"][-1] - shown["bs"][0]]
    assert (np.abs(painted - frames) < np.array(spans) * 0.005).all()
    assert page.drawn("surface-plot", START) == ([frames[0, 0]], [frames[0, 1]])
    another_weight_moves_the_landscape(page)


def test_the_point_is_dragged_and_fit_follows(address: str, open_page: Open) -> None:
    page = open_page(address)
    open_surface(page, 300)
    before = page.weights()
    x, y = middle(page, "#surface-handle")
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 60, y - 40, steps=6)
    expect(page.find("#fit-weights-0-field")).not_to_have_value(before[0])
    p = page.page.evaluate("pwl.fit.now().frame.p")
    assert p[0] > number(before[0])
    assert p[1] > number(before[1])
    assert [f"{value:.4f}" for value in p[2:]] == before[2:]
    page.page.wait_for_function(SAME_LOSS)
    assert page.page.evaluate("pwl.fit.frame().mark") != "edit", "the server has not heard of it"
    page.page.mouse.up()
    page.page.wait_for_function("pwl.fit.frame().mark === 'edit'")
    set_ = page.weights()
    assert [number(text) for text in set_[:2]] == pytest.approx(p[:2], abs=1e-4)
    server_loss = page.page.evaluate("pwl.fit.frame().loss")
    assert number(page.find("#surface-loss").inner_text()) == pytest.approx(server_loss, abs=2e-6)
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#fit-weights-0-field")).to_have_value(set_[0])
    assert page.weights() == set_


def another_weight_moves_the_landscape(page: LecturePage) -> None:
    low = page.find("#surface-lowest").inner_text()
    page.type_weight("fit", 4, "2")
    expect(page.find("#surface-lowest")).not_to_have_text(low)
    page.page.wait_for_function("pwl.surface.shown.job.plane.origin[4] === 2")
    page.page.wait_for_function(AT_REST)


def test_the_plane_of_the_run(page: LecturePage) -> None:
    open_surface(page)
    assert page.find("#surface-view option[value='run']").get_attribute("disabled") is not None
    page.train(800)
    page.wait_for_epoch(800)
    page.find("#surface-plot").scroll_into_view_if_needed()  # off the screen it rests
    page.page.wait_for_function(
        "!document.querySelector('#surface-view option[value=run]').disabled"
    )
    page.find("#surface-view").select_option("run")
    expect(page.find("#surface-third")).to_be_visible()
    page.page.wait_for_function("pwl.surface.shown.job.plane.u.filter(Boolean).length === 5")
    page.page.wait_for_function(AT_REST)
    page.find("#surface-third").select_option(index=1)
    epoch = int(page.find("#surface-third").input_value())
    page.page.wait_for_function(AT_REST)
    expect(page.find("#surface-note")).to_contain_text("plane")
    frames = page.page.evaluate("pwl.fit.now().playback.frames.map(({ epoch, p }) => [epoch, p])")
    start, end = np.array(frames[0][1]), np.array(frames[-1][1])
    third = np.array(dict(frames)[epoch])
    page.page.wait_for_function(
        "([v]) => Math.abs(pwl.surface.shown.job.plane.v[0] - v) < 1e-9",
        arg=[gram_schmidt(start, end, third)[1][0]],
    )
    q = gram_schmidt(start, end, third)
    places = (np.array([p for _, p in frames]) - start) @ q.T
    page.page.wait_for_function(AT_REST)
    drawn = np.array(page.drawn("surface-plot", PATH)).T
    assert drawn == pytest.approx(places, abs=1e-9)
    shown = page.page.evaluate(SHOWN)
    x, y = np.array(
        page.page.evaluate("(() => { const { x, y } = pwl.fit.now().data; return [x, y]; })()")
    )
    corner = start + shown["as"][0] * q[0] + shown["bs"][0] * q[1]
    assert shown["loss"][0] == pytest.approx(loss_of(corner, x, y, Architecture()), abs=1e-5)


def gram_schmidt(start: np.ndarray, end: np.ndarray, third: np.ndarray) -> np.ndarray:
    u = (end - start) / np.linalg.norm(end - start)
    across = third - start - ((third - start) @ u) * u
    return np.stack([u, across / np.linalg.norm(across)])


def test_three_dimensions_and_a_browser_without_webgl(address: str, open_page: Open) -> None:
    page = open_page(
        address, quiet=False
    )  # a machine without a GPU says in the console that it is slow
    open_surface(page)
    page.find("#surface-solid-switch").click()
    page.page.wait_for_function("document.querySelector('#surface-solid .gl-container canvas')")
    assert (
        page.page.evaluate("document.querySelector('#surface-solid .plot').data[0].type")
        == "surface"
    )
    page.page.set_viewport_size({"width": 1000, "height": 800})
    page.wait_until_drawn_to_size("explore-surface")
    page.find("#surface-solid-switch").click()
    expect(page.find("#surface-solid canvas")).to_have_count(0)
    page.page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    page.find("#surface-solid-switch").click()
    expect(page.find("#surface-solid")).to_contain_text("WebGL")
    expect(page.find("#surface-plot")).to_be_visible()


@pytest.mark.view("fit")
def test_by_keyboard_and_buttons(page: LecturePage) -> None:
    """Plotly's 3D build is fetched only near the card; then keys, buttons and lists."""
    page.train(5)
    page.wait_for_epoch(5)
    own = page.page.evaluate(
        "Object.keys(window).length && (window.own = Plotly) && Plotly.version"
    )
    assert plotly_builds(page) == ["basic"]
    page.go("explore-surface")
    open_surface(page)
    assert plotly_builds(page) == ["basic", "cartesian"]
    assert page.page.evaluate("window.own === Plotly"), "the page keeps its own"
    assert own == page.page.evaluate("Plotly.version")
    the_arrow_keys_move_the_point(page)
    zoom(page)
    two_selects_never_name_the_same_weight(page)
    a_wide_net_says_why_there_is_nothing(page)


def plotly_builds(page: LecturePage) -> list[str]:
    """The builds of Plotly that the page has fetched."""
    fetched: list[str] = page.page.evaluate(
        """() => performance.getEntriesByType("resource")
          .flatMap(({ name }) => /\\/plotly-(basic|cartesian|gl3d)-/.exec(name)?.[1] ?? [])"""
    )
    return fetched


def the_arrow_keys_move_the_point(page: LecturePage) -> None:
    w1 = number(page.weights()[0])
    handle = page.find("#surface-handle")
    w2 = page.weights()[1].replace("-", "−")
    said = f"Net in Fit: W1, unit 1 = {w1:.4f}; W1, unit 2 = {w2}; loss {page.loss()}. "
    expect(handle).to_have_attribute("aria-label", said + "The arrow keys move it.")
    handle.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function("pwl.fit.frame().mark === 'edit'")
    width = page.page.evaluate(
        "(() => { const { as } = pwl.surface.shown.job; return as.at(-1) - as[0]; })()"
    )
    assert number(page.weights()[0]) == pytest.approx(w1 + width / 60, abs=1e-3)


def zoom(page: LecturePage) -> None:
    span = "(() => { const { as } = pwl.surface.shown.job; return as.at(-1) - as[0]; })()"
    first = page.page.evaluate(span)
    page.find("#surface-zoom-in").click()
    page.page.wait_for_function(f"Math.abs({span} - 0.6 * {first}) < 1e-9")
    page.find("#surface-zoom-reset").click()
    page.page.wait_for_function(f"Math.abs({span} - {first}) < 1e-9")


def two_selects_never_name_the_same_weight(page: LecturePage) -> None:
    page.find("#surface-x").select_option("1")
    expect(page.find("#surface-y")).to_have_value("0")
    page.find("#surface-y").select_option(label="b2")
    expect(page.find("#surface-plot .ytitle")).to_have_text("b2")
    assert from_vector(page.page.evaluate("pwl.fit.frame().p")).b2 == pytest.approx(
        number(page.weights()[4]), abs=1e-4
    )


def a_wide_net_says_why_there_is_nothing(page: LecturePage) -> None:
    page.unfold()
    page.fill("#fit-hidden", "9")
    page.click("#fit-reset")
    expect(page.find("#fit-weights")).to_contain_text("9 units")
    page.find("#explore").scroll_into_view_if_needed()
    expect(page.find("#surface-wide")).to_contain_text("9 units have 19 weights")
    expect(page.find("#surface-body")).to_be_hidden()
