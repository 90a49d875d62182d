"""The simulated student of tests and benchmarks sends what Chromium sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Request, expect

from tests.support.client.dash_page import DashPage
from tests.support.lecture_page import LecturePage

CALLBACK = "/_dash-update-component"


def test_the_bodies_of_callbacks(address: str, open_page: Callable[..., LecturePage]) -> None:
    sent = chromium_bodies(address, open_page)
    with ThreadPoolExecutor() as thread:  # this one has Playwright's event loop
        built = thread.submit(asyncio.run, built_bodies(address, sent)).result()
    assert len(sent) == 6
    for theirs, ours in zip(sent, built, strict=True):
        assert ours == theirs


def chromium_bodies(address: str, open_page: Callable[..., LecturePage]) -> list[dict[str, Any]]:
    """The requests of Chromium when a student opens the page and presses the buttons."""
    tab = open_page(address)
    sent: list[dict[str, Any]] = []

    def keep(request: Request) -> None:
        if urlsplit(request.url).path == CALLBACK:
            sent.append(request.post_data_json or {})

    tab.page.on("request", keep)
    tab.open(address)
    tab.train(300)
    tab.wait_for_epoch(300)
    tab.find("#fit-step").click()
    tab.wait_for_epoch(301)
    tab.type_weight("fit", 1, "0.5")
    tab.find("#fit-reset").click()
    tab.wait_for_epoch(0)
    tab.go("build")
    tab.find("#tab-build-constructions-panel").click()
    expect(tab.find("#construction-code")).not_to_be_empty()
    tab.page.remove_listener("request", keep)
    return sent


async def built_bodies(address: str, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same requests from `DashPage`, given the responses that Chromium received."""
    async with httpx2.AsyncClient(base_url=address) as http:
        page = DashPage(http)
        await page.load(files=False)
    session = sent[1]["state"][0]["value"]
    edit = next(item["value"] for item in sent[3]["inputs"] if item["id"] == "edit")
    page.values["tab", "data"] = sent[0]["inputs"][0]["value"]
    page.values["construction-params", "data"] = sent[5]["inputs"][0]["value"]
    built = [page.body("tab", "data")]
    page.values["session", "data"] = session
    page.values["fit-epochs", "value"] = "300"
    page.values["edit", "data"] = edit
    for button in ("fit-train", "fit-step"):
        page.click(button)
        built.append(page.body(button, "n_clicks"))
    built.append(page.body("edit", "data"))
    page.click("fit-reset")
    built.append(page.body("fit-reset", "n_clicks"))
    return [*built, page.body("construction-params", "data")]
