"""The teacher's downloads: the present board and the present nets of the class."""

from __future__ import annotations

import asyncio
from collections import Counter

from pwlapp.core.export.file import File
from pwlapp.core.export.programs import Words
from pwlapp.rooms.board import export
from pwlapp.rooms.board.export import Student
from pwlapp.rooms.board.reader import BoardReader
from pwlapp.rooms.board.scores import Scores
from pwlapp.rooms.codes import written
from pwlapp.rooms.questions import answers
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room


async def csv(rooms: RoomService, room: Room, _words: Words, names: bool) -> File:
    """The board as CSV, with nicknames if `names`."""
    board = BoardReader(rooms, room.code)
    await board.read()
    question = board.room.question
    given = answers(question, board.seats) if question else {}
    scores = {place.seat: place.score for place in await Scores(rooms).update(board)}
    rows = list(board.rows.values())
    text = export.csv_table(rows, given, scores, names)
    return File(f"class-{written(room.code)}.csv", "text/csv; charset=utf-8", text)


async def notebook(rooms: RoomService, room: Room, words: Words, _names: bool) -> File:
    """The nets of all students as a notebook without names, with the data that most of them use."""
    board = BoardReader(rooms, room.code)
    await board.read()
    scores = {place.seat: place.score for place in await Scores(rooms).update(board)}
    students = [
        Student(
            number,
            cached.state.seed,
            cached.row["outcome"],
            cached.state.train,
            cached.row["data"],
            scores.get(number),
        )
        for number, cached in board.cached.items()
    ]
    keys = Counter(student.data_key for student in students).most_common(1)
    points = await board.points(keys[0][0]) if keys else rooms.sessions.points
    text = await asyncio.to_thread(export.notebook, students, points, words)
    return File(f"class-{written(room.code)}.ipynb", "application/x-ipynb+json", text)
