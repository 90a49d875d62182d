"""What the browser's own trace says of frames: how many were drawn, and what each cost."""

from __future__ import annotations

from bisect import bisect_right
from statistics import median
from typing import Any, NamedTuple, TypeAlias

from playwright.sync_api import Page

CATEGORIES = [
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "blink.user_timing",
]

# `watch(position, step)` calls `step(now)` in each animation frame until it gives false, and marks
# in the trace both ends, and each frame in which `position()` has become another one.
WATCH = """() => void (window.watch = (position, step) => new Promise((done) => {
  let before = position();
  const look = (now) => {
    const goesOn = step(now);
    const at = position();
    if (at !== before) performance.mark("pwl-moved");
    before = at;
    if (goesOn) return requestAnimationFrame(look);
    performance.mark("pwl-end");
    done();
  };
  performance.mark("pwl-start");
  requestAnimationFrame(look);
}))"""

Event: TypeAlias = dict[str, Any]


class Frames(NamedTuple):
    """Frames drawn and frames that moved, per second, and main thread milliseconds per frame.

    The milliseconds are CPU time of the page's main thread from one moved frame to the next, in
    the median.
    """

    drawn: float
    moved: float
    main_ms: float


def frames_of(page: Page, script: str, argument: Any = None, slowed: int = 1) -> Frames:
    """Run a script that awaits `watch`, with a trace; `slowed` divides the CPU's speed."""
    page.evaluate(WATCH)
    cdp = page.context.new_cdp_session(page)
    events: list[Event] = []
    ended: list[bool] = []
    cdp.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    cdp.on("Tracing.tracingComplete", lambda _: ended.append(True))
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    config = {"includedCategories": CATEGORIES}
    cdp.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    page.evaluate(script, argument)
    cdp.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    cdp.detach()
    return read(events)


def read(events: list[Event]) -> Frames:
    """Count the frames of a trace, and what the main thread did for each.

    Raises
    ------
    ValueError
        If the trace has no start and end, or nothing moved twice between them.
    """

    def times(name: str) -> list[float]:
        return [event["ts"] for event in events if event["name"] == name]

    starts, ends = times("pwl-start"), times("pwl-end")
    if not starts or not ends:
        raise ValueError("the trace has no start and end")
    start, end = starts[0], ends[-1]
    drawn = [at for at in times("DrawFrame") if start <= at <= end]
    moved = sorted(at for at in times("pwl-moved") if start <= at <= end)
    if len(moved) < 2:
        raise ValueError(f"the trace has {len(moved)} moved frames, at least 2 are needed")
    seconds = (end - start) / 1e6
    return Frames(len(drawn) / seconds, len(moved) / seconds, _main_ms(events, moved))


def _main_ms(events: list[Event], moved: list[float]) -> float:
    """Median CPU time between moved frames, in the thread that marked them."""
    mark = next(event for event in events if event["name"] == "pwl-moved")
    tasks = [
        event
        for event in events
        if event.get("ph") == "X" and (event["pid"], event["tid"]) == (mark["pid"], mark["tid"])
    ]
    spent = [0.0] * (len(moved) - 1)
    last = 0.0  # end of the last task; what begins before it is a part of it
    for task in sorted(tasks, key=lambda event: (event["ts"], -event["dur"])):
        if task["ts"] < last:
            continue
        last = task["ts"] + task["dur"]
        frame = bisect_right(moved, task["ts"]) - 1
        if 0 <= frame < len(spent):
            spent[frame] += task.get("tdur", 0) / 1000
    return median(spent)
