"""Fixtures: a real server in another process, and Chromium.

An error or a warning in a page's console fails the test that opened the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    expect,
)

from tests.support.chromium import open_chromium
from tests.support.lecture_page import LecturePage
from tests.support.server import serve

# Elements appear at once on an idle machine. A busy one, which compiles during the tests, needs
# long, and a shorter limit would fail tests without a fault of the page.
TIMEOUT_MS = 30_000

CLEAR = "localStorage.clear(); sessionStorage.clear()"
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that shows the lecture's data."""
    with serve(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a process.

    Playwright keeps an event loop running in this thread, so asynchronous tests cannot run: browser
    tests need a separate run of pytest.
    """
    with open_chromium() as browser:
        yield browser


Contexts = Callable[[str, int], BrowserContext]


@pytest.fixture(scope="session")
def contexts(chromium: Browser) -> Contexts:
    """The n-th browser context of a language, kept between tests with its HTTP cache."""
    made: dict[tuple[str, int], BrowserContext] = {}

    def context_of(lang: str, n: int) -> BrowserContext:
        if (lang, n) not in made:
            made[lang, n] = chromium.new_context(locale=lang, bypass_csp=True)
            made[lang, n].set_default_timeout(TIMEOUT_MS)
        return made[lang, n]

    return context_of


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, address: str, chromium: Browser, contexts: Contexts
) -> Iterator[Callable[..., LecturePage]]:
    """Returns a function that opens an address in a tab with empty storage.

    The first tab of a context stays open for later tests, so that its process has the compiled
    scripts: a page then takes half the CPU time. ``own_context=True`` is a browser of another
    person, ``fresh=True`` one that is closed after the test, for tests that change the context or
    need an empty HTTP cache.

    The page opens in the view that the test's mark names, ``pytest.mark.view("build")``, else in
    Fit. Animations are reduced: a run is not replayed, its end is shown at once. Tests of the
    replay ask for ``motion=True``.
    """
    mark = request.node.get_closest_marker("view")
    view = mark.args[0] if mark else "fit"
    complaints: list[str] = []
    pages: list[Page] = []
    watched: list[Page] = []
    fresh_ones: list[BrowserContext] = []
    persons = count(1)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    def on_error(error: Error) -> None:
        complaints.append(f"page error: {error}")

    def watch(page: Page) -> None:
        page.on("console", on_console)
        page.on("pageerror", on_error)
        watched.append(page)

    def tab_of(context: BrowserContext) -> Page:
        kept = context.pages[:1]
        return kept[0] if kept and kept[0] not in pages else context.new_page()

    def open_(
        address: str,
        *,
        lang: str = "en-US",
        width: int = 1280,
        height: int = 900,
        context_of: LecturePage | None = None,
        quiet: bool = True,
        motion: bool = False,
        own_context: bool = False,
        fresh: bool = False,
    ) -> LecturePage:
        if context_of is not None:
            context = context_of.page.context
        elif fresh:
            context = chromium.new_context(locale=lang, bypass_csp=True)
            context.set_default_timeout(TIMEOUT_MS)
            fresh_ones.append(context)
        else:
            context = contexts(lang, next(persons) if own_context else 0)
        page = tab_of(context)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(reduced_motion="no-preference" if motion else "reduce")
        pages.append(page)
        if quiet:
            watch(page)
        opened = LecturePage(page)
        opened.page.goto(address if "#" in address else f"{address}#{view}")
        opened.wait_until_ready()
        return opened

    yield open_
    for context in fresh_ones:
        context.close()
    for page in pages:
        if not page.is_closed():
            forget(page, address)
    for page in watched:
        page.remove_listener("console", on_console)
        page.remove_listener("pageerror", on_error)
    assert complaints == []


def forget(page: Page, address: str) -> None:
    """Clear what the page has stored; close the tab, unless it is the first one of its context.

    That one stays on the site, at an address that shows nothing: on ``about:blank`` Chromium would
    end its process, and the next page would compile its scripts again.
    """
    page.context.clear_cookies()
    page.evaluate(CLEAR)
    if page is not page.context.pages[0]:
        page.close()
        return
    page.unroute_all()
    page.mouse.move(0, 0)
    page.goto(f"{address}/healthz")
    page.evaluate(CLEAR)  # also what a page stores as it is left
