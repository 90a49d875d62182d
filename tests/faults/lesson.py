"""A class in a room during faults: a teacher who sends settings, and students who follow."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from tests.faults.persistent_student import TEMPORARY_ERRORS, NetRecord, Violation
from tests.support.client.classroom import ClassStudent, Teacher
from tests.support.client.student import Refused, Unanswered

EPOCHS = 400  # of each setting
SEEDS = (1, 2)  # few, so that few expected runs must be computed
RETRY_S = (0.4, 1.2)
TIMEOUT_S = 240.0
SETTING = {
    "data": {"law": "lecture"},
    "seat_seeds": False,
    "net": {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"},
    "optimizer": {"kind": "adam"},
}


class Lesson:
    """A teacher, a board, and students in their seats.

    Parameters
    ----------
    addresses : sequence of str
    count : int
        Number of students.

    Attributes
    ----------
    records : list of NetRecord
        The net of each student after each setting.
    begun_epochs, begun_runs : int
        Upper limits of what was begun, since a setting whose answer was lost is sent again.
    """

    def __init__(self, addresses: Sequence[str], count: int) -> None:
        self.students = [ClassStudent(addresses, seed=1000 + k) for k in range(count)]
        self.records: list[NetRecord] = []
        self.begun_epochs = self.begun_runs = 0
        self._addresses = addresses
        self._choice = random.Random(count)
        self._own: list[Any] = []

    async def open(self) -> None:
        """Open a room and its board, and let all students join."""
        self.teacher = await Teacher.open_room(self._addresses)
        self.teacher.watch()
        for student in self.students:
            self._own.append(await student.open())
            await student.join(self.teacher.code)

    async def close(self) -> None:
        await self.teacher.__aexit__()
        await asyncio.gather(*(student.close() for student in self.students))

    async def teach_until(self, enough: asyncio.Event) -> None:
        """Send setting after setting until `enough` is set; then release the class.

        Raises
        ------
        Violation
            If a net is not trained in time, or a student's seat or own work has changed.
        """
        seats = [student.room and student.room["seat"] for student in self.students]
        while not enough.is_set():
            await self._teach_once(self._choice.choice(SEEDS))
        await self._tell("release")
        for student, seat, own in zip(self.students, seats, self._own, strict=True):
            await self._until(student, lambda s: s.sid == s.own and s.snapshot is not None)
            if student.room is None or student.room["seat"] != seat:
                raise Violation(f"{student}: seat {seat} became {student.room}")
            if student.snapshot != own:
                raise Violation(f"{student}: own work was {own}, is {student.snapshot}")
        await self._until_board(lambda row: row["epoch"] == 0)

    async def _teach_once(self, seed: int) -> None:
        before = {student.sid: student.log.last_seq for student in self.students}
        await self._tell("push", **SETTING, seed=seed, epochs=EPOCHS)
        for student in self.students:
            since = before.get(student.sid, 0)
            await self._until(
                student,
                lambda s, since=since: s.log.last_seq > since and s.epoch == EPOCHS
                and s.status == "idle" and s.snapshot["seed"] == seed,
            )  # fmt: skip
        await self._until_board(lambda row: row["epoch"] == EPOCHS and row["seed"] == seed)
        self.records += [await self._record(student, seed) for student in self.students]

    async def _tell(self, name: str, **body: Any) -> None:
        while True:
            if name == "push":
                self.begun_epochs += EPOCHS * len(self.students)
                self.begun_runs += len(self.students)
            try:
                answer = await self.teacher.command(name, **body)
            except Refused as refusal:
                if refusal.code not in TEMPORARY_ERRORS:
                    raise Violation(f"{name}: refused, {refusal.code}") from refusal
            except Unanswered:
                pass
            else:
                if not answer.get("failed"):
                    return
            await asyncio.sleep(self._choice.uniform(*RETRY_S))

    async def _record(self, student: ClassStudent, seed: int) -> NetRecord:
        rows = [[f.seq, f.epoch, f.loss, f.mark, *f.numbers] for f in student.frames]
        state = student.snapshot or {}
        return NetRecord(f"seat of {student}", seed, [(0, EPOCHS)], rows, rows, state)

    async def _until(self, student: ClassStudent, condition: Any) -> None:
        try:
            await student.wait_until(lambda: condition(student), TIMEOUT_S)
        except TimeoutError as late:
            raise Violation(f"in class: {late}, sees {student.room}") from late

    async def _until_board(self, condition: Any) -> None:
        try:
            await self.teacher.wait_until(
                lambda: (
                    len(self.teacher.seats) == len(self.students)
                    and all(condition(row) for row in self.teacher.seats.values())
                ),
                TIMEOUT_S,
            )
        except TimeoutError as late:
            raise Violation(f"the board shows {self.teacher.seats}") from late
