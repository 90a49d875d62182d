"""``python -m pwlapp class``: a server for one class, with a room that is open.

It works without an internet connection: a laptop that serves, and the network of a phone.
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

ALL_INTERFACES = "0.0.0.0"  # noqa: S104 -- what a class needs
START_S = 120.0
ANSWER_S = 10.0
AGAIN_S = 0.2


def serve() -> int:
    """Serve to all network interfaces; print the room's addresses; return the exit status."""
    import app  # the web server takes a second to import, and `fit` does not need it

    os.environ.setdefault("PWLAPP_HOST", ALL_INTERFACES)
    try:
        port = Settings.from_env(os.environ).port
    except ValueError:
        return app.main()  # which says what is wrong
    threading.Thread(target=announce, args=(port, sys.stdout), daemon=True).start()
    return app.main()


def announce(port: int, out: TextIO) -> None:
    """Open a room as soon as the server is ready, and print how to come in.

    Prints nothing if the server does not start; it has said why.
    """
    here = f"http://127.0.0.1:{port}"
    if not _is_ready(here):
        return
    room = requests.post(f"{here}/rooms", json={}, timeout=ANSWER_S).json()
    out.write(invitation(room["code"], room["teacher"], port, network.urls(port)))
    out.flush()


def invitation(code: str, token: str, port: int, urls: Mapping[str, str]) -> str:
    """The text for the terminal: for each interface the students' link, also as a QR code."""
    lines = [f"\nRoom {codes.written(code)}. Students open one of these, or scan it:\n"]
    for name, url in urls.items():
        link = codes.link(f"{url}/", code)
        lines += [f"  {link}  ({name})", "", _qr(link)]
    if not urls:
        lines.append("  (no network: connect this machine to one, then start again)\n")
    lines.append(f"Your board, for you alone: http://localhost:{port}/#board={token}\n\n")
    return "\n".join(lines)


def _qr(link: str) -> str:
    """A QR code in half blocks, for a terminal."""
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
