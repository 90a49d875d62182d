"""Starts the app in another process, as users run it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
START_S = 90


@contextmanager
def serve(
    data_dir: Path, data: Path | None = None, port: int | None = None, **settings: str
) -> Iterator[str]:
    """Run the app on the lecture's data or on `data`; yields its address."""
    port = port or free_port()
    env = os.environ | {
        "PWLAPP_PORT": str(port),
        "PWLAPP_DATA_DIR": str(data_dir),
        "PWLAPP_DATA": str(data or ""),
        "PWLAPP_WORKERS": "2",
        **settings,
    }
    with (data_dir / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pwlapp", "serve"], cwd=ROOT, env=env, stderr=log
        )
        address = f"http://localhost:{port}"
        try:
            _wait_until_ready(process, address)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urlopen(f"{address}/readyz", timeout=5).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            assert process.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.1)
