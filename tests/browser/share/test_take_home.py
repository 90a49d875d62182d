"""Files and pictures of a run, and a run that is restored from its file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.browser.sharing import download, params_of, pixels, raw_of
from tests.support.lecture_page import LecturePage

pytestmark = pytest.mark.view("share")

Open = Callable[..., LecturePage]


def test_files_of_the_run(address: str, open_page: Open) -> None:
    page = open_page(address, lang="ko-KR")
    page.train(200)
    page.wait_for_epoch(200)
    script = download(page, "#files-script")
    assert script.suggested_filename == "pwlapp-seed1-200.py"
    assert script.url.startswith(f"{address}/export/"), "a browser in a messenger saves no blob"
    text = raw_of(script).decode()
    assert "range(200)" in text
    assert "학습하기 전의 가중치" in text
    assert "np.linspace(-1, 1, 2000)" in text
    expect(page.find("#share-files-status")).to_contain_text("pwlapp-seed1-200.py")
    assert json.loads(raw_of(download(page, "#files-notebook")))["nbformat"] == 4
    state = torch.load(io.BytesIO(raw_of(download(page, "#files-weights"))), weights_only=True)
    flat = torch.cat([value.flatten() for value in state.values()]).tolist()
    assert flat == pytest.approx(params_of(page), rel=1e-7)
    rows = raw_of(download(page, "#files-frames")).decode().splitlines()
    assert rows[0] == "epoch,loss,mark,W1_1,W1_2,W2_1,W2_2,b2"
    assert rows[-1].startswith("200,")
    assert raw_of(download(page, "#files-data")).decode().count("\n") == 2001


def test_a_plot_as_a_picture(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(300)
    page.wait_for_epoch(300)
    page.page.wait_for_function(LOSS_IS_DRAWN)
    page.find("#theme-switch").click()
    page.find("#share-open").click()
    chooser = page.find("#pictures-choose")
    expect(chooser).to_have_value("yhat")
    chooser.focus()  # which lists what is drawn now
    offered = chooser.locator("option").evaluate_all("(all) => all.map((each) => each.value)")
    assert offered == ["build", "yhat", "logit", "loss"]
    png = download(page, "#pictures-png")
    assert png.suggested_filename == "pwlapp-seed1-300-yhat.png"
    assert png.url.startswith(f"{address}/pictures/"), "a browser in a messenger saves no blob"
    picture = pixels(page, raw_of(png))
    assert picture.shape == (1240, 2000, 4)
    assert (picture[:4] == 255).all(), "on white, in the dark as well"
    blue = np.all(picture[:, :, :3] == [0x3D, 0x6D, 0xF2], axis=2)
    grey = np.ptp(picture[:, :, :3].astype(int), axis=2) < 12
    assert blue.sum() > 2000, "the curve"
    assert (grey & (picture[:, :, 0] > 150) & (picture[:, :, 0] < 240)).sum() > 5000, "the points"
    svg = raw_of(download(page, "#pictures-svg")).decode()
    assert svg.startswith("<svg")
    assert "After the sigmoid" in svg
    assert legend(svg) == ["data y", "net ŷ", "true probability prob"]
    assert svg.count("js-line") >= 2
    for name in ("logit", "loss"):
        chooser.select_option(name)
        drawn = pixels(page, raw_of(download(page, "#pictures-png")))
        assert np.all(drawn[:, :, :3] == [0x3D, 0x6D, 0xF2], axis=2).sum() > 500
    page.type_weight("fit", 0, "2")
    changed = download(page, "#pictures-svg")
    assert changed.suggested_filename == "pwlapp-seed1-300-changed-loss.svg"
    svg = raw_of(changed).decode()
    assert "seed 1, epoch 300, changed by hand" in svg
    assert legend(svg) == ["loss of prob itself", "Loss"]
    expect(page.find("#share-holds")).to_contain_text("changed by hand")


LOSS_IS_DRAWN = "document.querySelector('#fit-loss-plot .js-plotly-plot').calcdata[1].length > 1"


def legend(svg: str) -> list[str]:
    """The names in a picture's legend."""
    return re.findall(r'class="legendtext"[^>]*>([^<]*)<', svg)


def pick(page: LecturePage, content: bytes) -> None:
    """Choose a run's file."""
    file: Any = {"name": "pwlapp-run.json", "mimeType": "application/json", "buffer": content}
    page.find("#run-file").set_input_files([file])


def test_a_run_is_restored_from_its_file(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.type_weight("build", 1, "-2")
    here.train(400)
    here.wait_for_epoch(400)
    saved_run = download(here, "#files-run")
    assert saved_run.suggested_filename == "pwlapp-run.json"
    there = open_page(address)
    pick(there, raw_of(saved_run)[:-9])
    expect(there.find("#share-import-status")).to_contain_text("damaged")
    expect(there.find("#share-import-status")).to_have_class(re.compile("error"))
    expect(there.find("#count-epoch")).to_have_text("0")
    pick(there, raw_of(saved_run))
    there.wait_for_epoch(400)
    frames = (
        "pwl.fit.now().playback.frames.map(({ epoch, loss, mark, p }) => [epoch, loss, mark, p])"
    )
    assert there.page.evaluate(frames) == here.page.evaluate(frames), "it can be replayed"
    expect(there.find("#share-import-status")).to_contain_text("epoch 400")
    assert there.weights("build")[1] == "-2"
    for page in (here, there):
        page.train(100)
        page.wait_for_epoch(500)
    assert params_of(here) == params_of(there)
    there.page.evaluate("pwl.history.undo()")  # the number of epochs that was typed,
    there.page.evaluate("pwl.history.undo()")  # and the file
    expect(there.find("#count-epoch")).to_have_text("0")
