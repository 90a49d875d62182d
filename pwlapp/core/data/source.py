"""Reads a file or fetches a URL, with limits of size and time."""

from __future__ import annotations

import time
from pathlib import Path

from pwlapp.errors import UserError

CHUNK = 65_536  # bytes


def is_url(source: str) -> bool:
    """Whether a source is a URL rather than a file name."""
    return source.lower().startswith(("http://", "https://"))


def display_name(source: str) -> str:
    """A source's name for display: a file name, or a URL without user, password and query."""
    if not is_url(source):
        return Path(source).name
    scheme, _, rest = source.partition("://")
    address = rest.partition("?")[0].partition("#")[0]  # no ?token=...
    host, slash, path = address.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"  # no user:password@


def too_big(max_bytes: int) -> UserError:
    """The error for a file of more than ``max_bytes``; its limit_mb counts 10**6 bytes."""
    return UserError("data_too_big", limit_mb=round(max_bytes / 1e6, 3))


def read_source(path_or_url: str, *, timeout_s: float, max_bytes: int) -> bytes:
    """Read a whole file or fetch a whole URL.

    Parameters
    ----------
    path_or_url : str
        ``http://...`` or ``https://...``, else the path of a file, which may begin with ``~``.
    timeout_s : float
        Time limit for connecting, and again for the whole body.
    max_bytes : int
        A larger source is refused; no more than this is read.

    Raises
    ------
    UserError
        ``data_not_found`` (name), ``data_unreachable`` (name), ``data_too_big`` (limit_mb).
    """
    if is_url(path_or_url):
        return read_url(path_or_url, timeout_s=timeout_s, max_bytes=max_bytes)
    return read_file(Path(path_or_url), max_bytes=max_bytes)


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Read a whole file; see `read_source`."""
    try:
        path = path.expanduser()
        if not path.is_file():  # a folder, or a pipe, which would block
            raise UserError("data_not_found", name=path.name)
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except (OSError, RuntimeError):  # not readable, or the home folder of an unknown user
        raise UserError("data_unreachable", name=path.name) from None
    if len(raw) > max_bytes:
        raise too_big(max_bytes)
    return raw


def read_url(url: str, *, timeout_s: float, max_bytes: int) -> bytes:
    """Fetch a whole URL; see `read_source`."""
    import requests  # slow to import, and rarely needed
    import urllib3

    deadline = time.monotonic() + timeout_s
    raw = bytearray()
    try:
        with requests.get(url, stream=True, timeout=timeout_s) as response:
            if response.status_code in (404, 410):
                raise UserError("data_not_found", name=display_name(url))
            response.raise_for_status()
            # read1 returns the bytes that have arrived. iter_content waits for a whole chunk,
            # which may take longer than the deadline.
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                raw += chunk
                if len(raw) > max_bytes:
                    raise too_big(max_bytes)
                if time.monotonic() > deadline:
                    raise UserError("data_unreachable", name=display_name(url))
    except UserError:
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):
        # ValueError: an invalid address, for example of a redirect
        raise UserError("data_unreachable", name=display_name(url)) from None
    return bytes(raw)
