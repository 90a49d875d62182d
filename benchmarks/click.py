"""Milliseconds from a click to its effect on the screen: part of ``make bench``.

The app runs as its users run it, and Chromium measures inside the page: from the click on
*Train* until the last epoch, its weights and its curve are painted, with playback skipped; and
from the click on *Pause* until the page shows that it is paused and no epoch follows.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from benchmarks.support import machine, report
from benchmarks.support.crowd import warm_up
from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

EPOCHS = 5000
LONG_EPOCHS = 1_000_000
CLICKS = 40

# Time from the click to the end of the animation frame that shows the last epoch.
TRAIN = """(epoch) => new Promise((done, fail) => {
  const byId = (id) => document.getElementById(id);
  const isCurve = (path) => path.closest(".trace").__data__[0].trace.index === 0;
  const curve = () =>
    [...document.querySelectorAll("#fit-yhat-plot path.js-line")].find(isCurve).getAttribute("d");
  const fields = () =>
    [...document.querySelectorAll("#fit-weights input")].map((input) => input.value).join(" ");
  const before = [curve(), fields()];
  let pressed;
  const look = () => {
    if (performance.now() - pressed > 30_000) return fail(new Error("no end within 30 s"));
    const shown = byId("count-epoch").textContent === epoch;
    if (!shown || curve() === before[0] || fields() === before[1]) {
      return requestAnimationFrame(look);
    }
    const { port1, port2 } = new MessageChannel(); // its message comes after the frame is painted
    port1.onmessage = () => done(performance.now() - pressed);
    port2.postMessage(null);
  };
  const press = () => { pressed = performance.now(); look(); };
  byId("fit-train").addEventListener("click", press, { capture: true, once: true });
  byId("fit-train").click();
})"""

# Begin a long run and press Pause some time after its first epochs are shown. Measures the time
# from that click until both have happened: the page shows "paused", and the epoch on screen has
# changed for the last time. Null if the run ended before it could be paused.
PAUSE = """([wait, rest, last]) => new Promise((done, fail) => {
  const byId = (id) => document.getElementById(id);
  const shown = () => byId("count-epoch").textContent;
  const begun = performance.now();
  let first = 0, pressed = 0, paused = 0, moved = 0, epoch;
  const look = () => {
    const now = performance.now();
    if (now - begun > 30_000) return fail(new Error("nothing paused within 30 s"));
    if (shown() === last) return done(null);
    if (!first && !byId("fit-pause").disabled && shown() !== "0") first = now;
    if (first && !pressed && now - first >= wait) byId("fit-pause").click();
    if (pressed && !paused && !byId("fit-resume").hidden) paused = now;
    if (pressed && shown() !== epoch) [moved, epoch] = [now, shown()];
    if (paused && now - Math.max(paused, moved) > rest) {
      return done(Math.max(paused, moved) - pressed);
    }
    requestAnimationFrame(look);
  };
  const press = () => { pressed = moved = performance.now(); epoch = shown(); };
  byId("fit-pause").addEventListener("click", press, { capture: true, once: true });
  byId("fit-train").click();
  look();
})"""
REST_MS = 400
WAITS_MS = range(0, 200, 10)  # so that pauses come at all moments of a slice


def open_tab(page: Page, address: str) -> LecturePage:
    """Open the app with playback skipped."""
    tab = LecturePage(page)
    tab.open(address)
    tab.find("#playback-skip").check()
    return tab


def start_over(tab: LecturePage) -> None:
    """Reset to epoch 0, and wait for the weights of seed 1, which are painted after the curve."""
    tab.find("#fit-reset").click()
    expect(tab.find("#count-epoch")).to_have_text("0")
    expect(tab.find("#fit-weights-0-field")).to_have_value("0.5153")
    expect(tab.find("#fit-train")).to_be_enabled()


def time_training(tab: LecturePage) -> list[float]:
    """Milliseconds of `CLICKS` runs, each from epoch 0."""
    tab.find("#fit-epochs").fill(str(EPOCHS))
    measured = []
    for _ in range(CLICKS):
        measured.append(tab.page.evaluate(TRAIN, f"{EPOCHS:,}"))
        tab.wait_for_epoch(EPOCHS)
        start_over(tab)
    return measured


def time_pausing(tab: LecturePage) -> list[float]:
    """Milliseconds until long runs stopped, one for each of `WAITS_MS`.

    Raises
    ------
    ValueError
        If more than half of the runs ended before they were paused.
    """
    tab.find("#fit-epochs").fill(str(LONG_EPOCHS))
    measured = []
    for wait in WAITS_MS:
        measured.append(tab.page.evaluate(PAUSE, [wait, REST_MS, f"{LONG_EPOCHS:,}"]))
        start_over(tab)
    paused = [ms for ms in measured if ms is not None]
    if len(paused) < len(measured) / 2:
        raise ValueError(f"only {len(paused)} of {len(measured)} runs could be paused")
    return paused


def measure(address: str) -> dict[str, Any]:
    """Measure both in one tab."""
    asyncio.run(warm_up([address]))
    with open_chromium() as browser:
        context = browser.new_context(
            bypass_csp=True, locale="en-US", viewport={"width": 1280, "height": 900}
        )
        tab = open_tab(context.new_page(), address)
        train, pause = time_training(tab), time_pausing(tab)
    return {
        "machine": machine.describe(),
        "epochs": EPOCHS,
        "long_epochs": LONG_EPOCHS,
        "train_ms": report.summary(train),
        "pause_ms": report.summary(pause),
    }


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        report.save("click", measure(address))


if __name__ == "__main__":
    main()
