"""Bytes and largest contentful paint of a visit to the page: ``make bench``.

A new visitor opens Fit on a laptop, and then comes back. The bytes are those that the network
delivers, headers and compression included. The paint is measured on a slow machine: processor and
network are throttled by the browser itself.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from benchmarks.support import machine, report
from tests.support.chromium import open_chromium
from tests.support.server import serve

ROUNDS = 5
VISITS = ("first", "repeat")
SLOWED = 4  # divides the speed of the CPU
MBIT_S = 10
LATENCY_MS = 20
READY = "!document.querySelector('#page[inert]') && document.querySelector('#fit-data').textContent"
READY_MS = 60_000
SETTLE_MS = 1500  # after the page is ready
SIZE: ViewportSize = {"width": 1366, "height": 633}

PAINTS = """() => new Promise((done) => {
  let last = 0;
  let shift = 0;
  new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntries()) last = startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) shift += value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done([last, shift]), 200);
})"""


def visit(context: BrowserContext, address: str, slowed: bool) -> dict[str, float]:
    """Open the page in a new tab: bytes received, largest paint (ms) and layout shift."""
    page = context.new_page()
    network = context.new_cdp_session(page)
    received: list[int] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    network.send("Network.enable")
    if slowed:
        bytes_s = MBIT_S * 1e6 / 8
        speed = {"downloadThroughput": bytes_s, "uploadThroughput": bytes_s}
        limits = {"offline": False, "latency": LATENCY_MS, **speed}
        network.send("Network.emulateNetworkConditions", limits)
        network.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(f"{address}#fit")
    page.wait_for_function(READY, timeout=READY_MS)
    page.wait_for_timeout(SETTLE_MS)
    paint_ms, shift = page.evaluate(PAINTS)
    page.close()
    return {"bytes": sum(received), "paint_ms": round(paint_ms), "shift": shift}


def visits(browser: Browser, address: str, slowed: bool) -> dict[str, dict[str, float]]:
    """A new visitor's first visit, and the next."""
    with browser.new_context(bypass_csp=True, locale="en-US", viewport=SIZE) as context:
        return {name: visit(context, address, slowed) for name in VISITS}


def measure(address: str) -> dict[str, Any]:
    """Measure the bytes once, since they do not vary, and the paints several times."""
    with open_chromium() as browser:
        weight = visits(browser, address, slowed=False)
        slow = [visits(browser, address, slowed=True) for _ in range(ROUNDS)]
    return {
        "machine": machine.describe(),
        "slowed": SLOWED,
        "mbit_s": MBIT_S,
        "latency_ms": LATENCY_MS,
        "visits": {
            name: {
                "bytes": weight[name]["bytes"],
                "paint_ms": [each[name]["paint_ms"] for each in slow],
                "shift": max(each[name]["shift"] for each in slow),
            }
            for name in VISITS
        },
    }


def main() -> None:
    """Print the figures, and write them as JSON and into the page of figures."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        report.save("visits", measure(address))


if __name__ == "__main__":
    main()
