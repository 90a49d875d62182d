from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pwlapp.web.bundle import serve_bundles


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    scripts = {"b/2.js": "two", "a.js": "one", "b/x-worker.js": "no"}
    for name, text in (scripts | {"b/3.css": "style", "b/notes.txt": "no"}).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_one_file_of_each_kind_in_dashs_order(assets: Path) -> None:
    server = FastAPI()
    scripts, styles = serve_bundles(server, assets)
    client = TestClient(server)
    answer = client.get(scripts.url())
    assert answer.text == "one\ntwo"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(styles.url()).text == "style"
    assert client.get(styles.url()).headers["content-type"].startswith("text/css")


def test_a_changed_file_has_another_address(assets: Path) -> None:
    server = FastAPI()
    scripts, _ = serve_bundles(server, assets)
    before = scripts.url()
    changed = assets / "a.js"
    changed.write_text("three", encoding="utf-8")
    os.utime(changed, (4e9, 4e9))
    client = TestClient(server)
    assert scripts.url() != before
    assert client.get(scripts.url()).text == "three\ntwo"
    assert client.get(before).status_code == 404
    (assets / "b" / "2.js").unlink()
    os.utime(changed, (4.1e9, 4.1e9))
    assert client.get(scripts.url()).text == "three"
