"""CPU time and memory of the processes below this one, by what they do; Linux only."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")

# What a command line says of its process; the first that fits.
KINDS = (
    ("redis-server", "redis"),
    ("celery", "workers"),
    ("resource_tracker", "other"),
    ("multiprocessing", "training"),
    ("pwlapp", "web"),
)


class Usage(NamedTuple):
    """What some processes have used, or use.

    Attributes
    ----------
    cpu_s : float
        Since their start.
    rss_mb : float
        Memory in use; pages that several processes share are counted for each.
    pss_mb : float
        The same, shared pages counted once in all.
    processes : int
    """

    cpu_s: float = 0.0
    rss_mb: float = 0.0
    pss_mb: float = 0.0
    processes: int = 0

    def plus(self, other: Usage) -> Usage:
        return Usage(
            self.cpu_s + other.cpu_s,
            self.rss_mb + other.rss_mb,
            self.pss_mb + other.pss_mb,
            self.processes + other.processes,
        )


def by_kind() -> dict[str, Usage]:
    """Usage of all processes below this one.

    Returns
    -------
    dict of str to Usage
        By kind, see `KINDS`; ``"all"`` is the sum.
    """
    found: dict[str, Usage] = defaultdict(Usage)
    for pid in descendants(os.getpid()):
        try:
            kind, used = _kind(pid), _usage(pid)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        found[kind] = found[kind].plus(used)
        found["all"] = found["all"].plus(used)
    return dict(found)


def busy_s() -> float:
    """CPU seconds of everything on this machine, since it was started."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(
        int, (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS


def descendants(root: int) -> list[int]:
    """Ids of the processes that `root` started, and of those that they started."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                children[int(_stat(int(folder.name))[1])].append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def _stat(pid: int) -> list[str]:
    """Fields of ``/proc/pid/stat`` from the third on; the second may hold spaces."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _kind(pid: int) -> str:
    line = (PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace")
    return next((kind for word, kind in KINDS if word in line), "other")


def _usage(pid: int) -> Usage:
    fields = _stat(pid)
    memory = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, number, *_ = line.split()
        memory[name] = int(number) / 1024
    return Usage(
        (int(fields[11]) + int(fields[12])) / TICKS, memory["Rss:"], memory["Pss:"], processes=1
    )
