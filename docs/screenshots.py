"""Take README's pictures from the running app: ``make screenshots``."""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.chromium import open_chromium
from tests.support.client.classroom import ClassStudent
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

FOLDER = Path(__file__).parent
NAMES = (
    "Ada", "민준", "Emmy", "서연", "Alan", "지우", "Grace", "하윤", "Carl", "도윤", "Sofia", "은우",
    "Leo", "서준", "Maya", "하준", "Nils", "이서", "Ida", "시우", "Omar", "지호", "Rosa", "수아",
)  # fmt: skip


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
    wide.page.wait_for_timeout(1000)  # the axes are updated a few times a second
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


def take_board(browser: Browser, address: str) -> None:
    """Write board.png: a class that trains, each student with another seed."""
    teacher = open_page(browser, f"{address}#class", 1366, 768, "en-US")
    teacher.find("#class-open").click()
    expect(teacher.find("#board-code")).to_have_text(re.compile(r"\w{3}-\w{3}"))
    code = teacher.find("#board-code").inner_text()
    with a_class(address, code):
        expect(teacher.find("#board-headline")).to_contain_text(f"{len(NAMES)} in the room")
        for command in ("push", "start"):
            teacher.find(f"#board-{command}").click()
        expect(teacher.find("#board-said")).to_contain_text("Training")
        teacher.page.wait_for_timeout(4000)  # until most nets have bent
        teacher.page.screenshot(path=FOLDER / "board.png")


@contextmanager
def a_class(address: str, code: str) -> Iterator[None]:
    """Simulated students in a room, in a thread of their own."""
    is_over = threading.Event()

    async def sit() -> None:
        students = [ClassStudent([address], seed=seed) for seed in range(len(NAMES))]
        for student, name in zip(students, NAMES, strict=True):
            await student.open()
            await student.join(code, name)
        await asyncio.to_thread(is_over.wait)
        await asyncio.gather(*(student.close() for student in students))

    thread = threading.Thread(target=asyncio.run, args=(sit(),))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def main() -> None:
    """Serve the app, open it, and take the pictures."""
    expect.set_options(timeout=60_000)
    with (
        tempfile.TemporaryDirectory() as data_dir,
        serve(Path(data_dir)) as address,
        open_chromium() as browser,
    ):
        take(browser, address)
        take_board(browser, address)


if __name__ == "__main__":
    main()
