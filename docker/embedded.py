"""``python -m docker.embedded ROOT CONFIG FOLDER``: checks of one container, the embedded mode.

Started by `docker.check`, in separate network and mount namespaces.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.container import USER, Container, answers, say, wait_until
from pwlapp.exit_codes import NO_FOLDER
from tests.support.client.student import Student

ADDRESS = "http://127.0.0.1:8050"
OTHER_USERS = ("1000:1000", "1000680000:0")  # by hand, and as OpenShift chooses
LONG = 1_000_000  # epochs: still running when the server stops
LIMIT_S = 180.0
SETTINGS = {"PWLAPP_WORKERS": "1"}
READY = """
import time
from pathlib import Path
from pwlapp.compute import numba_cache, warmup
since = time.monotonic()
numba_cache.use_cache(Path("/data/numba"))
warmup.load_compiled()
print(f"{time.monotonic() - since:.1f}")
"""


def check_commands(root: Path, config: Mapping[str, Any], folder: Path) -> None:
    """Run the command line with a read-only root and no volume."""
    box = Container(root, config, folder / "alone", settings=SETTINGS)
    ids = box.call("sh", "-c", "id -u; touch /app/x 2>&1 || true; ls -d /usr/bin/gcc || true")
    if not ids.startswith(USER.partition(":")[0] + "\n") or "Read-only" not in ids:
        raise RuntimeError(f"expected another user and a read-only root: {ids}")
    say(f"compiled engine ready after {box.call('python', '-c', READY)} s, from the image")
    since = time.monotonic()
    last = box.call("python", "-m", "pwlapp", "fit", "--epochs", "5000").splitlines()[-1]
    say(f"pwlapp fit, {time.monotonic() - since:.1f} s: {last}")


def check_server(root: Path, config: Mapping[str, Any], folder: Path) -> None:
    """Run the image's own command: it serves, trains, stops, and continues after a restart."""
    data = folder / "volume"
    data.mkdir()
    os.chown(data, *map(int, USER.split(":")))
    sid = ""
    for i in range(2):
        box = Container(root, config, folder / f"server-{i}", data, SETTINGS)
        since = time.monotonic()
        box.start()
        wait_until("the page", lambda: answers(ADDRESS))
        say(f"start {i + 1}: the page after {time.monotonic() - since:.1f} s")
        wait_until("the health check", box.is_healthy)
        wait_until("readyz", lambda: answers(ADDRESS + "/readyz"))
        say(f"ready after {time.monotonic() - since:.1f} s")
        sid = asyncio.run(use(sid))
        say(f"stopped after {box.stop():.1f} s with status 0")
        if "not available" in box.log.read_text("utf-8"):
            raise RuntimeError(box.log.read_text("utf-8"))


def check_users(root: Path, config: Mapping[str, Any], folder: Path) -> None:
    """Other users than the image's own: with a new volume, and with one that root owns."""
    for user in OTHER_USERS:
        place = folder / user.replace(":", "-")
        place.mkdir()
        check_new_volume(root, config, place, user)
        check_volume_of_root(root, config, place, user)


def check_new_volume(root: Path, config: Mapping[str, Any], folder: Path, user: str) -> None:
    data = folder / "volume"
    shutil.copytree(root / "data", data)  # as Docker makes it, with the mode of the image's folder
    box = Container(root, config, folder / "served", data, SETTINGS, user)
    box.start()
    wait_until("readyz", lambda: answers(ADDRESS + "/readyz"), LIMIT_S)
    wait_until("the compiled engine", lambda: any(data.glob("numba/**/*.nbi")), LIMIT_S)
    box.stop()
    if "not available" in (log := box.log.read_text("utf-8")):
        raise RuntimeError(log)
    say(f"serves as user {user}")


def check_volume_of_root(root: Path, config: Mapping[str, Any], folder: Path, user: str) -> None:
    data = folder / "of-root"
    data.mkdir(mode=0o755)
    box = Container(root, config, folder / "refused", data, SETTINGS, user)
    box.start()
    status, said = box.wait(), box.log.read_text("utf-8").strip()
    number = user.partition(":")[0]
    if status != NO_FOLDER or f"/data can't be written by user {number}" not in said:
        raise RuntimeError(f"with a volume of root's it ended with {status}: {said}")
    say(f"user {user}, a volume of root's: status {status}, {said}")


async def use(sid: str) -> str:
    """Train as a student and leave during a run; the next call continues it."""
    async with Student([ADDRESS], sid=sid or None) as student:
        await student.open()
        if sid:
            if student.sid != sid:
                raise RuntimeError(f"the session was lost: {student}")
            await student.wait_until(lambda: student.epoch > 5000)  # as soon as the stream is open
            say(f"continues the interrupted run at epoch {student.epoch:,}")
            await student.pause()
            await student.wait_until(lambda: student.status == "paused")
            await student.reset()
        since = time.monotonic()
        while True:
            await student.train(5000)
            await student.wait_for(student.epoch // 5000 * 5000 + 5000)
            engine = (student.snapshot or {}).get("engine_used")
            if engine == "fused@cpu":
                break
            if time.monotonic() - since > 60:
                raise TimeoutError(f"still trained by {engine}")
        say(f"trained by {engine}, {time.monotonic() - since:.1f} s after the first click")
        await student.train(LONG)
        await student.wait_until(lambda: student.epoch > 20_000)
        if problems := student.problems():
            raise RuntimeError(f"{problems}")
        return str(student.sid)


def main(root: str, config: str, folder: str) -> None:
    for check in (check_commands, check_server, check_users):
        check(Path(root), json.loads(config), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
