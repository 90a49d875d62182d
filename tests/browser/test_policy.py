"""The page with its Content-Security-Policy, which the other tests switch off.

Playwright's wait functions use ``eval``, which the policy forbids.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page, Route, expect

COUNT = """addEventListener("securitypolicyviolation", (event) => {
  (window.violations ??= []).push(`${event.violatedDirective} ${event.blockedURI}`);
});"""


def test_the_page_does_not_violate_the_policy(address: str, chromium: Browser) -> None:
    with chromium.new_context(locale="en-US", reduced_motion="reduce") as context:
        page = context.new_page()
        page.add_init_script(COUNT)
        page.goto(f"{address}#fit")
        expect(page.locator("#page[inert]")).to_have_count(0)
        train(page)
        for view in ("build", "explore-seeds", "explore-onestep", "share"):
            page.goto(f"{address}#{view}")
            expect(page.locator(f"#{view}")).to_be_visible()
        save_a_picture(page)
        turn_the_surface(page, address)
        assert page.evaluate("window.violations ?? []") == []


def train(page: Page) -> None:
    page.locator("#fit-epochs").fill("50")
    page.locator("#fit-train").click()
    expect(page.locator("#count-epoch")).to_have_text("50")


def save_a_picture(page: Page) -> None:
    with page.expect_download() as download:
        page.locator("#pictures-png").click()
    assert download.value.suggested_filename.endswith(".png")


def turn_the_surface(page: Page, address: str) -> None:
    """Until the card's script is loaded, its buttons are hidden: a press would be lost."""
    switch = page.locator("#surface-solid-switch")
    scripts: list[Route] = []
    page.route("**/static/card-*.js", lambda script: scripts.append(script))
    page.goto(f"{address}#explore-surface")
    expect(page.locator("#explore-surface h3")).to_be_visible()
    expect(switch).to_be_hidden()
    [script] = scripts
    script.continue_()
    switch.click()
    expect(page.locator("#surface-solid .gl-container canvas").first).to_be_attached()
