"""The page behind nginx: under a path that nginx removes, and one that it passes on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Request

from tests.support.lecture_page import LecturePage
from tests.support.server import free_port, serve

REMOVED = "/user/ada/proxy/8050/"
PASSED_ON = "/pwl/"
AFTER_5000 = ["1.7773", "-3.0447", "-0.9945", "-2.7176", "2.6391"]
NGINX = """
worker_processes 1;
daemon off;
error_log stderr warn;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_buffering off;
    location {removed} {{ proxy_pass {app}/; }}
    location {passed_on} {{ proxy_pass {app}; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx."""
    folder = tmp_path_factory.mktemp("proxied")
    with serve(folder, PWLAPP_BASE_PATH=PASSED_ON) as app:
        port = free_port()
        app = app.replace("localhost", "127.0.0.1")
        text = NGINX.format(folder=folder, port=port, app=app, removed=REMOVED, passed_on=PASSED_ON)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        address = f"http://127.0.0.1:{port}"
        with subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder]) as nginx:
            wait_until_up(f"{address}{PASSED_ON}healthz")
            yield address
            nginx.terminate()


def wait_until_up(url: str, limit_s: float = 20.0) -> None:
    until = time.monotonic() + limit_s
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < until, "nginx does not answer"
            time.sleep(0.05)


def test_everything_is_found_under_the_path(
    front: str, open_page: Callable[..., LecturePage]
) -> None:
    page = open_page(f"{front}{REMOVED}", own_context=True)
    for path in (REMOVED, PASSED_ON):
        page.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        everything_is_found(page, f"{front}{path}", path)


def everything_is_found(page: LecturePage, address: str, path: str) -> None:
    outside: list[str] = []

    def keep(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            outside.append(request.url)

    page.page.goto("about:blank")
    page.page.on("request", keep)
    page.open(f"{address}#fit")
    page.train(5000)
    page.wait_for_epoch(5000)
    assert page.weights() == AFTER_5000
    page.go("explore-seeds")
    page.go("share")
    page.find("#language-switch").click()
    page.page.wait_for_function("document.documentElement.lang === 'ko'")
    cookies = page.page.context.cookies(address)
    paths = [cookie["path"] for cookie in cookies if cookie["name"] == "pwl_lang"]
    assert paths == [path.removesuffix("/")]
    page.page.remove_listener("request", keep)
    assert outside == []
