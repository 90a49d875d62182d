"""``python -m docker.scaled ROOT CONFIG FOLDER``: the image in the scaled mode, as in compose.yaml.

nginx in front of two web servers, Redis and a worker. Started by `docker.check`, in
separate network and mount namespaces.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from docker.container import Container, answers, say, wait_until
from docker.network_stub import WEB_PORT, DnsServer
from docker.proxy import PLAIN, Nginx
from tests.support.client.student import Student

COMPOSE = Path(__file__).parents[1] / "compose.yaml"
HOSTS = ("127.0.0.2", "127.0.0.3")
PASSWORD = secrets.token_hex(16)
SETTINGS = {
    "PWLAPP_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379/0",
    "HOSTNAME": socket.gethostname(),
}


@contextmanager
def redis(folder: Path) -> Iterator[None]:
    """Redis as compose.yaml starts it, without its image's entrypoint."""
    folder.mkdir()
    [*shell, text] = services()["redis"]["command"]
    text = text.replace("docker-entrypoint.sh ", "").replace("$$", "$")
    command = [*shell, f"{text} --dir {folder} --save ''"]
    environ = os.environ | {"REDIS_PASSWORD": PASSWORD}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ) as process:
        try:
            yield
        finally:
            process.terminate()


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return found


def start(root: Path, config: Mapping[str, Any], folder: Path) -> tuple[list[Container], Container]:
    """Start two web servers and a worker, none of which has a volume."""
    webs = [
        Container(root, config, folder / host, settings=SETTINGS | {"PWLAPP_HOST": host})
        for host in HOSTS
    ]
    worker = Container(root, config, folder / "worker", settings=SETTINGS)
    since = time.monotonic()
    for web in webs:
        web.start()
    worker.start(services()["worker"]["command"])
    for host in HOSTS:
        wait_until(host, lambda host=host: answers(f"http://{host}:{WEB_PORT}/readyz"))
    say(f"scaled: ready after {time.monotonic() - since:.1f} s")
    return webs, worker


async def use(webs: list[Container], folder: Path) -> None:
    """Train through nginx, and kill a server during a run."""
    async with Student([PLAIN]) as student:
        await student.open()
        target = 0
        while (student.snapshot or {}).get("engine_used") != "fused@cpu":
            target += 5000
            await student.train(5000)
            await student.wait_for(target)
        say(f"scaled: trained by fused@cpu, {target:,} epochs by now")
        await student.train(1_000_000)
        await student.wait_until(lambda: student.epoch > target + 10_000)
        webs.pop().kill()
        await student.wait_for(target + 1_000_000, timeout_s=120)
        if student.log.faults:
            raise RuntimeError(f"{student.log.faults}")
    say("scaled: a run of 1,000,000 epochs came whole, although one of the servers was killed")


def main(root: str, config: str, folder: Path) -> None:
    DnsServer(list(HOSTS))
    with redis(folder / "redis"):
        webs, worker = start(Path(root), json.loads(config), folder)
        nginx = Nginx(folder)
        asyncio.run(use(webs, folder))
        kind, check = services()["worker"]["healthcheck"]["test"]
        if kind != "CMD-SHELL":
            raise ValueError(f"a health check of the kind {kind}")
        say(f"scaled: {worker.call('sh', '-c', check.replace('$$', '$')).splitlines()[-1]}")
        say(f"scaled: the worker stopped after {worker.stop(30):.1f} s with status 0")
        say(f"scaled: the web server stopped after {webs[0].stop():.1f} s with status 0")
        nginx.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
