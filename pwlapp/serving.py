"""What a server needs before it can serve, a port and its Redis, and its exit codes."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pwlapp.settings import Settings

logger = logging.getLogger(__name__)

FAILED = 1
BAD_SETTING = 2
NO_PORT = 3
NO_FOLDER = 4
NO_REDIS = 5
INTERRUPTED = 130

EXIT_CODES = {
    0: "it did what was asked, or was told to stop (SIGTERM)",
    FAILED: "something unforeseen; the lines before say what",
    BAD_SETTING: "a setting or an argument can't be used",
    NO_PORT: "the port is taken, or may not be used",
    NO_FOLDER: "the data folder can't be written",
    NO_REDIS: "Redis can't be reached",
    INTERRUPTED: "Ctrl-C",
}

BACKLOG = 2048  # a class that opens the page at once
OPEN_FILES = 65_536
REDIS_S = 10.0  # for Redis to come up: containers start in any order
REDIS_TRY_S = 1.0
REDIS_AGAIN_S = 0.25

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def settings_table() -> str:
    """The settings for a terminal, each with its default and what it does."""
    lines = ["settings, as environment variables:"]
    for variable, default, what in Settings.table():
        lines += [f"  {variable} ({default or 'empty'})", f"      {what}"]
    return "\n".join(lines)


def exit_codes() -> str:
    """The exit codes for a terminal."""
    return "\n".join(["exit codes:", *(f"  {code:<5}{what}" for code, what in EXIT_CODES.items())])


class Refusal(Exception):
    """The server can't start; the text is one line that says why.

    Attributes
    ----------
    status : int
        Of `EXIT_CODES`.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def allow_open_files() -> None:
    """Raise the soft limit of open files as far as the system allows, up to `OPEN_FILES`.

    Each open page is a connection, and the usual limit of 1,024 is what a large class has.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen at every address of the host, such as IPv4 and IPv6.

    Connections queue until the app serves them.

    Parameters
    ----------
    host : str
    port : int
        0 takes a free one, at one address.

    Raises
    ------
    Refusal
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise Refusal(BAD_SETTING, f"PWLAPP_HOST={host!r}: there is no such address") from error
    listeners: list[socket.socket] = []
    for family, _, _, _, address in dict.fromkeys(found):
        if listeners and port == 0:
            break
        try:
            listeners.append(socket.create_server(address, family=family, backlog=BACKLOG))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                text = f"port {port} of {host} is taken: stop what uses it, or set PWLAPP_PORT"
                raise Refusal(NO_PORT, text) from error
            if error.errno not in _NOT_HERE:
                text = f"port {port} of {host} may not be used: {os.strerror(error.errno or 0)}"
                raise Refusal(NO_PORT, text) from error
    if not listeners:
        raise Refusal(BAD_SETTING, f"PWLAPP_HOST={host!r}: not an address of this machine")
    return listeners


def url_of(listener: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def wait_for_redis(url: str, limit_s: float = REDIS_S) -> None:
    """Wait until Redis answers.

    Raises
    ------
    Refusal
        If it does not in time, or wants another password.
    """
    # Not needed by a server without Redis.
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError

    from pwlapp.sessions.stores.redis_connection import place

    try:
        where = place(url)
        client = Redis.from_url(
            url, socket_connect_timeout=REDIS_TRY_S, socket_timeout=REDIS_TRY_S, retry=None
        )
    except ValueError as error:
        raise Refusal(BAD_SETTING, "PWLAPP_REDIS_URL=***: its port is no number") from error
    deadline = time.monotonic() + limit_s
    has_said = False
    while True:
        try:
            client.ping()
        except (RedisError, OSError) as error:
            if isinstance(error, AuthenticationError) or time.monotonic() >= deadline:
                why = str(error) or type(error).__name__
                raise Refusal(NO_REDIS, f"Redis at {where} can't be used: {why}") from error
            if not has_said:
                logger.warning("waiting for Redis at %s, up to %g s", where, limit_s)
                has_said = True
            time.sleep(REDIS_AGAIN_S)
        else:
            client.close()
            return


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Make SIGTERM exit with status 0, also before and after uvicorn handles it.

    A container's first process ignores the signal unless it has a handler.
    """

    def stop(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
