"""One spawned process that computes, one job at a time, and the thread-side handle to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pwlapp import logs
from pwlapp.compute import warmup
from pwlapp.core.training import AdamOptions, Budget, initial_state, train_slice

_SPAWN = multiprocessing.get_context("spawn")
_STOP_TIMEOUT_S = 5.0
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
REST_S = 0.3  # without a job for so long, a new process does what could wait

AtRest: TypeAlias = Callable[[], None] | None
Prepare: TypeAlias = Callable[[], AtRest]

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
        Called once in each new process; may return what to call at its first rest. Like every
        job, a function at the top of a module.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._process: SpawnProcess | None = None
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
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs, self._prepare), daemon=True)
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


def load_torch() -> AtRest:
    """Prepare a process for training, on one core: it is the processes that run in parallel."""
    import torch

    torch.set_num_threads(1)
    return _train_an_epoch


def load_engines(cache: Path, log_level: str, log_format: str) -> AtRest:
    """Prepare a process for training with torch, and in the background with the compiled engine.

    Parameters
    ----------
    cache : Path
        Folder for what is compiled, unless the environment names one.
    log_level, log_format : str
        See `logs.configure`.
    """
    logs.configure(log_level, log_format)
    at_rest = load_torch()
    warmup.use_cache(cache)
    warmup.begin(warmup.load_compiled)
    return at_rest


def _train_an_epoch() -> None:
    """Make torch load what it loads at the first epoch, which takes it a second."""
    x = np.zeros(1, dtype=np.float32)
    train_slice(initial_state(0, x, x), x, x, AdamOptions(), Budget(target_epoch=1))


def _serve(pipe: Connection, prepare: Prepare) -> None:
    """Answer jobs until the pipe ends, which is also how the parent's death is noticed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    at_rest = prepare()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            if at_rest is not None and not pipe.poll(REST_S):
                at_rest()
                at_rest = None
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(job: bytes) -> Any:
    # Whatever a job raises belongs to whoever asked; the loop must survive it.
    try:
        function, args = ForkingPickler.loads(job)
        return ForkingPickler.dumps((True, function(*args)))
    except Exception as error:  # noqa: BLE001
        error.add_note("in a worker process:\n" + traceback.format_exc())
        return ForkingPickler.dumps((False, error))
