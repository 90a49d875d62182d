"""Simulates many students: they open the page, then all press *Train*."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Self

from pwlapp.core.engines import FUSED_CPU
from tests.support.client.student import Refused, Student, Unanswered

WARM_STUDENTS = 4
WARM_ROUNDS = 4  # runs in a row by the compiled engine, so that every process has loaded it
WARM_S = 180.0
RUN_S = 120.0  # a longer run is an error
BEAT_S = 0.01


class Crowd:
    """Students that share an event loop.

    Parameters
    ----------
    addresses : sequence of str
    count : int
    seed : int
        Of all random choices.
    """

    def __init__(self, addresses: Sequence[str], count: int, seed: int) -> None:
        self._random = random.Random(seed)
        self.students = [
            Student(addresses, seed=self._random.getrandbits(32), files=True) for _ in range(count)
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(student.close() for student in self.students))

    async def open(self, within_s: float) -> list[float]:
        """All open the page at random moments; returns the seconds each waited."""
        return await self._all(within_s, Student.open)

    async def train(self, epochs: int, within_s: float) -> list[float]:
        """All press *Train* at random moments.

        Returns
        -------
        list of float
            Seconds from the click until the last frame of the run and the state that it is over
            had arrived. Runs without an end are left out and counted as errors.
        """

        async def run(student: Student) -> None:
            if student.snapshot is None:
                raise Unanswered("the page did not open")
            run = await student.train(epochs)
            await student.wait_for(run["target_epoch"], RUN_S)

        return await self._all(within_s, run)

    def tally(self) -> dict[str, Any]:
        """The students' counts of errors and lost frames so far."""
        logs = [student.log for student in self.students]
        errors = [error for student in self.students for error in student.errors]
        errors += [fault for log in logs for fault in log.faults]
        return {
            "frames": sum(log.received for log in logs),
            "late": sum(log.late for log in logs),
            "lost": sum(log.lost for log in logs),
            "repeated": sum(log.repeated for log in logs),
            "longest_wait_s": round(max(log.longest_wait_s for log in logs), 3),
            "errors": len(errors),
            "examples": sorted(set(errors))[:10],
            "reconnects": sum(student.reconnects for student in self.students),
            "polls": sum(student.polls for student in self.students),
        }

    async def _all(
        self, within_s: float, action: Callable[[Student], Awaitable[Any]]
    ) -> list[float]:
        """Let each student act at a random moment; returns the seconds of those that succeeded."""
        took: list[float] = []

        async def act(student: Student, wait: float) -> None:
            await asyncio.sleep(wait)
            began = time.perf_counter()
            try:
                await action(student)
            except TimeoutError as error:
                student.errors.append(str(error))
            except (Refused, Unanswered):
                pass  # the student has recorded it
            else:
                took.append(time.perf_counter() - began)

        moments = [self._random.uniform(0, within_s) for _ in self.students]
        await asyncio.gather(*map(act, self.students, moments))
        return took


class Pulse:
    """Measures the delay of the students' event loop: a large delay falsifies the results.

    Attributes
    ----------
    late_s : list of float
        Delay of each beat.
    wall_s, cpu_s : float
        Between entry and exit: seconds, and CPU seconds of this process.
    """

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.wall_s = self.cpu_s = 0.0

    async def __aenter__(self) -> Self:
        gc.collect()
        gc.freeze()  # a garbage collection of all frames would delay the students
        self._began = time.perf_counter(), time.process_time()
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        wall, cpu = self._began
        self.wall_s, self.cpu_s = time.perf_counter() - wall, time.process_time() - cpu

    async def _beat(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            self.late_s.append(time.perf_counter() - began - BEAT_S)


async def warm_up(addresses: Sequence[str]) -> None:
    """Train until every run is computed by the compiled engine.

    Raises
    ------
    TimeoutError
        If it does not within `WARM_S`.
    """
    async with Crowd(addresses, WARM_STUDENTS, seed=0) as crowd, asyncio.timeout(WARM_S):
        await asyncio.gather(*(student.open() for student in crowd.students))
        warm = 0
        while warm < WARM_ROUNDS:
            engines = await asyncio.gather(*map(engine_of_a_run, crowd.students))
            warm = warm + 1 if set(engines) == {FUSED_CPU} else 0


async def engine_of_a_run(student: Student) -> str | None:
    """Train a short run; returns the engine that computed it."""
    run = await student.train(100)
    await student.wait_for(run["target_epoch"])
    return student.snapshot["engine_used"] if student.snapshot else None
