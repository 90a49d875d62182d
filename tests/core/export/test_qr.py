"""QR codes are decoded by another library than the one that made them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import zxingcpp

from pwlapp.core.export import qr
from pwlapp.errors import UserError

LONGEST = "http://localhost:8050/#s=1." + "A" * (qr.MAX_LENGTH - 27)


def pixels(svg: str, scale: int = 4) -> Any:
    """Render an SVG that consists of horizontal strokes: 0 for black, 255 for white."""
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]
    picture = np.full((size, size), 255, np.uint8)
    path = re.search(r'stroke="#000" d="([^"]+)"', svg)[1]  # type: ignore[index]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        values = [float(value) for value in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            picture[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return np.kron(picture, np.ones((scale, scale), np.uint8))


@pytest.mark.parametrize("link", ["https://example.org/?hide=a,b&lang=ko#s=1.AZ_-09", LONGEST])
def test_a_link_is_decoded_from_its_code(link: str) -> None:
    picture = pixels(qr.svg(link))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [link]
    quiet = 4 * qr.QUIET
    assert (picture[:quiet] == 255).all()
    assert (picture[:, -quiet:] == 255).all()


def test_it_is_black_on_white_and_nothing_else() -> None:
    svg = qr.svg("https://example.org/")
    assert set(re.findall(r"#\w+", svg)) == {"#000", "#fff"}
    assert svg.startswith("<svg")
    assert "<script" not in svg


@pytest.mark.parametrize(
    "text", [None, 7, "", "javascript:alert(1)", "http://a b", "https://a/\n", "https://한글/"]
)
def test_anything_but_a_link_is_refused(text: object) -> None:
    with pytest.raises(UserError, match="bad_link"):
        qr.check_link(text)


def test_a_link_that_is_too_long_is_refused() -> None:
    with pytest.raises(UserError, match="long_link"):
        qr.check_link(LONGEST + "A")
