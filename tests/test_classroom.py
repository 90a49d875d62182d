"""The invitation that ``make class`` prints."""

from __future__ import annotations

import re

import numpy as np
import zxingcpp

from pwlapp import classroom, network

SCALE = 4  # pixels of a module
# Each character is two modules, the upper and the lower: light (1) or dark (0).
HALVES = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}


def scanned(lines: list[str]) -> str:
    """The link in the QR code of these lines."""
    rows = [[HALVES[letter][half] for letter in line] for line in lines for half in (0, 1)]
    picture = np.kron(np.array(rows, dtype=np.uint8) * 255, np.ones((SCALE, SCALE), np.uint8))
    (code,) = zxingcpp.read_barcodes(picture)
    return str(code.text)


def test_a_phone_reads_the_link_of_each_interface() -> None:
    urls = {"wlan0": "http://192.168.43.7:8050", "eth0": "http://[2001:db8::7]:8050"}
    text = classroom.invitation("K7N4PX", "secret", 8050, urls)
    links = [f"{url}/#room=K7N4PX" for url in urls.values()]
    codes = re.findall(r"(?:^[█▀▄ ]{10,}\n)+", text, re.MULTILINE)
    assert [scanned(code.splitlines()) for code in codes] == links
    for name, link in zip(urls, links, strict=True):
        assert f"{link}  ({name})" in text
    assert "K7N-4PX" in text
    assert "http://localhost:8050/#board=secret" in text


def test_without_a_network_it_says_so() -> None:
    assert "no network" in classroom.invitation("K7N4PX", "secret", 8050, {})


def test_only_addresses_that_other_machines_can_reach() -> None:
    for url in network.urls(8050).values():
        assert re.fullmatch(r"http://(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):8050", url)
        assert not url.startswith(
            ("http://127.", "http://169.254.", "http://[fe80:", "http://[::1]")
        )
