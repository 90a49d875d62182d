"""The page is rendered once for each language, and cached."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.testclient import TestClient

from pwlapp.ui.i18n import LanguageMiddleware
from pwlapp.ui.page_cache import MAX_ENTRIES, PageCache

DATA = "/data/0123456789abcdef.json"


class Site:
    """An app that counts its requests, and a client of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def answer(request: Request) -> PlainTextResponse:
            self.asked.append(request.url.path)
            lang = request.headers.get("accept-language", "")
            text = f"{len(self.asked)} {lang}"
            return PlainTextResponse(text, self.status, headers={"X-Own": str(len(self.asked))})

        self.cache = PageCache(app)
        self.client = TestClient(LanguageMiddleware(self.cache))

    def get(self, path: str, **headers: str) -> str:
        return self.client.get(path, headers=headers).text


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/_dash-dependencies", DATA])
def test_a_page_is_rendered_once(site: Site, path: str) -> None:
    answers = [site.client.get(path) for _ in range(3)]
    assert len(site.asked) == 1
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.headers["x-own"] for answer in answers} == {"1"}


def test_a_browser_with_the_current_page_gets_a_304(site: Site) -> None:
    first = site.client.get("/")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    again = site.client.get("/", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in again.headers
    other = site.client.get("/", headers={"if-none-match": tag, "accept-language": "ko-KR"})
    assert (other.status_code, other.text) == (200, "2 ko-KR")


def test_each_language_and_each_encoding_has_its_own(site: Site) -> None:
    korean = {"accept-language": "ko-KR"}
    assert site.get("/") == "1 "
    assert site.get("/", **korean) == "2 ko-KR"
    assert site.get("/", cookie="pwl_lang=none") == "1 "
    site.get("/", **{"accept-encoding": "identity"})
    assert len(site.asked) == 3
    assert site.get("/", **korean) == "2 ko-KR"


@pytest.mark.parametrize("path", ["/frames/x", "/rooms", "/assets/base/net.js"])
def test_nothing_else_is_cached(site: Site, path: str) -> None:
    for _ in range(2):
        site.get(path)
    assert len(site.asked) == 2
    for _ in range(2):
        site.client.post("/")
    assert len(site.asked) == 4


def test_a_query_adds_no_page_to_the_cache(site: Site) -> None:
    queries = ("", "?hide=fit", "?theme=dark&lesson=page.2", "?utm=x", "?%ff=%", f"?{'a' * 9000}")
    assert [site.get(f"/{query}") for query in queries] == ["1 "] * len(queries)
    assert site.get("/?lang=ko") == "2 "
    assert site.get("/?hide=build&lang=ko") == "2 "
    assert len(site.asked) == 2


def test_a_failure_is_not_cached(site: Site) -> None:
    site.status = 503
    assert site.client.get("/").status_code == 503
    site.status = 200
    assert site.client.get("/").status_code == 200
    assert site.get("/") == "2 "


def test_memory_is_bounded(site: Site) -> None:
    for i in range(2 * MAX_ENTRIES):
        site.get(f"/data/{i:016x}.json")
    assert len(site.cache._answers._tasks) == MAX_ENTRIES
    assert len(site.asked) == 2 * MAX_ENTRIES


def test_headers_added_by_outer_layers_are_not_cached() -> None:
    inner = FastAPI()
    inner.add_api_route("/", lambda: PlainTextResponse("page"))
    kept = PageCache(inner)

    async def outside(scope: object, receive: object, send: object) -> None:
        async def add(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", b"1"))  # type: ignore[attr-defined]
            await send(message)  # type: ignore[operator]

        await kept(scope, receive, add)  # type: ignore[arg-type]

    client = TestClient(outside)  # type: ignore[arg-type]
    for _ in range(3):
        assert client.get("/").headers.get_list("x-request-id") == ["1"]


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("", None)],
)
def test_cached_data_are_compressed_for_each_browser(accept: str, encoding: str | None) -> None:
    text = "0.0010005 " * 1000
    app = FastAPI()

    @app.get("/data/{key}.json")
    async def data(key: str, request: Request) -> PlainTextResponse:
        assert "accept-encoding" not in request.headers  # nothing is compressed twice
        return PlainTextResponse(text, headers={"Vary": "Accept-Encoding"})  # as middleware does

    answer = TestClient(PageCache(app)).get(DATA, headers={"accept-encoding": accept})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]
    assert answer.text == text
