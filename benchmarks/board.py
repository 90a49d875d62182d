"""Frames per second of the teacher's board while a whole class trains: ``make bench``.

The page gets the lines that a server would send of 300 made-up students, all of them changed four
times a second. A frame counts if the board was repainted in it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, ViewportSize

from benchmarks.support import machine, report
from benchmarks.support.frames import Frames, frames_of
from pwlapp.core.net import LECTURE
from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

STUDENTS = 300
SAMPLES = 12  # states of each student's net, from the initial weights to the last
ROUNDS = 3
MOVE_MS = 4000
SIZES: tuple[ViewportSize, ...] = ({"width": 1366, "height": 633}, {"width": 1920, "height": 950})
OUTCOMES = ("both", "left", "right", "dead", "diverged", "not_yet", "not_started")

BEGIN = """([samples, room]) => {
  const key = pwl.fit.now().state.data_key;
  for (const rows of samples) for (const row of rows) row.data = key;
  pwl.board.receive({ room, seats: samples[0] }, true);
  let next = 0;
  setInterval(() => pwl.board.receive({ seats: samples[(next += 1) % samples.length] }), 250);
}"""

WATCH = """(ms) => {
  const end = performance.now() + ms;
  return watch(() => pwl.boardCanvases.painted, (now) => now < end);
}"""


def sample(share: float) -> list[dict[str, Any]]:
    """The rows of all students after a share of their training."""
    random = np.random.default_rng(1)
    rows = []
    for n in range(1, STUDENTS + 1):
        first, last = random.normal(0, 1, LECTURE.size), random.normal(0, 4, LECTURE.size)
        rows.append(
            {
                "n": n,
                "name": f"student {n}",
                "name_hidden": False,
                "here": True,
                "seed": n,
                "epoch": round(5000 * share),
                "loss": 0.7 - 0.4 * share * random.random(),
                "status": "running",
                "outcome": OUTCOMES[n % len(OUTCOMES)],
                "slopes": (9 * share * random.uniform(-1, 1, 2)).tolist(),
                "net": vars(LECTURE),
                "numbers": ((1 - share) * first + share * last).tolist(),
                "plain": True,
            }
        )
    return rows


def room() -> dict[str, Any]:
    """A room whose class is led, with the defaults for everything else."""
    unset = dict.fromkeys(("lesson", "spotlight", "setting", "question", "challenge"))
    return {"code": "K7N4PX", "ends": 0, "leading": True, "frozen": False, "hidden": [], **unset}


def frames(browser: Browser, address: str, size: ViewportSize) -> Frames:
    """Count the frames of a board of this size while all students train."""
    samples = [sample(k / (SAMPLES - 1)) for k in range(SAMPLES)]
    with browser.new_context(bypass_csp=True, viewport=size) as context:
        page = LecturePage(context.new_page())
        page.open(f"{address}/#board")
        page.load("board")
        page.page.evaluate(BEGIN, [samples, room()])
        page.page.wait_for_timeout(1000)
        return frames_of(page.page, WATCH, MOVE_MS)


def measure(address: str) -> dict[str, Any]:
    """Measure the board in each size, alternating between sizes."""
    with open_chromium() as browser:
        taken = [[frames(browser, address, size) for size in SIZES] for _ in range(ROUNDS)]
    return {
        "machine": machine.describe(),
        "students": STUDENTS,
        "sizes": {
            f"{size['width']} by {size['height']}": {
                "moved": [round(each[k].moved, 1) for each in taken],
                "main_ms": [round(each[k].main_ms, 2) for each in taken],
            }
            for k, size in enumerate(SIZES)
        },
    }


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        report.save("board", measure(address))


if __name__ == "__main__":
    main()
