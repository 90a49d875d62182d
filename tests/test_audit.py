"""The audit of the pinned packages, with sample reports of pip-audit and npm."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "audit_packages.py"
SOUND = {"name": "limits", "version": "5.8.0", "vulns": []}
WEAK = {
    "name": "redis",
    "version": "8.1.0",
    "vulns": [{"id": "GHSA-1", "fix_versions": ["8.1.1"]}, {"id": "GHSA-2", "fix_versions": []}],
}
UNKNOWN = {"name": "segno", "skip_reason": "Dependency not found on PyPI and could not be audited"}
NPM_WEAK = {"vulnerabilities": {"plotly.js": {"severity": "high", "via": []}}, "metadata": {}}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_packages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_pin_is_audited_once(audit: ModuleType) -> None:
    pins = dict(audit.pins())
    assert len(pins) == len(audit.pins())
    assert pins["dash"].startswith("==")
    assert {"cachetools", "pytest", "anyio", "h11"} <= pins.keys()


@pytest.mark.parametrize(
    ("report", "found"),
    [
        ({"dependencies": [SOUND, UNKNOWN]}, []),
        ({"dependencies": [UNKNOWN]}, None),
        ({"dependencies": []}, None),
        (None, None),
        (
            {"dependencies": [SOUND, WEAK]},
            [
                "redis 8.1.0: GHSA-1, fixed in 8.1.1",
                "redis 8.1.0: GHSA-2, fixed in no version yet",
            ],
        ),
    ],
)
def test_pip_audit(audit: ModuleType, report: Any, found: Any) -> None:
    assert audit.of_python(report) == found


@pytest.mark.parametrize(
    ("report", "found"),
    [
        (NPM_WEAK, ["plotly.js: high"]),
        ({"vulnerabilities": {}}, []),
        ({"message": "405 Method Not Allowed", "statusCode": 405}, None),
        (None, None),
    ],
)
def test_npm_audit(audit: ModuleType, report: Any, found: Any) -> None:
    assert audit.of_npm(report) == found


@pytest.mark.parametrize(
    ("printed", "status", "said"),
    [
        ("", 0, "pip-audit: its service can't be reached"),
        ('{"vulnerabilities": {}}', 0, "npm audit: 0 known vulnerabilities"),
        ('{"vulnerabilities": {"a": {"severity": "low"}}}', 1, "a: low"),
    ],
)
def test_an_unreachable_service_is_no_failure(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    printed: str,
    status: int,
    said: str,
) -> None:
    done = SimpleNamespace(stdout=printed)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert audit.main("pip-audit") == status
    assert said in capsys.readouterr().out
