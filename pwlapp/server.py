"""Runs the web server: opens the port, waits for Redis, and serves from one or more processes."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from filelock import FileLock, Timeout
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from pwlapp import logs, network
from pwlapp.exit_codes import (
    BAD_SETTING,
    FAILED,
    INTERRUPTED,
    NO_FOLDER,
    NO_PORT,
    NO_REDIS,
    Refusal,
)
from pwlapp.metrics import SHARED
from pwlapp.sessions.stores.protocol import StoreUnavailable
from pwlapp.settings import Settings
from pwlapp.web.http.connections import BoundedConnection
from pwlapp.web.static import NotBuilt

logger = logging.getLogger("pwlapp")

STOP_S = 3  # how long a server that stops waits for slow requests
BACKLOG = 2048  # connections that wait to be accepted, when a class opens the page at once
OPEN_FILES = 65_536
LOCK_FILE = "server.lock"  # in the data folder
FOLDER_S = 5.0  # how long to wait for another server that is stopping
REDIS_S = 10.0  # how long to wait for Redis: containers start in any order
REDIS_TRY_S = 1.0
REDIS_AGAIN_S = 0.25

ALL_IPV6 = "::"
NOT_OF_THIS_MACHINE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def run(make_server: Callable[[Settings], FastAPI], factory: str) -> int:
    """Serve, with the settings from the environment, until stopped by a signal.

    Parameters
    ----------
    make_server : callable
        Makes the server of this process.
    factory : str
        For several processes: the function that makes the server of each, as ``"module:name"``.

    Returns
    -------
    int
        The exit code. An error that prevents serving is printed as one line on stderr.
    """
    try:
        with stopped_by_sigterm():
            return _serve(make_server, factory)
    except Refusal as problem:
        sys.stderr.write(f"pwlapp: {problem}\n")
        return problem.status
    except KeyboardInterrupt:
        return INTERRUPTED


def _serve(make_server: Callable[[Settings], FastAPI], factory: str) -> int:
    try:
        settings = Settings.from_env(os.environ)
    except ValueError as problem:
        raise Refusal(BAD_SETTING, str(problem)) from problem
    logs.configure(settings.log_level, settings.log_format)
    allow_open_files()
    if settings.redis_url:
        wait_for_redis(settings.redis_url)
    listeners = listen(settings.host, settings.port)
    with contextlib.nullcontext() if settings.redis_url else only_server_of(settings.data_dir):
        try:
            server = make_server(settings)
        except StoreUnavailable as problem:
            raise Refusal(NO_FOLDER, str(problem)) from problem
        except NotBuilt as problem:
            raise Refusal(FAILED, str(problem)) from problem
        address = network.url(*listeners[0].getsockname()[:2])
        logger.info("serving on %s (Ctrl-C stops it)", address)
        if settings.web_workers > 1:
            return _serve_from_many(factory, settings, listeners)
        return _serve_from_one(server, settings, listeners)


def _serve_from_one(server: FastAPI, settings: Settings, listeners: list[socket.socket]) -> int:
    try:
        uvicorn.Server(_config(server, settings)).run(sockets=listeners)
    except SystemExit as leaving:
        return FAILED if leaving.code else 0
    return 0


def _serve_from_many(factory: str, settings: Settings, listeners: list[socket.socket]) -> int:
    """Serve from several processes, which share their metrics and are replaced when they die."""
    with tempfile.TemporaryDirectory(prefix="pwlapp-") as counts:
        os.environ[SHARED] = counts
        processes = Multiprocess(_config(factory, settings), sockets=listeners)
        processes.run()
    if any(process.exitcode == STARTUP_FAILURE for process in processes.processes):
        return FAILED
    return 0


def _config(app: FastAPI | str, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.web_workers,
        forwarded_allow_ips=settings.proxies,
        http=BoundedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )


@contextlib.contextmanager
def only_server_of(folder: Path) -> Iterator[None]:
    """Lock a data folder against other servers; the system releases the lock if this process dies.

    Two servers on one folder would train the same runs, and neither would notify its pages of the
    other's changes.

    Raises
    ------
    Refusal
        If another server has locked the folder for longer than a restart takes.
    """
    lock = FileLock(folder / LOCK_FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=FOLDER_S)
    except Timeout:
        text = f"{folder}: another server uses it; stop that one, or set PWLAPP_DATA_DIR"
        raise Refusal(NO_FOLDER, text) from None
    except (OSError, NotImplementedError) as error:
        logger.debug("cannot lock %s: %s", folder, error)  # the store will report the reason
    try:
        yield
    finally:
        lock.release()


def allow_open_files() -> None:
    """Raise the soft limit of open files as far as the system allows, up to `OPEN_FILES`.

    Each open page is a connection, and a large class can exceed the usual limit of 1,024.
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
    """Listen at every address of the host, for example IPv4 and IPv6.

    ``::`` includes all IPv4 addresses, since the health check of an image uses 127.0.0.1.
    Connections wait in the queue until the app serves them. Port 0 is a free port, at one address
    only.

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
            listeners.append(
                socket.create_server(
                    address,
                    family=family,
                    backlog=BACKLOG,
                    dualstack_ipv6=host == ALL_IPV6 and socket.has_dualstack_ipv6(),
                )
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                text = f"port {port} of {host} is taken: stop what uses it, or set PWLAPP_PORT"
                raise Refusal(NO_PORT, text) from error
            if error.errno not in NOT_OF_THIS_MACHINE:
                text = f"port {port} of {host} may not be used: {os.strerror(error.errno or 0)}"
                raise Refusal(NO_PORT, text) from error
    if not listeners:
        raise Refusal(BAD_SETTING, f"PWLAPP_HOST={host!r}: not an address of this machine")
    return listeners


def wait_for_redis(url: str, limit_s: float = REDIS_S) -> None:
    """Wait until Redis answers.

    Raises
    ------
    Refusal
        If Redis does not answer in time, or refuses the password.
    """
    # Imported here, since a server without Redis does not need it.
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError

    from pwlapp.sessions.stores.redis_connection import address

    try:
        where = address(url)
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


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Make SIGTERM exit with code 0, also before and after uvicorn handles it.

    The first process of a container ignores the signal unless it has a handler.
    """

    def stop(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
