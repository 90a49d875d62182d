"""Writes the figures into docs/benchmarks.md.

The page has a block for each of `blocks.BLOCKS`, ``<!-- figures:name -->`` to
``<!-- /figures:name -->``. A benchmark calls `save`, which writes both
``benchmarks/results/<name>.json`` and the block of that name. After a change of the text in
`blocks`, ``python -m benchmarks.support.report`` renders all blocks again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.support.blocks import BLOCKS, Measured

BENCHMARKS = Path(__file__).parents[1]
PAGE = BENCHMARKS.parent / "docs" / "benchmarks.md"
RESULTS = BENCHMARKS / "results"


def summary(values: Sequence[float]) -> dict[str, float]:
    """Count, percentiles and maximum, to one decimal; only the count if there is no value."""
    if not values:
        return {"n": 0}
    marks = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    found = {name: round(percentile(values, percent), 1) for name, percent in marks.items()}
    return {"n": len(values)} | found


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest rank: the smallest value that at least `percent` % of the values don't exceed."""
    ranked = sorted(values)
    return ranked[-(-percent * len(ranked) // 100) - 1]


def block(name: str) -> re.Pattern[str]:
    """Match a block: its opening marker, its figures, its closing marker."""
    marker = f"figures:{name} -->"
    return re.compile(rf"<!-- {marker}\n(?P<figures>.*?)\n<!-- /{marker}", re.DOTALL)


def rewrite(text: str, measured: dict[str, Measured]) -> str:
    """Put figures into a text.

    Parameters
    ----------
    text : str
        The page.
    measured : dict
        The results by the name of their block; other blocks stay as they are.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the text has not exactly one block of a name.
    """
    for name, results in measured.items():
        found = list(block(name).finditer(text))
        if len(found) != 1:
            raise ValueError(f"{len(found)} blocks figures:{name}, expected 1")
        start, end = found[0].span("figures")
        text = text[:start] + BLOCKS[name](results) + text[end:]
    return text


def read_results(folder: Path = RESULTS) -> dict[str, Measured]:
    """Read the results that the benchmarks wrote, by their names."""
    paths = {name: folder / f"{name}.json" for name in BLOCKS}
    return {name: json.loads(p.read_text("utf-8")) for name, p in paths.items() if p.exists()}


def save(name: str, measured: Measured, folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the results of a benchmark, and their block of the page; print the block."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(as_json(measured) + "\n", encoding="utf-8")
    page.write_text(rewrite(page.read_text("utf-8"), {name: measured}), encoding="utf-8")
    print(BLOCKS[name](measured))


def as_json(measured: Measured) -> str:
    """Format JSON with each innermost list or object on one line."""
    text = json.dumps(measured, indent=1)
    return re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: " ".join(found[0].split()), text)


def main() -> None:
    """Render all blocks of the page again."""
    PAGE.write_text(rewrite(PAGE.read_text("utf-8"), read_results()), encoding="utf-8")


if __name__ == "__main__":
    main()
