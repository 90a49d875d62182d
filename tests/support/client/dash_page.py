"""The page without a browser: sends the requests that Dash's renderer sends.

The callbacks are read from ``/_dash-dependencies`` and the values of the fields from
``/_dash-layout``, as the renderer does. A browser test compares the bodies with Chromium's.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, TypeAlias

import httpx2

FILE = re.compile(r'<(?:script|link)\b[^>]*? (?:src|href)="(?!data:)([^"]+)"')
CONFIG = re.compile(r'<script id="_dash-config"[^>]*>(.*?)</script>', re.DOTALL)

Body: TypeAlias = dict[str, Any]
Property: TypeAlias = tuple[str, str]  # (id of a component, name of the property)


class DashPage:
    """Dash's callbacks, and the properties of the components.

    Parameters
    ----------
    http : httpx2.AsyncClient

    Attributes
    ----------
    values : dict of (str, str) to object
        Properties by the id of their component and their name.
    """

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._callbacks: list[Body] = []
        self._query: dict[str, str] = {}
        self.values: dict[Property, Any] = {}

    async def load(self, *, files: bool) -> None:
        """Load the page; `files` says whether to fetch scripts and styles as well.

        Raises
        ------
        httpx2.HTTPError
        """
        index = (await get(self._http, "/")).decode()
        if files:
            for path in FILE.findall(index):
                await self._fetch_file(path)
        config = CONFIG.search(index)
        token = json.loads(config[1]).get("end_id") if config else None
        self._query = {"endId": token} if token else {}
        self.values = dict(properties(await get(self._http, "/_dash-layout")))
        self._callbacks = server_callbacks(await get(self._http, "/_dash-dependencies"))

    def click(self, button: str) -> None:
        """Count a click."""
        self.values[button, "n_clicks"] = (self.values.get((button, "n_clicks")) or 0) + 1

    def body(self, name: str, prop: str) -> Body:
        """The body that the renderer sends when a property has changed.

        Raises
        ------
        KeyError
            If not exactly one of the server's callbacks has it as an input.
        """
        changed = {"id": name, "property": prop}
        asked = [each for each in self._callbacks if changed in map(_identity, each["inputs"])]
        if len(asked) != 1:
            raise KeyError(f"{len(asked)} callbacks for {name}.{prop}")
        (callback,) = asked
        state = [self._filled(each) for each in callback["state"]]
        return {
            "output": callback["output"],
            "outputs": outputs(callback["output"]),
            "inputs": [self._filled(each) for each in callback["inputs"]],
            "changedPropIds": [f"{name}.{prop}"],
            "parsedChangedPropsIds": [f"{name}.{prop}"],
            **({"state": state} if state else {}),
        }

    async def ask(self, name: str, prop: str) -> dict[str, Any]:
        """Run the callback of a property that has changed; returns the new properties by id.

        Raises
        ------
        httpx2.HTTPError
        """
        answer = await self._http.post(
            "/_dash-update-component", params=self._query, json=self.body(name, prop)
        )
        response: dict[str, Any] = answer.raise_for_status().json()["response"]
        return response

    def _filled(self, item: Body) -> Body:
        name = (item["id"], item["property"])
        return _identity(item) | ({"value": self.values[name]} if name in self.values else {})

    async def _fetch_file(self, path: str) -> None:
        async with self._http.stream("GET", path) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():  # not decompressed, as the browser does that
                pass


async def get(http: httpx2.AsyncClient, path: str) -> bytes:
    """The body of a response.

    Raises
    ------
    httpx2.HTTPError
        Also if the status is an error.
    """
    return (await http.get(path)).raise_for_status().content


def outputs(output: str) -> Body | list[Body]:
    """Parse ``a.x`` or ``..a.x...b.y..`` into the form of ``outputs`` in a request."""
    several = output.startswith("..") and output.endswith("..")
    parts = output[2:-2].split("...") if several else [output]
    pairs = [part.rpartition(".") for part in parts]
    found = [{"id": name, "property": prop} for name, _, prop in pairs]
    return found if several else found[0]


def _identity(item: Body) -> Body:
    return {"id": item["id"], "property": item["property"]}


@lru_cache(maxsize=8)  # cached, since a thousand students read the same page
def server_callbacks(content: bytes) -> list[Body]:
    """The callbacks that run on the server."""
    return [each for each in json.loads(content) if not each["clientside_function"]]


@lru_cache(maxsize=8)
def properties(layout: bytes) -> list[tuple[Property, Any]]:
    """The properties of all components with an id, except children."""
    found: list[tuple[Property, Any]] = []
    waiting = [json.loads(layout)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict) and "props" in node:
            props = node["props"]
            children, id_ = props.pop("children", None), props.pop("id", None)
            waiting.append(children)
            if id_ is not None:
                found += [((id_, prop), value) for prop, value in props.items()]
    return found
