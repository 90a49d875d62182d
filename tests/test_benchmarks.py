"""The figures in docs/benchmarks.md agree with the benchmarks' results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support import blocks, frames, report

ROOT = Path(__file__).parents[1]
MACHINE = {"cores": 3, "cpu": "Abacus", "versions": {"python": "3.99", "gcc": "1.2"}}


def side(key: str, units: int, activation: str, us: list[float]) -> dict[str, Any]:
    return {
        "key": key, "name": f"by {key}", "units": units, "activation": activation, "threads": 1,
        "bias1": key == "biased",
        "us_per_epoch": us, "largest_difference": None if key == "wide" else min(us) / 1e7,
    }  # fmt: skip


def loaded(students: int, train_ms: list[float], **counts: int) -> dict[str, Any]:
    return {
        "students": students, "train_ms": report.summary(train_ms),
        "open_ms": report.summary([91.0, 92.0, 93.0]),
        "late": 0, "lost": 0, "errors": 0, **counts,
        "cpu_s": {"train": {"all": students * 0.0125, "web": students * 0.01}},
        "memory_mb": {"idle": {"all": 512.4, "web": 1.0}, "trained": {"all": 640.6, "web": 1.0}},
        "students_share": students / 4000, "others_share": students / 10000,
    }  # fmt: skip


def moved(per_second: list[float], main_ms: list[float]) -> dict[str, Any]:
    return {"drawn": per_second, "moved": per_second, "main_ms": main_ms}


def unwrapped(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def measured() -> dict[str, dict[str, Any]]:
    """Invented results in which all figures differ."""
    ratios = {
        "page_to_ours": [301.4, 299.6, 310.9],
        "jax_to_ours": [17.04, 16.0, 18.0],
        "ours_to_c": [0.804, 0.7, 0.9],
        "page_512_to_ours": [1234.5, 1001.0, 2002.0],
        "page_512_bias_to_ours": [234.5, 201.0, 302.0],
        "page_512_sigmoid_to_ours": [5.555, 5.0, 6.0],
        "c_512_to_ours": [21.0, 20.0, 22.0],
    }
    many = {
        "nets": 1000, "epochs": 4000, "threads": 3, "seconds": [2.5, 2.25, 2.75],
        "us_per_epoch": [0.5, 0.45, 0.55], "share": [0.98, 0.95, 0.99],
    }  # fmt: skip
    sides = [
        side("biased", 512, "relu", [11.0]),
        side("wide", 512, "relu", [7.0]),
        side("curved", 512, "sigmoid", [480.2]),
        side("page", 2, "relu", [371.2, 360.0, 380.0]),
        side("c", 2, "relu", [1.125, 1.1, 1.2]),
    ]
    return {
        "engines": {
            "machine": MACHINE, "points": {"n": 2000}, "repeats": 5, "check_epochs": [3000, 70],
            "sides": sides, "ratios": ratios, "many": many,
        },
        "playback": {
            "machine": MACHINE,
            "slowed": {
                "1": {
                    "an empty page": moved([60.0, 58.0, 59.0], [0.75, 0.7, 0.8]),
                    "a replay": moved([54.0, 58.0, 59.0], [3.25, 3.0, 3.5]),
                },
                "4": {"an empty page": moved([40.0, 50.0, 45.0], [3.25, 3.5, 3.0])},
            },
            "presses": {"ms": report.summary(range(16, 116)), "slowest": "a button"},
        },
        "board": {
            "machine": MACHINE, "students": 299,
            "sizes": {"800 by 600": moved([52.5, 51.5, 53.5], [12.25, 12.0, 12.5])},
        },
        "visits": {
            "machine": MACHINE, "slowed": 5, "mbit_s": 12, "latency_ms": 30,
            "visits": {
                "first": {"bytes": 694_749, "paint_ms": [912, 847, 1003], "shift": 0},
                "repeat": {"bytes": 2_391, "paint_ms": [612, 547, 703], "shift": 0.25},
            },
        },
        "click": {
            "machine": MACHINE, "epochs": 5000, "long_epochs": 1_000_000,
            "train_ms": report.summary(range(101, 141)),
            "pause_ms": report.summary(range(20, 40)),
        },
        "load": {
            "machine": MACHINE, "epochs": 5000, "press_s": 10.0, "come_per_s": 20.0,
            "modes": {
                "scaled": [loaded(1000, [], late=7, lost=8, errors=9)],
                "embedded": [loaded(300, [float(ms) for ms in range(1, 301)])],
            },
        },
        "classroom": {
            "machine": MACHINE,
            "join_s": 21.0,
            "epochs": 4999,
            "pushes": 9,
            "modes": {
                "embedded": {
                    "students": 299,
                    "errors": 3,
                    **{
                        f"{name}_ms": {"p95": 11.5 + k}
                        for k, name in enumerate(
                            ("join", "push", "freeze", "release", "train", "board")
                        )
                    },
                }
            },
        },
        "memory": {
            "machine": MACHINE,
            "memory_mb": [
                {"all": mb, "web": mb / 4, "training": mb / 2} for mb in (401.0, 402.0, 404.0)
            ],
        },
    }  # fmt: skip


def test_the_page_has_the_figures_of_the_results() -> None:
    """Each benchmark writes both, so this holds after each of them."""
    results = report.read_results()
    assert set(results) == set(blocks.BLOCKS)
    text = report.PAGE.read_text("utf-8")
    assert report.rewrite(text, results) == text


@pytest.mark.parametrize("name", blocks.BLOCKS)
def test_a_benchmark_writes_its_results_and_its_block_of_the_page(
    measured: dict[str, dict[str, Any]], name: str, tmp_path: Path
) -> None:
    page, results = tmp_path / "page.md", tmp_path / "results"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    report.save(name, measured[name], results, page)
    assert report.read_results(results) == {name: measured[name]}
    before, after = report.PAGE.read_text("utf-8"), page.read_text("utf-8")
    assert blocks.BLOCKS[name](measured[name]) in after
    assert report.rewrite(after, report.read_results()) == before  # the other blocks are the same


def test_results_have_one_line_for_each_innermost_list() -> None:
    written = report.as_json({"a": [1, 2], "b": {"c": {"d": 3, "e": "f"}}})
    assert written == '{\n "a": [ 1, 2 ],\n "b": {\n  "c": { "d": 3, "e": "f" }\n }\n}'


def test_a_changed_figure_is_detected() -> None:
    text = report.PAGE.read_text("utf-8")
    figures = [m for name in blocks.BLOCKS for m in report.block(name).finditer(text)]
    assert len(figures) == len(blocks.BLOCKS)
    for found in figures:
        digit = re.compile(r"\d").search(text, found.start("figures"), found.end("figures"))
        assert digit
        other = str((int(digit[0]) + 1) % 10)
        typed = text[: digit.start()] + other + text[digit.end() :]
        assert report.rewrite(typed, report.read_results()) != typed


def test_classroom(measured: dict[str, dict[str, Any]]) -> None:
    text = blocks.classroom(measured["classroom"])
    assert max(map(len, text.splitlines())) <= 100
    assert "| embedded | 299 | 11.5 | 12.5 | 13.5 | 14.5 | 15.5 | 16.5 | 3 |" in text
    assert "within 21 seconds and are sent 9 settings" in unwrapped(text)
    assert "train 4,999 epochs" in unwrapped(text)


def test_board(measured: dict[str, dict[str, Any]]) -> None:
    text = blocks.board(measured["board"])
    assert max(map(len, text.splitlines())) <= 100
    assert "with 299 students" in text
    assert (
        "800 by 600 pixels: 52.5 (51.5 to 53.5) frames a second, the main thread busy for "
        "12.2 (12.0 to 12.5) ms of each."
    ) in unwrapped(text)


def test_engines(measured: dict[str, dict[str, Any]]) -> None:
    text = blocks.engines(measured["engines"])
    assert max(map(len, text.splitlines())) <= 100
    table, words = text.split("\n\n", 1)
    words = unwrapped(words)
    assert table.splitlines()[2:] == [
        "| 2 ReLUs | by page | 1 | 371 (360 to 380) |",
        "| 2 ReLUs | by c | 1 | 1.12 (1.10 to 1.20) |",
        "| 512 ReLUs | by wide | 1 | 7.00 (7.00 to 7.00) |",
        "| 512 ReLUs, b1 | by biased | 1 | 11.0 (11.0 to 11.0) |",
        "| 512 sigmoids | by curved | 1 | 480 (480 to 480) |",
    ]
    assert words.startswith("Abacus, 3 cores; python 3.99, gcc 1.2. 2,000 points")
    for part in (
        "of 5 repeats",
        "the lecture's weights, within 5e-05 after 3,000 epochs (70 above 8 units);",
        "takes 301 (300 to 311) times as long as `fused@cpu`",
        "JAX on one thread 17.0 (16.0 to 18.0) times",
        "`fused@cpu` takes 0.80 (0.70 to 0.90) times as long as C",
        "on 3 threads takes 1,234 (1,001 to 2,002) times",
        "C 21.0 (20.0 to 22.0) times",
        "a bend of its own, it is 234 (201 to 302) times",
        "At 512 sigmoids, which have no bends, the lecture's loop takes 5.55 (5.00 to 6.00) times",
        "1,000 nets at once, 4,000 epochs each, on 3 threads: 2.50 (2.25 to 2.75) seconds",
        "0.50 (0.45 to 0.55) µs per epoch of a net, 0.98 (0.95 to 0.99) of",
    ):
        assert part in words


def test_playback(measured: dict[str, dict[str, Any]]) -> None:
    table, words = blocks.playback(measured["playback"]).split("\n\n", 1)
    assert max(map(len, words.splitlines())) <= 100
    assert table.splitlines()[2:] == [
        "| normal | an empty page | 59.0 (58.0 to 60.0) |  | 0.75 (0.70 to 0.80) |",
        "| normal | a replay | 58.0 (54.0 to 59.0) | 100 (90.0 to 100) % | 3.25 (3.00 to 3.50) |",
        "| 4 times slower | an empty page | 45.0 (40.0 to 50.0) |  | 3.25 (3.00 to 3.50) |",
    ]
    words = unwrapped(words)
    for part in (
        "3 cores without a graphics card",
        "of 3 rounds",
        "65.0 ms in the median, 110 ms at the 95th percentile, 115 ms at most (n = 100)",
    ):
        assert part in words


def test_visits(measured: dict[str, dict[str, Any]]) -> None:
    table, words = blocks.visits(measured["visits"]).split("\n\n", 1)
    assert table.splitlines()[2:] == [
        "| first | 695 | 912 (847 to 1,003) |",
        "| repeat | 2.39 | 612 (547 to 703) |",
    ]
    for part in ("Abacus, 3 cores", "5 times slower, at 12 Mbit/s", "30 ms", "add up to 0.25."):
        assert part in unwrapped(words)


def event(name: str, at_ms: float, took_ms: float = 0, cpu_ms: float = 0, thread: int = 1) -> Any:
    timed = {"ph": "X", "dur": 1000 * took_ms, "tdur": 1000 * cpu_ms} if took_ms else {"ph": "I"}
    return {"name": name, "ts": 1000 * at_ms, "pid": 1, "tid": thread, **timed}


def test_frames_of_a_trace() -> None:
    drawn = frames.read(
        [
            event("pwl-start", 100),
            event("DrawFrame", 90, thread=2),  # before the start
            *(event("DrawFrame", at, thread=2) for at in (112, 132)),
            event("RunTask", 111, 9, 2),
            event("Layout", 112, 3, 1),  # a part of it
            event("RunTask", 131, 9, 3),
            event("RunTask", 141, 2, 1),
            event("RunTask", 151, 9, 9),
            event("RunTask", 131, 9, 50, thread=2),
            event("pwl-end", 300),
        ],
        [10, 30, 50, 70],
    )
    assert drawn == pytest.approx((10, 20, 4))


def test_a_trace_without_frames_is_refused() -> None:
    ends = [event("pwl-start", 0), event("pwl-end", 9)]
    with pytest.raises(ValueError, match="no start and end"):
        frames.read(ends[:1], [1, 2])
    with pytest.raises(ValueError, match="0 moved frames"):
        frames.read(ends, [])


def test_click(measured: dict[str, dict[str, Any]]) -> None:
    text = unwrapped(blocks.click(measured["click"]))
    assert "*Train 5,000 epochs*" in text
    assert "120 ms in the median, 138 ms at the 95th percentile, 140 ms at most (n = 40)" in text
    assert "29.0 ms in the median, 38.0 ms at the 95th percentile, 39.0 ms at most" in text
    assert "a run of 1,000,000 epochs" in text
    assert "3 cores" in text


def test_load(measured: dict[str, dict[str, Any]]) -> None:
    text = blocks.load(measured["load"])
    assert max(map(len, text.splitlines())) <= 100
    table, words = text.split("\n\n", 1)
    assert table.splitlines()[2:] == [
        "| embedded | 300 | 150 | 285 | 297 | 0 | 0 | 0 | 93.0 | 12.5 | 512 | 641 |",
        "| 2 web, 2 workers | 1,000 | – | – | – | 7 | 8 | 9 | 93.0 | 12.5 | 512 | 641 |",
    ]
    words = unwrapped(words)
    for part in (
        "20 a second; then all press *Train 5,000 epochs* within 10 seconds",
        "shared 3 cores; while they trained, the students took 8 to 25 % of one core",
        "what else ran on the machine 3 to 10 %.",
    ):
        assert part in words


def test_memory(measured: dict[str, dict[str, Any]]) -> None:
    assert unwrapped(blocks.memory(measured["memory"])) == (
        "A server on one machine with two training processes takes 402 (401 to 404) MB at rest, "
        "before any visitor: 100 (100 to 101) MB the web process, 201 (200 to 202) MB the training "
        "processes and their fork server. Pages that several processes share count once; median "
        "(smallest to largest) of 3 starts."
    )


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 3.0), (95, 5.0), (20, 1.0), (21, 2.0), (100, 5.0)]
)
def test_percentile_is_the_nearest_rank(percent: int, value: float) -> None:
    assert report.percentile([5.0, 1.0, 4.0, 2.0, 3.0], percent) == value


def test_summary() -> None:
    summary = report.summary([0.04 + ms for ms in range(1, 201)])
    assert summary == {"n": 200, "p50": 100.0, "p95": 190.0, "p99": 198.0, "max": 200.0}
    assert report.summary([]) == {"n": 0}


class TestRewrite:
    def text(self) -> str:
        markers = (f"<!-- figures:{n} -->\nold\n<!-- /figures:{n} -->\n" for n in blocks.BLOCKS)
        return "# Title\n" + "between\n".join(markers) + "end\n"

    def test_changes_nothing_between_the_blocks(self, measured: dict[str, Any]) -> None:
        text = report.rewrite(self.text(), measured)
        assert "old" not in text
        for name, render in blocks.BLOCKS.items():
            figures = render(measured[name])
            text = text.replace(figures, "old")
        assert text == self.text()

    def test_inserts_figures_unchanged(self, measured: dict[str, Any]) -> None:
        measured["engines"]["sides"][0]["name"] = r"\1 \g<figures>"
        assert r"| \1 \g<figures> |" in report.rewrite(self.text(), measured)

    @pytest.mark.parametrize("name", blocks.BLOCKS)
    def test_refuses_a_text_without_a_block_or_with_two(
        self, measured: dict[str, Any], name: str
    ) -> None:
        with pytest.raises(ValueError, match=f"0 blocks figures:{name}"):
            report.rewrite(self.text().replace(f"<!-- figures:{name}", "<!--"), measured)
        with pytest.raises(ValueError, match=f"2 blocks figures:{name}"):
            report.rewrite(f"<!-- figures:{name} -->\n\n<!-- /figures:{name} -->\n{self.text()}",
                           measured)  # fmt: skip


def test_libraries_to_compare_with_are_pinned() -> None:
    """Their requirements file includes the app's pins of torch and numpy, and repeats none."""
    requirements = (ROOT / "benchmarks" / "requirements.txt").read_text("utf-8").splitlines()
    assert "-c ../constraints.txt" in requirements
    assert "-r ../requirements.txt" in requirements
    pins = [line for line in requirements if line and not line.startswith(("#", "-"))]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in pins]
    assert {"jax", "optax", "scikit-learn"} <= set(names)
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            known = re.sub(r"[-_.]+", "-", re.split(r"[\[=]", line)[0]).lower()
            assert known not in names, f"{line} in {name}"
