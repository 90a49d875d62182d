from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pwlapp.core.data.source import display_name, is_url, read_source
from pwlapp.errors import UserError

BODY = b"x,prob,y\n0,0.5,1\n"
LARGE = bytes(range(256)) * 2_000
NOBODY = 65534  # user id


class Site(ThreadingHTTPServer):
    """A web server whose response depends on the path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Pages(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        page = self.path.partition("?")[0]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if page == "/good":
                self.answer(200, BODY)
            elif page == "/chunked":
                self.protocol_version = "HTTP/1.1"
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("Content-Encoding", "gzip")
                self.end_headers()
                packed = gzip.compress(BODY)
                for part in (packed[:7], packed[7:], b""):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            elif page == "/moved":
                self.send_response(302)
                self.send_header("Location", "/good")
                self.end_headers()
            elif page == "/astray":
                self.send_response(302)
                self.send_header("Location", "http://[::1")
                self.end_headers()
            elif page == "/silent":
                self.server.stopping.wait()
            elif page == "/large":
                self.answer(200, LARGE)
            elif page == "/drip":
                self.send_response(200)
                self.end_headers()
                while not self.server.stopping.wait(0.02):
                    self.wfile.write(b"x")
            elif page == "/short":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(BODY)
            else:
                self.answer(int(page[1:]), b"no")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


def read(name: str, *, timeout_s: float = 30.0, max_bytes: int = 1000) -> bytes:
    return read_source(name, timeout_s=timeout_s, max_bytes=max_bytes)


def refusal(name: str, **limits: float) -> tuple[str, dict[str, object]]:
    with pytest.raises(UserError) as refused:
        read(name, **limits)
    return refused.value.code, refused.value.args_


# Addresses


def test_a_page_is_fetched(site: Site):
    assert read(f"{site.url}/good") == BODY
    assert read(f"{site.url}/moved") == BODY
    assert read(f"{site.url}/chunked") == BODY
    assert read(f"{site.url}/large", max_bytes=10**6) == LARGE
    assert read(f"{site.url}/good", max_bytes=len(BODY)) == BODY


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_not_there(site: Site, status: int):
    name = f"{site.url}/{status}"
    assert refusal(f"{name}?token=secret") == ("data_not_found", {"name": name})


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_page_that_is_refused(site: Site, status: int):
    assert refusal(f"{site.url}/{status}")[0] == "data_unreachable"


def test_a_response_that_breaks_off(site: Site):
    assert refusal(f"{site.url}/short")[0] == "data_unreachable"


def test_a_redirect_to_an_invalid_url(site: Site):
    assert refusal(f"{site.url}/astray")[0] == "data_unreachable"


def test_a_page_over_the_limit(site: Site):
    limit = len(BODY) - 1
    assert refusal(f"{site.url}/good", max_bytes=limit) == ("data_too_big", {"limit_mb": 0.0})


@pytest.mark.parametrize("page", ["silent", "drip"])
def test_an_endless_response_ends_at_the_deadline(site: Site, page: str):
    code, args = refusal(f"{site.url}/{page}", timeout_s=0.3, max_bytes=10**9)
    assert (code, args) == ("data_unreachable", {"name": f"{site.url}/{page}"})


def test_a_site_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:  # bound, but not listening
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x.csv"
        assert refusal(url) == ("data_unreachable", {"name": url})


@pytest.mark.parametrize(
    "url", ["http://", "https:///x.csv", "http://a..b/", "http://[::1", "HTTP://%"]
)
def test_an_invalid_url(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("no_proxy", "*")
    assert refusal(url)[0] == "data_unreachable"


def test_display_names_contain_no_secrets():
    assert display_name("https://me:pass@host:81/a/b.csv?token=1#top") == "https://host:81/a/b.csv"
    assert display_name("https://host") == "https://host"
    assert display_name("/home/me/data/b.csv") == "b.csv"


def test_is_url():
    assert is_url("http://a")
    assert is_url("HTTPS://a")
    assert not is_url("httpdata.csv")
    assert not is_url("ftp://a")


# Files


def test_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "d.csv").write_bytes(BODY)
    assert read(str(tmp_path / "d.csv")) == BODY
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("~/d.csv", max_bytes=len(BODY)) == BODY


def test_a_file_over_the_limit(tmp_path: Path):
    (tmp_path / "d.csv").write_bytes(b"x" * 2_000_001)
    code, args = refusal(str(tmp_path / "d.csv"), max_bytes=2_000_000)
    assert (code, args) == ("data_too_big", {"limit_mb": 2.0})


def test_a_file_that_is_not_there(tmp_path: Path):
    assert refusal(str(tmp_path / "d.csv")) == ("data_not_found", {"name": "d.csv"})
    assert refusal(str(tmp_path))[0] == "data_not_found"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(str(tmp_path / "pipe")) == ("data_not_found", {"name": "pipe"})


def test_a_file_that_cannot_be_reached(tmp_path: Path):
    assert refusal("~nobody-of-this-name/d.csv")[0] == "data_unreachable"
    assert refusal(str(tmp_path / ("d" * 300)))[0] == "data_unreachable"


@contextlib.contextmanager
def not_root() -> Iterator[None]:
    """Give up root's rights, if the tests run as root, who may read every file."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_that_may_not_be_read(tmp_path: Path):
    path = tmp_path / "d.csv"
    path.write_bytes(BODY)
    path.chmod(0)
    with not_root():
        assert refusal(str(path)) == ("data_unreachable", {"name": "d.csv"})
