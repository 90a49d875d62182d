"""One process that computes, one job at a time, and the handle that threads use.

Processes are forked from a fork server that has loaded torch and the compiled engine, so that all
of them share that memory, and a new one is there at once; see `preload`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pwlapp import logs
from pwlapp.compute import warmup
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice

# Windows has no fork: each process loads everything itself there.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_PROCESSES = multiprocessing.get_context(_METHOD)
_PROCESSES.set_forkserver_preload(["pwlapp.compute.preload"])
_STOP_TIMEOUT_S = 5.0
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

Prepare: TypeAlias = Callable[[], None]

# Process.start() also tidies up after dead siblings; threads must not do that at once.
_start_lock = threading.Lock()


class WorkerDied(Exception):
    """The process ended in the middle of a job."""


class Worker:
    """A process that is started at the first job, and again at the job after its death.

    All methods block, so they are called from threads, and by one thread at a time.

    Parameters
    ----------
    prepare : callable
        Called once in each new process. Like every job, a function at the top of a module.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The process's id; None where there is none, or only a dead one."""
        process = self._process
        return process.pid if process and process.is_alive() else None

    def ask(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Run ``function(*args)`` in the process; what it raises is raised here.

        Raises
        ------
        WorkerDied
            If the process ended before it answered.
        """
        job = ForkingPickler.dumps((function, args))  # fails here, before anything is sent
        try:
            pipe = self._pipe or self._start()
            pipe.send_bytes(job)
            ok, value = pipe.recv()
        except (EOFError, ConnectionError) as error:
            self._bury()
            raise WorkerDied from error
        if ok:
            return value
        raise value

    def kill(self) -> None:
        """End the process for good, whatever it does; a job in flight raises WorkerDied.

        The one method that may be called while another thread is in `ask`. Nothing is lost by the
        brutality: jobs are pure functions, and what they computed is saved elsewhere.
        """
        with _start_lock:
            self._stopped = True
            process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Let go of the process and of the pipe, after `kill` and after the last `ask`."""
        if self._process is not None:
            self._bury()

    def _start(self) -> Connection:
        ours, theirs = _PROCESSES.Pipe()
        process = _PROCESSES.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, self._prepare), daemon=True
        )
        # Read by what a child imports before any of our code runs in it.
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        with _start_lock, _sigint_blocked():
            if self._stopped:
                raise ConnectionAbortedError("the worker is stopped")
            process.start()
            self._process, self._pipe = process, ours
        # Only the child may hold its end: its death, however it came, is then an EOF here.
        theirs.close()
        return ours

    def _bury(self) -> None:
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.join(_STOP_TIMEOUT_S)  # at once: it is dead, or sees the pipe's end


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Keep Ctrl-C from a child that is still importing; its traceback would scare people."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def load_torch() -> None:
    """Prepare a process for training with torch."""
    import pwlapp.compute.preload  # noqa: F401


def load_engines(cache: Path, log_level: str, log_format: str) -> None:
    """Prepare a process for training with torch, and in the background with the compiled engine.

    Parameters
    ----------
    cache : Path
        Folder for what is compiled, unless the environment names one.
    log_level, log_format : str
        See `logs.configure`.
    """
    logs.configure(log_level, log_format)
    warmup.use_cache(cache)
    load_torch()
    warmup.begin(_get_ready)


def _get_ready() -> None:
    """Load what torch needs to serve meanwhile, then the compiled engine."""
    x = np.zeros(1, dtype=np.float32)
    train_slice(initial_state(0, x, x), x, x, AdamOptions(), Budget(target_epoch=1))
    warmup.load_compiled()


def _serve(pipe: Connection, prepare: Prepare) -> None:
    """Answer jobs until the pipe ends, which is also how the parent's death is noticed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(job: bytes) -> Any:
    # Whatever a job raises belongs to whoever asked; the loop must survive it.
    try:
        function, args = ForkingPickler.loads(job)
        return ForkingPickler.dumps((True, function(*args)))
    except Exception as error:  # noqa: BLE001
        error.add_note("in a worker process:\n" + traceback.format_exc())
        return ForkingPickler.dumps((False, error))
