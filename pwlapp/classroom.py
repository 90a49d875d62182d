"""``python -m pwlapp class``: serves one class in the local network, with an open room.

It works without an internet connection, for example on a laptop with a phone's hotspot.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import TextIO

import requests
import segno

from pwlapp import network
from pwlapp.rooms import codes
from pwlapp.settings import Settings

ALL_INTERFACES = "0.0.0.0"  # noqa: S104 -- students have to reach it
START_S = 120.0
ANSWER_S = 10.0
AGAIN_S = 0.2


def serve() -> int:
    """Serve on all network interfaces, print the room's links, and return the exit code."""
    import app  # the web server takes a second to import, and `fit` does not need it

    os.environ.setdefault("PWLAPP_HOST", ALL_INTERFACES)
    try:
        port = Settings.from_env(os.environ).port
    except ValueError:
        return app.main()  # prints what is wrong
    threading.Thread(target=announce, args=(port, sys.stdout), daemon=True).start()
    return app.main()


def announce(port: int, out: TextIO) -> None:
    """Open a room as soon as the server is ready, and print how to join it.

    Prints nothing if the server does not start, since the server prints the reason.
    """
    here = f"http://127.0.0.1:{port}"
    if not _is_ready(here):
        return
    room = requests.post(f"{here}/rooms", json={}, timeout=ANSWER_S).json()
    out.write(invitation(room["code"], room["teacher"], port, network.urls(port)))
    out.flush()


def invitation(code: str, token: str, port: int, urls: Mapping[str, str]) -> str:
    """The text for the terminal: the students' link for each interface, also as a QR code."""
    lines = [f"\nRoom {codes.written(code)}. Students open one of these, or scan it:\n"]
    for name, url in urls.items():
        link = codes.link(f"{url}/", code)
        lines += [f"  {link}  ({name})", "", _qr(link)]
    if not urls:
        lines.append("  (no network: connect this machine to one, then start again)\n")
    lines.append(f"Your board, for you alone: http://localhost:{port}/#board={token}\n\n")
    return "\n".join(lines)


def _qr(link: str) -> str:
    """A QR code made of half-block characters."""
    text = io.StringIO()
    segno.make_qr(link).terminal(out=text, border=2, compact=True)
    return text.getvalue()


def _is_ready(url: str) -> bool:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/readyz", timeout=ANSWER_S).ok:
                return True
        time.sleep(AGAIN_S)
    return False
