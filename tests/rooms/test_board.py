"""The live board: its rows, its updates, and the ranking."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from pwlapp.commands import table
from pwlapp.core.net import START, Architecture, to_vector
from pwlapp.errors import UserError
from pwlapp.rooms import stream
from pwlapp.rooms.board import live
from pwlapp.rooms.board.live import Boards
from pwlapp.rooms.presence import HERE_S
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room
from tests.support.classes import SETTING, ended, send_command, take_seats
from tests.support.sessions import Clock, until

TARGET = to_vector(START).tolist()


class Screen:
    """The state of a board, built from the lines of its stream."""

    def __init__(self, lines: AsyncGenerator[dict[str, Any]]) -> None:
        self.room: dict[str, Any] = {}
        self.rows: dict[int, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.error: UserError | None = None
        self._lines = lines
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._lines.aclose()

    @property
    def has_ended(self) -> bool:
        return self._task.done()

    def ranking(self) -> list[tuple[int, int]]:
        """Places and seats."""
        challenge = self.room.get("challenge") or {"ranking": []}
        return [(each["place"], each["seat"]) for each in challenge["ranking"]]

    async def _follow(self) -> None:
        try:
            async for made in self._lines:
                line = json.loads(json.dumps(made, allow_nan=False))
                self.received.append(line)
                self.room = line.get("room", self.room)
                self.rows |= {row["n"]: row for row in line.get("seats", ())}
                for number in line.get("gone", ()):
                    del self.rows[number]
        except UserError as error:
            self.error = error


@pytest.fixture
async def room(rooms: RoomService) -> Room:
    return await rooms.open()


@pytest.fixture
async def boards(rooms: RoomService) -> Boards:
    return Boards(rooms)


@pytest.fixture
async def screen(
    boards: Boards, room: Room, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Screen]:
    monkeypatch.setattr(live, "INTERVAL_S", 0.01)
    screen = Screen(boards.follow(room.code))
    yield screen
    await screen.close()


async def test_shows_an_empty_room(screen: Screen, room: Room) -> None:
    await until(lambda: screen.room)
    assert screen.room == {
        "code": room.code,
        "ends": room.ends,
        "leading": False,
        "frozen": False,
        "hidden": [],
        "lesson": None,
        "spotlight": None,
        "setting": None,
        "question": None,
        "challenge": None,
    }
    assert screen.rows == {}


async def test_shows_who_joins_changes_and_leaves(
    rooms: RoomService, room: Room, screen: Screen
) -> None:
    first, second = await take_seats(rooms, room, 2)
    await until(lambda: len(screen.rows) == 2)
    assert [screen.rows[n]["outcome"] for n in (1, 2)] == ["not_started"] * 2
    assert [screen.rows[n]["seed"] for n in (1, 2)] == [1, 2]  # their own nets
    await rooms.sessions.set_params(first.own, [-1, -1, 2, 3, 0])
    await until(lambda: screen.rows[1]["outcome"] == "left")
    assert screen.rows[1]["slopes"] == [-5.0, 0.0]
    await rooms.rename(room, second, "Mina")
    await until(lambda: screen.rows[2]["name"] == "Mina")
    await rooms.leave(room, first)
    await until(lambda: list(screen.rows) == [2])


async def test_follows_the_class_while_the_room_leads(
    rooms: RoomService, room: Room, screen: Screen
) -> None:
    await take_seats(rooms, room, 3)
    await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True, "epochs": 300})
    await until(lambda: [row["epoch"] for row in screen.rows.values()] == [300] * 3)
    assert [screen.rows[n]["seed"] for n in (1, 2, 3)] == [10, 11, 12]
    for number, snapshot in enumerate(await ended(rooms, room), start=1):
        row = screen.rows[number]
        assert (row["loss"], row["numbers"]) == (snapshot["loss"], snapshot["params"])
    assert screen.room["setting"] == {
        "seed": 10,
        "seat_seeds": True,
        "net": SETTING["net"],
        "optimizer": {"kind": "adam", "lr": 0.01},
        "epochs": 300,
        "data_key": rooms.sessions.points.key,
    }
    await send_command(rooms, room, "release")
    await until(lambda: [row["seed"] for row in screen.rows.values()] == [1, 2, 3])
    assert not screen.room["leading"]


async def test_wide_nets_and_other_data(rooms: RoomService, room: Room, screen: Screen) -> None:
    await take_seats(rooms, room, 1)
    law = {"law": "step", "n": 50, "noise": 0.1, "seed": 1}
    wide = vars(Architecture(h=20, bias1=True, loss="mse"))
    await send_command(rooms, room, "push", **SETTING | {"data": law, "net": wide})
    await until(lambda: screen.rows and not screen.rows[1]["plain"])
    assert len(screen.rows[1]["numbers"]) == 101
    assert screen.rows[1]["data"] == screen.room["setting"]["data_key"]


async def test_sends_only_what_has_changed(rooms: RoomService, room: Room, screen: Screen) -> None:
    seats = await take_seats(rooms, room, 3)
    await until(lambda: len(screen.rows) == 3)
    seen = len(screen.received)
    await rooms.sessions.set_params(seats[1].own, TARGET)
    await until(lambda: screen.rows[2]["outcome"] == "not_yet")
    assert [[row["n"] for row in line["seats"]] for line in screen.received[seen:]] == [[2]]


async def test_a_second_board_shows_the_same_from_the_first_line_on(
    rooms: RoomService, boards: Boards, room: Room, screen: Screen
) -> None:
    await take_seats(rooms, room, 2)
    await until(lambda: len(screen.rows) == 2)
    other = Screen(boards.follow(room.code))
    await until(lambda: other.rows == screen.rows)
    assert other.room == screen.room
    await screen.close()
    await take_seats(rooms, room, 1)
    await until(lambda: len(other.rows) == 3)
    await other.close()


async def test_sends_pings_and_notices_absent_students(
    rooms: RoomService,
    room: Room,
    screen: Screen,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "PING_S", 0.05)
    await take_seats(rooms, room, 1)
    await rooms.repository.save_heartbeats(room.code, {1: clock.now})
    await until(lambda: screen.rows and screen.rows[1]["here"])
    clock.now += HERE_S + 1  # the server of that page has died
    await until(lambda: not screen.rows[1]["here"])
    await until(lambda: {"ping": True} in screen.received)


async def test_a_polling_page_gets_what_a_board_shows(
    rooms: RoomService, boards: Boards, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INTERVAL_S", 0.01)
    monkeypatch.setattr(live, "PING_S", 0.05)
    assert (await boards.now(room.code))["seats"] == []
    await take_seats(rooms, room, 2)

    async def shows_both() -> bool:
        return [row["n"] for row in (await boards.now(room.code))["seats"]] == [1, 2]

    await until(shows_both)
    screen = Screen(boards.follow(room.code))
    await until(lambda: len(screen.rows) == 2)
    line = await boards.now(room.code)
    assert line == {"room": screen.room, "seats": list(screen.rows.values())}
    await screen.close()
    assert boards._boards  # it is kept: the page polls again
    monkeypatch.setattr(live, "IDLE_S", 0.0)
    await until(lambda: not boards._boards)
    await send_command(rooms, room, "end")
    with pytest.raises(UserError, match="room_unknown"):
        await boards.now(room.code)


async def test_ends_with_the_room(rooms: RoomService, room: Room, screen: Screen) -> None:
    await until(lambda: screen.room)
    await send_command(rooms, room, "end")
    await until(lambda: screen.has_ended)
    assert screen.error
    assert screen.error.code == "room_unknown"


async def test_ends_when_the_streams_are_ended(
    rooms: RoomService, boards: Boards, room: Room, screen: Screen
) -> None:
    await until(lambda: screen.room)
    rooms.sessions.events.end_all()
    await until(lambda: screen.has_ended)
    assert screen.error is None
    again = Screen(boards.follow(room.code))
    await until(lambda: again.room)
    await again.close()


async def test_the_board_of_a_deleted_room(boards: Boards) -> None:
    with pytest.raises(UserError, match="room_unknown"):
        await anext(boards.follow("AAAAAA"))


async def test_answers_are_shown_to_the_teacher_first(
    rooms: RoomService, room: Room, screen: Screen
) -> None:
    seats = await take_seats(rooms, room, 3)
    await send_command(rooms, room, "ask", kind="number", text="How many?")
    room = await rooms.repository.load(room.code)
    assert room.question
    for seat, value in ((seats[2], 7), (seats[0], 31.5)):
        await rooms.answer(room, seat, room.question.id, value)
    await until(lambda: (screen.room["question"] or {}).get("answered") == 2)
    assert screen.room["question"]["all"] == [[1, 31.5], [3, 7]]
    assert screen.room["question"]["answers"] is None
    await send_command(rooms, room, "reveal")
    await until(lambda: screen.room["question"]["revealed"])
    assert screen.room["question"]["answers"] == {"numbers": [7.0, 31.5]}


class TestRanking:
    async def test_challenge_to_match_a_bent_line(
        self, rooms: RoomService, room: Room, screen: Screen
    ) -> None:
        seats = await take_seats(rooms, room, 4)
        await send_command(rooms, room, "challenge", kind="match", target=TARGET)
        close = [1, -1, -4.5, -9, 5]
        for seat, params in zip(seats, (close, TARGET, close), strict=False):
            await rooms.sessions.set_params(seat.own, params)
        await until(lambda: screen.ranking() == [(1, 2), (2, 1), (2, 3)])  # 4 has not begun
        scores = [each["score"] for each in screen.room["challenge"]["ranking"]]
        assert scores == pytest.approx([0, 0.5, 0.5], abs=1e-6)
        await rooms.sessions.reset(seats[1].own)  # the present weights count
        await until(lambda: screen.ranking() == [(1, 1), (1, 3)])
        await send_command(rooms, room, "hide_name", seat=3, on=True)
        await until(lambda: screen.room["challenge"]["ranking"][1]["name"] == "")
        await send_command(rooms, room, "end_challenge")
        await until(lambda: screen.room["challenge"] is None)

    async def test_challenge_of_the_lowest_loss(
        self, rooms: RoomService, room: Room, screen: Screen
    ) -> None:
        await take_seats(rooms, room, 3)
        await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        await send_command(rooms, room, "challenge", kind="lowest", epochs=100)
        await send_command(rooms, room, "start", epochs=400)
        await ended(rooms, room)
        best = {}
        for seat in await rooms.repository.seats(room.code):
            _, frames = await rooms.sessions.state_and_frames(seat.class_sid or "")
            best[seat.number] = min(f.loss for f in frames if 0 < f.epoch <= 100)

        def scores() -> dict[int, float]:
            ranking = screen.room["challenge"]["ranking"]
            return {each["seat"]: each["score"] for each in ranking}

        await until(lambda: scores() == best)
        assert [seat for _, seat in screen.ranking()] == sorted(best, key=lambda n: best[n])
        # The best score of a seat is kept, and weights set by hand do not count.
        [first, *_] = await rooms.repository.seats(room.code)
        await rooms.sessions.reset(first.class_sid or "")
        await rooms.sessions.set_params(first.class_sid or "", TARGET)
        await rooms.sessions.start_run(
            first.class_sid or "", 50, (await rooms.sessions.state(first.own)).optimizer, "auto"
        )
        await until(lambda: screen.rows[1]["epoch"] == 50)
        assert scores() == best

    async def test_moves_while_no_board_is_open(
        self, rooms: RoomService, boards: Boards, room: Room
    ) -> None:
        [seat] = await take_seats(rooms, room, 1)
        known = stream.Known(seat.own, "", 0)
        shown: dict[str, Any] = {}

        async def follow() -> None:
            async for event in boards.touch_during_challenge(room.code, news):
                if event.name == "room":
                    shown.update(event.data)

        def own() -> float | None:
            score: float | None = (shown["challenge"] or {}).get("own")
            return score

        news = stream.follow(rooms, room.code, seat.number, known)
        page = asyncio.create_task(follow())
        await until(lambda: shown)
        assert not boards._boards  # nothing is read where nothing is scored
        await send_command(rooms, room, "challenge", kind="match", target=TARGET)
        await rooms.sessions.set_params(seat.own, [1, -1, -4.5, -9, 5])
        await until(lambda: own() == pytest.approx(0.5, abs=1e-6))
        await rooms.sessions.set_params(seat.own, TARGET)
        await until(lambda: own() == pytest.approx(0, abs=1e-6))
        await send_command(rooms, room, "end_challenge")
        await until(lambda: shown["challenge"] is None)
        page.cancel()
        await asyncio.gather(page, return_exceptions=True)

    async def test_is_kept_when_all_boards_are_closed(
        self, rooms: RoomService, boards: Boards, room: Room, screen: Screen
    ) -> None:
        [seat] = await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING | {"epochs": 100})
        await ended(rooms, room)
        await send_command(rooms, room, "challenge", kind="lowest", epochs=100)
        await until(lambda: screen.ranking() == [(1, 1)])
        before = screen.room["challenge"]
        await screen.close()
        [seat] = await rooms.repository.seats(room.code)
        await rooms.sessions.reset(seat.class_sid or "")
        again = Screen(boards.follow(room.code))
        await until(lambda: again.rows)
        assert again.room["challenge"] == before
        await again.close()

    async def test_is_unchanged_by_a_release(
        self, rooms: RoomService, room: Room, screen: Screen
    ) -> None:
        seats = await take_seats(rooms, room, 2)
        await rooms.sessions.set_params(seats[1].own, TARGET)
        await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        await send_command(rooms, room, "challenge", kind="match", target=TARGET)
        [first, _] = await rooms.repository.seats(room.code)
        await rooms.sessions.set_params(first.class_sid or "", [1, -1, -4.5, -9, 5])
        await until(lambda: screen.ranking() == [(1, 1)])
        await send_command(rooms, room, "release")
        await until(lambda: screen.rows[2]["outcome"] == "not_yet")  # own nets are shown again
        await rooms.sessions.set_params(first.own, TARGET)
        await send_command(rooms, room, "hide_name", seat=1, on=True)
        await until(lambda: screen.room["challenge"]["ranking"][0]["name"] == "")
        assert screen.ranking() == [(1, 1)]
        assert screen.room["challenge"]["over"]
        assert screen.room["challenge"]["ranking"][0]["score"] == pytest.approx(0.5, abs=1e-6)

    async def test_is_reset_by_a_new_setting(
        self, rooms: RoomService, room: Room, screen: Screen
    ) -> None:
        [seat] = await take_seats(rooms, room, 1)
        await send_command(rooms, room, "challenge", kind="match", target=TARGET)
        await rooms.sessions.set_params(seat.own, TARGET)
        await until(lambda: screen.ranking() == [(1, 1)])
        await send_command(rooms, room, "push", **SETTING)
        await until(lambda: screen.ranking() == [])
        [seat] = await rooms.repository.seats(room.code)
        await rooms.sessions.set_params(seat.class_sid or "", TARGET)
        await until(lambda: screen.ranking() == [(1, 1)])

    async def test_only_the_data_of_the_class_count(
        self, rooms: RoomService, room: Room, screen: Screen
    ) -> None:
        [seat] = await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING)
        await send_command(rooms, room, "challenge", kind="match", target=TARGET)
        [seat] = await rooms.repository.seats(room.code)
        await rooms.sessions.set_params(seat.class_sid or "", TARGET)
        await until(lambda: screen.ranking() == [(1, 1)])
        own = {"law": "own", "x": [0.0, 1.0], "y": [0.0, 1.0]}
        await table.run(rooms.sessions, seat.class_sid or "", "move_points", {"spec": own})
        await until(lambda: screen.ranking() == [])
