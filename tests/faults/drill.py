"""A class trains while everything fails in turn; then every net is compared."""

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
from tests.faults import judge
from tests.faults.pupil import Lost, Pupil
from tests.faults.sabotage import Log, Saboteur
from tests.faults.script import Event, Plan
from tests.support.cluster import Cluster, ClusterFailed
from tests.support.sessions import write_points

READY_S = 60.0
SETTINGS = {"PWLAPP_ENGINE": "torch@cpu"}  # one engine, so that every bit is known
TRACEBACK = "Traceback (most recent call last)"


class Outcome(NamedTuple):
    """What came of it.

    Attributes
    ----------
    figures : dict of str to int or float
        In the order in which they are told.
    violations : list of str
        What was not as it must be; empty if all was well.
    """

    events: Counter[str]
    figures: dict[str, float]
    violations: list[str]


async def hold(folder: Path, plan: Plan, students: int, log: Log) -> Outcome:
    """Start a cluster and a class, let things go wrong, and judge what is left.

    Parameters
    ----------
    folder : Path
        Gets data and logs.
    plan : Plan
    students : int
    log : callable
        Told of the events as they come to an end.
    """
    data = write_points(folder / "points.csv")
    points = read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)
    with Cluster(folder, data=data, settings=SETTINGS) as cluster:
        await asyncio.to_thread(cluster.wait_until_ready, READY_S)
        saboteur = Saboteur(cluster, plan.seed, log)
        events = plan.events(cluster.webs, cluster.workers)
        pupils = [Pupil(cluster.addresses, number) for number in range(1, students + 1)]
        began = time.monotonic()
        try:
            problems = await _lesson(pupils, saboteur, events, cluster, log)
            counted = await _counted(cluster)
        finally:
            saboteur.close()
            await asyncio.gather(*(pupil.close() for pupil in pupils))
        seconds = time.monotonic() - began
        problems += await asyncio.to_thread(_after_all, cluster, saboteur, pupils, points, counted)
    figures = _figures(pupils, seconds, counted)
    figures["workers ended by themselves"] = len(saboteur.revived)
    figures["workers killed, as they did not end"] = len(saboteur.stuck)
    return Outcome(Counter(event.kind for event in saboteur.done), figures, problems)


async def _lesson(
    pupils: Sequence[Pupil],
    saboteur: Saboteur,
    events: Sequence[Event],
    cluster: Cluster,
    log: Log,
) -> list[str]:
    """All that happens while the cluster is up; gives what the students complain of."""
    await asyncio.gather(*(pupil.open() for pupil in pupils))
    enough = asyncio.Event()
    learning = [asyncio.create_task(pupil.learn(enough)) for pupil in pupils]
    problems = []
    try:
        await saboteur.carry_out(events)
        await asyncio.to_thread(cluster.wait_until_ready, READY_S)
    except* ClusterFailed as failures:
        problems += [str(failure) for failure in failures.exceptions]
    log("     all is up again; the runs come to their ends")
    enough.set()
    ends = await asyncio.gather(*learning, return_exceptions=True)
    for end in ends:
        if isinstance(end, Lost):
            problems.append(str(end))
        elif isinstance(end, BaseException):
            raise end
    return problems


async def _counted(cluster: Cluster) -> dict[str, float]:
    """What the workers have counted of their own work."""
    client: Any = redis.asyncio.from_url(cluster.redis_url)
    try:
        return {k.decode(): float(v) for k, v in (await client.hgetall(STATS)).items()}
    finally:
        await client.aclose()


def _after_all(
    cluster: Cluster,
    saboteur: Saboteur,
    pupils: Sequence[Pupil],
    points: Points,
    counted: dict[str, float],
) -> list[str]:
    chapters = [chapter for pupil in pupils for chapter in pupil.chapters]
    problems = judge.violations(chapters, points)
    for pupil in pupils:
        log = pupil.log
        if log.faults or log.lost or log.repeated or not pupil.connected:
            problems.append(f"{pupil}")
    runs = sum(pupil.account.runs for pupil in pupils)
    epochs = sum(pupil.account.epochs for pupil in pupils)
    if counted.get("runs_done", 0) > runs or counted.get("epochs", 0) > epochs:
        problems.append(f"{runs} runs of {epochs} epochs, but the workers counted {counted}")
    if counted.get("runs_failed") or counted.get("runs_diverged"):
        problems.append(f"no run should have failed, but the workers counted {counted}")
    # Workers are Celery's, and may be slow to leave or leave early; nothing depends on them.
    for what, names in (("ended by itself", saboteur.revived), ("did not end", saboteur.stuck)):
        problems += [f"{name} {what}" for name in names if name not in cluster.workers]
    for name in cluster.webs:
        if TRACEBACK in cluster.log(name).read_text(encoding="utf-8"):
            problems.append(f"{name} was surprised: there is a traceback in {cluster.log(name)}")
    return problems


def _figures(
    pupils: Sequence[Pupil], seconds: float, counted: dict[str, float]
) -> dict[str, float]:
    accounts = [pupil.account for pupil in pupils]
    runs = [run for p in pupils for c in p.chapters for run in c.runs]
    return {
        "seconds": seconds,
        "students": len(pupils),
        "nets": sum(len(pupil.chapters) for pupil in pupils),
        "runs": sum(account.runs for account in accounts),
        "epochs": sum(target - start for start, target in runs),
        "slices, as the workers counted": counted.get("slices", 0),
        "frames, each compared": sum(len(c.rows) for p in pupils for c in p.chapters),
        "streams begun again": sum(pupil.reconnects for pupil in pupils),
        "questions while there was no stream": sum(pupil.polls for pupil in pupils),
        "longest time without a connection, seconds": max(a.longest_gap_s for a in accounts),
        "longest wait for a frame, seconds": max(p.log.longest_wait_s for p in pupils),
        "commands given again": sum(account.repeated for account in accounts),
        "commands in effect, answer lost": sum(account.done_unheard for account in accounts),
    }
