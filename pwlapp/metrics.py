"""The metrics of a server in Prometheus's format."""

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
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set if several web processes share one port
# A pause takes milliseconds; a command that waits for a full queue takes seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_TOTALS = {
    "epochs": ("pwlapp_epochs", "Epochs trained."),
    "slices": ("pwlapp_slices", "Slices trained."),
    "seconds": ("pwlapp_slice_seconds", "Seconds that slices computed."),
    "waited": ("pwlapp_slice_waited_seconds", "Seconds that slices waited for their turn."),
}


class Metrics:
    """The metrics of one server. Counts begin at 0, except those of the workers in Redis.

    If several web processes share a port, the variable `SHARED` names a folder in which they
    exchange their counts, so that each reports the sum of all.

    Parameters
    ----------
    is_shared : bool
        Whether Celery workers count the training, in Redis.
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
        """Count a slice: its epochs, the seconds it computed and the seconds it waited."""
        self._totals["epochs"] += epochs
        self._totals["slices"] += 1
        self._totals["seconds"] += seconds
        self._totals["waited"] += waited

    def answered(self, command: str, seconds: float) -> None:
        """Count a command, by its name, and the seconds it took."""
        self._commands.labels(command).observe(seconds)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count an event stream as open."""
        self._streams.inc()
        try:
            yield
        finally:
            self._streams.dec()

    def set_totals(self, totals: Mapping[str, float]) -> None:
        """Set the training counts to those of all workers.

        Parameters
        ----------
        totals : mapping of str to float
            By ``epochs``, ``slices``, ``seconds``, ``waited``, ``runs_done``, ``runs_diverged``
            and ``runs_failed``.
        """
        self._totals = defaultdict(float, totals)

    def exposition(self, counts: Counts | None) -> bytes:
        """All metrics in Prometheus's text format.

        Parameters
        ----------
        counts : Counts or None
            None if the store does not answer; its gauges are then left out.
        """
        if SHARED in os.environ:
            own: Collector = _of_all_processes(os.environ[SHARED])
        else:
            own = self._registry
        # Without Redis the workers' totals are unknown; 0 would look like a restart.
        is_known = counts is not None or not self._is_shared
        training = _of_training(self._totals) if is_known else ()
        families = _Families([*training, *_of_store(counts)])
        return generate_latest(own) + generate_latest(families)


class _Families(Collector):
    """A collector that returns given metrics."""

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
        "pwlapp_store_up", "1 if the store answered, else 0.", int(counts is not None)
    )
    if counts is None:
        return
    yield GaugeMetricFamily("pwlapp_sessions", "Sessions that are kept.", counts.sessions)
    yield GaugeMetricFamily("pwlapp_runs_running", "Runs in progress.", counts.running)
    yield GaugeMetricFamily(
        "pwlapp_waiting", "Slices and other computations that wait for a process.", counts.waiting
    )


def _of_all_processes(folder: str) -> Collector:
    """The metrics of all processes of this port; dead processes no longer count streams."""
    for path in Path(folder).glob("gauge_livesum_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
    collector: Collector = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]
    return collector


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
