"""The drawer of Fit in which data are chosen, drawn or uploaded.

``assets/explore/data/card.ts`` fills it when it is first opened, from the laws in its JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from dash import html

from pwlapp.core.data.datasets import TABLE, Law, sketch
from pwlapp.core.net import Array
from pwlapp.ui import components, ids

WIDTH, HEIGHT = 100, 48  # of a sketch, in SVG units
MARGIN = 6
DOTS = 32


def data_drawer() -> html.Details:
    """The drawer, closed."""
    choice = html.Div(
        id=ids.FIT_DATA_CHOICE,
        className="data-choice",
        **{
            "data-laws": json.dumps([law_row(law) for law in TABLE.values()], separators=(",", ":"))
        },
    )
    return components.drawer(
        ids.FIT_DATA_PANEL,
        "dataset.title",
        html.Div(id=ids.FIT_DATA_PROBLEM, className="notice", role="alert", hidden=True),
        html.P(id=ids.FIT_DATA_KIND, className="data-line data-kind"),
        choice,
    )


def law_row(law: Law) -> dict[str, Any]:
    """A law as JSON: its defaults, its net, and a sketch."""
    line, dots = sketch_paths(law)
    return {
        "name": law.name,
        "is_binary": law.is_binary,
        "n": law.n,
        "noise": law.noise,
        "max_noise": law.max_noise,
        "seed": law.seed,
        "net": asdict(law.net),
        "lr": law.lr,
        "epochs": law.epochs,
        "line": line,
        "dots": dots,
    }


def sketch_paths(law: Law) -> tuple[str, str]:
    """SVG paths of a law's true curve and of a few random points, in a box of WIDTH by HEIGHT."""
    x, truth = sketch(law)
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(x.size, DOTS, replace=False))
    if law.is_binary:
        y = (rng.random(DOTS) < truth[some]).astype(np.float32)
        low, high = 0.0, 1.0
    else:
        y = truth[some] + rng.normal(0, law.noise, DOTS).astype(np.float32)
        low, high = float(y.min()), float(y.max())
    across = _scaled(x, law.low, law.high, WIDTH)

    def up(values: Array) -> Array:
        return HEIGHT - _scaled(values, low, high, HEIGHT)

    line = "M" + "L".join(_places(across, up(truth)))
    return line, "".join(f"M{place}h0" for place in _places(across[some], up(y)))


def _scaled(values: Array, low: float, high: float, size: int) -> Array:
    return MARGIN + (values - low) / (high - low) * (size - 2 * MARGIN)


def _places(x: Array, y: Array) -> list[str]:
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
