"""Runs an image's files as Docker does, with namespaces and chroot.

The root is read-only, the caller mounts /tmp and /data, and the process has a PID namespace of its
own and runs as the image's user. Everything is gone when the process of `entered` ends.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

USER = "10001:10001"
TMPFS = ("mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec,mode=1777", "tmpfs")


def entered(*command: str | Path) -> list[str]:
    """The command that runs another one in its own network and mount namespaces."""
    own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    start = 'ip link set lo up && exec "$@"'
    return ["unshare", *own, "sh", "-c", start, "sh", *map(str, command)]


class Container:
    """One container; several may share their files.

    Parameters
    ----------
    root : Path
        The image's files; made read-only.
    config : mapping
        The image's configuration, as Docker writes it.
    folder : Path
        For the container's mounts and its log.
    data : Path or None
        The volume at /data; None: a tmpfs.
    settings : mapping of str to str
        More environment variables.
    user : str
        Its user and group, as numbers.
    """

    def __init__(
        self,
        root: Path,
        config: Mapping[str, Any],
        folder: Path,
        data: Path | None = None,
        settings: Mapping[str, str] = {},
        user: str = USER,
    ) -> None:
        folder.mkdir(parents=True)
        self.log = folder / "log"
        self._root, self._config, self._user = folder / "root", config, user
        self._root.mkdir()
        self._variables = [*config["Env"], *(f"{name}={to}" for name, to in settings.items())]
        self._process: subprocess.Popen[bytes] | None = None
        run("mount", "--bind", root, self._root)
        run("mount", "-o", "remount,ro,bind", self._root)
        run("mount", "--rbind", "/dev", self._root / "dev")
        run(*TMPFS, self._root / "tmp")
        if data is None:
            run(*TMPFS, self._root / "data")
        else:
            run("mount", "--bind", data, self._root / "data")

    def start(self, command: Sequence[str] = ()) -> None:
        """Start the image's command, or another one."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._inside(command or self._config["Cmd"]), stdout=log, stderr=log
            )

    def wait(self, limit_s: float = 60) -> int:
        """Wait until it ends by itself; returns its exit status."""
        if self._process is None:
            raise ValueError("it does not run")
        return self._process.wait(limit_s)

    def call(self, *command: str, timeout_s: float = 120) -> str:
        """Run a command beside the first one; returns its output."""
        done = subprocess.run(
            self._inside(command), capture_output=True, text=True, timeout=timeout_s, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def stop(self, limit_s: float = 10) -> float:
        """Stop it as `docker stop` does; returns the seconds until it ended.

        Raises
        ------
        RuntimeError
            If it ended with another status than 0, or left a process behind.
        """
        if self._process is None:
            raise ValueError("it does not run")
        since = time.monotonic()
        [first] = children(self._process.pid)
        run("kill", "-s", self._config.get("StopSignal") or signal.SIGTERM.name, str(first))
        status = self._process.wait(limit_s)
        if status != 0:
            raise RuntimeError(f"it ended with {status}: {self.log.read_text('utf-8')}")
        return time.monotonic() - since

    def kill(self) -> None:
        """Kill it with SIGKILL, as if its machine had failed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def is_healthy(self) -> bool:
        """Whether the image's health check succeeds."""
        kind, *command = self._config["Healthcheck"]["Test"]
        if kind != "CMD":
            raise ValueError(f"a health check of the kind {kind}")
        return subprocess.run(self._inside(command), capture_output=True).returncode == 0

    def _inside(self, command: Sequence[str]) -> list[str]:
        own = ["--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self._root}/proc"]
        user = ["chroot", f"--userspec={self._user}", "--groups=", str(self._root)]
        start = ["env", "-i", *self._variables, "sh", "-c", 'cd "$0" && exec "$@"']
        return ["unshare", *own, *user, *start, self._config["WorkingDir"], *command]


def say(text: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(word) for word in text.split()]


def fetch(address: str, headers: Mapping[str, str] = {}) -> str:
    with urlopen(Request(address, headers=dict(headers)), timeout=10) as answer:
        content: bytes = answer.read()
    return content.decode()


def answers(address: str) -> bool:
    try:
        fetch(address)
    except (URLError, OSError):
        return False
    return True


def wait_until(what: str, condition: Callable[[], bool], limit_s: float = 60) -> float:
    """Poll until a condition is true; returns the seconds that it took."""
    since = time.monotonic()
    while not condition():
        if time.monotonic() - since > limit_s:
            raise TimeoutError(f"{what}: not within {limit_s:g} s")
        time.sleep(0.02)
    return time.monotonic() - since
