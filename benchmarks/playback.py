"""Frame rate of the playback and size of the page: part of ``make bench``.

The app is served as its users serve it, with its 2,000 built-in points on screen. A run of 5,000
epochs is trained, then replayed, and the browser's trace of the replay is read: how many frames
its compositor drew, and in how many of them the painted curve had moved.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks import machine, report
from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

REPLAYS = 5
SPEED = 0.5  # 240 frames and more over 3 to 4 seconds
CATEGORIES = [
    "disabled-by-default-devtools.timeline.frame",
    "devtools.timeline",
    "blink.user_timing",
]

# Marks in the trace: the replay's two ends, and each animation frame that found the curve moved.
WATCH = """(speed) => new Promise((done) => {
  const slider = document.querySelector("#playback-speed");
  slider.value = Math.log2(speed);
  slider.dispatchEvent(new Event("input"));
  const toggle = document.querySelector("#playback-toggle");
  const isCurve = (path) => path.closest(".trace").__data__[0].trace.index === 0;
  const curve = () =>
    [...document.querySelectorAll("#fit-yhat-plot path.js-line")].find(isCurve).getAttribute("d");
  let before = curve();
  let waited = 0;
  const look = () => {
    const now = curve();
    if (now !== before) performance.mark("pwl-moved");
    before = now;
    if (toggle.dataset.tLabel === "playback.pause") waited = -1;
    else if (waited < 0) { performance.mark("pwl-end"); return done(); }
    requestAnimationFrame(look);
  };
  performance.mark("pwl-start");
  toggle.click();
  requestAnimationFrame(look);
})"""


def trace_of_replay(page: Page, cdp: CDPSession) -> list[dict[str, Any]]:
    """Replay the run once; returns the trace's events."""
    events: list[dict[str, Any]] = []
    ended: list[bool] = []
    cdp.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    cdp.on("Tracing.tracingComplete", lambda _: ended.append(True))
    config = {"includedCategories": CATEGORIES}
    cdp.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    page.evaluate(WATCH, SPEED)
    cdp.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    cdp.detach()
    return events


def rates(events: list[dict[str, Any]]) -> tuple[float, float]:
    """Frames drawn, and frames in which the curve had moved, each per second."""

    def times(name: str) -> list[float]:
        return [event["ts"] / 1e6 for event in events if event["name"] == name]

    start, end = times("pwl-start")[0], times("pwl-end")[-1]
    drawn = [at for at in times("DrawFrame") if start <= at <= end]
    moved = [at for at in times("pwl-moved") if start <= at <= end]
    return len(drawn) / (end - start), len(moved) / (end - start)


def bytes_of_a_visit(browser: Browser, address: str) -> int:
    """Bytes that a new visitor's browser receives until the page is ready."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    received: list[int] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    network.send("Network.enable")
    LecturePage(page).open(address)
    context.close()
    return int(sum(received))


def replays(browser: Browser, address: str) -> list[tuple[float, float]]:
    """Train 5,000 epochs, then replay them several times."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = LecturePage(context.new_page())
        page.open(address)
        page.train(5000)
        page.wait_for_epoch(5000)
        page.find("#fit-yhat-plot").evaluate(
            "(node) => node.scrollIntoView({ block: 'center', behavior: 'instant' })"
        )
        measured = []
        for _ in range(REPLAYS):
            cdp = context.new_cdp_session(page.page)
            measured.append(rates(trace_of_replay(page.page, cdp)))
    return measured


def measure(address: str) -> dict[str, Any]:
    """Measure a first visit, then the replays."""
    with open_chromium() as browser:
        visit = bytes_of_a_visit(browser, address)
        drawn, moved = zip(*replays(browser, address), strict=True)
    return {
        "machine": machine.describe(),
        "first visit, bytes": visit,
        "frames drawn": drawn,
        "frames with a moved curve": moved,
    }


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        report.save("playback", measure(address))


if __name__ == "__main__":
    main()
