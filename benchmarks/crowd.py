"""Many students at once: they come, they sit there, they all press *Train*."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar

from benchmarks.student import Refused, Student, Unanswered
from pwlapp.core.engines import FUSED_CPU

T = TypeVar("T")

WARM_STUDENTS = 4
WARM_ROUNDS = 4  # so many in a row by the compiled engine: each training process has had its turn
WARM_S = 180.0
RUN_S = 120.0  # who has no answer by then counts as an error
BEAT_S = 0.01


class Crowd:
    """Students with an event loop between them.

    Parameters
    ----------
    addresses : sequence of str
    count : int
    seed : int
        Of all that is left to chance.
    """

    def __init__(self, addresses: Sequence[str], count: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self.students = [
            Student(addresses, seed=self._chance.getrandbits(32), files=True) for _ in range(count)
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(student.close() for student in self.students))

    async def come(self, within_s: float) -> list[float]:
        """All open the page, at random moments; returns the seconds each had to wait."""
        return await self._all(within_s, Student.open)

    async def train(self, epochs: int, within_s: float) -> list[float]:
        """All press *Train*, at random moments.

        Parameters
        ----------
        epochs : int
        within_s : float

        Returns
        -------
        list of float
            Seconds from the click until the last frame of the run and the state that it is over
            had come; those who waited in vain are left out, and have an error.
        """

        async def run(student: Student) -> None:
            if student.snapshot is None:
                raise Unanswered("the page did not open")
            await student.train(epochs)
            await student.wait_until(lambda: student.ended_at is not None, RUN_S)

        await self._all(within_s, run)
        return [s.ended_at - s.pressed_at for s in self.students if s.ended_at and s.pressed_at]

    def tally(self) -> dict[str, Any]:
        """What the students noticed until now."""
        films = [student.film for student in self.students]
        errors = [error for student in self.students for error in student.errors]
        faults = [fault for film in films for fault in film.faults]
        return {
            "frames": sum(film.received for film in films),
            "late": sum(film.late for film in films),
            "lost": sum(film.lost for film in films),
            "repeated": sum(film.repeated for film in films),
            "longest_wait_s": max(film.longest_wait_s for film in films),
            "errors": len(errors) + len(faults),
            "examples": sorted(set(errors + faults))[:10],
            "reconnects": sum(student.reconnects for student in self.students),
            "polls": sum(student.polls for student in self.students),
        }

    async def _all(
        self, within_s: float, action: Callable[[Student], Awaitable[Any]]
    ) -> list[float]:
        """Let each student act at a random moment; how long each took, failures left out."""
        took: list[float] = []

        async def act(student: Student, wait: float) -> None:
            await asyncio.sleep(wait)
            began = time.perf_counter()
            try:
                await action(student)
            except TimeoutError as error:
                student.errors.append(str(error))
            except (Refused, Unanswered):
                pass  # the student has noted it
            else:
                took.append(time.perf_counter() - began)

        moments = [self._chance.uniform(0, within_s) for _ in self.students]
        await asyncio.gather(*map(act, self.students, moments))
        return took


class Pulse:
    """Whether the students' own event loop was late: then it is they who were measured.

    Attributes
    ----------
    late_s : list of float
        By how much each beat came late.
    wall_s, cpu_s : float
        Between entry and exit: how long, and the CPU time of this process.
    """

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.wall_s = self.cpu_s = 0.0

    async def __aenter__(self) -> Self:
        gc.collect()
        gc.freeze()  # a collection that looks at all students' frames would be theirs to wait for
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
    """Train until the compiled engine answers every time.

    Raises
    ------
    TimeoutError
        If it does not within `WARM_S`.
    """
    students = [Student(addresses, seed=seed) for seed in range(WARM_STUDENTS)]
    try:
        await asyncio.gather(*(student.open() for student in students))
        async with asyncio.timeout(WARM_S):
            warm = 0
            while warm < WARM_ROUNDS:
                engines = await asyncio.gather(*map(engine_of_a_run, students))
                warm = warm + 1 if set(engines) == {FUSED_CPU} else 0
    finally:
        await asyncio.gather(*(student.close() for student in students))


async def engine_of_a_run(student: Student) -> str | None:
    """Train a little; give the engine that did it."""
    await student.train(100)
    await student.wait_until(lambda: student.ended_at is not None)
    return student.snapshot["engine_used"] if student.snapshot else None
