"""Load test with one class, several classes and a thousand students: ``python -m benchmarks.load``.

Simulated students open the page and wait; then all press *Train 5,000 epochs* within ten seconds.
They share the machine's cores with the servers; their own CPU time is measured too.

The embedded server is one ``python -m pwlapp serve``; scaled are two of them with Redis and two
Celery workers. Each class size gets new servers, whose compiled engine has been loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.support import blocks, machine, report
from benchmarks.support.crowd import Crowd, Pulse, warm_up
from benchmarks.support.processes import by_kind, cpu, machine_busy_s, memory
from tests.support.cluster import NUMBA_CACHE, Cluster
from tests.support.server import serve

EPOCHS = 5000
RAMP = (30, 100, 300, 1000)
QUICK_RAMP = (30, 100)
PRESS_S = 10.0  # all students press Train within this time
COME_PER_S = 20.0  # students per second who open the page
REST_S = 5.0  # pause after all have opened the page
IDLE_S = 10.0  # how long idle servers are measured
WEBS = WORKERS = 2

Step: TypeAlias = dict[str, Any]


@contextmanager
def embedded(folder: Path) -> Iterator[list[str]]:
    """One server that does everything."""
    with serve(folder) as address:
        yield [address.replace("localhost", "127.0.0.1")]  # without a DNS lookup


@contextmanager
def scaled(folder: Path) -> Iterator[list[str]]:
    """Two web processes, Redis, two workers."""
    with Cluster(folder, webs=WEBS, workers=WORKERS, concurrency=1) as cluster:
        cluster.wait_until_ready()
        yield cluster.addresses


MODES = {"embedded": embedded, "scaled": scaled}


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    return report.summary([1000 * each for each in seconds])


async def measure(addresses: Sequence[str], count: int, seed: int) -> Step:
    """Measure a class of `count` that opens the page, waits and trains."""
    await warm_up(addresses)
    fresh = by_kind()
    async with Crowd(addresses, count, seed) as crowd:
        opened = await crowd.open(count / COME_PER_S)
        came = by_kind()
        await asyncio.sleep(REST_S)
        before, began = by_kind(), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        idle, idle_s = by_kind(), time.perf_counter() - began
        busy_s = machine_busy_s()
        async with Pulse() as pulse:
            took = await crowd.train(EPOCHS, PRESS_S)
        trained, busy_s = by_kind(), machine_busy_s() - busy_s
        tally = crowd.tally()
    train_s = cpu(idle, trained)
    others_s = max(0.0, busy_s - train_s["all"] - pulse.cpu_s)
    return {
        "students": count,
        "train_ms": milliseconds(took),
        "open_ms": milliseconds(opened),
        **tally,
        "memory_mb": {"fresh": memory(fresh), "idle": memory(idle), "trained": memory(trained)},
        "cpu_s": {"open": cpu(fresh, came), "idle": cpu(before, idle), "train": train_s},
        "idle_s": round(idle_s, 1),
        "processes": {kind: used.processes for kind, used in trained.items()},
        "others_share": round(others_s / pulse.wall_s, 3),
        "students_share": round(pulse.cpu_s / pulse.wall_s, 3),
        "students_late_ms": milliseconds(pulse.late_s),
    }


def run(mode: str, ramp: Sequence[int]) -> list[Step]:
    """Measure all sizes of the class, each with new servers."""
    steps = []
    for count in ramp:
        with tempfile.TemporaryDirectory() as folder, MODES[mode](Path(folder)) as addresses:
            steps.append(asyncio.run(measure(addresses, count, seed=count)))
        print(blocks.load_row(mode, steps[-1]), *steps[-1]["examples"], flush=True)
    return steps


def prepare() -> None:
    """Raise the limit of connections and set the Numba cache; the servers inherit both."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Otherwise each server would compile during its first minute.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(NUMBA_CACHE))


def main() -> None:
    """Print the table, and write it as JSON and into the page of figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mode", choices=[*MODES, "both"], default="both")
    parser.add_argument("--ramp", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--quick", action="store_true", help="small classes; nothing is written")
    chosen = parser.parse_args()
    prepare()
    ramp = chosen.ramp or (QUICK_RAMP if chosen.quick else RAMP)
    print("\n".join(blocks.LOAD_HEAD))
    modes = list(MODES) if chosen.mode == "both" else [chosen.mode]
    measured = {mode: run(mode, ramp) for mode in modes}
    if chosen.quick:
        return
    kept = report.read_results().get("load", {}).get("modes", {})
    result = {
        "machine": machine.describe(),
        "epochs": EPOCHS,
        "press_s": PRESS_S,
        "come_per_s": COME_PER_S,
        "modes": kept | measured,
    }
    report.save("load", result)


if __name__ == "__main__":
    main()
