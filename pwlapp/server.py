"""Runs the web server: one process, or several on one port."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from pwlapp import logs, serving
from pwlapp.metrics import SHARED
from pwlapp.serving import Refusal
from pwlapp.sessions.stores.protocol import StoreUnavailable
from pwlapp.settings import Settings
from pwlapp.web.static import NotBuilt

logger = logging.getLogger("pwlapp")

STOP_S = 3  # how long a server that is told to stop waits for slow requests


def run(make_server: Callable[[Settings], FastAPI], factory: str) -> int:
    """Serve with the settings from the environment until told to stop.

    Parameters
    ----------
    make_server : callable
        Makes the server of this process.
    factory : str
        Where each of several processes finds a function that makes its own: ``"module:name"``.

    Returns
    -------
    int
        The exit status. Anything that prevents serving is one line on stderr.
    """
    try:
        with serving.stopped_by_sigterm():
            return _serve(make_server, factory)
    except Refusal as problem:
        sys.stderr.write(f"pwlapp: {problem}\n")
        return problem.status
    except KeyboardInterrupt:
        return serving.INTERRUPTED


def _serve(make_server: Callable[[Settings], FastAPI], factory: str) -> int:
    try:
        settings = Settings.from_env(os.environ)
    except ValueError as problem:
        raise Refusal(serving.BAD_SETTING, str(problem)) from problem
    logs.configure(settings.log_level, settings.log_format)
    serving.allow_open_files()
    if settings.redis_url:
        serving.wait_for_redis(settings.redis_url)
    listeners = serving.listen(settings.host, settings.port)
    try:
        server = make_server(settings)
    except StoreUnavailable as problem:
        raise Refusal(serving.NO_FOLDER, str(problem)) from problem
    except NotBuilt as problem:
        raise Refusal(serving.FAILED, str(problem)) from problem
    logger.info("serving on %s (Ctrl-C stops it)", serving.url_of(listeners[0]))
    if settings.web_workers > 1:
        return _serve_from_many(factory, settings.web_workers, listeners)
    return _serve_from_one(server, listeners)


def _serve_from_one(server: FastAPI, listeners: list[socket.socket]) -> int:
    try:
        uvicorn.Server(_config(server)).run(sockets=listeners)
    except SystemExit as leaving:
        return serving.FAILED if leaving.code else 0
    return 0


def _serve_from_many(factory: str, count: int, listeners: list[socket.socket]) -> int:
    """Serve from processes that are replaced when they die, and count together what they do."""
    with tempfile.TemporaryDirectory(prefix="pwlapp-") as counts:
        os.environ[SHARED] = counts
        processes = Multiprocess(_config(factory, count), sockets=listeners)
        processes.run()
    if any(process.exitcode == STARTUP_FAILURE for process in processes.processes):
        return serving.FAILED
    return 0


def _config(app: FastAPI | str, processes: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=processes,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )
