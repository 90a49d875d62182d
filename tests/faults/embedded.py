"""A server in embedded mode: killed at random times, with a full disk, or a locked database.

Students and a class train meanwhile; then every net is compared with an uninterrupted run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from pwlapp.core.data.files import read_points
from pwlapp.core.data.points import Points
from tests.faults import comparison
from tests.faults.injector import Log
from tests.faults.lesson import Lesson
from tests.faults.persistent_student import PersistentStudent, Violation
from tests.support.cluster import ROOT
from tests.support.processes import free_ports, signal_group, status_of, wait_until_gone
from tests.support.sessions import until, write_points

STARTING = 1 / 3  # share of kills during the start; with more, nothing would be trained
UP_S = (0.0, 4.0)  # until the next kill, by default
OUTAGE_S = (0.5, 4.0)
LONG_LOCK_S = 30.0
ROOM = 32_768  # bytes: largest size of a file on the "full disk"
READY_S = 120.0
SEATS = 3
TRACEBACK = "Traceback (most recent call last)"


class EmbeddedServer:
    """A server in its own process group; restarts use the same port and data folder.

    Parameters
    ----------
    folder : Path
        Gets the data and the log.
    data : Path
        The CSV file.
    """

    def __init__(self, folder: Path, data: Path) -> None:
        [port] = free_ports(1)
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        self.database = folder / "data" / "sessions.sqlite3"
        self._env = os.environ | {
            "PWLAPP_PORT": str(port),
            "PWLAPP_DATA_DIR": str(folder / "data"),
            "PWLAPP_DATA": str(data),
            "PWLAPP_WORKERS": "2",
            "PWLAPP_ENGINE": "torch@cpu",  # one engine, so that all runs can be compared exactly
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pwlapp", "serve"],
                cwd=ROOT,
                env=self._env,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the server and its training processes at once."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            wait_until_gone(self._process.pid)

    async def ready(self) -> None:
        async def is_ready() -> bool:
            return await asyncio.to_thread(status_of, f"{self.address}/readyz") == 200

        await until(is_ready, READY_S)

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Stop its files from growing, as on a full disk, by a limit that needs no root."""
        size = self.log.stat().st_size + ROOM
        self._limit(size)
        try:
            yield
        finally:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, hard))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the database's write lock, as another program might."""
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield


async def run(
    folder: Path,
    seed: int,
    rounds: int,
    n_students: int,
    log: Log,
    *,
    up_s: tuple[float, float] = UP_S,
    long_lock_s: float = 0.0,
) -> tuple[Counter[str], list[str]]:
    """Cause faults again and again; returns the counts of faults, and the violations.

    Parameters
    ----------
    folder : Path
        Gets data and logs.
    seed : int
    rounds : int
        Number of kills; after every tenth, the disk is full and then the database locked.
    n_students : int
    log : callable
        Called with a line for each event when it is over.
    up_s : tuple of float
        Shortest and longest time until the next kill.
    long_lock_s : float
        How long the file is locked at the end.
    """
    data = write_points(folder / "points.csv")
    points = read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)
    done: Counter[str] = Counter()
    with EmbeddedServer(folder, data) as server:
        await server.ready()
        students = [PersistentStudent([server.address], k, 600.0) for k in range(1, n_students + 1)]
        lesson = Lesson([server.address], SEATS)
        try:
            await asyncio.gather(lesson.open(), *(student.open() for student in students))
            enough = asyncio.Event()
            work = [lesson.teach_until(enough), *(each.train_until(enough) for each in students)]
            training = [asyncio.create_task(each) for each in work]

            def trained() -> int:
                return sum(student.counts.runs + student.log.last_seq for student in students)

            choice = random.Random(seed)
            async for kind in _harm(server, choice, rounds, up_s, long_lock_s, trained):
                done[kind] += 1
                log(f"{done.total():4d} {kind}")
            enough.set()
            ends = await asyncio.gather(*training, return_exceptions=True)
        finally:
            await asyncio.gather(lesson.close(), *(student.close() for student in students))
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, Violation):
            raise end
    problems = [str(end) for end in ends if end is not None]
    return done, problems + _violations(server, students, lesson, points)


async def _harm(
    server: EmbeddedServer,
    choice: random.Random,
    rounds: int,
    up_s: tuple[float, float],
    long_lock_s: float,
    trained: Callable[[], int],
) -> AsyncIterator[str]:
    for number in range(1, rounds + 1):
        if choice.random() > STARTING:
            before = trained()
            await until(lambda before=before: trained() > before, READY_S)  # type: ignore[misc]
        await asyncio.sleep(choice.uniform(*up_s))
        server.kill()
        server.start()
        yield "killed"
        if number % 10 == 0:
            for kind, outage in (("full disk", server.full), ("locked", server.locked)):
                await server.ready()
                with outage():
                    await asyncio.sleep(choice.uniform(*OUTAGE_S))
                yield kind
    await server.ready()
    if long_lock_s:
        with server.locked():
            await asyncio.sleep(long_lock_s)
        yield f"locked for {long_lock_s:g} s"


def _violations(
    server: EmbeddedServer,
    students: Sequence[PersistentStudent],
    lesson: Lesson,
    points: Points,
) -> list[str]:
    records = [record for student in students for record in student.records]
    problems = comparison.violations(records + lesson.records, points)
    for student in (*students, *lesson.students):
        if student.log.faults or student.log.lost or student.log.repeated or not student.connected:
            problems.append(f"{student}")
    if TRACEBACK in server.log.read_text(encoding="utf-8"):
        problems.append(f"the server has logged a traceback: see {server.log}")
    with contextlib.closing(sqlite3.connect(server.database)) as db:
        (report,) = db.execute("PRAGMA integrity_check").fetchone()
    if report != "ok":
        problems.append(f"{server.database} is damaged: {report}")
    return problems
