"""Frames per second of replay and drags, and the delay of presses: ``make bench``.

The app runs as its users run it, with its 2,000 built-in points on screen. A run of 5,000
epochs is replayed, and sliders are dragged, alternating with a page on which only a box moves:
a busy machine slows both. Then every control is pressed, and the browser reports how long
each press waited for the next frame.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from benchmarks.support import machine, report
from benchmarks.support.frames import Frames, frames_of
from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

ROUNDS = 3
SPEED = 0.5  # more than 240 frames in 3 to 4 seconds
MOVE_MS = 3000
SLOWED = (1, 4)  # full speed of the CPU, and the speed of a phone
PRESS_ROUNDS = 3
THRESHOLD_MS = 16  # the browser does not report faster presses
SIZE: ViewportSize = {"width": 1280, "height": 900}

EMPTY = """(ms) => {
  const box = document.createElement("div");
  box.style = "position: fixed; width: 9px; height: 9px; background: black";
  document.body.replaceChildren(box);
  const end = performance.now() + ms;
  return watch(() => box.style.translate, (now) => {
    box.style.translate = `${Math.floor(now) % 99}px`;
    return now < end;
  });
}"""

CURVE = """const curve = (graph, trace) => {
  const gd = document.querySelector(`#${graph} .js-plotly-plot`);
  const [{ node3 }] = gd.calcdata[trace];
  return () => node3.select(".js-line").attr("d");
};"""

REPLAY = f"""(speed) => {{
  {CURVE}
  const slider = document.querySelector("#playback-speed");
  slider.value = Math.log2(speed);
  slider.dispatchEvent(new Event("input"));
  const toggle = document.querySelector("#playback-toggle");
  toggle.click();
  let begun = false;
  return watch(curve("fit-yhat-plot", 0), () => {{
    const plays = toggle.dataset.tLabel === "playback.pause";
    begun ||= plays;
    return plays || !begun;
  }});
}}"""

DRAG = f"""([id, graph, trace, ms]) => {{
  {CURVE}
  const slider = document.getElementById(id);
  const before = slider.value;
  const put = (value) => {{
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
  }};
  const begin = performance.now();
  return watch(curve(graph, trace), (now) => {{
    const isOver = now > begin + ms;
    const turn = ((now - begin) / 1200) % 1; // to and fro, a step or more in each frame
    put(isOver ? before : 12 * Math.abs(turn - 0.5) - 3);
    return !isOver;
  }});
}}"""

SLIDERS = {
    "a slider of Fit": ("fit", "fit-weights-0-slider", "fit-yhat-plot", 0),
    "a slider of Build": ("build", "build-weights-0-slider", "build-plot", 2),
}

OBSERVE = """() => {
  window.presses = [];
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries()) {
      if (interactionId) presses.push(duration);
    }
  }).observe({ type: "event", durationThreshold: 16 });
}"""


def trained(context: BrowserContext, address: str) -> LecturePage:
    """A page whose net has been trained for 5,000 epochs."""
    page = LecturePage(context.new_page())
    page.open(address)
    page.train(5000)
    page.wait_for_epoch(5000)
    page.go("fit")
    return page


def moving(app: LecturePage, empty: Page, slowed: int) -> dict[str, Callable[[], Frames]]:
    """The measurements, by name."""

    def watched(page: Page, script: str, argument: Any) -> Frames:
        page.bring_to_front()
        return frames_of(page, script, argument, slowed)

    def drag(view: str, *slider: Any) -> Frames:
        app.go(view)
        return watched(app.page, DRAG, [*slider, MOVE_MS])

    return {
        "an empty page": lambda: watched(empty, EMPTY, MOVE_MS),
        "a replay": lambda: watched(app.page, REPLAY, SPEED),
        **{name: lambda where=where: drag(*where) for name, where in SLIDERS.items()},  # type: ignore[misc]
    }


def rounds(browser: Browser, address: str, slowed: int) -> list[dict[str, Frames]]:
    """Take all measurements in turn, each in a new tab."""
    measured = []
    for _ in range(ROUNDS):
        with browser.new_context(bypass_csp=True, viewport=SIZE) as context:
            empty = context.new_page()
            app = trained(context, address)
            measured.append({name: run() for name, run in moving(app, empty, slowed).items()})
    return measured


def presses(page: LecturePage) -> list[tuple[str, Callable[[], None]]]:
    """All controls of Fit and Build, in an order in which each can be pressed."""

    def click(selector: str) -> tuple[str, Callable[[], None]]:
        return selector, lambda: page.find(selector).click()

    def key(selector: str, name: str) -> tuple[str, Callable[[], None]]:
        return f"{name} on {selector}", lambda: page.find(selector).press(name)

    return [
        *(click(f"#{name}") for name in ("fit-train", "playback-toggle", "playback-toggle")),
        *(click(f"#{name}") for name in ("playback-start", "playback-end", "fit-step")),
        *(key("#fit-weights-1-slider", name) for name in ("ArrowRight", "ArrowLeft")),
        *(click(f"#{name}-switch") for name in ("theme", "theme", "language", "language")),
        ("a long run", lambda: page.find("#fit-epochs").fill("1000000")),
        *(click(f"#fit-{name}") for name in ("train", "pause", "resume", "pause", "reset")),
        ("a short run", lambda: page.find("#fit-epochs").fill("5000")),
        click("nav a[href='#build']"),
        *(click(f"#build-{name}") for name in ("random", "start", "challenge", "challenge")),
        *(key("#build-weights-4-slider", name) for name in ("ArrowRight", "ArrowLeft")),
        click("nav a[href='#fit']"),
    ]


def press_everything(browser: Browser, address: str) -> list[tuple[str, float]]:
    """Milliseconds from each press to the frame that followed its handlers."""
    with browser.new_context(bypass_csp=True, locale="en-US", viewport=SIZE) as context:
        page = trained(context, address)
        page.page.evaluate(OBSERVE)
        measured = []
        for _ in range(PRESS_ROUNDS):
            for name, press in presses(page):
                press()
                page.page.wait_for_timeout(300)  # the browser reports with a delay
                took = page.page.evaluate("presses.splice(0)")
                if name.startswith("a "):
                    continue
                measured.append((name, max(took, default=THRESHOLD_MS)))
    return measured


def measure(address: str) -> dict[str, Any]:
    """Measure the frames, and the delay of presses."""
    with open_chromium() as browser:
        moved = {slowed: rounds(browser, address, slowed) for slowed in SLOWED}
        pressed = press_everything(browser, address)
    return {
        "machine": machine.describe(),
        "slowed": {
            str(slowed): {
                name: {
                    "drawn": [round(each[name].drawn, 1) for each in taken],
                    "moved": [round(each[name].moved, 1) for each in taken],
                    "main_ms": [round(each[name].main_ms, 2) for each in taken],
                }
                for name in taken[0]
            }
            for slowed, taken in moved.items()
        },
        "presses": {
            "ms": report.summary([ms for _, ms in pressed]),
            "slowest": max(pressed, key=lambda each: each[1])[0],
        },
    }


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        report.save("playback", measure(address))


if __name__ == "__main__":
    main()
