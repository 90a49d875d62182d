"""CPU time and memory of the child processes of this one, by kind; Linux only."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple, TypeAlias

import psutil

# A word in the command line of each kind of process; the first match counts.
KINDS = (
    ("redis-server", "redis"),
    ("celery", "workers"),
    ("resource_tracker", "other"),
    ("multiprocessing", "training"),
    ("pwlapp", "web"),
)


class Usage(NamedTuple):
    """CPU time and memory of some processes.

    Attributes
    ----------
    cpu_s : float
        CPU seconds since their start.
    pss_mb : float
        Memory in use, in megabytes; a page that several processes share counts once in all.
    processes : int
        Number of processes.
    """

    cpu_s: float = 0.0
    pss_mb: float = 0.0
    processes: int = 0


Usages: TypeAlias = dict[str, Usage]


def by_kind() -> Usages:
    """Usage of all processes below this one by kind, see `KINDS`; ``"all"`` is the sum."""
    found: defaultdict[str, Usage] = defaultdict(Usage)
    for process in psutil.Process().children(recursive=True):
        try:
            line, times = " ".join(process.cmdline()), process.cpu_times()
            pss_mb = process.memory_full_info().pss / 2**20
        except psutil.NoSuchProcess:  # it has just ended
            continue
        cpu_s = times.user + times.system
        for kind in (next((kind for word, kind in KINDS if word in line), "other"), "all"):
            sofar = found[kind]
            found[kind] = Usage(sofar.cpu_s + cpu_s, sofar.pss_mb + pss_mb, sofar.processes + 1)
    return dict(found)


def cpu(before: Usages, after: Usages) -> dict[str, float]:
    """CPU seconds between two usages, by kind."""
    return {
        kind: round(used.cpu_s - before.get(kind, Usage()).cpu_s, 2) for kind, used in after.items()
    }


def memory(used: Usages) -> dict[str, float]:
    """Memory in megabytes, by kind."""
    return {kind: round(each.pss_mb, 1) for kind, each in used.items()}


def machine_busy_s() -> float:
    """CPU seconds of all processes of this machine since its start."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
