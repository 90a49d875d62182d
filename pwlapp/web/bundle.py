"""The browser's half, as ``make build`` wrote it: files with a hash of their content as name."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, PlainTextResponse, Response

FOREVER = "public, max-age=31536000, immutable"
PATH = "/static/"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}


class NotBuilt(RuntimeError):
    """``build/`` is missing: run ``make build``."""


def serve_built(server: FastAPI, build: Path) -> dict[str, str]:
    """Serve the built files.

    Parameters
    ----------
    server : FastAPI
        Gets the route.
    build : Path
        The folder that ``scripts/build.mjs`` wrote.

    Returns
    -------
    dict of str to str
        Addresses by what they are: ``main``, ``style``, ``worker``, and Plotly's bundles ``basic``,
        ``cartesian``, ``gl3d``.

    Raises
    ------
    NotBuilt
    """
    manifest = build / "manifest.json"
    if not manifest.is_file():
        raise NotBuilt(f"{build} has no manifest.json: run make build")
    files = {path.name: path for path in (build / "static").iterdir()}

    @server.get(PATH + "{name}", include_in_schema=False)
    async def built(name: str) -> Response:
        if (path := files.get(name)) is None:
            return PlainTextResponse("no such file", status_code=404)
        headers = {"Cache-Control": FOREVER}
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)

    names: dict[str, str] = json.loads(manifest.read_text("utf-8"))
    return {name: PATH + file for name, file in names.items()}
