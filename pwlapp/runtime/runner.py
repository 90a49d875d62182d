"""A pool of processes behind one fair queue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, TypeVarTuple

from pwlapp.errors import UserError
from pwlapp.runtime.worker import Prepare, Worker, WorkerDied, load_torch

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MAX_RETRIES = 3


class WorkerLost(UserError):
    """The process died under the same job again and again, so the job is the likely cause."""


class Runner(Protocol):
    """Somewhere to compute that is not the web process."""

    def start(self) -> None:
        """Get ready in the background."""

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Compute ``function(*args)``.

        Parameters
        ----------
        function : callable
            At the top of a module, and pure: it is called again if its process dies.

        Raises
        ------
        WorkerLost
            If that happened too often.
        Exception
            Whatever `function` raises.
        """

    async def close(self) -> None:
        """Stop at once; calls in flight end with WorkerLost."""


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
        self._closed = False

    def start(self) -> None:
        """Start all processes in the background: importing torch takes them seconds."""
        self._warming = {asyncio.create_task(self._warm_up()) for _ in self._workers}

    def pids(self) -> list[int]:
        """Ids of the processes that live now."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
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

    async def close(self) -> None:
        self._closed = True
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        await asyncio.to_thread(self._stop)

    async def _warm_up(self) -> None:
        with contextlib.suppress(WorkerLost):  # whoever calls first will be told
            await self.call(_nothing)

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
            done.exception()  # seen, should nobody be waiting for it any more

    def _stop(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()


def _nothing() -> None:
    """A job that only starts the process."""
