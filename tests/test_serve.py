"""The server for its operator: exit statuses, signals, health, metrics and logs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from pwlapp import network
from pwlapp import server as web_server
from pwlapp.exit_codes import Refusal
from pwlapp.settings import Settings
from pwlapp.ui.timing import COMMANDS

ROOT = Path(__file__).parents[1]
SERVE = (sys.executable, "-m", "pwlapp", "serve")
LIMIT_S = 60.0
TOKEN = "token-of-the-metrics"
PASSWORD = "pass-of-the-class"


def environment(folder: Path, **settings: object) -> dict[str, str]:
    """The environment of a server, without ``PWLAPP_`` variables of the caller."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("PWLAPP_")}
    own = {"DATA_DIR": folder / "data", "PORT": 0, "WORKERS": 1, "METRICS_TOKEN": TOKEN}
    return inherited | {f"PWLAPP_{name}": str(value) for name, value in (own | settings).items()}


def heed_ctrl_c() -> None:
    """Undo what a shell does for a job in the background, for example for ``make test &``."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Server:
    """A server in another process, and its output."""

    def __init__(self, env: dict[str, str], command: Sequence[str] = SERVE) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def address(self) -> str:
        """The server's address, from its log."""
        return until(lambda: self._found(r"serving on (http://[^ ]+)"))

    def said(self, pattern: str) -> str:
        """Wait for a line of output that contains a text."""
        return until(lambda: self._found(f"({pattern})"))

    def stop(self) -> int:
        """Send SIGTERM and read all output; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(timeout=LIMIT_S)
        self._reader.join()
        return status

    def kill(self) -> None:
        """Kill all processes of the server."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
        self.process.stderr.close()

    def _found(self, pattern: str) -> str | None:
        match = re.search(pattern, "\n".join(self.lines))
        if match is None and self.process.poll() is not None and not self._reader.is_alive():
            pytest.fail("the server ended: " + "\n".join(self.lines))
        return match and match[1]

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "that never happened"
        time.sleep(0.02)
    return value


@contextmanager
def serving_with(folder: Path, **settings: object) -> Iterator[Server]:
    server = Server(environment(folder, **settings))
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def redis_on(port: int, folder: Path, *options: str) -> Iterator[None]:
    path = shutil.which("redis-server")
    assert path is not None, "redis-server is missing: make test installs it"
    words = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([*words, *options], stdout=subprocess.DEVNULL)
    try:
        until(lambda: connects(port))
        yield
    finally:
        process.kill()
        process.wait()


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refused(folder: Path, **settings: object) -> tuple[int, str]:
    """Exit status, and the only line of output, of a server that can't start."""
    done = subprocess.run(
        SERVE,
        cwd=ROOT,
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.stdout == ""
    assert re.fullmatch(r"pwlapp: [^\n]+\n", done.stderr), done.stderr
    return done.returncode, done.stderr


# --- servers that can't start -------------------------------------------------------------------


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, line = refused(tmp_path, PORT=port)
    assert status == 3
    assert str(port) in line
    assert "PWLAPP_PORT" in line
    assert not (tmp_path / "data").exists()  # it has written nothing


def test_a_port_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(_self: object, _address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(Refusal, match=r"port 80 .*Permission denied") as refusal:
        web_server.listen("127.0.0.1", 80)
    assert refusal.value.status == 3


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 70, "203.0.113.7"])
def test_a_host_of_another_machine(host: str) -> None:
    with pytest.raises(Refusal, match="PWLAPP_HOST") as refusal:
        web_server.listen(host, 0)
    assert refusal.value.status == 2


def test_a_name_is_served_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = (socket.SOCK_STREAM, 6, "")
    found = [
        (socket.AF_INET, *stream, ("203.0.113.7", 0)),  # of another machine
        (socket.AF_INET, *stream, ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    listeners = web_server.listen("classroom", 0)
    address = network.url(*listeners[0].getsockname())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
    assert connects(int(address.rpartition(":")[2]))
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("host", "reached"), [("::1", ["::1"]), ("::", ["::1", "127.0.0.1"])], ids=["loopback", "all"]
)
def test_ipv6_is_served(tmp_path: Path, host: str, reached: list[str]) -> None:
    with serving_with(tmp_path, HOST=host) as server:
        shown, _, port = server.address.rpartition(":")
        assert shown == f"http://[{host}]"
        for address in reached:
            there = f"[{address}]" if ":" in address else address
            assert httpx2.get(f"http://{there}:{port}/healthz").text == "ok"
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PORT": "eighty"}, ["PWLAPP_PORT", "eighty"]),
        ({"WEB_WORKERS": 2}, ["PWLAPP_WEB_WORKERS=2", "PWLAPP_REDIS_URL"]),
        ({"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:none/0"}, ["PWLAPP_REDIS_URL"]),
        ({"LOG_FORMAT": "xml"}, ["PWLAPP_LOG_FORMAT", "text, json"]),
    ],
)
def test_invalid_settings(tmp_path: Path, settings: dict[str, object], words: list[str]) -> None:
    status, line = refused(tmp_path, **settings)
    assert status == 2
    assert [word for word in words if word not in line] == []
    assert PASSWORD not in line


def test_a_data_folder_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    status, line = refused(tmp_path)
    assert status == 4
    assert str(tmp_path / "data") in line


def test_a_data_folder_that_another_server_uses(tmp_path: Path) -> None:
    with serving_with(tmp_path) as first:
        assert httpx2.get(f"{first.address}/healthz").text == "ok"
        status, line = refused(tmp_path)
        assert status == 4
        assert f"{tmp_path / 'data'}: another server uses it" in line
        os.killpg(first.process.pid, signal.SIGKILL)
        first.wait()
        with serving_with(tmp_path) as second:  # a killed server leaves no lock
            assert httpx2.get(f"{second.address}/healthz").text == "ok"


def test_a_restart_waits_until_the_server_before_has_stopped(tmp_path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with web_server.only_server_of(tmp_path):
            entered.set()

    with web_server.only_server_of(tmp_path):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.is_set()
    other.join()
    assert entered.is_set()


def test_a_redis_with_another_password(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"redis://:{PASSWORD}@127.0.0.1:{unused_tcp_port}/0"
    with redis_on(unused_tcp_port, tmp_path, "--requirepass", "another"):
        status, line = refused(tmp_path, REDIS_URL=url)
    assert status == 5
    assert f"127.0.0.1:{unused_tcp_port}" in line
    assert PASSWORD not in line


def test_a_redis_that_never_starts(unused_tcp_port: int, caplog: pytest.LogCaptureFixture) -> None:
    url = f"redis://:{PASSWORD}@127.0.0.1:{unused_tcp_port}/0"
    with pytest.raises(Refusal, match=f"127.0.0.1:{unused_tcp_port}") as refusal:
        web_server.wait_for_redis(url, limit_s=0.6)
    assert refusal.value.status == 5
    assert [record.getMessage() for record in caplog.records] == [
        f"waiting for Redis at 127.0.0.1:{unused_tcp_port}, up to 0.6 s"
    ]
    assert PASSWORD not in str(refusal.value)


def test_a_redis_that_starts_late_is_waited_for(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"redis://127.0.0.1:{unused_tcp_port}/0"
    with serving_with(tmp_path, REDIS_URL=url) as server:
        server.said("waiting for Redis")
        with redis_on(unused_tcp_port, tmp_path):
            assert httpx2.get(f"{server.address}/healthz").text == "ok"
            ready = httpx2.get(f"{server.address}/readyz")
            assert (ready.status_code, ready.json()["workers"]) == (503, 0)
            assert server.stop() == 0
    assert sum("waiting for Redis" in line for line in server.lines) == 1


def test_stopped_while_it_waits_for_redis(tmp_path: Path, unused_tcp_port: int) -> None:
    with serving_with(tmp_path, REDIS_URL=f"redis://127.0.0.1:{unused_tcp_port}/0") as server:
        server.said("waiting for Redis")
        assert server.stop() == 0
    assert len(server.lines) == 1


# --- one server, and its reports -----------------------------------------------------------------


class Student:
    """A tab without a browser; the ``with`` block closes its connections."""

    def __init__(self, address: str) -> None:
        self.http = httpx2.Client(base_url=address, timeout=LIMIT_S)
        self.callbacks = self.http.get("/_dash-dependencies").json()
        self.sid = ""

    def __enter__(self) -> Student:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def press(self, input_id: str, **values: object) -> httpx2.Response:
        """Send the callback of an input as the page does."""
        declared = next(
            each
            for each in self.callbacks
            if any(item["id"] == input_id for item in each["inputs"])
            and each["clientside_function"] is None
        )
        filled = {
            part: [item | {"value": values.get(item["id"])} for item in declared[part]]
            for part in ("inputs", "state")
        }
        triggered = [f"{item['id']}.{item['property']}" for item in declared["inputs"][:1]]
        body = {"output": declared["output"], "changedPropIds": triggered, **filled}
        return self.http.post("/_dash-update-component", json=body)

    def open(self) -> None:
        answer = self.press("tab")
        self.sid = answer.json()["response"]["session"]["data"]["sid"]

    def train(self, epochs: int) -> httpx2.Response:
        net = {"hidden": 2, "bias": [], "activation": "relu", "loss": "bce", "seed": 1}
        run = {"epochs": epochs, "engine": "torch@cpu", "optimizer": "adam", "lr": 0.001}
        fields = {f"fit-{name}": value for name, value in (net | run).items()}
        return self.press("fit-train", session={"sid": self.sid}, **fields)

    def is_idle(self) -> bool:
        state = self.http.get(f"/frames/{self.sid}").json()["state"]
        return state["status"] == "idle" and state["epoch"] > 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_with(tmp_path_factory.mktemp("served"), LOG_FORMAT="json") as server:
        until(lambda: httpx2.get(f"{server.address}/readyz").status_code == 200)
        yield server
        assert server.stop() == 0


def counted(address: str) -> dict[str, float]:
    answer = httpx2.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    families = text_string_to_metric_families(answer.text)
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_server_that_is_ready_says_so(server: Server) -> None:
    ready = httpx2.get(f"{server.address}/readyz")
    assert ready.json() == {"store": True, "data": True, "workers": 1}
    assert httpx2.get(f"{server.address}/healthz").text == "ok"


@pytest.mark.parametrize("path", ["/nothing", "/robots.txt", "/static/nope.js", "/openapi.json"])
def test_an_unknown_path_is_not_found(server: Server, path: str) -> None:
    assert httpx2.get(server.address + path).status_code == 404


def test_metrics_count_commands_and_runs(server: Server) -> None:
    before = counted(server.address)
    with Student(server.address) as student:
        student.open()
        assert "error" not in student.train(200).json()["response"]["reply"]["data"]
        until(student.is_idle)
        room = student.http.post("/rooms", json={}).json()
        body = {"code": room["code"], "nickname": "", "own": student.sid, "seat": None}
        seat = student.http.post("/rooms/join", json=body).json()["seat"]
        for method, path in (
            ("GET", f"/stream/{student.sid}?since=1"),
            ("GET", f"/rooms/stream?seat={seat}&own={student.sid}"),
            ("POST", "/rooms/board"),
        ):
            teacher = {"Authorization": f"Bearer {room['teacher']}"}
            with student.http.stream(method, path, headers=teacher) as stream:
                assert stream.status_code == 200
                assert counted(server.address)["pwlapp_streams"] == before["pwlapp_streams"] + 1
            until(lambda: counted(server.address)["pwlapp_streams"] == before["pwlapp_streams"])
    after = counted(server.address)
    more = {name: after[name] - before.get(name, 0) for name in after}
    assert more["pwlapp_epochs_total"] == 200
    assert more["pwlapp_slices_total"] >= 1
    assert more["pwlapp_slice_seconds_total"] > 0
    assert more["pwlapp_runs_begun_total"] == 1
    assert more["pwlapp_runs_ended_total[done]"] == 1
    assert (more["pwlapp_sessions"], more["pwlapp_runs_running"]) == (1, 0)
    for command in ("open", "train"):
        assert more[f"pwlapp_command_seconds_count[{command}]"] == 1


def test_requests_are_logged_without_personal_data(server: Server) -> None:
    with Student(server.address) as student:
        student.open()
        sid = student.sid
        assert student.train(100).status_code == 200
        until(student.is_idle)
        with student.http.stream("GET", f"/stream/{sid}?since=1"):
            pass
    server.said(f"GET /stream/{sid[:6]}… 200")
    log = "\n".join(server.lines)
    assert sid not in log
    assert [word for word in ("httpx", "since", "/readyz", "/metrics") if word in log] == []
    entries = [json.loads(line) for line in server.lines]
    for entry in entries:
        assert {"time", "level", "logger", "message", "request_id"} <= entry.keys()
    posts = [entry for entry in entries if entry.get("path") == "/_dash-update-component"]
    assert len(posts) >= 2
    for post in posts:
        assert (post["method"], post["status"]) == ("POST", 200)
        assert len(post["request_id"]) == 32
        assert post["ms"] > 0


def test_at_debug_requests_are_logged_as_text_without_secrets(tmp_path: Path) -> None:
    with serving_with(tmp_path, LOG_LEVEL="debug") as server:
        with Student(server.address) as student:
            student.open()
            sid = student.sid
            with student.http.stream("GET", f"/stream/{sid}") as stream:
                assert "state" in next(stream.iter_lines())
            shown = re.escape(f"/stream/{sid[:6]}…")
            server.said(rf"DEBUG pwlapp\.logs \[[0-9a-f]{{32}}\]: GET {shown} 200 in \d+ ms")
        assert server.stop() == 0
    log = "\n".join(server.lines)
    assert sid not in log
    assert "httpx" not in log


def test_a_requests_id_is_logged_and_returned(server: Server) -> None:
    given = "0123456789abcdef0123456789abcdef"
    answer = httpx2.get(f"{server.address}/locale/en.json", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    made = httpx2.get(f"{server.address}/locale/ko.json", headers={"X-Request-ID": "<script>"})
    assert re.fullmatch("[0-9a-f]{32}", made.headers["X-Request-ID"])
    for request_id in (given, made.headers["X-Request-ID"]):
        server.said(f'"request_id": "{request_id}"')
    assert "<script>" not in "\n".join(server.lines)


def test_a_websocket_is_refused_without_personal_data_in_the_log(server: Server) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = httpx2.get(f"{server.address}/_dash-ws-callback?who=me", headers=headers)
    assert answer.status_code != 101
    server.said("Unsupported upgrade")
    since = [line for line in server.lines if "serving on" not in line]
    assert not any("who=me" in line or "127.0.0.1:" in line for line in since)


def test_each_callback_of_the_page_has_a_name_in_the_metrics(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, workers=1))
    app._setup_server()
    firsts = [each["inputs"][0]["id"] for each in app.callback_map.values() if "callback" in each]
    assert set(firsts) == set(COMMANDS)


def test_an_endless_request_does_not_delay_the_stop(tmp_path: Path) -> None:
    with serving_with(tmp_path) as server:
        host, port = server.address.removeprefix("http://").split(":")
        half = (
            "POST /_dash-update-component HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(half.encode())
            assert httpx2.get(f"{server.address}/healthz").text == "ok"
            assert server.stop() == 0
    said = "\n".join(server.lines)
    assert "Traceback" not in said
    assert "Cancel 1 running task" in said
    assert " /healthz" not in said  # requests are logged in JSON only


def test_ctrl_c_is_no_error(tmp_path: Path) -> None:
    with serving_with(tmp_path) as server:
        assert httpx2.get(f"{server.address}/healthz").text == "ok"
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 130
    assert "Traceback" not in "\n".join(server.lines)


# --- several web processes on a port --------------------------------------------------------------


def children(pid: int) -> list[int]:
    """The web processes of a server: its children that listen on the port."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words if "spawn_main" in command_of(int(word))]


def command_of(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def test_several_web_processes_count_as_one(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"redis://127.0.0.1:{unused_tcp_port}/0"
    with (
        redis_on(unused_tcp_port, tmp_path),
        serving_with(tmp_path, REDIS_URL=url, WEB_WORKERS=2) as server,
    ):
        address = server.address
        first = until(lambda: len(pids := children(server.process.pid)) == 2 and pids)
        until(lambda: sum("startup complete" in line for line in server.lines) == 2)
        for _ in range(20):  # each on a new connection, so that both processes get some
            with Student(address) as student:
                student.press("fit-pause")
        assert counted(address)["pwlapp_command_seconds_count[pause]"] == 20
        for pid in first:
            libraries = Path(f"/proc/{pid}/maps").read_text()
            assert "uvloop" in libraries
            assert "libtorch" not in libraries
            assert "llvmlite" not in libraries
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(pids := children(server.process.pid)) == 2 and first[0] not in pids)
        assert httpx2.get(f"{address}/healthz", timeout=LIMIT_S).text == "ok"
        assert counted(address)["pwlapp_command_seconds_count[pause]"] == 20
        assert server.stop() == 0
    assert "Traceback" not in "\n".join(server.lines)


def test_a_large_class_fits_into_the_limit_of_open_files() -> None:
    script = """
import resource
from pwlapp.server import OPEN_FILES, allow_open_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
allow_open_files()
soft, after = resource.getrlimit(resource.RLIMIT_NOFILE)
allow_open_files()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, after)
most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
print(soft == most, after == hard)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]
