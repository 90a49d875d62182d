"""Opening, joining, answering, leaving and ending a room."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from pwlapp.errors import UserError
from pwlapp.rooms import service as module
from pwlapp.rooms import tokens
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import ROOM_S, Answer, Room, Seat
from pwlapp.rooms.view import room_view
from pwlapp.sessions.state import UnknownSession
from tests.support.classes import FOREVER, SETTING, send_command, take_seats
from tests.support.sessions import Clock, has_moved, until

OWN, OTHER = "A" * 22, "B" * 22
replace = msgspec.structs.replace


@pytest.fixture
async def room(rooms: RoomService) -> Room:
    return await rooms.open()


class TestJoin:
    async def test_gives_seats_in_turn(self, rooms: RoomService, room: Room) -> None:
        _, first = await rooms.join(room.code, " 민수 ", OWN)
        _, second = await rooms.join(f"{room.code[:3].lower()}-{room.code[3:]}", "", OTHER)
        assert (first.number, first.nickname, first.own) == (1, "민수", OWN)
        assert (second.number, second.nickname, second.own) == (2, "", OTHER)
        assert await rooms.repository.seats(room.code) == [first, second]

    async def test_again_gives_the_same_seat(self, rooms: RoomService, room: Room) -> None:
        _, seat = await rooms.join(room.code, "민수", OWN)
        token = tokens.seat_token(room, seat.number)
        assert (await rooms.join(room.code, "", OWN, token))[1] == seat
        _, again = await rooms.join(room.code, "", OTHER, token)
        assert again == replace(seat, own=OTHER, version=2)
        _, again = await rooms.join(room.code, "영희", OTHER, token)
        assert (again.number, again.nickname) == (1, "영희")
        assert await rooms.repository.count(room.code) == 1

    async def test_with_a_token_of_another_room_gives_a_new_seat(
        self, rooms: RoomService, room: Room
    ) -> None:
        other = await rooms.open()
        _, seat = await rooms.join(other.code, "", OWN)
        for token in (tokens.seat_token(other, seat.number), "x", tokens.teacher_token(room), ""):
            known, _ = await rooms.join(room.code, "", OWN, token)
            assert known.code == room.code
        assert await rooms.repository.count(room.code) == 4
        assert await rooms.repository.count(other.code) == 1

    async def test_after_leaving_gives_a_new_seat(self, rooms: RoomService, room: Room) -> None:
        _, seat = await rooms.join(room.code, "", OWN)
        await rooms.leave(room, seat)
        _, again = await rooms.join(room.code, "", OWN, tokens.seat_token(room, seat.number))
        assert again.number == 2

    @pytest.mark.parametrize("code", ["", "AAAAAA", "x" * 10_000, "../../", "\x00"])
    async def test_with_a_code_of_no_room(self, rooms: RoomService, room: Room, code: str) -> None:
        with pytest.raises(UserError, match=r"^room_unknown$"):
            await rooms.join(code, "", OWN)

    async def test_with_a_bad_name_or_session_gives_no_seat(
        self, rooms: RoomService, room: Room
    ) -> None:
        with pytest.raises(UserError, match="bad_nickname"):
            await rooms.join(room.code, "x" * 21, OWN)
        with pytest.raises(UserError, match="bad_request"):
            await rooms.join(room.code, "", "../../../etc")
        assert await rooms.repository.seats(room.code) == []

    async def test_late_gives_the_present_state(self, rooms: RoomService, room: Room) -> None:
        await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        await send_command(rooms, room, "hide", controls=["train"])
        own, _ = await rooms.sessions.open(seed=5)
        joined, seat = await rooms.join(room.code, "", own)
        view = room_view(joined, seat, 2)
        assert (view["leading"], view["hidden"]) == (True, ("train",))
        assert seat.class_sid is not None
        assert view["sid"] == seat.class_sid
        assert (await rooms.sessions.get_snapshot(seat.class_sid))["seed"] == SETTING["seed"] + 1

    async def test_during_a_push_misses_nothing(self, rooms: RoomService, room: Room) -> None:
        joining = [rooms.join(room.code, str(n), OWN) for n in range(20)]
        await asyncio.gather(send_command(rooms, room, "push", **SETTING), *joining)
        seats = await rooms.repository.seats(room.code)
        assert len({seat.class_sid for seat in seats} - {None}) == 20
        sids = [seat.class_sid for seat in seats if seat.class_sid]
        states = await rooms.sessions.load_many(sids)
        assert [states[sid].seed for sid in sids] == [SETTING["seed"]] * 20
        assert (await rooms.sessions.counts()).sessions == 20  # no session is left over


class TestTokens:
    async def test_name_the_room_and_the_seat(self, rooms: RoomService, room: Room) -> None:
        _, seat = await rooms.join(room.code, "", OWN)
        assert await rooms.teacher(tokens.teacher_token(room)) == room
        assert await rooms.seat(tokens.seat_token(room, 1)) == (room, seat)

    async def test_invalid_tokens_are_refused(self, rooms: RoomService, room: Room) -> None:
        await rooms.join(room.code, "", OWN)
        for token in ("", "x", tokens.seat_token(room, 1), "é" * 50):
            with pytest.raises(UserError, match=r"^room_forbidden$"):
                await rooms.teacher(token)
        for token in ("", "x", tokens.teacher_token(room), tokens.seat_token(room, 2)):
            with pytest.raises(UserError, match=r"^room_forbidden$"):
                await rooms.seat(token)

    async def test_of_a_room_that_has_ended(
        self, rooms: RoomService, room: Room, clock: Clock
    ) -> None:
        over = await rooms.open()
        await rooms.end(over.code)
        for token in (tokens.teacher_token(over), tokens.seat_token(over, 1)):
            for check in (rooms.teacher, rooms.seat):
                with pytest.raises(UserError, match=r"^room_ended$"):
                    await check(token)
        clock.now += ROOM_S
        with pytest.raises(UserError, match=r"^room_ended$"):
            await rooms.teacher(tokens.teacher_token(room))


class TestAnswer:
    @pytest.fixture
    async def asked(self, rooms: RoomService, room: Room) -> tuple[Room, Seat]:
        await rooms.join(room.code, "", OWN)
        await send_command(rooms, room, "ask", kind="number", text="How many?", options=[])
        return await rooms.seat(tokens.seat_token(room, 1))

    async def test_is_kept_and_can_be_changed(
        self, rooms: RoomService, asked: tuple[Room, Seat]
    ) -> None:
        room, seat = asked
        for value in (3, 4):
            await rooms.answer(room, seat, 1, value)
        seat = await rooms.repository.seat(room.code, 1)
        assert seat.answer == Answer(1, 4)
        assert room_view(room, seat, 1)["answer"] == 4

    async def test_to_an_earlier_question_is_not_shown(
        self, rooms: RoomService, asked: tuple[Room, Seat]
    ) -> None:
        room, seat = asked
        await rooms.answer(room, seat, 1, 3)
        await send_command(rooms, room, "ask", kind="number", text="And now?", options=[])
        room, seat = await rooms.seat(tokens.seat_token(room, 1))
        assert room_view(room, seat, 1)["answer"] is None
        with pytest.raises(UserError, match="question_over"):
            await rooms.answer(room, seat, 1, 3)

    async def test_a_late_or_invalid_answer_is_refused(
        self, rooms: RoomService, asked: tuple[Room, Seat]
    ) -> None:
        room, seat = asked
        with pytest.raises(UserError, match="bad_answer"):
            await rooms.answer(room, seat, 1, "3")
        for name in ("reveal", "end_question"):
            await send_command(rooms, room, name)
            room = await rooms.repository.load(room.code)
            with pytest.raises(UserError, match="question_over"):
                await rooms.answer(room, seat, 1, 3)
        assert (await rooms.repository.seat(room.code, 1)).answer is None


async def test_a_student_can_be_renamed(rooms: RoomService, room: Room) -> None:
    _, seat = await rooms.join(room.code, "a", OWN)
    await rooms.rename(room, seat, " b ")
    assert (await rooms.repository.seat(room.code, 1)).nickname == "b"
    with pytest.raises(UserError, match="bad_nickname"):
        await rooms.rename(room, seat, "x\x00")


async def test_leaving_keeps_only_the_own_session(rooms: RoomService, room: Room) -> None:
    [seat] = await take_seats(rooms, room, 1)
    before = await rooms.sessions.get_snapshot(seat.own)
    await send_command(rooms, room, "push", **SETTING)
    seat = await rooms.repository.seat(room.code, 1)
    await rooms.leave(room, seat)
    assert await rooms.repository.seats(room.code) == []
    assert await rooms.sessions.get_snapshot(seat.own) == before
    with pytest.raises(UnknownSession):
        await rooms.sessions.get_snapshot(seat.class_sid or "")


async def test_ending_a_room_keeps_only_the_own_sessions(rooms: RoomService, room: Room) -> None:
    seats = await take_seats(rooms, room, 3)
    own = [await rooms.sessions.get_snapshot(seat.own) for seat in seats]
    await send_command(rooms, room, "push", **SETTING)
    await send_command(rooms, room, "spotlight", seat=2)
    assert (await rooms.sessions.counts()).sessions == 7
    await rooms.end(room.code)
    assert (await rooms.sessions.counts()).sessions == 3
    assert [await rooms.sessions.get_snapshot(seat.own) for seat in seats] == own
    await rooms.end(room.code)  # by two boards at once


async def test_a_room_that_ends_during_runs_logs_no_warning(
    rooms: RoomService, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    await take_seats(rooms, room, 3)
    await send_command(rooms, room, "push", **SETTING | {"epochs": FOREVER})
    for seat in await rooms.repository.seats(room.code):
        await until(lambda seat=seat: has_moved(rooms.sessions, seat.class_sid))  # type: ignore[misc]
    await rooms.end(room.code)
    await until(lambda: not rooms.sessions._scheduler._tasks)  # type: ignore[attr-defined]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_an_expired_room_is_deleted_with_its_sessions(
    rooms: RoomService, room: Room, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "END_EVERY_S", 0.01)
    await take_seats(rooms, room, 2)
    await send_command(rooms, room, "push", **SETTING)
    rooms.start()
    clock.now += ROOM_S + 1

    async def only_own_are_left() -> bool:
        return (await rooms.sessions.counts()).sessions == 2

    await until(only_own_are_left)
    assert await rooms.repository.seats(room.code) == []


async def test_no_log_names_a_student_a_code_or_a_token(
    rooms: RoomService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = await rooms.open()
    _, seat = await rooms.join(room.code, "Ada Lovelace", OWN)
    await rooms.rename(room, seat, "Grace Hopper")
    await send_command(rooms, room, "push", **SETTING)
    await rooms.end(room.code)
    assert "room opened" in caplog.text
    secrets = ("Ada", "Grace", room.code, OWN, tokens.seat_token(room, 1)[:10])
    assert [secret for secret in secrets if secret in caplog.text] == []
