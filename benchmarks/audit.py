"""Lighthouse's scores of the page on a laptop and on a phone: part of ``make audit``.

Lighthouse (of npm) is installed by the Makefile, beside the project's own packages. It slows the
processor and the network down as it does everywhere, so its mark for performance is comparable, but
varies from run to run: it is the median of several.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.server import serve

LIGHTHOUSE = Path(".venv/lighthouse/node_modules/lighthouse/cli/index.js")
ROUNDS = 3  # an odd number, so that the median is one of the scores
# lowest scores allowed, of 100
WANTED = {
    "desktop": {"accessibility": 100, "best-practices": 100, "performance": 95},
    "mobile": {"accessibility": 100, "best-practices": 100, "performance": 85},
}


def lighthouse(url: str, device: str) -> dict[str, Any]:
    """Run Lighthouse once; returns its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *("node", str(LIGHTHOUSE), url, "--quiet", "--output=json", f"--output-path={report}"),
            f"--only-categories={','.join(WANTED[device])}",
            f"--chrome-flags={' '.join(['--headless=new', *ARGUMENTS])}",
            *(["--preset=desktop"] if device == "desktop" else []),
        ]
        chromium = find_chromium()
        environ = {"CHROME_PATH": chromium} if chromium else {}
        subprocess.run(command, check=True, env=os.environ | environ)
        read: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return read


def marks(report: dict[str, Any]) -> dict[str, int]:
    """The score of each category, of 100."""
    return {name: round(100 * each["score"]) for name, each in report["categories"].items()}


def faults(report: dict[str, Any]) -> list[str]:
    """The failed audits, except those about time, in Lighthouse's words."""
    named = {
        audit["id"]
        for name, category in report["categories"].items()
        if name != "performance"
        for audit in category["auditRefs"]
        if audit["weight"]
    }
    audits = (audit for name, audit in report["audits"].items() if name in named)
    return [audit["title"] for audit in audits if audit["score"] not in (None, 1)]


def look(url: str, device: str) -> bool:
    """Print the scores of a page on a device; returns whether they are high enough."""
    reports = [lighthouse(url, device) for _ in range(ROUNDS)]
    given = [marks(report) for report in reports]
    is_good = True
    for name, least in WANTED[device].items():
        mark = median(each[name] for each in given)
        is_good &= mark >= least
        print(f"{device}, {name}: {mark} of 100, {least} wanted", flush=True)
    for fault in sorted({fault for report in reports for fault in faults(report)}):
        print(f"  {fault}")
    return is_good


def main() -> None:
    """Audit the page on both devices; fails if a score is too low."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        results = [look(address, device) for device in WANTED]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
