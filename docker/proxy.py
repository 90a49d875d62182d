"""``python -m docker.proxy FOLDER``: checks of nginx with the configuration of compose.yaml.

Started by `docker.check`, in separate network and mount namespaces.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from docker.container import TMPFS, answers, say, wait_until
from docker.network_stub import DnsServer, EchoServer

HERE = Path(__file__).parent
PLAIN, TLS = "http://127.0.0.1:8080", "https://localhost:8443"
MANY = 40  # requests, so that each server almost certainly gets one


class Nginx:
    """nginx with our configuration where its image has it; it can write to /tmp only.

    Parameters
    ----------
    folder : Path
        For the configuration, a certificate, and the log.
    """

    def __init__(self, folder: Path) -> None:
        settings = folder / "nginx"
        (settings / "tls").mkdir(parents=True)
        shutil.copy(HERE / "nginx.conf", settings / "nginx.conf")
        shutil.copy(HERE / "listen-tls.conf", settings / "listen.conf")
        self.certificate = settings / "tls" / "certificate.pem"
        make_certificate(self.certificate, settings / "tls" / "key.pem")
        mounts = f"mount --bind {settings} /etc/nginx && {' '.join(TMPFS)} /tmp"
        command = f"{mounts} && exec nginx -g 'daemon off;'"
        with (folder / "nginx.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", command], stdout=log, stderr=log
            )
        wait_until("nginx", self._serves)

    def _serves(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("nginx does not start")
        return answers(PLAIN + "/")

    def stop(self) -> None:
        self._process.terminate()
        if self._process.wait(10) != 0:
            raise RuntimeError("nginx ended badly")


def make_certificate(certificate: Path, key: Path) -> None:
    """A self-signed certificate for localhost."""
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", *kind, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def ask(
    path: str, headers: Mapping[str, str] = {}, size: int | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a request through nginx; returns the status and the request that reached a server."""
    body = None if size is None else bytes(size)
    try:
        with urlopen(Request(PLAIN + path, body, dict(headers)), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        error.close()
        return error.code, {}


def expect(what: str, holds: bool) -> None:
    if not holds:
        raise RuntimeError(f"nginx: not so: {what}")
    say(f"nginx: {what}")


def check_headers() -> None:
    """Check the headers that a server gets."""
    _, plain = ask("/")
    mine = ask("/", {"X-Request-ID": "0123abcd-0000-4000-8000-0123456789ab"})[1]["headers"]
    odd = ask("/", {"X-Request-ID": "a b\"'<" * 50})[1]["headers"]
    expect("a request without an id gets one", len(plain["headers"]["x-request-id"]) >= 32)
    expect("an id is passed on", mine["x-request-id"] == "0123abcd-0000-4000-8000-0123456789ab")
    expect("an odd one is not", odd["x-request-id"].isalnum())
    forged = ask("/", {"X-Forwarded-For": "10.1.2.3"})[1]["headers"]
    expect("clients cannot forge their address", forged["x-forwarded-for"] == "127.0.0.1")
    expect("the host is the one that was asked", mine["host"] == "127.0.0.1:8080")
    expect("no connection header without need", "connection" not in mine)
    socket = ask("/", {"Upgrade": "websocket", "Connection": "Upgrade"})[1]["headers"]
    upgrade = (socket["upgrade"], socket["connection"])
    expect("a WebSocket's headers are passed on", upgrade == ("websocket", "upgrade"))
    sizes = [ask("/upload", size=size)[0] for size in (10 << 20, 20 << 20)]
    expect("10 MB may be sent, 20 MB not", sizes == [200, 413])
    expect("metrics are not for everybody", ask("/metrics")[0] == 404)


def check_servers(names: DnsServer, webs: dict[str, EchoServer]) -> None:
    """Check the balancing: requests are spread, a lost server costs none, a new one gets some."""
    first, second, third = webs

    def answering(**options: Any) -> set[str]:
        seen = [ask("/", **options) for _ in range(MANY)]
        if any(status != 200 for status, _ in seen):
            raise RuntimeError(f"nginx: refused: {[status for status, _ in seen]}")
        return {found["host"] for _, found in seen}

    expect("two servers take turns", answering() == {first, second})
    webs[first].leave()
    expect("one that is gone is passed over", answering() == {second})
    expect("so it is for what is sent", answering(size=1000) == {second})
    names.addresses = [second, third]
    wait_until("a new server", lambda: answering() == {second, third})
    say("nginx: a new one gets its share")


def check_stream(nginx: Nginx, address: str, version: str) -> None:
    """Check that nginx does not buffer: the first event arrives before the second is sent."""
    command = ["curl", "-sSN", f"--http{version}", "--cacert", nginx.certificate]
    shown = ["-w", "%{http_version}\n", f"{address}/stream/x"]
    with subprocess.Popen([*command, *shown], stdout=subprocess.PIPE, text=True) as curl:
        if curl.stdout is None:
            raise RuntimeError("curl says nothing")
        lines = [curl.stdout.readline().strip()]
        for _ in range(MANY):  # until the streaming server has got it
            ask("/go")
        lines += [line.strip() for line in curl.stdout]
    events, used = [line for line in lines[:-1] if line], lines[-1]
    expect(f"events come at once over HTTP/{used}", events == ["data: first", "data: second"])
    expect(f"HTTP/{used} as asked", used == version)


def main(folder: Path) -> None:
    hosts = [f"127.0.0.{i}" for i in (2, 3, 4)]
    names, webs = DnsServer(hosts[:2]), {host: EchoServer(host) for host in hosts}
    nginx = Nginx(folder)
    check_headers()
    check_stream(nginx, PLAIN, "1.1")
    check_stream(nginx, TLS, "2")
    check_servers(names, webs)
    nginx.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
