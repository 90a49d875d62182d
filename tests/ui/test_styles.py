"""The style sheets, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

COMPARE = Path(__file__).parents[2] / "assets" / "explore" / "compare" / "compare.css"


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_eight_colours_that_can_be_seen_on_both_surfaces() -> None:
    colours = re.findall(r"--run\d: (#[0-9a-f]{6})", COMPARE.read_text("utf-8"))
    assert len(set(colours)) == 8
    for surface in ("#ffffff", "#171e2d"):
        for colour in colours:
            dark, light = sorted([luminance(colour), luminance(surface)])
            assert (light + 0.05) / (dark + 0.05) >= 3, (colour, surface)
