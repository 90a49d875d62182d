"""Print the known vulnerabilities of the pinned packages.

Usage: ``python scripts/audit_packages.py PIP_AUDIT``, with the path of the pip-audit program.
Queries the services of pip-audit and npm audit. The exit code is 1 if there is a vulnerability.
If a service does not answer, a line says so; that is no failure, because the machine may have no
internet.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
LIMIT_S = 300


def pins() -> list[tuple[str, str]]:
    """The pinned Python packages as (name, "==version"), sorted, without duplicates."""
    text = "\n".join((ROOT / name).read_text("utf-8") for name in PINNED)
    return sorted(set(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?(==[^\s;]+)", text, re.M)))


def of_python(report: Any) -> list[str] | None:
    """The findings of pip-audit; None if its service did not answer.

    Parameters
    ----------
    report : object
        The JSON of pip-audit. A package that the service does not know has a ``skip_reason``.
    """
    asked = report.get("dependencies", []) if isinstance(report, dict) else []
    if not any("vulns" in each for each in asked):
        return None
    return [
        f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in asked
        for vulnerability in each.get("vulns", [])
    ]


def of_npm(report: Any) -> list[str] | None:
    """The findings of npm audit; None if its service did not answer."""
    if not isinstance(report, dict) or "vulnerabilities" not in report:
        return None
    return [f"{name}: {each['severity']}" for name, each in report["vulnerabilities"].items()]


def read(command: list[str]) -> Any:
    """The JSON that a command prints; None if it prints no JSON."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def main(pip_audit: str) -> int:
    """Query both services and print their findings. Returns the exit code."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(map("".join, pins())))
        file.flush()
        options = ["--no-deps", "--disable-pip", "--format", "json", "--requirement", file.name]
        python = of_python(read([pip_audit, *options]))
    npm = of_npm(read(["npm", "audit", "--json"]))
    for name, found in (("pip-audit", python), ("npm audit", npm)):
        if found is None:
            print(f"{name}: its service can't be reached from here, so nothing is known")
        else:
            print(f"{name}: {len(found)} known vulnerabilities", *found, sep="\n  ")
    return 1 if python or npm else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
