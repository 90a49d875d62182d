"""Requests under a base path, as behind a proxy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app import create_app
from pwlapp.settings import Settings


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The app under /pwl/; its services are not started."""
    return TestClient(create_app(Settings(data_dir=tmp_path, base_path="/pwl/")).server)


def test_the_page_is_the_same_under_the_path_and_without_it(client: TestClient) -> None:
    page = client.get("/pwl/").text
    assert page == client.get("/").text
    assert 'src="/' not in page
    assert 'href="/' not in page


@pytest.mark.parametrize(
    "path", ["_dash-layout", "_dash-dependencies", "healthz", "locale/ko.json"]
)
def test_every_route_is_under_the_path(client: TestClient, path: str) -> None:
    assert client.get(f"/pwl/{path}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},  # jupyter-server-proxy at /user/ada/proxy/8050/, nginx with a slash at the end
        {"X-Forwarded-Prefix": "/pwl"},  # Traefik's StripPrefix
        {"X-Forwarded-Prefix": "https://elsewhere.example.org/"},
    ],
)
def test_a_proxy_that_removes_the_path_needs_no_setting(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    """All URLs of the page are relative, so no header has to name the path."""
    client = TestClient(create_app(Settings(data_dir=tmp_path)).server, headers=headers)
    page = client.get("/")
    assert re.findall(r'(?:src|href|action)="(?:/|https?:)[^"]*', page.text) == []
    layout = client.get("/_dash-layout").text
    assert re.findall(r'"(?:href|src)": ?"/[^"]*', layout) == []
    for answer in (page, client.get("/lessons.json"), client.get("/healthz")):
        assert answer.status_code == 200
        assert not {"set-cookie", "location"} & answer.headers.keys()


@pytest.mark.parametrize("path", ["/user/ada/proxy/absolute/8050/", "/lab/"])
def test_a_proxy_that_passes_the_path_on_needs_the_setting(tmp_path: Path, path: str) -> None:
    """As jupyter-server-proxy with "absolute", and Traefik without StripPrefix."""
    client = TestClient(create_app(Settings(data_dir=tmp_path, base_path=path)).server)
    assert client.get(path).text == client.get("/").text
    assert client.get(f"{path}healthz").text == "ok"


def test_the_base_path_is_percent_encoded(tmp_path: Path) -> None:
    server = create_app(Settings(data_dir=tmp_path, base_path="/user/ada%40x/")).server
    assert TestClient(server).get("/user/ada%40x/healthz").status_code == 200


def test_the_path_without_its_last_slash_redirects_to_the_page(client: TestClient) -> None:
    answer = client.get("/pwl?lang=ko", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "/pwl/?lang=ko")


@pytest.mark.parametrize("path", ["/pwlx/", "/pwl//healthz", "/pwl/pwl/", "/PWL/"])
def test_other_paths_are_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
