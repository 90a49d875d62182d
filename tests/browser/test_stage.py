"""The stage: controls and the plots that they move fit on one screen, and nothing shifts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

Open = Callable[..., LecturePage]

# Laptops and a projector, less the browser's own bars; a phone in landscape format.
WIDE = [(1366, 633), (1280, 585), (1920, 950), (844, 390)]
PHONES = [(390, 664), (360, 600)]

CONTROLS = ["#fit-seed", "#fit-epochs", "#fit-train", "#fit-pause", "#fit-step", "#fit-reset"]
WORDS = [
    *(f".field:has(#fit-{name}) > span" for name in ("seed", "epochs")),
    *(f".plot-{name} .legend" for name in ("yhat", "logit")),
    *(f"#fit-{name} > summary" for name in ("data-panel", "options", "checkpoints-panel")),
]
PLAYBACK = ["#playback-toggle", "#playback-scrub"]
COUNTERS = ["#count-epoch", "#count-loss", "#count-slopes"]
PLOTS = ["#fit-yhat-plot", "#fit-logit-plot", "#fit-loss-plot"]
WEIGHTS = [f"#fit-weights-{k}-{part}" for k in range(5) for part in ("slider", "field")]
BUILD = [
    "#build-plot",
    *(f"#panel-{name}-plot" for name in ("u1", "u2", "v1", "v2", "y")),
    *(f"#build-weights-{k}-{part}" for k in range(5) for part in ("slider", "field")),
    "#tab-build-equations-panel",
    "#tab-build-constructions-panel",
]

# Why an element is not wholly visible: outside the window, clipped by a box, or covered.
OUT_OF_SIGHT = """(selectors) => selectors.flatMap((selector) => {
  const node = document.querySelector(selector);
  const box = node.getBoundingClientRect();
  const wrong = [];
  if (box.width < 4 || box.height < 4) wrong.push(`${selector} has no size`);
  if (box.left < 0 || box.top < 0 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5)
    wrong.push(`${selector} leaves the window: ${JSON.stringify(box)}`);
  for (let up = node.parentElement; up; up = up.parentElement) {
    if (getComputedStyle(up).overflow === "visible") continue;
    const outer = up.getBoundingClientRect();
    if (box.right > outer.right + 1 || box.bottom > outer.bottom + 1 || box.top < outer.top - 1)
      wrong.push(`${selector} is cut by ${up.id || up.className}`);
  }
  for (const [x, y] of [[0.5, 0.5], [0.08, 0.2], [0.92, 0.8]]) {
    const seen = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    const card = node.closest(".graph") ?? node;
    if (!seen || !(card.contains(seen) || seen.contains(node)))
      wrong.push(`${selector} lies under ${seen?.id || seen?.className}`);
  }
  return wrong;
})"""

# Whether a key has its default effect, since no shortcut takes it.
IS_FREE = """(key) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))"""

RECORD_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const moved = sources.map(({ node }) => node?.id || node?.className || node?.nodeName);
      window.shifts.push([value, ...moved]);
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""

CURVES = """() => ["fit-yhat-plot", "fit-logit-plot"].map((id) =>
  document.querySelectorAll(`#${id} path.js-line`).values().toArray()
    .map((path) => path.getAttribute("d")).join(" "))"""

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def shifts(page: LecturePage) -> list[Any]:
    page.page.evaluate(TWO_FRAMES)
    recorded: list[Any] = page.page.evaluate("window.shifts.splice(0)")
    return recorded


def resize(page: LecturePage, width: int, height: int) -> None:
    page.page.set_viewport_size({"width": width, "height": height})
    page.page.wait_for_function(
        "(width) => document.querySelector('#fit-yhat-plot .main-svg').clientWidth < width",
        arg=width,
    )


def watch_a_run(page: LecturePage, wanted: list[str]) -> None:
    """Press Train; check that all of `wanted` is visible while frames are painted."""
    page.click("#fit-train")
    page.page.wait_for_function("() => document.querySelector('#count-epoch').textContent !== '0'")
    first = page.page.evaluate(CURVES)
    page.page.wait_for_function(
        f"(first) => ({CURVES})().every((d, k) => d !== first[k])", arg=first
    )
    assert page.page.evaluate(OUT_OF_SIGHT, wanted) == []
    expect(page.find("#fit-train")).to_be_enabled()
    page.find("#playback-end").click()
    assert page.page.evaluate(OUT_OF_SIGHT, wanted) == []


@pytest.mark.parametrize("lang", ["ko-KR", "en-US"])
def test_fit_is_on_one_screen(address: str, open_page: Open, lang: str) -> None:
    page = open_page(address, lang=lang, width=1366, height=633, motion=True)
    page.page.evaluate(RECORD_SHIFTS)
    assert shifts(page) == []  # since the page began to load
    for width, height in WIDE:
        resize(page, width, height)
        shifts(page)  # a window that changes its size moves things
        watch_a_run(page, [*CONTROLS, *WORDS, *PLAYBACK, *COUNTERS, *PLOTS, *WEIGHTS])
        assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert shifts(page) == []
        page.click("#fit-reset")
        expect(page.find("#count-epoch")).to_have_text("0")
    for width, height in PHONES:
        resize(page, width, height)
        shifts(page)  # a window that changes its size moves things
        watch_a_run(page, ["#fit-train", "#fit-pause", *COUNTERS, "#playback-scrub", *PLOTS])
        assert shifts(page) == []
        page.click("#fit-reset")
        expect(page.find("#count-epoch")).to_have_text("0")


@pytest.mark.view("build")
@pytest.mark.parametrize("lang", ["ko-KR", "en-US"])
def test_build_is_on_one_screen(address: str, open_page: Open, lang: str) -> None:
    page = open_page(address, lang=lang, width=1366, height=633)
    page.page.evaluate(RECORD_SHIFTS)
    assert shifts(page) == []
    for width, height in WIDE[:3]:
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_function(f"(wanted) => !({OUT_OF_SIGHT})(wanted).length", arg=BUILD)
        assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_on_a_phone_the_plot_and_train_stay_visible(address: str, open_page: Open) -> None:
    width, height = PHONES[0]
    page = open_page(address, lang="ko-KR", width=width, height=height)
    the_plot_and_train_stay_visible(page)
    width, height = PHONES[1]
    page.go("fit")
    resize(page, width, height)
    the_plot_and_train_stay_visible(page)


def the_plot_and_train_stay_visible(page: LecturePage) -> None:
    page.find("#fit-weights-4-slider").scroll_into_view_if_needed()
    assert page.page.evaluate("scrollY") > 0
    page.page.evaluate("document.getElementById('fit-stuck').hidden = false")
    stuck = "#fit-stuck > summary"
    seen = ["#fit-train", stuck, "#fit-epochs", "#fit-yhat-plot", "#fit-weights-4-slider"]
    assert page.page.evaluate(OUT_OF_SIGHT, seen) == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.go("build")
    page.find("#build-weights-4-slider").scroll_into_view_if_needed()
    assert page.page.evaluate(OUT_OF_SIGHT, ["#build-plot", "#build-weights-4-slider"]) == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_views_have_addresses_and_keep_their_state(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(100)
    page.wait_for_epoch(100)
    page.find("nav a[href='#build']").click()
    expect(page.find("#build")).to_be_visible()
    expect(page.find("#fit")).to_be_hidden()
    page.type_weight("build", 0, "2.5")
    page.find("#build-weights-0-field").blur()  # where a letter would be typed
    page.page.keyboard.press("e")
    expect(page.find("#explore-seeds")).to_be_visible()
    page.find("#explore-pick a[href='#explore-pieces']").click()
    expect(page.find("#explore-pieces")).to_be_visible()
    expect(page.find("#explore-seeds")).to_be_hidden()
    expect(page.find("#explore-pick a[aria-current]")).to_have_attribute("href", "#explore-pieces")
    page.page.go_back()
    page.page.go_back()
    expect(page.find("#build")).to_be_visible()
    assert page.weights("build")[0] == "2.5"
    page.page.go_back()
    expect(page.find("#count-epoch")).to_have_text("100")
    page.page.goto(f"{address}#explore-pieces")
    page.page.reload()
    page.wait_until_ready()
    expect(page.find("#explore-pieces")).to_be_visible()


# Keys of the catalogue that are shown in place of their texts
SHOWN_KEYS = """() => [...document.querySelectorAll("[data-t]")]
  .filter((node) => node.textContent === node.dataset.t).map((node) => node.dataset.t)"""


def test_a_script_that_fails_to_load_shows_a_message_and_is_retried(
    address: str, open_page: Open
) -> None:
    page = open_page(address, lang="ko-KR", quiet=False, fresh=True)
    for card, made in (("share", "#share-holds"), ("explore-surface", "#surface-plot .plot")):
        page.page.route("**/static/*", lambda route: route.abort())
        page.go(card)
        problem = page.find(f"#{card} > .load-problem")
        expect(problem).to_contain_text("불러오지 못했습니다")
        problem.locator("button").click()
        expect(problem).to_be_visible()  # still no network
        page.page.unroute("**/static/*")
        page.page.evaluate("document.querySelector('.load-problem button')?.click()")
        expect(problem).to_have_count(0)  # by the button, or by itself before
        expect(page.find(made)).to_be_visible()
        page.go("explore-seeds")  # which loads Explore itself
        expect(page.find("#seeds-train")).to_be_visible()
    assert page.page.evaluate(SHOWN_KEYS) == []


def test_drawers_open_over_the_stage(address: str, open_page: Open) -> None:
    page = open_page(address, width=1280, height=585)
    page.page.evaluate(RECORD_SHIFTS)
    for drawer in ("fit-data-panel", "fit-options", "fit-checkpoints-panel"):
        page.find(f"#{drawer} > summary").click()
        expect(page.find(f"#{drawer} .drawer-body")).to_be_visible()
        assert page.find("details.drawer[open]").count() == 1
        assert page.page.evaluate(OUT_OF_SIGHT, ["#fit-train", f"#{drawer} .drawer-close"]) == []
    page.page.keyboard.press("Escape")
    assert page.find("details.drawer[open]").count() == 0
    expect(page.find("#fit-checkpoints-panel > summary")).to_be_focused()
    assert shifts(page) == []


def test_projector_mode(address: str, open_page: Open) -> None:
    page = open_page(f"{address}?projector=1#fit", width=1920, height=1080, motion=True)
    wanted = ["#fit-train", "#fit-step", "#playback-scrub", *COUNTERS, *PLOTS]
    watch_a_run(page, wanted)
    assert page.texts_below(24) == []
    page.page.keyboard.press("f")
    expect(page.find(".page-header")).to_be_visible()
    page.page.keyboard.press("f")
    expect(page.find(".page-header")).to_be_hidden()
    page.page.keyboard.press("PageDown")
    expect(page.find("#lesson-task")).to_be_visible()
    page.page.keyboard.press("PageDown")
    expect(page.find(".lesson-dots button[aria-current]")).to_have_text("2")
    page.page.keyboard.press("PageUp")
    expect(page.find(".lesson-dots button[aria-current]")).to_have_text("1")


def test_the_address_of_a_hidden_view_opens_the_first_that_is_offered(
    address: str, open_page: Open
) -> None:
    page = open_page(f"{address}?hide=fit,class,lessons#board")
    expect(page.find("#build")).to_be_visible()
    expect(page.find("#fit")).to_be_hidden()
    expect(page.find("#board")).to_be_hidden()
    page.page.keyboard.press("f")
    expect(page.find(".page-header")).to_be_hidden()
    assert page.page.evaluate(IS_FREE, "PageDown")  # the lessons are hidden too
