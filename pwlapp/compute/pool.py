"""A pool of processes behind one fair queue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from pwlapp.compute.process import Prepare, Worker, WorkerDied, load_torch
from pwlapp.core import engines
from pwlapp.core.engines import EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MAX_RETRIES = 3
MAX_CALLS = 1000  # in progress; further calls raise ``busy``


class PoolRunner:
    """A `Runner` with processes of its own.

    Calls are served in the order in which they came, so that runs take turns. A process that dies
    is replaced, and its call made again, up to three times.

    Parameters
    ----------
    workers : int
        How many processes.
    prepare : callable
        Called once in each new process; see `Worker`.
    """

    def __init__(self, workers: int, prepare: Prepare = load_torch) -> None:
        self._workers = [Worker(prepare) for _ in range(workers)]
        self._free = list(self._workers)
        self._turns = asyncio.Semaphore(workers)  # first come, first served
        # A thread for each process, to wait for its pipe.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="runner")
        self._warming: set[asyncio.Task[None]] = set()
        self._engines: list[EngineInfo] = []
        self._calls = 0
        self._closed = False

    def start(self) -> None:
        """Start all processes in the background: importing torch takes them seconds."""
        self._warming = {asyncio.create_task(self._warm_up()) for _ in self._workers}

    def pids(self) -> list[int]:
        """Ids of the processes that live now."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        if self._calls >= MAX_CALLS:
            raise UserError("busy")
        self._calls += 1
        try:
            return await self._persist(function, args)
        finally:
            self._calls -= 1

    async def engines(self) -> list[EngineInfo]:
        self._engines = self._engines or await self.call(engines.engines)
        return self._engines

    async def workers(self) -> int:
        return len(self.pids())

    async def waiting(self) -> int:
        return max(0, self._calls - len(self._workers))

    async def totals(self) -> dict[str, float]:
        return {}

    async def close(self) -> None:
        self._closed = True
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        await asyncio.to_thread(self._stop)

    async def _warm_up(self) -> None:
        with contextlib.suppress(WorkerLost):  # the first call raises it again
            await self.call(_nothing)

    async def _persist(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        for _ in range(1 + MAX_RETRIES):
            try:
                result: T = await self._ask(function, args)
            except WorkerDied:
                if self._closed:
                    break
                logger.warning("a worker died during %s; it is replaced", function)
            else:
                return result
        raise WorkerLost("worker_lost")

    async def _ask(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        await self._turns.acquire()
        if self._closed:
            self._turns.release()
            raise WorkerDied
        worker = self._free.pop()
        asking = asyncio.get_running_loop().run_in_executor(
            self._threads, worker.ask, function, args
        )
        asking.add_done_callback(lambda done: self._release(worker, done))
        # Shielded: a cancelled caller leaves the process busy, and its turn ends only when the
        # process has answered.
        return await asyncio.shield(asking)

    def _release(self, worker: Worker, done: asyncio.Future[Any]) -> None:
        self._free.append(worker)
        self._turns.release()
        if not done.cancelled():
            done.exception()  # mark it as retrieved: the caller may be gone

    def _stop(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()


def _nothing() -> None:
    """A job that only starts the process."""
