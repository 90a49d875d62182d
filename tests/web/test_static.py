"""Static files: the right bytes for every kind of client, compressed once, never stale."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import brotli
import pytest
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI
from plotly.offline import get_plotlyjs_version
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from pwlapp.web import compressed, static
from pwlapp.web.compressed import KeptCompressed

SCRIPT = "".join(
    f"window.unit{i} = (x) => Math.max(0, {i} * x - {i * 37 % 101});\n" for i in range(400)
).encode()
JSON_VALUES = {"x": [i / 7 for i in range(500)]}
LONGEST_WAIT_S = 60.0


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "app.js").write_bytes(SCRIPT)
    (folder / "small.css").write_text("body { margin: 0 }")
    (folder / "photo.png").write_bytes(b"\x89PNG" + bytes(3000))
    return folder


@pytest.fixture
def inner(assets: Path) -> FastAPI:
    app = FastAPI()
    app.mount("/assets", StaticFiles(directory=assets))
    app.add_api_route("/values", lambda: JSONResponse(JSON_VALUES))
    return app


@pytest.fixture
def app(inner: FastAPI, tmp_path: Path) -> static.CachedBrotli:
    return static.CachedBrotli(inner, tmp_path / "brotli")


@pytest.fixture
def client(app: static.CachedBrotli) -> TestClient:
    return TestClient(app)


def raw(client: TestClient, url: str, accept: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """The answer as it is on the wire: its headers and its undecoded body."""
    headers = {"accept-encoding": accept, **headers}
    with client.stream("GET", url, headers=headers) as response:
        return dict(response.headers), b"".join(response.iter_raw())


class TestPlotlyBundle:
    def test_found_where_npm_puts_it(self, tmp_path: Path) -> None:
        paths = {name: install_bundle(tmp_path, SCRIPT, name) for name in static.BUNDLES}
        assert static.plotly_bundles(tmp_path) == paths

    def test_missing_is_said_in_one_line(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        install_bundle(tmp_path, SCRIPT)
        with caplog.at_level(logging.INFO):
            assert set(static.plotly_bundles(tmp_path)) == {"basic"}
        assert len(caplog.records) == 1
        assert "plotly.js-cartesian-dist-min, plotly.js-gl3d-dist-min" in caplog.text

    def test_served_for_ever_under_a_url_that_names_its_content(self, tmp_path: Path) -> None:
        urls = []
        for name, body in (("one", SCRIPT), ("other", SCRIPT + b"//")):
            server = FastAPI()
            url = serve(server, tmp_path / name, body)
            response = TestClient(server).get(url)
            assert response.content == body
            assert response.headers["content-type"].startswith("text/javascript")
            assert response.headers["cache-control"] == static.FOREVER
            urls.append(url)
        assert len(set(urls)) == 2
        assert all("4.1.1" in url for url in urls)

    def test_an_outdated_address_is_not_found(self, tmp_path: Path) -> None:
        server = FastAPI()
        serve(server, tmp_path, SCRIPT)
        client = TestClient(static.CachedBrotli(server, tmp_path / "brotli"))
        answer = client.get("/plotly/plotly-basic-2.0.0-deadbeef.v1m1.min.js")
        assert answer.status_code == 404
        assert "cache-control" not in answer.headers

    def test_is_compressed(self, tmp_path: Path) -> None:
        server = FastAPI()
        url = serve(server, tmp_path, SCRIPT)
        client = TestClient(static.CachedBrotli(server, tmp_path / "brotli"))
        headers, body = raw(client, url, "br")
        assert headers["content-encoding"] == "br"
        assert headers["cache-control"] == static.FOREVER
        assert brotli.decompress(body) == SCRIPT


class TestDashPage:
    @pytest.fixture
    def page(self, tmp_path: Path) -> Iterator[TestClient]:
        class Page(Dash):
            def interpolate_index(self, **parts: str) -> str:
                parts["scripts"] = static.without_unused(parts["scripts"])
                return super().interpolate_index(**parts)

        server = FastAPI()
        url = serve(server, tmp_path, SCRIPT)
        dash = Page(__name__, server=server, backend="fastapi", external_scripts=[url])
        dash.layout = html.Div([dcc.Graph(figure={"data": []}), html.P(id="p"), html.Pre(id="q")])

        @dash.callback(Output("q", "children"), Input("p", "children"))
        async def tell(text: str) -> str:
            return SCRIPT.decode() + text

        static.slim(dash)
        server.add_middleware(static.CachedBrotli, cache_dir=tmp_path / "brotli")
        with TestClient(server) as client:
            yield client

    def test_plotly_is_loaded_before_the_components(self, page: TestClient) -> None:
        index = page.get("/").text
        plotly, components = index.index("/plotly/plotly-basic"), index.index("/dcc/dash_core")
        assert index.index("react-dom@") < plotly < components

    def test_unused_table_is_left_out_and_the_rest_stays(self, page: TestClient) -> None:
        index = page.get("/").text
        assert "/dash_table/" not in index
        for needed in ("dash_renderer", "dash_core_components", "dash_html_components", "react@"):
            assert needed in index

    @pytest.mark.parametrize("encoding", ["br", "gzip"])
    def test_answer_of_a_callback_is_compressed(self, page: TestClient, encoding: str) -> None:
        page.get("/")
        response = page.post(
            "/_dash-update-component",
            headers={"accept-encoding": encoding},
            json={
                "output": "q.children",
                "outputs": {"id": "q", "property": "children"},
                "inputs": [{"id": "p", "property": "children", "value": "the end"}],
                "changedPropIds": ["p.children"],
            },
        )
        assert response.headers["content-encoding"] == encoding
        assert response.headers["content-type"] == "application/json"
        assert int(response.headers["content-length"]) < len(SCRIPT) / 2
        assert response.json()["response"]["q"]["children"] == SCRIPT.decode() + "the end"

    def test_no_websocket(self, page: TestClient) -> None:
        assert "_dash-ws" not in page.get("/").text
        with (
            pytest.raises(WebSocketDisconnect),
            page.websocket_connect(static.WEBSOCKET, headers={"origin": "http://testserver"}),
        ):
            pass

    def test_every_script_of_the_page_is_compressed_and_kept_for_ever(
        self, page: TestClient
    ) -> None:
        index = page.get("/").text
        urls = [part.partition('"')[0] for part in index.split('<script src="')[1:]]
        assert len(urls) >= 8
        for url in urls:
            headers, body = raw(page, url, "br, gzip")
            assert headers["content-encoding"] == "br", url
            assert headers["cache-control"] == static.FOREVER, url
            assert brotli.decompress(body) == page.get(url).content

    @pytest.mark.parametrize(
        "path", ["dash/nope.js", "nope/dcc/async-graph.js", "dash/%2e%2e/app.py"]
    )
    def test_unknown_component_file_is_a_404(self, page: TestClient, path: str) -> None:
        page.get("/")
        assert page.get(f"/_dash-component-suites/{path}").status_code == 404


class TestStaticText:
    @pytest.mark.parametrize(
        ("accept", "encoding"),
        [
            ("br", "br"),
            ("gzip, deflate, br, zstd", "br"),
            ("gzip;q=1.0, BR;q=0.5", "br"),
            ("gzip, deflate", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("br; q=0.000, gzip", "gzip"),
            ("identity", None),
            ("br;q=0", None),
            ("deflate", None),
        ],
    )
    def test_each_client_gets_what_it_can_read(
        self, client: TestClient, accept: str, encoding: str | None
    ) -> None:
        headers, body = raw(client, "/assets/app.js", accept)
        decode: Callable[[bytes], bytes] = {
            "br": brotli.decompress,
            "gzip": gzip.decompress,
            None: bytes,
        }[encoding]
        assert decode(body) == SCRIPT
        assert headers.get("content-encoding") == encoding
        assert int(headers["content-length"]) == len(body)
        assert headers["vary"] == "Accept-Encoding"
        assert (len(body) < len(SCRIPT) / 2) is (encoding is not None)

    def test_best_brotli_follows_the_fast_one(
        self, app: static.CachedBrotli, client: TestClient, tmp_path: Path
    ) -> None:
        _, first = raw(client, "/assets/app.js", "br")
        app.kept.wait(LONGEST_WAIT_S)
        _, second = raw(client, "/assets/app.js", "br")
        best = brotli.compress(SCRIPT, quality=11)
        assert first in (brotli.compress(SCRIPT, quality=compressed.FAST), best)
        assert second == best
        assert [path.read_bytes() for path in (tmp_path / "brotli").iterdir()] == [best]

    def test_best_brotli_follows_for_a_later_file_too(
        self, app: static.CachedBrotli, client: TestClient, assets: Path
    ) -> None:
        for body in (SCRIPT, SCRIPT + b"// changed"):
            (assets / "app.js").write_bytes(body)
            raw(client, "/assets/app.js", "br")
            app.kept.wait(LONGEST_WAIT_S)
            assert raw(client, "/assets/app.js", "br")[1] == brotli.compress(body, quality=11)

    def test_best_brotli_outlives_a_restart(
        self, app: static.CachedBrotli, client: TestClient, inner: FastAPI, tmp_path: Path
    ) -> None:
        raw(client, "/assets/app.js", "br")
        app.kept.wait(LONGEST_WAIT_S)
        restarted = static.CachedBrotli(inner, tmp_path / "brotli")
        _, body = raw(TestClient(restarted), "/assets/app.js", "br")
        assert body == brotli.compress(SCRIPT, quality=11)

    @pytest.mark.parametrize("damage", [lambda whole: whole[:-9], lambda _: b"", lambda _: b"junk"])
    def test_file_cut_short_on_disk_is_made_again(
        self,
        app: static.CachedBrotli,
        client: TestClient,
        inner: FastAPI,
        tmp_path: Path,
        damage: Callable[[bytes], bytes],
    ) -> None:
        raw(client, "/assets/app.js", "br")
        app.kept.wait(LONGEST_WAIT_S)
        (kept,) = (tmp_path / "brotli").iterdir()
        kept.write_bytes(damage(kept.read_bytes()))
        restarted = static.CachedBrotli(inner, tmp_path / "brotli")
        _, body = raw(TestClient(restarted), "/assets/app.js", "br")
        assert brotli.decompress(body) == SCRIPT
        restarted.kept.wait(LONGEST_WAIT_S)
        assert kept.read_bytes() == brotli.compress(SCRIPT, quality=11)

    def test_where_nothing_can_be_written_memory_does(
        self, inner: FastAPI, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "a-file").write_text("in the way")
        app = static.CachedBrotli(inner, tmp_path / "a-file")
        client = TestClient(app)
        raw(client, "/assets/app.js", "br")
        app.kept.wait(LONGEST_WAIT_S)
        _, body = raw(client, "/assets/app.js", "br")
        assert body == brotli.compress(SCRIPT, quality=11)
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_changed_file_is_never_answered_with_old_bytes(
        self, client: TestClient, assets: Path
    ) -> None:
        assert client.get("/assets/app.js?m=1").content == SCRIPT
        assert client.get("/assets/app.js").content == SCRIPT
        changed = SCRIPT.replace(b"Math.max", b"Math.min")
        (assets / "app.js").write_bytes(changed)
        assert client.get("/assets/app.js").content == changed
        assert client.get("/assets/app.js?m=2").content == changed  # the page asks for this now

    def test_a_version_of_a_file_is_read_once(
        self, client: TestClient, assets: Path, inner: FastAPI
    ) -> None:
        first = client.get("/assets/app.js?m=1")
        reads: list[str] = []

        class Counting(StaticFiles):
            def file_response(self, *args: object, **named: object) -> Response:
                reads.append("read")
                return super().file_response(*args, **named)

        [mount] = [route for route in inner.routes if getattr(route, "path", "") == "/assets"]
        mount.app = Counting(directory=assets)  # type: ignore[attr-defined]
        again = client.get("/assets/app.js?m=1")
        assert (again.content, reads) == (SCRIPT, [])
        assert again.headers["cache-control"] == first.headers["cache-control"] == static.FOREVER
        assert again.headers["vary"] == "Accept-Encoding"
        etag = first.headers["etag"]
        known = client.get("/assets/app.js?m=1", headers={"If-None-Match": etag})
        assert (known.status_code, reads) == (304, ["read"])
        part = client.get("/assets/app.js?m=1", headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, SCRIPT[:10])
        other = client.get("/assets/app.js?m=2", headers={"Accept-Encoding": "gzip"})
        assert other.content == SCRIPT
        assert len(reads) == 3

    def test_versions_remembered_are_bounded(
        self, app: static.CachedBrotli, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(static, "MAX_KNOWN", 3)
        for version in range(10):
            assert client.get(f"/assets/app.js?m={version}").content == SCRIPT
        assert len(app._known) == 3

    def test_unchanged_file_is_a_304(self, client: TestClient) -> None:
        headers, _ = raw(client, "/assets/app.js", "br")
        again = client.get("/assets/app.js", headers={"if-none-match": headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == headers["etag"]

    @pytest.mark.parametrize(
        ("url", "forever"),
        [
            ("/assets/app.js?m=1795466184.48", True),
            ("/assets/app.js", False),
            ("/assets/app.js?x=1", False),
            ("/assets/nope.js?m=1", False),
        ],
    )
    def test_only_a_url_that_names_its_version_is_kept_for_ever(
        self, client: TestClient, url: str, forever: bool
    ) -> None:
        headers, _ = raw(client, url, "br")
        assert (headers.get("cache-control") == static.FOREVER) is forever

    def test_part_of_a_file_is_sent_as_it_is(self, client: TestClient) -> None:
        headers, body = raw(client, "/assets/app.js", "br", range="bytes=10-2009")
        assert body == SCRIPT[10:2010]
        assert "content-encoding" not in headers

    @pytest.mark.parametrize("name", ["small.css", "photo.png"])
    def test_what_gains_nothing_stays_as_it_is(
        self, client: TestClient, assets: Path, name: str
    ) -> None:
        headers, body = raw(client, f"/assets/{name}", "br, gzip")
        assert body == (assets / name).read_bytes()
        assert "content-encoding" not in headers

    def test_missing_file_is_a_404(self, client: TestClient) -> None:
        assert client.get("/assets/nope.js").status_code == 404

    async def test_a_class_arriving_at_once_compresses_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = static.CachedBrotli(Response(SCRIPT, media_type="text/javascript"), tmp_path)
        made: list[str] = []
        make = KeptCompressed.make
        all_are_here = threading.Event()

        def held(self: KeptCompressed, digest: str, encoding: str, body: bytes) -> bytes:
            made.append(encoding)
            all_are_here.wait(LONGEST_WAIT_S)
            return make(self, digest, encoding, body)

        monkeypatch.setattr(KeptCompressed, "make", held)
        asking = [asyncio.create_task(ask(app, "/assets/app.js", "gzip")) for _ in range(30)]
        for _ in range(10):  # every task runs until it waits for the first one's compression
            await asyncio.sleep(0)
        all_are_here.set()
        assert {gzip.decompress(body) for body in await asyncio.gather(*asking)} == {SCRIPT}
        assert made == ["gzip"]

    def test_memory_is_bounded(
        self, client: TestClient, assets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compressed, "MAX_ENTRIES", 3)
        digests = []
        for i in range(5):
            body = SCRIPT + b"//%d" % i
            (assets / "app.js").write_bytes(body)
            assert gzip.decompress(raw(client, "/assets/app.js", "gzip")[1]) == body
            digests.append(hashlib.sha256(body).hexdigest())
        kept = client.app.kept  # type: ignore[attr-defined]
        assert [kept.get(digest, "gzip") is not None for digest in digests] == [
            False, False, True, True, True,
        ]  # fmt: skip


class TestEverythingElse:
    @pytest.mark.parametrize("encoding", ["br", "gzip"])
    def test_json_is_compressed_and_not_kept(
        self, app: static.CachedBrotli, client: TestClient, tmp_path: Path, encoding: str
    ) -> None:
        headers, body = raw(client, "/values", encoding)
        assert headers["content-encoding"] == encoding
        assert headers["vary"] == "Accept-Encoding"
        assert len(body) < len(json.dumps(JSON_VALUES)) / 2
        assert client.get("/values").json() == JSON_VALUES
        app.kept.wait(LONGEST_WAIT_S)
        assert not (tmp_path / "brotli").exists()

    @pytest.mark.parametrize("accept", ["br", "gzip, deflate, br, zstd", "identity"])
    async def test_event_stream_passes_unbuffered_and_unchanged(
        self, tmp_path: Path, accept: str
    ) -> None:
        """Each event must have left before the next is made; a buffer would wait for ever."""
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
            response = StreamingResponse(source(), media_type="text/event-stream")
            await response(scope, receive, send)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
            elif message["body"]:
                left.append(message["body"])
                arrived.set()

        app = static.CachedBrotli(stream, tmp_path / "brotli")
        await app(http_scope("/stream/abc", accept), never, send)
        assert left == events
        assert b"content-encoding" not in dict(start[0]["headers"])

    async def test_other_protocols_pass(self, tmp_path: Path) -> None:
        seen: list[str] = []

        async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
            seen.append(scope["type"])

        app = static.CachedBrotli(inner, tmp_path / "brotli")
        for kind in ("lifespan", "websocket"):
            await app({"type": kind}, never, never_send)
        assert seen == ["lifespan", "websocket"]


class TestVersions:
    def test_bundles_are_the_plotly_that_dash_ships(self) -> None:
        root = Path(static.__file__).parents[2]
        package = json.loads((root / "package.json").read_text())
        lock = json.loads((root / "package-lock.json").read_text())
        for path in static.BUNDLES.values():
            name = path.parent.name
            assert package["dependencies"][name] == get_plotlyjs_version()
            assert lock["packages"][f"node_modules/{name}"]["version"] == get_plotlyjs_version()


def serve(server: FastAPI, root: Path, body: bytes) -> str:
    return static.serve_plotly(server, {"basic": install_bundle(root, body)})["basic"]


def install_bundle(root: Path, body: bytes, name: str = "basic") -> Path:
    path = root / static.BUNDLES[name]
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    path.with_name("package.json").write_text('{"version": "4.1.1"}')
    return path


def http_scope(path: str, accept: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"accept-encoding", accept.encode())],
    }


async def ask(app: ASGIApp, path: str, accept: str) -> bytes:
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        chunks.append(message.get("body", b""))

    await app(http_scope(path, accept), never, send)
    return b"".join(chunks)


async def never() -> Message:
    return await asyncio.get_running_loop().create_future()


async def never_send(_message: Message) -> None:
    raise AssertionError("nothing is to be sent")
