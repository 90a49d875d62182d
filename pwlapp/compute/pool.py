"""A pool of worker processes with a first-come-first-served queue.

Processes are forked from a fork server that has loaded torch and the compiled engine (see
`preload`), so they share that memory and start quickly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

from pwlapp.compute.warmup import load_torch
from pwlapp.core import engines
from pwlapp.core.engines import EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.protocols import WorkerLost

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Prepare: TypeAlias = Callable[[], None]

MAX_RETRIES = 3
MAX_CALLS = 1000  # waiting and running; further calls raise ``busy``

# Windows has no fork: there each process loads everything itself.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_PROCESSES = multiprocessing.get_context(_METHOD)
_PROCESSES.set_forkserver_preload(["pwlapp.compute.preload"])
_STOP_TIMEOUT_S = 5.0
_START_TIMEOUT_S = 0.3  # when closing; a start takes longer only while the fork server loads torch
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# Process.start() also joins dead child processes, which two threads must not do at the same time.
_start_lock = threading.Lock()


class PoolRunner:
    """A `Runner` with a pool of local processes.

    Calls are served in the order in which they arrive, so that runs take turns. A process that dies
    is replaced, and its call is made again, up to `MAX_RETRIES` times.

    Parameters
    ----------
    workers : int
        Number of processes.
    prepare : callable
        Called once in each new process; a function at the top of a module, or a partial of one.
    """

    def __init__(self, workers: int, prepare: Prepare = load_torch) -> None:
        self._workers = [Worker(prepare) for _ in range(workers)]
        self._free = list(self._workers)
        self._turns = asyncio.Semaphore(workers)  # first come, first served
        # one thread for each process, which waits for the answers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="runner")
        self._starting: set[asyncio.Task[None]] = set()
        self._engines: list[EngineInfo] = []
        self._calls = 0
        self._closed = False

    def start(self) -> None:
        """Start all processes in the background: importing torch takes seconds."""
        self._starting = {asyncio.create_task(self._start_one()) for _ in self._workers}

    def pids(self) -> list[int]:
        """Ids of the processes that are alive."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        if self._calls >= MAX_CALLS:
            raise UserError("busy")
        self._calls += 1
        try:
            return await self._call_with_retries(function, args)
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
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.to_thread(self._stop)

    async def _start_one(self) -> None:
        with contextlib.suppress(WorkerLost):  # the first real call raises it again
            await self.call(_nothing)

    async def _call_with_retries(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        for _ in range(1 + MAX_RETRIES):
            try:
                result: T = await self._call_once(function, args)
            except WorkerDied:
                if self._closed:
                    break
                logger.warning("a worker process died in %s and is replaced", function)
            else:
                return result
        raise WorkerLost()

    async def _call_once(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        await self._turns.acquire()
        if self._closed:
            self._turns.release()
            raise WorkerDied
        worker = self._free.pop()
        answer = asyncio.get_running_loop().run_in_executor(
            self._threads, worker.call, function, args
        )
        answer.add_done_callback(lambda done: self._release(worker, done))
        # Shielded: if the caller is cancelled, the process is still busy until it has answered.
        return await asyncio.shield(answer)

    def _release(self, worker: Worker, done: asyncio.Future[Any]) -> None:
        self._free.append(worker)
        self._turns.release()
        if not done.cancelled():
            done.exception()  # marks it as retrieved, in case the caller was cancelled

    def _stop(self) -> None:
        for worker in self._workers:
            worker.refuse_starts()
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()


def _nothing() -> None:
    """A job that only starts the process."""


class WorkerDied(Exception):
    """Raised if the process ended before it finished a job."""


class Worker:
    """One process. It is started at the first job, and after it died at the next one.

    All methods block, so they are called from threads; only one thread at a time may call them.

    Parameters
    ----------
    prepare : callable
        See `PoolRunner`.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The id of the process; None if it is not alive."""
        process = self._process
        return process.pid if process and process.is_alive() else None

    def call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Run ``function(*args)`` in the process and return its result or raise its exception.

        Raises
        ------
        WorkerDied
            If the process ended before it answered.
        """
        job = ForkingPickler.dumps((function, args))  # an error here does not affect the process
        try:
            pipe = self._pipe or self._start()
            pipe.send_bytes(job)
            ok, value = pipe.recv()
        except (EOFError, ConnectionError) as error:
            self.close()
            raise WorkerDied from error
        if ok:
            return value
        raise value

    def refuse_starts(self) -> None:
        """Never start the process again. May be called while another thread is in `call`."""
        self._stopped = True

    def kill(self) -> None:
        """Kill the process and never start it again; a job in progress raises WorkerDied.

        May be called while another thread is in `call`. Nothing is lost: jobs are pure functions,
        and their results are saved by the caller.
        """
        self.refuse_starts()
        if not _start_lock.acquire(timeout=_START_TIMEOUT_S):
            _kill_fork_server()  # the start in progress then fails with EOFError
            _start_lock.acquire()
        process = self._process
        _start_lock.release()
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Close the pipe, which ends the process, and wait for its end."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.join(_STOP_TIMEOUT_S)  # returns soon: the process is dead, or stops at EOF

    def _start(self) -> Connection:
        ours, theirs = _PROCESSES.Pipe()
        process = _PROCESSES.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, self._prepare), daemon=True
        )
        # Libraries read these when the child imports them, before any of our code runs in it.
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        with _start_lock, _sigint_blocked():
            if self._stopped:
                raise ConnectionAbortedError("the worker is stopped")
            process.start()
            self._process, self._pipe = process, ours
        # The child now holds the only open copy of its end, so if it dies, `recv` raises EOFError.
        theirs.close()
        return ours


def _kill_fork_server() -> None:
    """Kill the fork server, so that a start that waits for it fails at once.

    The standard library can only ask the fork server to stop, and it reads the request only after
    it has loaded torch. It is started again when it is next needed.
    """
    pid: int | None = getattr(forkserver._forkserver, "_forkserver_pid", None)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT: on Ctrl-C, a child that is still importing would print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Starting a process may start the resource tracker, which would unblock the signal.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, prepare: Prepare) -> None:
    """Run jobs in the child process until the parent closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(job: bytes) -> Any:
    # A job may raise any exception; it is raised in the caller, and this process continues.
    try:
        function, args = ForkingPickler.loads(job)
        return ForkingPickler.dumps((True, function(*args)))
    except Exception as error:  # noqa: BLE001
        error.add_note("in a worker process:\n" + traceback.format_exc())
        return ForkingPickler.dumps((False, error))
