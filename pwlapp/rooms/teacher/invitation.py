"""The links with which students join a room."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from pwlapp import network
from pwlapp.core.export import qr
from pwlapp.rooms.codes import link
from pwlapp.rooms.service import RoomService

ANSWER_S = 1.0
LOCAL = ("localhost", "127.0.0.1", "::1")  # other devices cannot reach these


async def links(rooms: RoomService, code: str, page: str) -> list[dict[str, Any]]:
    """A link for each network interface of this machine, with its QR code as SVG.

    Unless it is local, the address `page` at which the teacher has opened the page comes first.
    """
    address = urlsplit(page)
    port = address.port or (443 if address.scheme == "https" else 80)
    urls = [
        url
        for url in (await asyncio.to_thread(network.urls, port)).values()
        if await answers(url)  # it does not if the server listens to local connections only
    ]
    if address.hostname not in LOCAL or not urls:
        urls.insert(0, f"{address.scheme}://{address.netloc}")
    path = address.path or "/"
    found = [link(url + path, code) for url in dict.fromkeys(urls)]
    pictures = await asyncio.gather(*(rooms.sessions.runner.call(qr.svg, url) for url in found))
    return [{"url": url, "qr": svg} for url, svg in zip(found, pictures, strict=True)]


async def answers(url: str) -> bool:
    """Whether something accepts connections at a URL."""
    address = urlsplit(url)
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
