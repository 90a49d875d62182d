"""Reads from a browser trace how many frames were drawn, and the main-thread time of each."""

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

# `watch(position, step)` calls `step(now)` in each animation frame until `step` returns false. It
# marks its start and end in the trace, and returns the milliseconds from the start to each frame
# in which `position()` has changed. A trace mark for each would cost as much time as a frame.
WATCH = """() => void (window.watch = (position, step) => new Promise((done) => {
  let before = position();
  const moved = [];
  const look = (now) => {
    const goesOn = step(now);
    const at = position();
    if (at !== before) moved.push(now - start);
    before = at;
    if (goesOn) return requestAnimationFrame(look);
    performance.mark("pwl-end");
    done(moved);
  };
  const start = performance.mark("pwl-start").startTime;
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
    moved: list[float] = page.evaluate(script, argument)
    cdp.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    cdp.detach()
    return read(events, moved)


def read(events: list[Event], moved_ms: list[float]) -> Frames:
    """Count the frames of a trace, and what the main thread did for each.

    Parameters
    ----------
    events : list of dict
        The trace's events; ``ts`` and durations in microseconds.
    moved_ms : list of float
        When frames moved, from the mark of the start.

    Raises
    ------
    ValueError
        If the trace has no start and end, or nothing moved twice between them.
    """

    def named(name: str) -> list[Event]:
        return [event for event in events if event["name"] == name]

    starts, ends = named("pwl-start"), named("pwl-end")
    if not starts or not ends:
        raise ValueError("the trace has no start and end")
    start, end = starts[0]["ts"], ends[-1]["ts"]
    drawn = [event for event in named("DrawFrame") if start <= event["ts"] <= end]
    moved = [start + 1000 * at for at in moved_ms]
    if len(moved) < 2:
        raise ValueError(f"the trace has {len(moved)} moved frames, at least 2 are needed")
    seconds = (end - start) / 1e6
    thread = (starts[0]["pid"], starts[0]["tid"])
    return Frames(len(drawn) / seconds, len(moved) / seconds, _main_ms(events, moved, thread))


def _main_ms(events: list[Event], moved: list[float], thread: tuple[int, int]) -> float:
    """Median CPU time of a thread between moved frames."""
    tasks = [
        event
        for event in events
        if event.get("ph") == "X" and (event["pid"], event["tid"]) == thread
    ]
    spent = [0.0] * (len(moved) - 1)
    last = 0.0  # end of the last task; events that begin before it are part of it
    for task in sorted(tasks, key=lambda event: (event["ts"], -event["dur"])):
        if task["ts"] < last:
            continue
        last = task["ts"] + task["dur"]
        frame = bisect_right(moved, task["ts"]) - 1
        if 0 <= frame < len(spent):
            spent[frame] += task.get("tdur", 0) / 1000
    return median(spent)
