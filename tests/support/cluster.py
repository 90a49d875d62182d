"""Runs the app like on several machines: Redis, web processes and workers that tests can kill."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes import (
    GUARD,
    answers_ping,
    free_ports,
    members,
    redis_command,
    signal_group,
    status_of,
    wait_until_gone,
    worker_command,
)

ROOT = Path(__file__).resolve().parents[2]
NUMBA_CACHE = ROOT / ".pytest_cache" / "numba"  # as in conftest.py
STOP_S = 30.0
SHOWN_LINES = 20


class ClusterFailed(Exception):
    """A process ended or was not ready in time; the message contains the end of its log."""


class Cluster:
    """Redis, web processes and workers, which run during a ``with`` block.

    Each has its own process group, and all processes of the group are killed. A restarted process
    keeps its name (``"redis"``, ``"web-0"``, ``"worker-1"``), port and log.

    Parameters
    ----------
    folder : Path
        The folder for logs and data.
    webs, workers : int
        Number of each.
    concurrency : int
        Training processes of a worker.
    data : Path or None
        CSV to show; None: the lecture's data.
    settings : mapping of str to str
        Further ``PWLAPP_`` variables.
    include : str
        A module that the workers also import.

    Attributes
    ----------
    redis_url : str
    addresses : list of str
        Of the web processes.

    Raises
    ------
    FileNotFoundError
        If there is no redis-server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        webs: int = 2,
        workers: int = 2,
        concurrency: int = 1,
        data: Path | None = None,
        settings: Mapping[str, str] = {},
        include: str = "",
    ) -> None:
        if shutil.which("redis-server") is None:
            raise FileNotFoundError("redis-server is missing: make test installs it")
        redis_port, *ports = free_ports(1 + webs)
        self.folder = folder
        self.redis_url = f"redis://127.0.0.1:{redis_port}/0"
        self.addresses = [f"http://127.0.0.1:{port}" for port in ports]
        self.webs = [f"web-{i}" for i in range(webs)]
        self.workers = [f"worker-{i}" for i in range(workers)]
        self._env = _environment(self.redis_url, folder, data, settings)
        self._commands = {"redis": redis_command(redis_port, folder / "redis")}
        self._commands |= {name: [sys.executable, "-m", "pwlapp", "serve"] for name in self.webs}
        self._commands |= {
            name: worker_command(name, concurrency, include) for name in self.workers
        }
        self._ports = dict(zip(self.webs, ports, strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        atexit.register(self.close)
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-ISc", GUARD], stdin=subprocess.PIPE, start_new_session=True
            )
            (self.folder / "redis").mkdir(parents=True, exist_ok=True)
            self.start_redis()
            for name in (*self.workers, *self.webs):
                self.start(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill all processes."""
        for name in list(self._running):
            self.kill(name)
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.communicate()
        atexit.unregister(self.close)

    # --- by number --------------------------------------------------------------------------------

    def kill_web(self, i: int) -> None:
        self.kill(self.webs[i])

    def start_web(self, i: int) -> None:
        self.start(self.webs[i])

    def stop_web(self, i: int) -> None:
        self.stop(self.webs[i])

    def kill_worker(self, i: int) -> None:
        self.kill(self.workers[i])

    def start_worker(self, i: int) -> None:
        self.start(self.workers[i])

    def stop_worker(self, i: int) -> None:
        """Stop a worker after its current task, and wait until it has stopped."""
        self.stop(self.workers[i])

    def kill_redis(self) -> None:
        self.kill("redis")

    def start_redis(self) -> None:
        """Start Redis and wait until it answers."""
        self.start("redis")
        self._wait(lambda: answers_ping(self.redis_url), "redis", time.monotonic() + STOP_S)

    # --- by name ----------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a process that is not running; does not wait until it is ready."""
        if self.is_running(name) or self._guard is None:
            raise ValueError(f"{name} is running already, or the cluster is not")
        env = self._env
        if name in self._ports:
            env = env | {"PWLAPP_PORT": str(self._ports[name])}
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._tell_guard(f"+{self.pid(name)}")

    def kill(self, name: str) -> None:
        """Kill the whole process group, and wait until it is gone."""
        process = self._running.pop(name)
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
        wait_until_gone(process.pid)
        self._tell_guard(f"-{process.pid}")

    def stop(self, name: str, patience_s: float = STOP_S) -> None:
        """Send SIGTERM, wait until the process ends, then kill the rest of its process group.

        Raises
        ------
        ClusterFailed
            If it does not end in time; it is then killed.
        """
        self.signal(name, signal.SIGTERM, whole_group=False)
        try:
            self._running[name].wait(patience_s)
        except subprocess.TimeoutExpired as late:
            raise ClusterFailed(f"{name} does not end; {self.tail(name)}") from late
        finally:
            self.kill(name)

    def signal(self, name: str, number: signal.Signals, *, whole_group: bool = True) -> None:
        """Send a signal, such as SIGSTOP, to all processes of a group, or to the first only."""
        pid = self.pid(name)
        if whole_group:
            signal_group(pid, number)
        else:
            self._running[name].send_signal(number)

    def signal_child(self, name: str, pid: int, number: signal.Signals) -> bool:
        """Send a signal to one of `children`; returns False if it has ended."""
        if pid not in self.children(name):
            return False
        os.kill(pid, number)
        return True

    def is_running(self, name: str) -> bool:
        """Whether the process was started and has not ended."""
        return name in self._running and self._running[name].poll() is None

    def pid(self, name: str) -> int:
        """Id of the process, and of its group."""
        return self._running[name].pid

    def children(self, name: str) -> list[int]:
        """Ids of the other processes of its group, such as a worker's pool."""
        leader = self.pid(name)
        return [pid for pid in members(leader) if pid != leader]

    def log(self, name: str) -> Path:
        """The file of its stdout and stderr."""
        return self.folder / f"{name}.log"

    def tail(self, name: str) -> str:
        """The end of its log."""
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"the end of {self.log(name)}:", *lines[-SHOWN_LINES:]])

    # --- readiness --------------------------------------------------------------------------------

    def wait_until_ready(self, timeout_s: float = 60) -> None:
        """Wait until each running web process serves its page, and has a worker if there is one.

        Raises
        ------
        ClusterFailed
        """
        deadline = time.monotonic() + timeout_s
        has_workers = any(map(self.is_running, self.workers))
        for name in filter(self.is_running, self.webs):
            self.wait_for_web(name, deadline, path="/")
            if has_workers:
                self.wait_for_web(name, deadline, path="/readyz")

    def wait_for_web(self, name: str, deadline: float, path: str) -> None:
        """Wait until a web process answers; a 404 counts as ready."""
        address = f"http://127.0.0.1:{self._ports[name]}{path}"
        self._wait(lambda: status_of(address) in (200, 404), name, deadline)

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.write(line.encode() + b"\n")
            self._guard.stdin.flush()

    def _wait(self, condition: Callable[[], bool], name: str, deadline: float) -> None:
        while not condition():
            if not self.is_running(name):
                raise ClusterFailed(f"{name} has ended; {self.tail(name)}")
            if time.monotonic() > deadline:
                raise ClusterFailed(f"{name} is not ready; {self.tail(name)}")
            time.sleep(0.05)


def _environment(
    redis_url: str, folder: Path, data: Path | None, settings: Mapping[str, str]
) -> dict[str, str]:
    """The environment of the processes, without ``PWLAPP_`` variables of the caller."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PWLAPP_")}
    return {
        "NUMBA_CACHE_DIR": str(NUMBA_CACHE),
        **inherited,
        "PWLAPP_REDIS_URL": redis_url,
        "PWLAPP_HOST": "127.0.0.1",
        "PWLAPP_DATA_DIR": str(folder / "data"),
        "PWLAPP_DATA": str(data or ""),
        **settings,
    }
