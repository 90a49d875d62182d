"""Students train on a cluster during faults; then every net is compared with an uncut run."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import redis.asyncio

from pwlapp.compute.celery.heartbeat import STATS
from pwlapp.core.data.files import read_points
from pwlapp.core.data.points import Points
from tests.faults import comparison
from tests.faults.injector import FaultInjector, Log
from tests.faults.lesson import Lesson
from tests.faults.persistent_student import PersistentStudent, Violation
from tests.faults.schedule import Event, Plan
from tests.support.cluster import Cluster, ClusterFailed
from tests.support.sessions import write_points

READY_S = 60.0
SEATS = 4  # students of a class, in addition to the others
SETTINGS = {"PWLAPP_ENGINE": "torch@cpu"}  # one engine, so that all runs can be compared exactly
TRACEBACK = "Traceback (most recent call last)"


class Outcome(NamedTuple):
    """Result of a scenario.

    Attributes
    ----------
    figures : dict of str to int or float
        Figures, in the order in which they are printed.
    violations : list of str
        Violated invariants; empty if there are none.
    """

    events: Counter[str]
    figures: dict[str, float]
    violations: list[str]


async def run(folder: Path, plan: Plan, n_students: int, log: Log) -> Outcome:
    """Start a cluster and students, inject the faults, and compare all nets.

    Parameters
    ----------
    folder : Path
        Gets data and logs.
    plan : Plan
    n_students : int
    log : callable
        Called with a line for each event when it is over.
    """
    data = write_points(folder / "points.csv")
    points = read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)
    with Cluster(folder, data=data, settings=SETTINGS) as cluster:
        await asyncio.to_thread(cluster.wait_until_ready, READY_S)
        injector = FaultInjector(cluster, plan.seed, log)
        events = plan.events(cluster.webs, cluster.workers)
        students = [
            PersistentStudent(cluster.addresses, number) for number in range(1, n_students + 1)
        ]
        lesson = Lesson(cluster.addresses, SEATS)
        began = time.monotonic()
        try:
            problems = await _inject_while_training(
                students, lesson, injector, events, cluster, log
            )
            counted = await _worker_counts(cluster)
        finally:
            injector.close()
            await asyncio.gather(lesson.close(), *(student.close() for student in students))
        seconds = time.monotonic() - began
        problems += await asyncio.to_thread(
            _violations, cluster, injector, students, lesson, points, counted
        )
    figures = _figures(students, seconds, counted)
    figures["students in the class"] = len(lesson.students)
    figures["nets of the class"] = len(lesson.records)
    figures["workers ended by themselves"] = len(injector.restarted)
    figures["workers killed, since they did not stop"] = len(injector.stuck)
    return Outcome(Counter(event.kind for event in injector.done), figures, problems)


async def _inject_while_training(
    students: Sequence[PersistentStudent],
    lesson: Lesson,
    injector: FaultInjector,
    events: Sequence[Event],
    cluster: Cluster,
    log: Log,
) -> list[str]:
    """Inject the faults while the students train; returns the violations that they notice."""
    await asyncio.gather(lesson.open(), *(student.open() for student in students))
    enough = asyncio.Event()
    work = [lesson.teach_until(enough), *(student.train_until(enough) for student in students)]
    training = [asyncio.create_task(each) for each in work]
    problems = []
    try:
        await injector.inject(events)
        await asyncio.to_thread(cluster.wait_until_ready, READY_S)
    except* ClusterFailed as failures:
        problems += [str(failure) for failure in failures.exceptions]
    log("     all processes are up again; the last runs end")
    enough.set()
    ends = await asyncio.gather(*training, return_exceptions=True)
    for end in ends:
        if isinstance(end, Violation):
            problems.append(str(end))
        elif isinstance(end, BaseException):
            raise end
    return problems


async def _worker_counts(cluster: Cluster) -> dict[str, float]:
    """The totals that the workers have counted."""
    client: Any = redis.asyncio.from_url(cluster.redis_url)
    try:
        return {k.decode(): float(v) for k, v in (await client.hgetall(STATS)).items()}
    finally:
        await client.aclose()


def _violations(
    cluster: Cluster,
    injector: FaultInjector,
    students: Sequence[PersistentStudent],
    lesson: Lesson,
    points: Points,
    counted: dict[str, float],
) -> list[str]:
    records = [record for student in students for record in student.records]
    problems = comparison.violations(records + lesson.records, points)
    for student in (*students, *lesson.students):
        log = student.log
        if log.faults or log.lost or log.repeated or not student.connected:
            problems.append(f"{student}")
    runs = lesson.begun_runs + sum(student.counts.runs for student in students)
    epochs = lesson.begun_epochs + sum(student.counts.epochs for student in students)
    if counted.get("runs_done", 0) > runs or counted.get("epochs", 0) > epochs:
        problems.append(f"{runs} runs of {epochs} epochs, but the workers counted {counted}")
    if counted.get("runs_failed") or counted.get("runs_diverged"):
        problems.append(f"no run should have failed, but the workers counted {counted}")
    # Celery's workers may be slow to stop, or end by themselves; that is no violation.
    for what, names in (("ended by itself", injector.restarted), ("did not end", injector.stuck)):
        problems += [f"{name} {what}" for name in names if name not in cluster.workers]
    for name in cluster.webs:
        if TRACEBACK in cluster.log(name).read_text(encoding="utf-8"):
            problems.append(f"{name} has logged a traceback: see {cluster.log(name)}")
    return problems


def _figures(
    students: Sequence[PersistentStudent], seconds: float, counted: dict[str, float]
) -> dict[str, float]:
    counts = [student.counts for student in students]
    runs = [run for p in students for c in p.records for run in c.runs]
    return {
        "seconds": seconds,
        "students": len(students),
        "nets": sum(len(student.records) for student in students),
        "runs": sum(counts.runs for counts in counts),
        "epochs": sum(target - start for start, target in runs),
        "slices, counted by the workers": counted.get("slices", 0),
        "frames compared": sum(len(c.rows) for p in students for c in p.records),
        "reconnections of streams": sum(student.reconnects for student in students),
        "polls without a stream": sum(student.polls for student in students),
        "longest time without a connection, seconds": max(a.longest_gap_s for a in counts),
        "longest wait for a frame, seconds": max(p.log.longest_wait_s for p in students),
        "commands repeated": sum(counts.repeated for counts in counts),
        "commands done, answer lost": sum(counts.lost_answers for counts in counts),
    }
