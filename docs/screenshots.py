"""Take README's pictures from the running app: ``make screenshots``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

FOLDER = Path(__file__).parent


def open_page(browser: Browser, address: str, width: int, height: int, lang: str) -> LecturePage:
    """Open the app in a window of its own."""
    context = browser.new_context(
        bypass_csp=True, viewport={"width": width, "height": height}, locale=lang
    )
    page = LecturePage(context.new_page())
    page.open(address)
    return page


def take(browser: Browser, address: str) -> None:
    """Write build.png, fit.png, explore.png and phone.png beside this file."""
    wide = open_page(browser, address, 1366, 768, "en-US")
    wide.go("build")
    wide.type_weight("build", 2, "-3")
    wide.page.evaluate("document.activeElement.blur()")
    wide.page.screenshot(path=FOLDER / "build.png")
    wide.go("fit")
    for epochs in (5000, 10_000):
        wide.train()
        wide.wait_for_epoch(epochs)
    wide.page.screenshot(path=FOLDER / "fit.png")
    wide.page.set_viewport_size({"width": 1366, "height": 1000})
    wide.go("explore-seeds")
    wide.find("#seeds-train").click()
    wide.page.wait_for_function(
        "document.getElementById('seeds-progress').value === 1", timeout=120_000
    )
    wide.page.screenshot(path=FOLDER / "explore.png")
    phone = open_page(browser, address, 390, 844, "ko-KR")
    phone.page.evaluate("document.getElementById('theme-switch').click()")
    phone.train()
    phone.wait_for_epoch(5000)
    phone.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    phone.page.screenshot(path=FOLDER / "phone.png")


def main() -> None:
    """Serve the app, open it, and take the pictures."""
    with (
        tempfile.TemporaryDirectory() as data_dir,
        serve(Path(data_dir)) as address,
        open_chromium() as browser,
    ):
        take(browser, address)


if __name__ == "__main__":
    main()
