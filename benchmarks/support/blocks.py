"""The text of each block of figures in docs/benchmarks.md, from the results of its benchmark."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from statistics import median
from typing import Any, TypeAlias

from benchmarks.support import machine

Measured: TypeAlias = dict[str, Any]


def engines(measured: Measured) -> str:
    """Render the table of engines, and the comparisons below it."""
    rows = ["| net | by | threads | µs per epoch |", "|---|---|---|---|"]
    kinds = {"relu": "ReLUs", "sigmoid": "sigmoids"}
    for side in sorted(measured["sides"], key=lambda s: (s["activation"], s["units"], s["bias1"])):
        cells = (
            f"{side['units']} {kinds[side['activation']]}{', b1' if side['bias1'] else ''}",
            side["name"],
            str(side["threads"]),
            spread(side["us_per_epoch"]),
        )
        rows.append(f"| {' | '.join(cells)} |")
    notes = [
        wrapped(how_measured(measured)),
        "",
        *(wrapped(f"- {w}", "  ") for w in words(measured)),
    ]
    return "\n".join([*rows, "", *notes])


def how_measured(measured: Measured) -> str:
    """Explain the figures of the table."""
    apart = max(side["largest_difference"] or 0 for side in measured["sides"])
    narrow, wide = measured["check_epochs"]
    return (
        f"{machine.line(measured['machine'])}. {measured['points']['n']:,} points, full batch, "
        f"Adam; median (smallest to largest) of {measured['repeats']} repeats, each of which times "
        "every row once, without compilation. From the same initial weights all reach the "
        f"lecture's weights, within {apart:.0e} after {narrow:,} epochs ({wide} above 8 units); "
        "only scikit-learn can't start from given weights."
    )


def words(measured: Measured) -> list[str]:
    """Compare rows of the table."""
    ratio = {name: spread(values) for name, values in measured["ratios"].items()}
    many, cores = measured["many"], measured["machine"]["cores"]
    return [
        f"The lecture's loop takes {ratio['page_to_ours']} times as long as `fused@cpu`, JAX on "
        f"one thread {ratio['jax_to_ours']} times, and `fused@cpu` takes {ratio['ours_to_c']} "
        "times as long as C.",
        f"At 512 ReLUs the lecture's loop on {cores} threads takes {ratio['page_512_to_ours']} "
        f"times as long as `fused@cpu` on one, and C {ratio['c_512_to_ours']} times: these two "
        "compute every unit at every point, while `fused@cpu` goes from bend to bend. With a "
        "first-layer bias b1, which gives each unit a bend of its own, it is "
        f"{ratio['page_512_bias_to_ours']} times. At 512 sigmoids, which have no bends, the "
        f"lecture's loop takes {ratio['page_512_sigmoid_to_ours']} times as long.",
        f"{many['nets']:,} nets at once, {many['epochs']:,} epochs each, on {many['threads']} "
        f"threads: {spread(many['seconds'])} seconds, {spread(many['us_per_epoch'])} µs per epoch "
        f"of a net, {spread(many['share'])} of the speed of perfect scaling.",
    ]


PLAYBACK_HEAD = (
    "| processor | page | frames per second | of the empty page's | main thread, ms per frame |",
    "|---|---|---|---|---|",
)


def playback(measured: Measured) -> str:
    """Render the frames that the browser drew, and their cost."""
    rows = [
        playback_row(slowed, name, taken, measured["slowed"][slowed]["an empty page"])
        for slowed in measured["slowed"]
        for name, taken in measured["slowed"][slowed].items()
    ]
    return "\n".join([*PLAYBACK_HEAD, *rows, "", wrapped(how_played(measured))])


def playback_row(slowed: str, name: str, taken: Measured, empty: Measured) -> str:
    """A row: one measurement at one speed of the processor."""
    shares = [
        100 * ours / theirs for ours, theirs in zip(taken["moved"], empty["moved"], strict=True)
    ]
    cells = (
        "normal" if slowed == "1" else f"{slowed} times slower",
        name,
        spread(taken["moved"]),
        "" if taken is empty else f"{spread(shares)} %",
        spread(taken["main_ms"]),
    )
    return f"| {' | '.join(cells)} |"


def how_played(measured: Measured) -> str:
    """Explain the figures of the table, and render the delay of presses."""
    rounds = len(measured["slowed"]["1"]["an empty page"]["moved"])
    presses = measured["presses"]
    return (
        f"{measured['machine']['cores']} cores without a graphics card, 2,000 points on screen; "
        f"median (smallest to largest) of {rounds} rounds, each of which measures every row once. "
        "Frames are those in which the curve, or the box on the empty page, had moved; the main "
        "thread's time is its CPU time for one such frame, the median of a round. Buttons and "
        "keys of Fit and Build, by the browser's Event Timing API: the next frame came "
        f"{percentiles(presses['ms'])}."
    )


def board(measured: Measured) -> str:
    """Render how fast the teacher's board is painted."""
    sizes = [
        f"{name} pixels: {spread(taken['moved'])} frames a second, the main thread busy for "
        f"{spread(taken['main_ms'])} ms of each"
        for name, taken in measured["sizes"].items()
    ]
    return wrapped(
        f"The teacher's board, with {measured['students']} students whose nets all change four "
        f"times a second. In a window of {'; '.join(sizes)}."
    )


def visits(measured: Measured) -> str:
    """Render the bytes of a visit, and the time of its largest contentful paint."""
    rows = ["| visit | KB received | largest paint, ms |", "|---|---|---|"]
    for name, visit in measured["visits"].items():
        paint = spread(visit["paint_ms"])
        rows.append(f"| {name} | {number(visit['bytes'] / 1000)} | {paint} |")
    shift = max(visit["shift"] for visit in measured["visits"].values())
    words = (
        f"{measured['machine']['cpu']}, {measured['machine']['cores']} cores, which server and "
        f"Chromium share. The paint (largest contentful paint, median and smallest to largest) is "
        f"that of a processor {measured['slowed']} times slower, at {measured['mbit_s']} Mbit/s "
        f"with {measured['latency_ms']} ms of latency; all its layout shifts add up to {shift:g}."
    )
    return "\n".join([*rows, "", wrapped(words)])


def click(measured: Measured) -> str:
    """Render how long a click takes."""
    return wrapped(
        f"From the click on *Train {measured['epochs']:,} epochs* to the painted end of the run, "
        f"playback skipped: {percentiles(measured['train_ms'])}. From the click on *Pause*, in a "
        f"run of {measured['long_epochs']:,} epochs, until the run stops: "
        f"{percentiles(measured['pause_ms'])}. Server and Chromium shared "
        f"{measured['machine']['cores']} cores."
    )


def memory(measured: Measured) -> str:
    """Render the memory of a server without visitors."""
    total, web, training = (
        spread([start[kind] for start in measured["memory_mb"]])
        for kind in ("all", "web", "training")
    )
    return wrapped(
        f"A server on one machine with two training processes takes {total} MB at rest, before "
        f"any visitor: {web} MB the web process, {training} MB the training processes and their "
        f"fork server. Pages that several processes share count once; median (smallest to "
        f"largest) of {len(measured['memory_mb'])} starts."
    )


MODES = {"embedded": "embedded", "scaled": "2 web, 2 workers"}
LOAD_HEAD = (
    "| server | students | p50 | p95 | p99 | late | lost | errors | page | CPU | idle | after |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def load(measured: Measured) -> str:
    """Render the waiting times of many students at once, and the CPU time and memory they take."""
    rows = [load_row(mode, step) for mode in MODES for step in measured["modes"].get(mode, [])]
    return "\n".join([*LOAD_HEAD, *rows, "", wrapped(how_loaded(measured))])


def load_row(mode: str, step: Measured) -> str:
    """The row of one class size; a dash if no run ended."""
    took, opened, memory = step["train_ms"], step["open_ms"], step["memory_mb"]
    cells = (
        MODES[mode],
        f"{step['students']:,}",
        *(number(took[percent]) if took["n"] else "–" for percent in ("p50", "p95", "p99")),
        *(f"{step[count]:,}" for count in ("late", "lost", "errors")),
        number(opened["p95"]) if opened["n"] else "–",
        number(1000 * step["cpu_s"]["train"]["all"] / step["students"]),
        *(number(memory[when]["all"]) for when in ("idle", "trained")),
    )
    return f"| {' | '.join(cells)} |"


def how_loaded(measured: Measured) -> str:
    """Explain the figures of the table, and the other load on the machine."""
    steps = [step for mode in measured["modes"].values() for step in mode]
    shares = [100 * step["students_share"] for step in steps]
    others = [100 * step["others_share"] for step in steps]
    cores = measured["machine"]["cores"]
    return (
        f"Students without a browser open the page, {measured['come_per_s']:g} a second; then all "
        f"press *Train {measured['epochs']:,} epochs* within {measured['press_s']:g} seconds. In "
        "milliseconds: from the click until the last frame and the end of the run have arrived "
        "(p50, p95, p99), from the request for the page until all of its files have arrived "
        "(page, p95), and the servers' CPU time per student's run (CPU). Late: frames that came "
        "more than a second after the click or the previous frame. In megabytes, all server "
        "processes together, shared pages counted once: with all students connected and idle, and "
        f"after the runs. Servers and students shared {cores} cores; while they trained, the "
        f"students took {min(shares):.0f} to {max(shares):.0f} % of one core, and what else ran on "
        f"the machine {min(others):.0f} to {max(others):.0f} %."
    )


CLASSROOM_HEAD = (
    "| server | students | join | push | freeze | release | train | board | errors |",
    "|---|---|---|---|---|---|---|---|---|",
)


def classroom(measured: Measured) -> str:
    """Render the times of a class: joining, getting a setting, appearing on the board."""
    rows = [classroom_row(mode, step) for mode, step in measured["modes"].items()]
    words = (
        f"{measured['machine']['cores']} cores, which servers and students share. Students without "
        f"a browser join one room within {measured['join_s']:g} seconds and are sent "
        f"{measured['pushes']} settings, a seed each; then all train {measured['epochs']:,} epochs "
        "at the same moment, while one in ten reloads the page, one in twenty sleeps for a moment, "
        "and one in twenty joins late. In milliseconds, at the 95th percentile: from the press "
        "until the student has a seat (join); from the teacher's press until the last screen shows "
        "the setting (push), and until a screen shows that it is frozen, released, or has trained; "
        "how long the board's row of a student was behind the student's own screen (board). "
        "Errors: refusals, lost or repeated frames, changed seats, and own nets that were not "
        "restored exactly."
    )
    return "\n".join([*CLASSROOM_HEAD, *rows, "", wrapped(words)])


def classroom_row(mode: str, step: Measured) -> str:
    """The row of one kind of server."""
    names = ("join_ms", "push_ms", "freeze_ms", "release_ms", "train_ms", "board_ms")
    figures = [number(step[name]["p95"]) for name in names]
    cells = [MODES[mode], f"{step['students']:,}", *figures, f"{step['errors']:,}"]
    return f"| {' | '.join(cells)} |"


def wrapped(text: str, indent: str = "") -> str:
    """Break into lines; `indent` goes before all but the first."""
    return textwrap.fill(
        text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def percentiles(ms: Measured) -> str:
    """Median, 95th percentile and maximum of some milliseconds."""
    return (
        f"{number(ms['p50'])} ms in the median, {number(ms['p95'])} ms at the 95th percentile, "
        f"{number(ms['max'])} ms at most (n = {ms['n']})"
    )


def spread(values: list[float]) -> str:
    """Median, then smallest and largest."""
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def number(value: float) -> str:
    """Format with three significant digits, or more before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


BLOCKS: dict[str, Callable[[Measured], str]] = {
    "engines": engines,
    "playback": playback,
    "board": board,
    "visits": visits,
    "click": click,
    "load": load,
    "classroom": classroom,
    "memory": memory,
}
