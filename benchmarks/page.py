"""The page without a browser: what Dash's renderer asks of the server, and with which bodies.

Nothing here knows the app's callbacks: like the renderer, it reads them from
``/_dash-dependencies``, and what stands in the fields from ``/_dash-layout``. A test holds the
bodies against those that Chromium sends.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeAlias

import aiohttp
import brotli

REQUEST_S = 60.0  # a browser waits longer; whoever is kept waiting for so long has left
FILE = re.compile(r'<(?:script|link)\b[^>]*? (?:src|href)="([^"]+)"')
CONFIG = re.compile(r'<script id="_dash-config"[^>]*>(.*?)</script>', re.DOTALL)
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) pwlapp-student",
    "Accept-Language": "en-US",
    "Accept-Encoding": "gzip, deflate, br",
}
JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}

Name: TypeAlias = tuple[str, str]  # of a component, and of its property
Body: TypeAlias = dict[str, Any]


class BadStatusError(Exception):
    """The server answered with something else than success.

    Parameters
    ----------
    status : int
    path : str
    """

    def __init__(self, status: int, path: str) -> None:
        super().__init__(f"{status} for {path}")
        self.status = status


class Browser:
    """One browser's connections to one of several addresses, another one for each request.

    An address that refuses the connection is passed over for the next, as a load balancer does;
    whatever goes wrong later is the browser's to see.

    Parameters
    ----------
    addresses : sequence of str
        ``http://host:port`` of each web process, or of what stands before them.
    choice : random.Random
        Which address a request goes to.
    """

    def __init__(self, addresses: Sequence[str], choice: random.Random) -> None:
        if not addresses:
            raise ValueError("no address")
        self._addresses = list(addresses)
        self._choice = choice
        ways = aiohttp.TraceConfig()
        ways.on_connection_reuseconn.append(_note_reuse)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=6),  # as many as browsers open
            headers=HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trace_configs=[ways],
        )

    @asynccontextmanager
    async def request(self, method: str, path: str, **options: Any) -> AsyncIterator[Any]:
        """Ask one of the addresses; gives the answer, whatever its status.

        Raises
        ------
        aiohttp.ClientError, TimeoutError
        """
        order = self._choice.sample(self._addresses, len(self._addresses))
        for address in order[:-1]:
            try:
                answer = await self._send(method, address + path, options)
            except aiohttp.ClientConnectorError:
                continue
            break
        else:
            answer = await self._send(method, order[-1] + path, options)
        async with answer:
            yield answer

    async def _send(self, method: str, url: str, options: Body) -> aiohttp.ClientResponse:
        """Send a request, and again if the server had meanwhile closed the connection it went by.

        Chromium does so too, with a POST as well: on a connection that has rested, the end of it
        and the next request can cross.
        """
        while True:
            way = SimpleNamespace(reused=False)
            try:
                return await self._session.request(method, url, trace_request_ctx=way, **options)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if not way.reused:
                    raise

    async def fetch(self, method: str, path: str, *, unpack: bool = True, **options: Any) -> bytes:
        """Ask, and read the whole answer, by default unpacked.

        Raises
        ------
        BadStatusError
        aiohttp.ClientError, TimeoutError
        """
        limit = aiohttp.ClientTimeout(total=REQUEST_S)
        async with self.request(method, path, timeout=limit, **options) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise BadStatusError(answer.status, path)
            encoding = answer.headers.get("Content-Encoding", "") if unpack else ""
            return unpacked(content, encoding)

    async def close(self) -> None:
        await self._session.close()


async def _note_reuse(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    context.trace_request_ctx.reused = True


def unpacked(content: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding."""
    if encoding == "br":
        return bytes(brotli.decompress(content))
    return gzip.decompress(content) if encoding == "gzip" else content


class Page:
    """What the renderer holds: the callbacks, and the properties of the components.

    Parameters
    ----------
    browser : Browser
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._callbacks: list[Body] = []
        self._values: dict[Name, Any] = {}
        self._query = ""

    async def load(self, *, files: bool) -> None:
        """Load the page; `files` says whether to fetch scripts and styles as well.

        Raises
        ------
        BadStatusError
        aiohttp.ClientError, TimeoutError
        """
        index = (await self._browser.fetch("GET", "/")).decode()
        if files:
            for path in FILE.findall(index):
                await self._browser.fetch("GET", path, unpack=False)
        config = CONFIG.search(index)
        token = json.loads(config[1]).get("end_id") if config else None
        self._query = f"?endId={token}" if token else ""
        layout = await self._browser.fetch("GET", "/_dash-layout", headers=JSON_HEADERS)
        callbacks = await self._browser.fetch("GET", "/_dash-dependencies", headers=JSON_HEADERS)
        self._values = dict(properties(layout))
        self._callbacks = callbacks_of_the_server(callbacks)

    def __getitem__(self, name: Name) -> Any:
        return self._values.get(name)

    def put(self, name: str, prop: str, value: Any) -> None:
        """Set a property of a component, which by itself asks the server nothing."""
        self._values[name, prop] = value

    def click(self, name: str) -> None:
        """Count a click."""
        self._values[name, "n_clicks"] = (self._values.get((name, "n_clicks")) or 0) + 1

    def body(self, name: str, prop: str) -> Body:
        """What the renderer sends when a property has changed.

        Raises
        ------
        KeyError
            If no callback of the server, or more than one, waits for it.
        """
        asked = [
            each for each in self._callbacks if named(name, prop) in map(spelt, each["inputs"])
        ]
        if len(asked) != 1:
            raise KeyError(f"{len(asked)} callbacks for {name}.{prop}")
        (callback,) = asked
        changed = [f"{name}.{prop}"]
        body = {
            "output": callback["output"],
            "outputs": outputs(callback["output"]),
            "inputs": [self._filled(each) for each in callback["inputs"]],
            "changedPropIds": changed,
            "parsedChangedPropsIds": changed,
        }
        state = [self._filled(each) for each in callback["state"]]
        return body | ({"state": state} if state else {})

    async def ask(self, name: str, prop: str) -> dict[str, Any]:
        """Call the server because a property has changed; returns the new properties by id.

        Raises
        ------
        BadStatusError
        aiohttp.ClientError, TimeoutError
        """
        content = json.dumps(self.body(name, prop), separators=(",", ":"))
        answer = await self._browser.fetch(
            "POST", "/_dash-update-component" + self._query, data=content, headers=JSON_HEADERS
        )
        response: dict[str, Any] = json.loads(answer)["response"]
        return response

    def _filled(self, item: Body) -> Body:
        name = (item["id"], item["property"])
        known = {"value": self._values[name]} if name in self._values else {}
        return {"id": item["id"], "property": item["property"], **known}


def named(name: str, prop: str) -> str:
    """A property as Dash spells it."""
    return f"{name}.{prop}"


def spelt(item: Body) -> str:
    return named(item["id"], item["property"])


def outputs(output: str) -> Body | list[Body]:
    """``a.x`` or ``..a.x...b.y..`` as the renderer spells it in ``outputs``."""
    several = output.startswith("..") and output.endswith("..")
    parts = output[2:-2].split("...") if several else [output]
    pairs = [part.rpartition(".") for part in parts]
    found = [{"id": name, "property": prop} for name, _, prop in pairs]
    return found if several else found[0]


@lru_cache(maxsize=8)  # a thousand students read the same page
def callbacks_of_the_server(content: bytes) -> list[Body]:
    """The callbacks that the browser does not answer itself."""
    return [each for each in json.loads(content) if not each["clientside_function"]]


@lru_cache(maxsize=8)
def properties(layout: bytes) -> tuple[tuple[Name, Any], ...]:
    """The properties of all components with an id; text and children left out."""
    found: list[tuple[Name, Any]] = []
    waiting = [json.loads(layout)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict) and "props" in node:
            props = node["props"]
            waiting.append(props.get("children"))
            if "id" in props:
                found += [
                    ((props["id"], prop), value)
                    for prop, value in props.items()
                    if prop not in ("id", "children")
                ]
    return tuple(found)
