"""Static files: encodings, caching, and unknown paths."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from dash.fingerprint import check_fingerprint
from plotly.offline import get_plotlyjs_version
from starlette.responses import JSONResponse, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from app import create_app
from pwlapp.settings import Settings
from pwlapp.web import build_static, static
from pwlapp.web.http import json_answers

FOREVER = "max-age=315360000, public, immutable"
LONGEST_WAIT_S = 60.0
VALUES = {"x": [i / 7 for i in range(500)]}
DECODE: dict[str | None, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The app with its built files; its services are not started."""
    return TestClient(create_app(Settings(data_dir=tmp_path)).server)


def raw(client: TestClient, url: str, accept: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """The response as sent: headers, and the body before decompression."""
    headers = {"accept-encoding": accept, **headers}
    with client.stream("GET", url, headers=headers) as response:
        return dict(response.headers), b"".join(response.iter_raw())


def scripts(client: TestClient) -> list[str]:
    return re.findall(r'<script[^>]* src="([^"]+)"', client.get("/").text)


class TestIndexPage:
    def test_scripts_are_in_the_order_of_their_dependencies(self, client: TestClient) -> None:
        page = client.get("/").text
        names = ("plotly-basic-", "dash_renderer-", "main-")
        places = [page.index(f'src="static/{name}') for name in names]
        renderer = page.index("new DashRenderer()")
        assert [*places, renderer] == sorted([*places, renderer])

    def test_imports_of_the_entry_are_preloaded(self, client: TestClient) -> None:
        preloads = re.findall(r'<link rel="modulepreload" href="([^"]+)"', client.get("/").text)
        entry = client.get(static.addresses()["main"]).text
        assert {f"{static.FOLDER}{name}" for name in re.findall(r'from"\./([^"]+)"', entry)} == set(
            preloads
        )

    def test_the_joined_script_has_what_dash_loads_and_the_page_needs(self, tmp_path: Path) -> None:
        tags = create_app(Settings(data_dir=tmp_path))._generate_scripts_html()
        paths = re.findall(r'src="/_dash-component-suites/([^"]+)"', tags)
        wanted = [check_fingerprint(path)[0] for path in paths]
        joined = [name for name in build_static.DASH_FILES if name in wanted]
        left_out = (
            "dash/deps/polyfill@7.12.1.min.js",
            "dash/dcc/dash_core_components-shared.js",  # of components that Dash loads later
            "dash/dash_table/bundle.js",
        )
        assert joined == [name for name in wanted if name not in left_out]

    def test_every_script_and_style_is_built_compressed_and_cached(
        self, client: TestClient
    ) -> None:
        style = re.findall(r'<link rel="stylesheet" href="([^"]+)"', client.get("/").text)
        urls = [*scripts(client), *style]
        assert len(urls) == 4
        for url in urls:
            assert url.startswith(static.FOLDER)
            headers, body = raw(client, url, "br, gzip")
            assert headers["content-encoding"] == "br", url
            assert headers["cache-control"] == FOREVER, url
            assert brotli.decompress(body) == client.get(url).content

    def test_scripts_loaded_later_are_built_too(self, client: TestClient) -> None:
        found = re.search(r'id="addresses">(.*?)</script>', client.get("/").text)
        assert found
        addresses = json.loads(found[1])
        assert {"main", "dash", "style", "worker", "basic", "cartesian", "gl3d"} <= set(addresses)
        for url in addresses.values():
            assert client.get(url).status_code == 200, url

    def test_no_websocket(self, client: TestClient) -> None:
        assert "_dash-ws" not in client.get("/").text
        headers = {"origin": "http://testserver"}
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/_dash-ws-callback", headers=headers),
        ):
            pass


class TestBuiltFiles:
    @pytest.mark.parametrize(
        ("accept", "encoding"),
        [
            ("br", "br"),
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, deflate", "gzip"),
            ("identity", None),
            ("deflate", None),
        ],
    )
    def test_each_client_gets_an_encoding_that_it_accepts(
        self, client: TestClient, accept: str, encoding: str | None
    ) -> None:
        url = static.addresses()["basic"]
        headers, body = raw(client, url, accept)
        file = static.BUILD / "static" / url.removeprefix(static.FOLDER)
        assert DECODE[encoding](body) == file.read_bytes()
        assert headers.get("content-encoding") == encoding
        assert headers["vary"] == "Accept-Encoding"
        assert headers["content-type"].startswith("text/javascript")

    @pytest.mark.parametrize("path", ["main", "/", "/_dash-layout", "/healthz"])
    def test_head_has_the_headers_of_get_and_no_body(self, client: TestClient, path: str) -> None:
        url = static.addresses().get(path, path)
        head, get = client.head(url), client.get(url)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "cache-control"):
            assert head.headers.get(name) == get.headers.get(name)

    def test_head_of_an_unknown_path_is_not_found(self, client: TestClient) -> None:
        assert client.head("/nothing").status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "/static/main-OLD00000.js",
            "/static/../app.py",
            "/static/%2e%2e/manifest.json",
            "/_dash-component-suites/dash/dcc/async-graph.js",
            "/assets/main.ts",
            "/nothing",
        ],
    )
    def test_an_unknown_path_is_not_found(self, client: TestClient, path: str) -> None:
        assert client.get(path).status_code == 404

    def test_without_a_build_an_error_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(static.NotBuilt, match="make build"):
            static.addresses(tmp_path)

    def test_plotly_is_the_version_that_dash_ships(self) -> None:
        root = Path(static.__file__).parents[2]
        package = json.loads((root / "package.json").read_text("utf-8"))
        versions = {
            version for name, version in package["dependencies"].items() if "plotly" in name
        }
        assert versions == {get_plotlyjs_version()}


class TestDynamicAnswers:
    @pytest.mark.parametrize("encoding", ["br", "gzip"])
    async def test_json_is_compressed(self, encoding: str) -> None:
        client = TestClient(static.compressed(JSONResponse(VALUES)))
        headers, body = raw(client, "/values", encoding)
        assert headers["content-encoding"] == encoding
        assert headers["vary"] == "Accept-Encoding"
        assert json.loads(DECODE[encoding](body)) == VALUES
        assert len(body) < len(json.dumps(VALUES)) / 2

    async def test_nothing_is_compressed_behind_jupyter_server_proxy(self) -> None:
        """It removes Content-Encoding from responses that it streams."""
        client = TestClient(static.compressed(JSONResponse(VALUES)))
        answer = client.get("/values", headers={"X-ProxyContextPath": "/proxy/8050"})
        assert "content-encoding" not in answer.headers
        assert answer.json() == VALUES

    @pytest.mark.parametrize("encoding", ["br", "gzip"])
    async def test_the_response_of_a_callback_is_compressed(self, encoding: str) -> None:
        async def callback(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(VALUES).encode()})

        client = TestClient(static.compressed(callback))
        headers, body = raw(client, static.CALLBACK, encoding)
        assert headers["content-encoding"] == encoding
        assert headers["content-type"] == "application/json"
        assert json.loads(DECODE[encoding](body)) == VALUES

    @pytest.mark.parametrize("media_type", ["text/event-stream", json_answers.LINES])
    @pytest.mark.parametrize("accept", ["br", "gzip, deflate, br, zstd", "identity"])
    async def test_streams_pass_unbuffered(self, accept: str, media_type: str) -> None:
        """Each event must be sent before the next is made; with a buffer this test would hang.

        Events are sent uncompressed, lines of JSON compressed.
        """
        events = [b"id: %d\ndata: %s\n\n" % (i, b"0" * 2000) for i in range(4)]
        left: list[bytes] = []
        start: list[Message] = []
        arrived = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            for number, event in enumerate(events):
                arrived.clear()
                yield event
                await asyncio.wait_for(arrived.wait(), LONGEST_WAIT_S)
                assert len(left) == number + 1

        async def stream(scope: Scope, receive: Receive, send: Send) -> None:
            response = StreamingResponse(source(), media_type=media_type)
            await response(scope, receive, send)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
            elif message["body"]:
                left.append(message["body"])
                arrived.set()

        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET",
            "path": "/stream/abc", "query_string": b"",
            "headers": [(b"accept-encoding", accept.encode())],
        }  # fmt: skip
        await static.compressed(stream)(scope, never, send)
        encoding = dict(start[0]["headers"]).get(b"content-encoding")
        if media_type == json_answers.LINES and accept != "identity":
            assert (encoding, brotli.decompress(b"".join(left))) == (b"br", b"".join(events))
        else:
            assert (encoding, left) == (None, events)


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError
