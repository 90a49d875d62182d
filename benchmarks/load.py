"""A class, several classes, a thousand students at once: ``python -m benchmarks.load``.

Students without a browser (see `benchmarks.student`) open the page and sit there; then all press
*Train 5,000 epochs* within ten seconds. They share the machine's cores with the servers that they
load, and their own part is told, so that it can be judged.

The embedded server is one ``python -m pwlapp serve``; scaled are two of them with Redis and two
Celery workers. Every size of the class gets servers just started, whose compiled engine is in use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks import machine
from benchmarks.crowd import Crowd, Pulse, warm_up
from benchmarks.processes import Usage, busy_s, by_kind
from benchmarks.report import percentile
from tests.support.cluster import NUMBA_CACHE, Cluster
from tests.support.server import serve

EPOCHS = 5000
RAMP = (30, 100, 300, 1000)
QUICK_RAMP = (30, 100)
PRESS_S = 10.0  # all press within
COME_PER_S = 20.0  # so many open the page in a second
REST_S = 5.0  # after they have come, and after the last run
IDLE_S = 10.0  # how long is looked at those who only sit there
WEBS = WORKERS = 2
RESULTS = Path(__file__).parent / "results"

Step: TypeAlias = dict[str, Any]
Usages: TypeAlias = dict[str, Usage]


@contextmanager
def embedded(folder: Path) -> Iterator[list[str]]:
    """One server that does everything."""
    with serve(folder) as address:
        yield [address.replace("localhost", "127.0.0.1")]  # whose name need not be looked up


@contextmanager
def scaled(folder: Path) -> Iterator[list[str]]:
    """Two web processes, Redis, two workers."""
    with Cluster(folder, webs=WEBS, workers=WORKERS, concurrency=1) as cluster:
        cluster.wait_until_ready()
        yield cluster.addresses


MODES = {"embedded": embedded, "scaled": scaled}


async def measure(addresses: Sequence[str], count: int, seed: int) -> Step:
    """A class of `count` comes, sits there, trains."""
    await warm_up(addresses)
    fresh = by_kind()
    async with Crowd(addresses, count, seed) as crowd:
        opened = await crowd.come(count / COME_PER_S)
        came = by_kind()
        await asyncio.sleep(REST_S)
        before, began = by_kind(), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        idle, idle_s = by_kind(), time.perf_counter() - began
        ours, busy = by_kind(), busy_s()
        async with Pulse() as pulse:
            took = await crowd.train(EPOCHS, PRESS_S)
        trained, busy = by_kind(), busy_s() - busy
        tally = crowd.tally()
    others_s = max(0.0, busy - cpu(ours, trained)["all"] - pulse.cpu_s)
    return {
        "students": count,
        "train_ms": rounded(took),
        "open_ms": rounded(opened),
        **tally,
        "memory_mb": {
            "fresh": memory(fresh),
            "idle": memory(idle),
            "trained": memory(trained),
        },
        "cpu": {
            "open_s": cpu(fresh, came),
            "idle_share": {kind: used / idle_s for kind, used in cpu(before, idle).items()},
            "train_s": cpu(ours, trained),
        },
        "processes": {kind: used.processes for kind, used in trained.items()},
        "others_share": others_s / pulse.wall_s,
        "generator": {
            "cpu_share": pulse.cpu_s / pulse.wall_s,
            "late_ms": {p: 1000 * percentile(pulse.late_s, p) for p in (50, 95, 99)},
        },
    }


def rounded(seconds: list[float]) -> list[float]:
    """Milliseconds to a tenth, in order."""
    return sorted(round(1000 * each, 1) for each in seconds)


def cpu(before: Usages, after: Usages) -> dict[str, float]:
    """CPU seconds in between, by kind."""
    return {
        kind: round(used.cpu_s - before.get(kind, Usage()).cpu_s, 2) for kind, used in after.items()
    }


def memory(used: Usages) -> dict[str, dict[str, float]]:
    """Megabytes by kind."""
    return {
        kind: {"rss": round(each.rss_mb, 1), "pss": round(each.pss_mb, 1)}
        for kind, each in used.items()
    }


def told(step: Step) -> str:
    """What one step measured, in a line."""
    count, took = step["students"], step["train_ms"]
    marks = " ".join(f"{percentile(took, p):8.0f}" for p in (50, 95, 99)) if took else "none ended"
    all_memory = step["memory_mb"]
    return (
        f"{count:>6}{marks}{step['late']:>6}{step['lost']:>6}{step['repeated']:>6}"
        f"{step['errors']:>6}{1000 * step['cpu']['train_s']['all'] / count:>9.1f}"
        f"{all_memory['idle']['all']['pss']:>9.0f}{all_memory['trained']['all']['pss']:>9.0f}"
        f"{100 * step['cpu']['idle_share']['all']:>8.1f}"
        f"{100 * step['generator']['cpu_share']:>8.0f}"
        f"{step['generator']['late_ms'][99]:>9.1f}{100 * step['others_share']:>9.0f}"
    )


HEAD = (
    f"{'people':>6}{'p50 ms':>9}{'p95':>9}{'p99':>9}{'late':>6}{'lost':>6}{'twice':>6}{'wrong':>6}"
    f"{'cpu ms/p':>9}{'idle MB':>9}{'then MB':>9}{'idle %':>8}{'load %':>8}{'lag ms':>9}"
    f"{'others %':>9}"
)


def run(mode: str, ramp: Sequence[int]) -> list[Step]:
    """Measure all sizes of the class, each against servers of its own."""
    print(f"{mode}\n{HEAD}")
    steps = []
    for count in ramp:
        with tempfile.TemporaryDirectory() as folder, MODES[mode](Path(folder)) as addresses:
            steps.append(asyncio.run(measure(addresses, count, seed=count)))
        print(told(steps[-1]), *steps[-1]["examples"], flush=True)
    return steps


def many_files() -> int:
    """Allow as many connections as the system lets us, here and in the servers started here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def main() -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mode", choices=[*MODES, "both"], default="both")
    parser.add_argument("--ramp", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--quick", action="store_true", help="small classes; nothing is written")
    chosen = parser.parse_args()
    many_files()
    # Or every server would spend its first minute compiling.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(NUMBA_CACHE))
    ramp = chosen.ramp or (QUICK_RAMP if chosen.quick else RAMP)
    modes = list(MODES) if chosen.mode == "both" else [chosen.mode]
    measured = {mode: run(mode, ramp) for mode in modes}
    if chosen.quick:
        return
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "load.json"
    kept = json.loads(path.read_text("utf-8"))["modes"] if path.exists() else {}
    result = {
        "machine": machine.describe(),
        "epochs": EPOCHS,
        "press_s": PRESS_S,
        "come_per_s": COME_PER_S,
        "modes": kept | measured,
    }
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
