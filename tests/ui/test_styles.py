"""The colours in the style sheets, checked without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

ASSETS = Path(__file__).parents[2] / "assets"
COMPARE = ASSETS / "explore" / "compare" / "compare.css"
WRITTEN = ("ink", "muted", "good", "bad", "unit1-ink", "unit2-ink", "yhat-ink")
DRAWN = ("data", "truth", "yhat", "unit1", "unit2", "others", "accent")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def palettes() -> list[dict[str, str]]:
    """The colours of the light theme and of the dark one, by name."""
    css = (ASSETS / "app.css").read_text("utf-8")
    blocks = re.findall(r"^:root(?:\[data-theme=\"dark\"\])? \{(.*?)^\}", css, re.M | re.S)[:2]
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    assert light["page"] != dark["page"]
    return [light, light | dark]


def test_texts_and_curves_have_contrast_in_both_themes() -> None:
    """Covers canvases too, which axe cannot check."""
    for colours in palettes():
        for surface in (colours["surface"], colours["page"]):
            for name in WRITTEN:
                assert contrast(colours[name], surface) >= 4.5, (name, surface)
            for name in DRAWN:
                assert contrast(colours[name], surface) >= 3, (name, surface)


def test_the_eight_colours_of_runs_have_contrast_in_both_themes() -> None:
    colours = re.findall(r"--run\d: (#[0-9a-f]{6})", COMPARE.read_text("utf-8"))
    assert len(set(colours)) == 8
    for surface in ("#ffffff", "#171e2d"):
        for colour in colours:
            assert contrast(colour, surface) >= 3, (colour, surface)
