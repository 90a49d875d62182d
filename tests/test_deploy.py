"""Checks of compose.class.yaml and of the systemd unit in docs/deploy.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from pwlapp.exit_codes import BAD_SETTING, NO_FOLDER
from pwlapp.server import OPEN_FILES
from pwlapp.settings import Settings, variable_name

ROOT = Path(__file__).parents[1]
VARIABLES = {variable_name(field.name) for field in fields(Settings)}
EXPOSURE = 20  # in tenths, by `systemd-analyze security`; an unprotected service has 96


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def commands() -> list[str]:
    """The lines of the code blocks in docs/deploy.md."""
    blocks = re.findall(r"^```\n(.*?)^```", read("docs/deploy.md"), re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read("compose.class.yaml"))["services"]
    return found


@pytest.fixture(scope="module")
def unit() -> dict[str, str]:
    """The settings of the unit's [Service] section."""
    lines = re.findall(r"^(\w+)=(.*)$", read("deploy/pwlapp.service"), re.M)
    assert len(dict(lines)) == len(lines)
    return dict(lines)


class TestClass:
    def test_only_caddy_publishes_ports(self, services: dict[str, Any]) -> None:
        assert set(services) == {"pwlapp", "caddy"}
        assert "ports" not in services["pwlapp"]
        assert services["caddy"]["ports"] == ["80:80", "443:443", "443:443/udp"]
        assert services["pwlapp"]["environment"]["PWLAPP_PROXIES"] == "*"
        assert f"reverse_proxy pwlapp:{Settings().port} " in read("docker/Caddyfile")

    def test_has_the_same_server_as_the_other_compose_file(self, services: dict[str, Any]) -> None:
        alone = yaml.safe_load(read("compose.yaml"))["services"]["pwlapp"]
        ours = services["pwlapp"]
        for name in ("image", "init", "read_only", "cap_drop", "security_opt", "tmpfs", "volumes"):
            assert ours[name] == alone[name]
        assert set(ours["environment"]) <= VARIABLES

    def test_caddy_can_write_to_its_volume_only(self, services: dict[str, Any]) -> None:
        caddy = services["caddy"]
        assert caddy["read_only"] is True
        [config, data] = caddy["volumes"]
        assert (ROOT / config.partition(":")[0]).is_file()
        assert data == "caddy:/data"

    def test_metrics_are_not_public(self) -> None:
        assert "respond /metrics 404" in read("docker/Caddyfile")

    @pytest.mark.parametrize("site", ["localhost", "pwl.example.org", "192.0.2.7"])
    def test_caddys_configuration_is_valid(self, site: str, tmp_path: Path) -> None:
        if shutil.which("caddy") is None and "CI" not in os.environ:
            pytest.skip("Caddy is not installed")
        command = ["caddy", "validate", "--adapter", "caddyfile", "--config", "docker/Caddyfile"]
        env = os.environ | {"SITE": site, "HOME": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def test_the_command_is_in_the_documentation(self) -> None:
        command = "SITE=pwl.example.org docker compose -f compose.class.yaml up --build"
        assert command in commands()
        assert command in read("compose.class.yaml")


class TestUnit:
    def test_starts_the_server_as_the_documentation_does(self, unit: dict[str, str]) -> None:
        assert unit["ExecStart"] == "/opt/pwlapp/.venv/bin/python -m pwlapp serve"
        assert unit["WorkingDirectory"] == "/opt/pwlapp"
        variables = set(re.findall(r"\b(PWLAPP_\w+)=", unit["Environment"]))
        assert variables == {"PWLAPP_DATA_DIR"} <= VARIABLES
        assert int(unit["LimitNOFILE"]) == OPEN_FILES
        assert unit["RestartPreventExitStatus"] == f"{BAD_SETTING} {NO_FOLDER}"
        for line in re.findall(r"^#   (.*)$", read("deploy/pwlapp.service"), re.M):
            assert line in commands()

    def test_writes_to_its_folder_only_and_has_no_capabilities(self, unit: dict[str, str]) -> None:
        expected = {
            "DynamicUser": "yes", "StateDirectory": "pwlapp", "ProtectSystem": "strict",
            "ProtectHome": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
            "PrivateTmp": "yes", "SystemCallFilter": "@system-service",
        }  # fmt: skip
        assert {name: unit[name] for name in expected} == expected
        # With these options the engine could not be compiled.
        assert not {"MemoryDenyWriteExecute", "ProcSubset"} & unit.keys()

    def test_systemd_accepts_it_and_rates_it_safe(self, tmp_path: Path) -> None:
        if shutil.which("systemd-analyze") is None and "CI" not in os.environ:
            pytest.skip("systemd is not installed")
        path = tmp_path / "pwlapp.service"
        path.write_text(read("deploy/pwlapp.service").replace("/opt/pwlapp", str(ROOT)), "utf-8")
        for words in (["verify"], ["security", "--offline=true", f"--threshold={EXPOSURE}"]):
            done = subprocess.run(
                ["systemd-analyze", "--no-pager", *words, path], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "pwlapp.service:" not in done.stderr, done.stderr


def test_files_that_the_documentation_names_are_there() -> None:
    words = " ".join(commands()).split()
    named = {word for word in words if re.fullmatch(r"(deploy|docker)/[\w.-]+|compose[\w.]+", word)}
    assert named == {"deploy/pwlapp.service", "compose.class.yaml"}
    assert all((ROOT / name).is_file() for name in named)
