"""A whole class in one room: ``python -m benchmarks.classroom``.

Simulated students open the page and join within `JOIN_S` seconds. The teacher sends settings, lets
all train at the same moment, freezes and releases them. Meanwhile some reload, some sleep, and some
come late. Each must keep the seat and the frames of the run, and get the own net back at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.load import MODES, milliseconds, prepare
from benchmarks.support import machine, report
from benchmarks.support.crowd import Pulse, warm_up
from benchmarks.support.processes import by_kind, memory
from tests.support.client.classroom import ClassStudent, Teacher
from tests.support.client.student import Refused, Unanswered

Step: TypeAlias = dict[str, Any]

STUDENTS = 300
QUICK_STUDENTS = 30
JOIN_S = 20.0  # all students join within this time
PUSHES = 10
EPOCHS = 5000
RELOADS, SLEEPERS, LATE = 0.1, 0.05, 0.05  # shares of the class
SLEEP_S = 3.0
LIMIT_S = 60.0
LECTURE = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
SETTING = {
    "data": {"law": "lecture"},
    "epochs": 0,
    "seed": 1,
    "seat_seeds": True,
    "net": LECTURE,
    "optimizer": {"kind": "adam", "lr": 0.01},
}


class Class:
    """The students of one room.

    Parameters
    ----------
    addresses : sequence of str
    count : int
    teacher : Teacher
    """

    def __init__(self, addresses: Sequence[str], count: int, teacher: Teacher) -> None:
        self.teacher = teacher
        self._random = random.Random(count)
        self.students = [
            ClassStudent(addresses, seed=self._random.getrandbits(32)) for _ in range(count)
        ]
        self.late = self.students[: round(LATE * count)]
        self.present = self.students[len(self.late) :]
        self.faults: list[str] = []

    async def close(self) -> None:
        await asyncio.gather(*(student.close() for student in self.students))

    async def join(self, student: ClassStudent) -> float:
        """Open the page, then join; returns the seconds from the press until the seat is there."""
        await student.open()
        began = time.perf_counter()
        await student.join(self.teacher.code, f"student {self._random.randrange(10**6)}")
        await student.wait_until(lambda: student.connected and student.room is not None, LIMIT_S)
        return time.perf_counter() - began

    async def all_join(self, within_s: float) -> list[float]:
        """All students who are not late join at random moments."""

        async def act(student: ClassStudent) -> Any:
            await asyncio.sleep(self._random.uniform(0, within_s))
            return await self.attempt(self.join(student))

        found = await asyncio.gather(*map(act, self.present))
        return [seconds for seconds in found if seconds is not None]

    async def command(
        self, name: str, is_shown: Callable[[ClassStudent], bool], **body: Any
    ) -> list[float]:
        """Send a command; returns the seconds until each student's page shows its effect."""
        began = time.perf_counter()

        async def shown(student: ClassStudent) -> float:
            await student.wait_until(lambda: is_shown(student), LIMIT_S)
            return time.perf_counter() - began

        sent = asyncio.create_task(self.teacher.command(name, **body))
        try:
            seen = await asyncio.gather(*(self.attempt(shown(s)) for s in self.present))
            await sent
        except Refused as refusal:
            self.faults.append(f"{name}: {refusal}")
        return [seconds for seconds in seen if seconds is not None]

    async def disturb(self) -> None:
        """Some students reload, some close the laptop for a moment, and the late ones join."""

        async def reload(student: ClassStudent) -> None:
            await asyncio.sleep(self._random.uniform(0, SLEEP_S))
            seat = student.room and student.room["seat"]
            await student.come_back(self.teacher.code)
            if not student.room or student.room["seat"] != seat:
                self.faults.append(f"seat {seat} became {student.room}")

        async def sleep(student: ClassStudent) -> None:
            await student.disconnect()
            await asyncio.sleep(SLEEP_S)
            student.listen()

        ordered = self._random.sample(self.present, len(self.present))
        reloading = ordered[: round(RELOADS * len(ordered))]
        sleeping = ordered[len(reloading) :][: round(SLEEPERS * len(ordered))]
        jobs = [*map(reload, reloading), *map(sleep, sleeping), *map(self.join, self.late)]
        await asyncio.gather(*map(self.attempt, jobs))
        self.present = self.students

    def problems(self) -> list[str]:
        """All errors that were noticed."""
        noticed = [problem for student in self.students for problem in student.problems()]
        return self.faults + noticed

    async def attempt(self, action: Awaitable[Any]) -> Any:
        try:
            return await action
        except (TimeoutError, Refused, Unanswered) as error:
            self.faults.append(f"{type(error).__name__}: {error}")
            return None


def starts_from(setting_seed: int) -> Callable[[ClassStudent], bool]:
    """Whether a screen shows the untrained net that was sent."""

    def is_shown(student: ClassStudent) -> bool:
        if not student.room or not student.room["leading"] or not student.snapshot:
            return False
        seed = setting_seed + student.room["seat"] - 1
        return student.snapshot["seed"] == seed and student.epoch == 0

    return is_shown


async def measure(addresses: Sequence[str], count: int) -> Step:
    """Measure a lesson of a class of `count`."""
    await warm_up(addresses)
    async with await Teacher.open_room(addresses) as teacher:
        teacher.watch()
        room = Class(addresses, count, teacher)
        try:
            async with Pulse() as pulse:
                step = await lesson(room)
        finally:
            await room.close()
    return step | {
        "students": count,
        "memory_mb": memory(by_kind()),
        "students_share": round(pulse.cpu_s / pulse.wall_s, 3),
        "students_late_ms": milliseconds(pulse.late_s),
    }


async def lesson(room: Class) -> Step:
    """Join, settings, a run with disturbances, freeze, release; then check all students' nets."""
    teacher = room.teacher
    joined = await room.all_join(JOIN_S)
    own = {student: student.snapshot for student in room.present}
    pushes = [
        await room.command("push", starts_from(seed), **SETTING | {"seed": seed})
        for seed in range(1000, 1000 * PUSHES + 1, 1000)
    ]
    trained, behind_ms, end_s = await run(room)
    frozen = await room.command("freeze", lambda s: bool(s.room and s.room["frozen"]), on=True)
    await room.attempt(is_refused(room.students[-1]))
    released = await room.command("release", lambda s: bool(s.room and not s.room["leading"]))
    await asyncio.gather(*(room.attempt(has_own_back(s, own[s])) for s in own))
    problems = room.problems()
    return {
        "seats": len(teacher.seats),
        "join_ms": milliseconds(joined),
        "push_ms": milliseconds([max(seen) for seen in pushes if seen]),
        "train_ms": milliseconds(trained),
        "board_ms": behind_ms,
        "board_end_ms": round(1000 * end_s),
        "freeze_ms": milliseconds(frozen),
        "release_ms": milliseconds(released),
        "errors": len(problems),
        "examples": sorted(set(problems))[:10],
    }


async def run(room: Class) -> tuple[list[float], dict[str, float], float]:
    """All train at the same moment, with disturbances.

    Returns
    -------
    trained : list of float
        Seconds from the teacher's press until each screen shows the end.
    behind : dict
        Percentiles of the age of the board's rows, in ms, compared with the students' pages.
    end_s : float
        From the end on the last student's page until the board shows the end of all.
    """
    teacher = room.teacher
    teacher.shown.clear()

    def has_ended(student: ClassStudent) -> bool:
        return student.epoch >= EPOCHS and student.status == "idle"

    command = asyncio.create_task(room.command("start", has_ended, epochs=EPOCHS))
    await room.disturb()
    trained = await command
    began = time.perf_counter()
    await room.attempt(
        teacher.wait_until(lambda: all(row["epoch"] >= EPOCHS for row in at_work(room)))
    )
    return trained, milliseconds(behind(room)), time.perf_counter() - began


def at_work(room: Class) -> list[dict[str, Any]]:
    """The board's rows of the students who were there when the run began."""
    late = {student.room["seat"] for student in room.late if student.room}
    return [row for number, row in room.teacher.seats.items() if number not in late]


def behind(room: Class) -> list[float]:
    """How much older each row of the board was than the newest frame on the student's page."""
    frames = {s.room["seat"]: s.frames for s in room.students if s.room}
    rows: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for at, number, epoch in room.teacher.shown:
        rows[number].append((at, epoch))
    found = []
    for number, shown in rows.items():
        for (_, epoch), (replaced, _) in pairwise(shown):
            newer = next((frame.at for frame in frames[number] if frame.epoch > epoch), replaced)
            found.append(max(0.0, replaced - newer))
    return found


async def is_refused(student: ClassStudent) -> None:
    """Check that a frozen student's command changes nothing. Raises Unanswered if it does."""
    try:
        await student.train(100)
    except Refused as refusal:
        student.errors.remove(f"refused: {refusal}")
        if refusal.code == "frozen":
            return
    raise Unanswered("a command of a frozen student was not refused")


async def has_own_back(student: ClassStudent, own: Any) -> None:
    """Check that a student has the net from before the class again. Raises Unanswered if not."""
    await student.wait_until(lambda: student.sid == student.own and student.snapshot is not None)
    if not own or student.snapshot != own:
        raise Unanswered(f"own work has changed: {student}")


def main() -> None:
    """Print the table, and write it as JSON and into the page of figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=[*MODES, "both"], default="both")
    parser.add_argument("--students", type=int, default=STUDENTS)
    parser.add_argument("--quick", action="store_true", help="a small class; nothing is written")
    chosen = parser.parse_args()
    prepare()
    count = QUICK_STUDENTS if chosen.quick else chosen.students
    modes = list(MODES) if chosen.mode == "both" else [chosen.mode]
    measured = {}
    for mode in modes:
        with tempfile.TemporaryDirectory() as folder, MODES[mode](Path(folder)) as addresses:
            measured[mode] = asyncio.run(measure(addresses, count))
        print(mode, report.as_json(measured[mode]), flush=True)
    if chosen.quick:
        return
    kept = report.read_results().get("classroom", {}).get("modes", {})
    result = {"machine": machine.describe(), "join_s": JOIN_S, "epochs": EPOCHS, "pushes": PUSHES}
    report.save("classroom", result | {"modes": kept | measured})


if __name__ == "__main__":
    main()
