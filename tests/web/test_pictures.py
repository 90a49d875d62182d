"""Pictures that the page uploads, and downloads under a name."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pwlapp.core.export.file import File
from pwlapp.web import pictures
from pwlapp.web.http.security import SecurityHeaders
from pwlapp.web.pictures import KEPT_BYTES, KEPT_S, MAX_BYTES, routes, store

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def client() -> TestClient:
    server = FastAPI()
    server.include_router(routes())
    server.add_middleware(SecurityHeaders, policy="of pages")
    return TestClient(server)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [("a-1.png", PNG, "image/png"), ("seed1.svg", SVG, "image/svg+xml")],
)
def test_a_picture_is_downloaded_under_its_name_without_scripts(
    client: TestClient, name: str, content: bytes, media_type: str
) -> None:
    sent = client.post("/pictures", params={"name": name}, content=content)
    found = client.get(f"/{sent.json()['address']}")
    assert found.content == content
    assert found.headers["content-type"] == media_type
    assert found.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", SVG),
        ("a.svg", PNG),
        ("a.svg", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("a.html", b"<svg"),
        ("a.png", b""),
        ("", PNG),
        ('a".png', PNG),
        ("a\r\nX: 1.png", PNG),
        ("../a.png", PNG),
        ("가.png", PNG),
        ("a" * 100 + ".png", PNG),
    ],
)
def test_other_content_is_refused(client: TestClient, name: str, content: bytes) -> None:
    refused = client.post("/pictures", params={"name": name}, content=content)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")


def test_a_large_one_is_refused_and_an_unknown_one_not_found(client: TestClient) -> None:
    large = client.post("/pictures", params={"name": "a.png"}, content=PNG + bytes(MAX_BYTES))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_big")
    assert client.get("/pictures/unknown").status_code == 404


def test_pictures_expire_and_the_least_recently_used_are_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "KEPT_BYTES", 2 * len(PNG))
    now = 0.0
    kept = store(timer=lambda: now)
    file = File("a.png", "image/png", PNG)
    kept["first"] = file
    now = KEPT_S - 1
    kept["second"] = file
    assert kept.get("first") == kept.get("second") == file
    now = KEPT_S
    assert kept.get("first") is None
    kept["third"] = kept["fourth"] = file
    assert [key in kept for key in ("second", "third", "fourth")] == [False, True, True]
    assert KEPT_BYTES >= 10 * MAX_BYTES
