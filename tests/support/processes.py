"""Helpers for processes: commands, process groups, ports and probes."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

PORTS = range(20_000, 32_000)  # below the range of outgoing connections

# A guard process: when its pipe breaks, it kills the process groups that it has read from it. An
# atexit handler would not run if SIGKILL or SIGTERM ends the tests, and the children would remain.
GUARD = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def redis_command(port: int, folder: Path) -> list[str]:
    """The command line of Redis, which syncs each write to its file: a kill loses nothing."""
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--dir": str(folder),
        "--save": "",
    }
    return ["redis-server", *(word for option in options.items() for word in option)]


def worker_command(name: str, concurrency: int, include: str) -> list[str]:
    celery = [sys.executable, "-m", "celery", "-A", "pwlapp.compute.celery.worker", "worker"]
    options = ["--concurrency", str(concurrency), "--hostname", f"{name}@%h"]
    options += ["--without-gossip", "--without-mingle"]
    if include:
        options += ["--include", include]
    return [*celery, *options, "--loglevel", "warning"]


def free_ports(count: int) -> list[int]:
    """Free ports; all are bound at the same time, so that they differ."""
    listeners: list[socket.socket] = []
    try:
        for port in random.SystemRandom().sample(PORTS, len(PORTS)):
            listener = socket.socket()
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                listener.close()
                continue
            listeners.append(listener)
            if len(listeners) == count:
                break
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def answers_ping(url: str) -> bool:
    """Whether Redis answers and has loaded its file."""
    host, port = url.removeprefix("redis://").removesuffix("/0").split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def status_of(address: str) -> int:
    """HTTP status of an address; 0 if nothing answers."""
    try:
        with urlopen(address, timeout=5) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        error.close()
        return error.code
    except (URLError, OSError):
        return 0


def signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # all gone


def members(group: int) -> list[int]:
    """Ids of the living processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended in the meantime
        state, _parent, its_group = stat.rpartition(")")[2].split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(int(entry.name))
    return sorted(found)


def wait_until_gone(group: int) -> None:
    """Wait until a killed process group is gone; init reaps its orphans."""
    while members(group):
        time.sleep(0.005)
