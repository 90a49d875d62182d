"""What a server needs before it can serve: a port and its Redis; and how it ends without them."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

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
    """The server can't start; the text tells why, in a line.

    Attributes
    ----------
    status : int
        Of `EXIT_CODES`.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def allow_open_files() -> None:
    """Let this process have as many connections as the system lets it, up to `OPEN_FILES`.

    Each open page is one, and the usual limit of 1,024 is what a large class has.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def bind(host: str, port: int) -> list[socket.socket]:
    """Take the port at every address of the host, such as IPv4 and IPv6; port 0 is a free one.

    Raises
    ------
    Refusal
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise Refusal(BAD_SETTING, f"PWLAPP_HOST={host!r}: there is no such address") from error
    taken: list[socket.socket] = []
    problem: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        if taken and port == 0:
            break
        listener = socket.socket(family)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
        except OSError as error:
            listener.close()
            if error.errno not in _NOT_HERE:
                _refuse_port(host, port, error)
            problem = error
        else:
            taken.append(listener)
    if not taken:
        text = f"PWLAPP_HOST={host!r}: not an address of this machine"
        raise Refusal(BAD_SETTING, text) from problem
    return taken


def listen(listeners: list[socket.socket]) -> str:
    """Let connections in, to wait until the app serves them; returns where, as an address.

    Raises
    ------
    Refusal
        If another server did so since the port was taken.
    """
    host, port = listeners[0].getsockname()[:2]
    for listener in listeners:
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            _refuse_port(host, port, error)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_port(host: str, port: int, error: OSError) -> NoReturn:
    if error.errno == errno.EADDRINUSE:
        text = f"port {port} of {host} is taken: stop what uses it, or set PWLAPP_PORT"
    else:
        text = f"port {port} of {host} may not be used: {error.strerror}"
    raise Refusal(NO_PORT, text) from error


async def wait_for_redis(url: str, limit_s: float = REDIS_S) -> None:
    """Wait until Redis answers.

    Raises
    ------
    Refusal
        If it does not in time, or wants another password.
    """
    # Not needed by a server without Redis.
    import redis.asyncio
    from redis.exceptions import AuthenticationError, RedisError

    from pwlapp.sessions.stores.redis_connection import place

    try:
        where = place(url)
        client = redis.asyncio.Redis.from_url(
            url, socket_connect_timeout=REDIS_TRY_S, socket_timeout=REDIS_TRY_S, retry=None
        )
    except ValueError as error:
        raise Refusal(BAD_SETTING, "PWLAPP_REDIS_URL=***: its port is no number") from error
    clock = asyncio.get_running_loop().time
    deadline = clock() + limit_s
    has_said = False
    async with client:
        while True:
            try:
                await client.ping()
            except (RedisError, OSError) as error:
                if isinstance(error, AuthenticationError) or clock() >= deadline:
                    why = str(error) or type(error).__name__
                    raise Refusal(NO_REDIS, f"Redis at {where} can't be used: {why}") from error
                if not has_said:
                    logger.warning("waiting for Redis at %s, up to %g s", where, limit_s)
                    has_said = True
                await asyncio.sleep(REDIS_AGAIN_S)
            else:
                return


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Make SIGTERM an orderly end with status 0, also before and after the server listens to it.

    As a container's first process it would not even hear of it otherwise.
    """

    def stop(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
