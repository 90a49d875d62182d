"""Stubs, builders and wait functions for tests of sessions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import numpy as np

from pwlapp.compute.scheduler import LocalScheduler
from pwlapp.core import engines
from pwlapp.core.engines import EngineInfo
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import TrainState
from pwlapp.metrics import Metrics
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.frames import Frame, Mark
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.reader import Snapshot
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import SessionState, changed
from pwlapp.sessions.stores.protocol import Store
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.settings import Settings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class ThreadRunner:
    """A runner that computes in threads of this process."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()  # a test clears it to act during a slice
        self.gate.set()
        self.held = 0
        self._turn = asyncio.Lock()

    def start(self) -> None: ...

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        self.held += 1
        await self.gate.wait()
        self.held -= 1
        async with self._turn:
            return await asyncio.to_thread(function, *args)

    async def engines(self) -> list[EngineInfo]:
        return engines.engines()

    async def workers(self) -> int:
        return 1

    async def waiting(self) -> int:
        return self.held

    async def totals(self) -> dict[str, float]:
        return {}

    async def close(self) -> None: ...


def make_service(
    settings: Settings,
    runner: Runner,
    store: Store | None = None,
    events: SessionEvents | None = None,
) -> SessionService:
    """A service with the scheduler of the embedded mode; the default store is SQLite."""
    metrics = Metrics()
    store = store or SqliteStore(settings.data_dir / "sessions.sqlite3")
    make_scheduler = partial(
        LocalScheduler,
        store=store,
        runner=runner,
        metrics=metrics,
        slice_ms=settings.slice_ms,
        at_once=settings.workers,
    )
    return SessionService(
        store, runner, events or SessionEvents(), settings, make_scheduler, metrics
    )


def write_points(path: Path, n: int = 64, slope: float = 4.0) -> Path:
    """Write a CSV of `n` points on a line of this slope, which makes data sets differ."""
    x = np.linspace(-1, 1, n)
    prob = 1 / (1 + np.exp(-slope * x))
    y = np.random.default_rng(0).random(n) < prob
    lines = [f"{a},{p},{int(b)}" for a, p, b in zip(x, prob, y, strict=True)]
    path.write_text("x,prob,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_state(version: int = 1, **changes: Any) -> SessionState:
    """A state whose numbers all differ, so that a test notices if two are swapped."""
    train = TrainState(
        params=np.array([1, -1, -4.5, -9, 4.5], dtype=np.float32),
        m=np.array([0.1, 0.2, 0.3, 0.4, 0.5], dtype=np.float32),
        v=np.array([1e-9, 2e-9, 3e-9, 4e-9, 5e-9], dtype=np.float32),
        epoch=7,
        loss=0.25,
    )
    fields: dict[str, Any] = {
        "version": version,
        "seed": 1,
        "optimizer": AdamOptions(),
        "engine": "torch@cpu",
        "data_key": "0" * 16,
        "train": train,
    }
    return SessionState(**(fields | changes))


async def read_rows(
    service: SessionService, sid: str, since: int = 0
) -> tuple[Snapshot, list[list[Any]]]:
    """`SessionService.read` with the frames as lists; see `snapshot.frame_row`."""
    shown, texts = await service.read(sid, since)
    return shown, [json.loads(text) for _, text in texts]


async def until(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Wait until `condition`, a function or coroutine function, returns a true value."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    async with asyncio.timeout(timeout_s):
        while True:
            # redis-py can take the timeout's cancellation for a lost connection, see `tasks.stop`
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)


async def status_of(service: SessionService, sid: str) -> str:
    snapshot = await service.get_snapshot(sid)
    return str(snapshot["status"])


async def has_moved(service: SessionService, sid: str) -> bool:
    """Whether the first slice of a run has been saved."""
    return int((await service.get_snapshot(sid))["epoch"]) > 0


async def finished(service: SessionService, sid: str) -> dict[str, Any]:
    """Wait until the session's run has ended for any reason; returns the snapshot."""

    async def idle() -> dict[str, Any] | None:
        snapshot = await service.get_snapshot(sid)
        return None if snapshot["status"] == "running" else snapshot

    found: dict[str, Any] = await until(idle)
    return found


def make_frame(seq: int, epoch: int = 1, mark: Mark = "") -> Frame:
    params = np.arange(5, dtype=np.float32) + seq
    return Frame(seq=seq, epoch=epoch, loss=1 / (seq + 1), numbers=params, mark=mark)


def appended(state: SessionState, count: int, every: int = 1) -> tuple[SessionState, list[Frame]]:
    """The next version of `state`, with `count` more frames."""
    seqs = range(state.next_seq, state.next_seq + count)
    frames = [make_frame(seq, epoch=seq * every) for seq in seqs]
    return changed(state, next_seq=state.next_seq + count), frames


async def seqs_since(store: Store, sid: str, seq: int) -> list[int]:
    _, frames = await store.read_since(sid, seq)
    return [frame.seq for frame in frames]
