"""The teacher's downloads from a class, and the invitations."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from pwlapp import network
from pwlapp.rooms.board.export import BYTE_ORDER_MARK
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room
from pwlapp.rooms.teacher import invitation, table
from pwlapp.rooms.teacher.downloads import File
from pwlapp.rooms.teacher.invitation import links
from tests.core.export.test_export import WORDS
from tests.support.classes import SETTING, class_states, ended, send_command, take_seats


async def download(rooms: RoomService, room: Room, name: str, names: bool = False) -> File:
    return await table.download(rooms, room, name, WORDS, names)


def literals_of(notebook: File) -> list[dict[str, Any]]:
    """The nets of the students in a notebook."""
    cells = ["".join(cell["source"]) for cell in json.loads(notebook.content)["cells"]]
    names: dict[str, Any] = {}
    exec(next(source for source in cells if "students = [" in source), names)
    students: list[dict[str, Any]] = names["students"]
    return students


async def trained_class(rooms: RoomService) -> Room:
    room = await rooms.open()
    seats = await take_seats(rooms, room, 3)
    await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True, "epochs": 30})
    await ended(rooms, room)
    await send_command(rooms, room, "ask", kind="number", text="How many?")
    asked = await rooms.repository.load(room.code)
    assert asked.question
    await rooms.answer(asked, seats[1], asked.question.id, 42)
    return await rooms.repository.load(room.code)


async def test_the_table_has_every_current_net(rooms: RoomService) -> None:
    room = await trained_class(rooms)
    file = await download(rooms, room, "csv")
    lines = list(csv.DictReader(io.StringIO(file.content.removeprefix(BYTE_ORDER_MARK))))
    states = await class_states(rooms, room)
    for line, state in zip(lines, states, strict=True):
        assert (int(line["seed"]), int(line["epoch"])) == (state.seed, 30)
        weights = [np.float32(line[name]) for name in ("W1_1", "W1_2", "W2_1", "W2_2", "b2")]
        assert weights == state.train.params.tolist()
    assert [line["answer"] for line in lines] == ["", "42", ""]
    assert "student 2" not in file.content
    named = await download(rooms, room, "csv", names=True)
    assert "student 2" in named.content


async def test_the_notebook_has_every_net_and_no_name(rooms: RoomService) -> None:
    room = await trained_class(rooms)
    file = await download(rooms, room, "notebook")
    for student, state in zip(literals_of(file), await class_states(rooms, room), strict=True):
        assert student["params"] == pytest.approx(state.train.params.tolist(), abs=0, rel=1e-7)
        assert student["same_data"]
    assert "student 1" not in file.content
    assert file.name.endswith(".ipynb")


async def test_scores_are_current_without_a_board(rooms: RoomService) -> None:
    room = await trained_class(rooms)
    await send_command(rooms, room, "challenge", kind="lowest", epochs=30)
    file = await download(rooms, room, "csv")
    lines = list(csv.DictReader(io.StringIO(file.content.removeprefix(BYTE_ORDER_MARK))))
    for line, seat in zip(lines, await rooms.repository.seats(room.code), strict=True):
        _, frames = await rooms.sessions.state_and_frames(seat.class_sid or "")
        assert float(line["score"]) == min(frame.loss for frame in frames if frame.epoch > 0)
    source = literals_of(await download(rooms, room, "notebook"))
    assert [each["score"] for each in source] == [float(line["score"]) for line in lines]


async def test_the_ranking_is_saved_at_the_release_without_a_board(rooms: RoomService) -> None:
    room = await trained_class(rooms)
    await send_command(rooms, room, "challenge", kind="lowest", epochs=30)
    await send_command(rooms, room, "release")
    challenge = (await rooms.repository.load(room.code)).challenge
    assert challenge
    assert [place.place for place in challenge.ranking] == [1, 2, 3]


async def test_files_of_an_empty_room(rooms: RoomService) -> None:
    room = await rooms.open()
    assert (await download(rooms, room, "csv")).content.count("\n") == 1
    assert json.loads((await download(rooms, room, "notebook")).content)["nbformat"] == 4


@pytest.mark.parametrize(
    ("page", "first"),
    [
        ("http://localhost:8050/", "http://192.168.43.7:8050/#room=ACDEFH"),
        ("http://192.168.43.7:8050/", "http://192.168.43.7:8050/#room=ACDEFH"),
        ("https://pwl.example.org/lab/", "https://pwl.example.org/lab/#room=ACDEFH"),
    ],
)
async def test_invitations_lead_to_every_interface(
    rooms: RoomService, monkeypatch: pytest.MonkeyPatch, page: str, first: str
) -> None:
    def urls(port: int) -> dict[str, str]:
        return {"wlan0": f"http://192.168.43.7:{port}", "eth0": f"http://10.0.0.2:{port}"}

    async def answers(_url: str) -> bool:
        return True

    monkeypatch.setattr(network, "urls", urls)
    monkeypatch.setattr(invitation, "answers", answers)
    found = await links(rooms, "ACDEFH", page)
    assert found[0]["url"] == first
    assert len({each["url"] for each in found}) == len(found) == (3 if "example" in page else 2)
    assert all(each["qr"].startswith("<svg") for each in found)


async def test_a_server_for_this_machine_alone_invites_to_no_interface(
    rooms: RoomService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setattr(network, "urls", lambda port: {"eth0": f"http://127.0.0.2:{port}"})
        [alone] = await links(rooms, "ACDEFH", f"http://localhost:{port}/")
        assert alone["url"] == f"http://localhost:{port}/#room=ACDEFH"
        monkeypatch.setattr(network, "urls", lambda port: {"eth0": f"http://127.0.0.1:{port}"})
        [reached] = await links(rooms, "ACDEFH", f"http://localhost:{port}/")
        assert reached["url"] == f"http://127.0.0.1:{port}/#room=ACDEFH"
