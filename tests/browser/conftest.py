"""A real server in a process of its own, and Chromium in front of it.

Every page watches its console: an error or a warning in it fails the test that opened the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.lecture_page import LecturePage
from tests.support.server import CHROMIUM_ARGS, chromium_path, serve

# What is expected comes at once on a quiet machine. A busy one, which compiles beside the tests,
# may take long, and nothing is learnt from giving up early.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that shows the lecture's data."""
    with serve(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module. Not for the whole run: Playwright keeps an event loop running,
    beside which no asynchronous test could run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_page(address: str, chromium: Browser) -> Iterator[LecturePage]:
    """One open tab for many questions that leave it as it is."""
    page = chromium.new_page()
    opened = LecturePage(page)
    opened.open(address)
    yield opened
    page.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., LecturePage]]:
    """Open an address in a new browser context; ``context_of=page`` opens another tab beside it."""
    complaints: list[str] = []
    contexts = []

    def watch(page: Page) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{message.type}: {message.text}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))

    def open_(
        address: str,
        *,
        lang: str = "en-US",
        width: int = 1280,
        height: int = 900,
        context_of: LecturePage | None = None,
        quiet: bool = True,
    ) -> LecturePage:
        if context_of is None:
            context = chromium.new_context(
                locale=lang,
                viewport={"width": width, "height": height},
                reduced_motion="no-preference",
            )
            context.set_default_timeout(30_000)
            contexts.append(context)
        else:
            context = context_of.page.context
        page = context.new_page()
        if quiet:
            watch(page)
        opened = LecturePage(page)
        opened.open(address)
        return opened

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
