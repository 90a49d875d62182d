"""The page's own scripts and styles, each sent as one file.

There are some sixty of them. Asked for one by one, over a class's Wi-Fi and by all at once, they
would cost more in questions than in answers, and one text compresses better than sixty.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from pwlapp.web.static import FOREVER

PATH = "/bundle/"
# A worker's script is a file of its own, since the worker runs nothing else.
IGNORE = r"^(?!.*-worker\.js$).*\.(js|css)$"  # what Dash is to leave to us, by its name
MEDIA_TYPES = {"js": "text/javascript", "css": "text/css"}


class Bundle:
    """All files of one kind in the assets folder, in the order in which Dash would send them.

    They are read anew when one of them changes, so that an edit shows at the next reload.

    Parameters
    ----------
    assets : Path
    kind : str
        ``"js"`` or ``"css"``.
    """

    def __init__(self, assets: Path, kind: str) -> None:
        files = (path for path in assets.rglob(f"*.{kind}") if not path.stem.endswith("-worker"))
        # A folder's own files come before those of the folders in it.
        self._files = sorted(files, key=lambda path: (path.parent, path.name))
        self._kind = kind
        self._read_at = -1.0
        self._body = b""

    def body(self) -> bytes:
        """The one file."""
        there = [path for path in self._files if path.exists()]
        changed = max((path.stat().st_mtime for path in there), default=0.0)
        if changed != self._read_at:
            self._body = b"\n".join(path.read_bytes() for path in there)
            self._read_at = changed
        return self._body

    def url(self) -> str:
        """Its address, which names its content."""
        return f"{PATH}{hashlib.sha256(self.body()).hexdigest()[:16]}.{self._kind}"


def serve_bundles(server: FastAPI, assets: Path) -> tuple[Bundle, Bundle]:
    """Serve scripts and styles.

    Parameters
    ----------
    server : FastAPI
        Gets the route.
    assets : Path

    Returns
    -------
    tuple of Bundle
        The scripts, the styles.
    """
    bundles = Bundle(assets, "js"), Bundle(assets, "css")

    @server.get(PATH + "{name}", include_in_schema=False)
    async def bundle(name: str) -> Response:
        for each, media_type in zip(bundles, MEDIA_TYPES.values(), strict=True):
            if f"{PATH}{name}" == each.url():
                headers = {"Cache-Control": FOREVER}
                return Response(each.body(), media_type=media_type, headers=headers)
        return PlainTextResponse("no such file", status_code=404)

    return bundles
