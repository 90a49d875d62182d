"""What a server has done, counted for Prometheus."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from pwlapp.report import Counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("done", "diverged", "failed")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set where several web processes answer on one port
# A pause takes a few milliseconds; what starts a compiler or waits for a full queue, seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_TOTALS = {
    "epochs": ("pwlapp_epochs", "Epochs trained."),
    "slices": ("pwlapp_slices", "Slices trained."),
    "seconds": ("pwlapp_slice_seconds", "Seconds that slices computed."),
    "waited": ("pwlapp_slice_waited_seconds", "Seconds that slices waited for their turn."),
}


class Metrics:
    """The counts of one app. They begin at 0 with it, but for those that workers keep in Redis.

    Where several web processes share a port, `SHARED` names a folder in which they add up what
    each of them counts, so that it makes no difference which one answers.

    Parameters
    ----------
    is_shared : bool
        Whether the training is counted by workers, in Redis.
    """

    def __init__(self, is_shared: bool = False) -> None:
        self._is_shared = is_shared
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._totals: defaultdict[str, float] = defaultdict(float)
        self._begun = Counter("pwlapp_runs_begun", "Runs begun.", registry=self._registry)
        self._streams = Gauge(
            "pwlapp_streams",
            "Event streams that are open.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._commands = Histogram(
            "pwlapp_command_seconds",
            "Seconds until a command was answered.",
            ["command"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )

    def run_began(self) -> None:
        """Count a run that was started."""
        self._begun.inc()

    def run_ended(self, outcome: str) -> None:
        """Count a run that ended: ``"done"``, ``"diverged"`` or ``"failed"``."""
        self._totals[f"runs_{outcome}"] += 1

    def trained(self, epochs: int, seconds: float, waited: float) -> None:
        """Count a slice: its epochs, the seconds it computed and those it waited for its turn."""
        self._totals["epochs"] += epochs
        self._totals["slices"] += 1
        self._totals["seconds"] += seconds
        self._totals["waited"] += waited

    def answered(self, command: str, seconds: float) -> None:
        """Count a command, one of a few, and how long it took."""
        self._commands.labels(command).observe(seconds)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count an event stream as open."""
        self._streams.inc()
        try:
            yield
        finally:
            self._streams.dec()

    def took_over(self, totals: Mapping[str, float]) -> None:
        """Replace what was counted here of the training by what workers counted together.

        Parameters
        ----------
        totals : mapping of str to float
            By ``epochs``, ``slices``, ``seconds``, ``waited``, ``runs_done``, ``runs_diverged``
            and ``runs_failed``.
        """
        self._totals = defaultdict(float, totals)

    def exposition(self, counts: Counts | None) -> bytes:
        """All of it in Prometheus's text format.

        Parameters
        ----------
        counts : Counts or None
            None where the store can't tell: its gauges are left out.
        """
        if SHARED in os.environ:
            own: Collector = _of_all_processes(os.environ[SHARED])
        else:
            own = self._registry
        # Totals that lie in Redis are not 0 while it is away: that would look like a restart.
        is_known = counts is not None or not self._is_shared
        training = _of_training(self._totals) if is_known else ()
        families = _Families([*training, *_of_store(counts)])
        return generate_latest(own) + generate_latest(families)


class _Families(Collector):
    """Metrics that are at hand already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _of_training(totals: Mapping[str, float]) -> Iterator[Metric]:
    for key, (name, what) in _TOTALS.items():
        yield CounterMetricFamily(name, what, totals.get(key, 0))
    ended = CounterMetricFamily("pwlapp_runs_ended", "Runs that ended, by how.", labels=["outcome"])
    for outcome in OUTCOMES:
        ended.add_metric([outcome], totals.get(f"runs_{outcome}", 0))
    yield ended


def _of_store(counts: Counts | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "pwlapp_store_up", "1 if the store answered just now, else 0.", int(counts is not None)
    )
    if counts is None:
        return
    yield GaugeMetricFamily("pwlapp_sessions", "SessionRepository that are kept.", counts.sessions)
    yield GaugeMetricFamily("pwlapp_runs_running", "Runs that go on.", counts.running)
    yield GaugeMetricFamily(
        "pwlapp_waiting", "Slices and other computations that wait for a process.", counts.waiting
    )


def _of_all_processes(folder: str) -> Collector:
    """What the processes of this port have counted; streams of dead ones are closed."""
    for path in Path(folder).glob("gauge_livesum_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not _lives(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
    collector: Collector = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]
    return collector


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
