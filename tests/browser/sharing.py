"""Helpers for the tests of "Take home": a page's link, session, files and pixels."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Download

from tests.support.lecture_page import LecturePage


def link_of(page: LecturePage) -> str:
    """The link that the page's button would copy."""
    page.load("share")
    link: str = page.page.evaluate("pwl.share.make()")
    return link


def params_of(page: LecturePage) -> list[float]:
    params: list[float] = page.page.evaluate("pwl.fit.now().state.params")
    return params


def saved_of(page: LecturePage) -> dict[str, Any]:
    page.load("share")
    saved: dict[str, Any] = page.page.evaluate("pwl.sharing.saved()")
    return saved


def download(page: LecturePage, button: str) -> Download:
    with page.page.expect_download() as waiting:
        page.find(button).click()
    return waiting.value


def raw_of(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


PIXELS = """async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const paper = canvas.getContext("2d");
  paper.drawImage(image, 0, 0);
  const { data } = paper.getImageData(0, 0, width, height);
  let text = "";
  const some = 8192;
  for (let k = 0; k < data.length; k += some) {
    text += String.fromCharCode(...data.subarray(k, k + some));
  }
  return [width, height, btoa(text)];
}"""


def pixels(page: LecturePage, raw: bytes, kind: str = "image/png") -> Any:
    """An image's pixels, of shape (height, width, 4), as the browser decodes them."""
    url = f"data:{kind};base64,{base64.b64encode(raw).decode()}"
    width, height, text = page.page.evaluate(PIXELS, url)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
