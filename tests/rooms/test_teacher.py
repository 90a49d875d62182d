"""The teacher's commands: their effects on the sessions of a class and on the room."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

import msgspec
import pytest

from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions
from pwlapp.errors import UserError
from pwlapp.rooms import stream
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import CURVE_VALUES, Room, Seat, session_shown
from pwlapp.rooms.view import question_view
from pwlapp.sessions.state import SessionState
from tests.support.classes import FOREVER, SETTING, class_states, ended, send_command, take_seats
from tests.support.sessions import has_moved, until
from tests.support.training import assert_at, first_state, trained


async def running_class(rooms: RoomService, count: int) -> tuple[Room, list[Seat]]:
    """A class in which all nets are being trained."""
    room = await rooms.open()
    await take_seats(rooms, room, count)
    await send_command(rooms, room, "push", **SETTING | {"epochs": FOREVER})
    seats = await rooms.repository.seats(room.code)
    for seat in seats:
        await until(lambda seat=seat: has_moved(rooms.sessions, seat.class_sid))  # type: ignore[misc]
    return await rooms.repository.load(room.code), seats


class TestPush:
    async def test_gives_every_seat_the_same_untrained_net(self, rooms: RoomService) -> None:
        room = await rooms.open()
        seats = await take_seats(rooms, room, 3)
        own = [await rooms.sessions.get_snapshot(seat.own) for seat in seats]
        assert await send_command(rooms, room, "push", **SETTING) == {"seats": 3, "failed": 0}
        expected = first_state(rooms.sessions, 10)
        for state in await class_states(rooms, room):
            assert state.train.params.tobytes() == expected.params.tobytes()
            assert (state.seed, state.optimizer) == (10, AdamOptions(lr=0.01))
            assert (state.run, state.locked, state.engine) == (None, False, "torch@cpu")
        room = await rooms.repository.load(room.code)
        assert room.leading
        for seat, before in zip(await rooms.repository.seats(room.code), own, strict=True):
            assert session_shown(room, seat) == seat.class_sid
            assert await rooms.sessions.get_snapshot(seat.own) == before

    async def test_with_seat_seeds_and_epochs_trains_like_single_sessions(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 3)
        await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True, "epochs": 60})
        for seed, snapshot in enumerate(await ended(rooms, room), start=10):
            start = first_state(rooms.sessions, seed)
            assert_at(snapshot, trained(rooms.sessions, start, 60, AdamOptions(lr=0.01)))
            assert snapshot["seed"] == seed

    async def test_again_starts_over_and_nothing_from_before_can_be_undone(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        [seat] = await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING)
        [seat] = await rooms.repository.seats(room.code)
        sid = seat.class_sid or ""
        await rooms.sessions.set_params(sid, [1, 2, 3, 4, 5])
        law = {"law": "step", "n": 50, "noise": 0.1, "seed": 1}
        wide = vars(Architecture(h=20, loss="mse"))
        await send_command(rooms, room, "push", **SETTING | {"data": law, "net": wide, "seed": 3})
        [again] = await rooms.repository.seats(room.code)
        state, frames = await rooms.sessions.state_and_frames(sid)
        assert again.class_sid == sid
        assert (state.seed, state.train.net, state.train.epoch) == (
            3,
            Architecture(h=20, loss="mse"),
            0,
        )
        assert (await rooms.sessions.points_of(state)).spec.law == "step"
        assert [frame.epoch for frame in frames] == [0]
        assert (state.history.can_undo, state.history.can_redo) == (0, 0)
        await rooms.sessions.undo(sid)
        assert (await rooms.sessions.state(sid)).seed == 3

    async def test_while_a_run_goes_on_ends_it(self, rooms: RoomService) -> None:
        room, _ = await running_class(rooms, 2)
        await send_command(rooms, room, "push", **SETTING | {"seed": 4})
        assert [state.train.epoch for state in await class_states(rooms, room)] == [0, 0]
        assert [state.run for state in await class_states(rooms, room)] == [None, None]

    async def test_a_seat_that_fails_does_not_stop_the_others(
        self, rooms: RoomService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 4)
        create = rooms.sessions.create

        async def failing(state: SessionState, *args: Any) -> Any:
            if state.seed == 11:
                raise UserError("storage_failed")
            return await create(state, *args)

        monkeypatch.setattr(rooms.sessions, "create", failing)
        answer = await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        assert answer == {"seats": 3, "failed": 1}
        seats = await rooms.repository.seats(room.code)
        assert [seat.class_sid is None for seat in seats] == [False, True, False, False]
        monkeypatch.undo()
        [left_out] = [seat for seat in seats if seat.class_sid is None]
        admitted = await rooms.classes.catch_up(await rooms.repository.load(room.code), left_out)
        assert (await rooms.sessions.state(admitted.class_sid or "")).seed == 11

    async def test_nets_that_fail_together_are_made_one_by_one(
        self, rooms: RoomService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def failing(*_args: Any, **_named: Any) -> Any:
            raise UserError("worker_lost")

        room = await rooms.open()
        await take_seats(rooms, room, 2)
        monkeypatch.setattr(rooms.sessions, "initial_states", failing)
        answer = await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        assert answer == {"seats": 2, "failed": 0}
        states = await class_states(rooms, room)
        assert [state.seed for state in states] == [10, 11]

    async def test_more_runs_than_the_server_accepts(self, rooms: RoomService) -> None:
        rooms.sessions.max_running = 2
        room = await rooms.open()
        await take_seats(rooms, room, 3)
        answer = await send_command(rooms, room, "push", **SETTING | {"epochs": FOREVER})
        assert answer == {"seats": 2, "failed": 1}

    async def test_an_invalid_setting_changes_nothing(self, rooms: RoomService) -> None:
        room = await rooms.open()
        numbers = {"law": "own", "x": [0, 1], "y": [5, 7]}
        with pytest.raises(UserError, match="needs_mse"):
            await send_command(rooms, room, "push", **SETTING | {"data": numbers})
        for name, wrong, code in (
            ("epochs", -1, "bad_epochs"),
            ("epochs", True, "bad_epochs"),
            ("epochs", FOREVER + 1, "bad_epochs"),
            ("seed", -1, "bad_seed"),
            ("net", {"h": 0}, "bad_hidden"),
            ("optimizer", {"kind": "adam", "lr": 0}, "bad_lr"),
            ("data", {"law": "none"}, "bad_data"),
            ("seat_seeds", 1, "bad_request"),
        ):
            with pytest.raises(UserError, match=code):
                await send_command(rooms, room, "push", **SETTING | {name: wrong})
        assert await rooms.repository.load(room.code) == room


class TestLateJoiners:
    async def test_get_the_class_setting(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING | {"seat_seeds": True})
        await send_command(rooms, room, "start", epochs=40)
        own, _ = await rooms.sessions.open()
        room, seat = await rooms.join(room.code, "", own)
        assert session_shown(room, seat) == seat.class_sid != own
        for seed, snapshot in enumerate(await ended(rooms, room), start=10):
            start = first_state(rooms.sessions, seed)
            assert_at(snapshot, trained(rooms.sessions, start, 40, AdamOptions(lr=0.01)))

    async def test_of_a_frozen_class_are_frozen(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await send_command(rooms, room, "push", **SETTING | {"epochs": FOREVER})
        await send_command(rooms, room, "freeze", on=True)
        [seat] = await take_seats(rooms, room, 1)
        state = await rooms.sessions.state(seat.class_sid or "")
        assert state.locked
        assert state.run
        assert state.run.status == "paused"

    async def test_keep_their_own_net_in_a_room_that_does_not_lead(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        [seat] = await take_seats(rooms, room, 1)
        assert (seat.class_sid, session_shown(room, seat)) == (None, None)

    async def test_a_student_who_leaves_meanwhile_gets_no_session(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await send_command(rooms, room, "push", **SETTING)
        room = await rooms.repository.load(room.code)
        seat = await rooms.repository.add_seat(room.code, Seat("A" * 22))
        await rooms.repository.remove_seat(room.code, seat.number)
        sessions, _ = await rooms.sessions._store.counts()
        async with asyncio.timeout(30):
            with pytest.raises(UserError, match="room_forbidden"):
                await rooms.classes.catch_up(room, seat)
        assert await rooms.sessions._store.counts() == (sessions, 0)  # what was made is deleted

    async def test_keep_their_net_when_they_return(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING | {"epochs": 30})
        [before] = await ended(rooms, room)
        [seat] = await rooms.repository.seats(room.code)
        again = await rooms.classes.catch_up(await rooms.repository.load(room.code), seat)
        assert again == seat
        assert await rooms.sessions.get_snapshot(seat.class_sid or "") == before

    async def test_a_seat_that_a_crash_left_out_gets_it_when_its_page_reconnects(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        [seat] = await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING)
        lost = partial(msgspec.structs.replace, class_sid=None, setting=0)
        await rooms.repository.update_seat(room.code, seat.number, lost)
        known = stream.Known(seat.own, "", 0)
        events = stream.follow(rooms, room.code, seat.number, known)
        async with contextlib.aclosing(events):
            first, second = await anext(events), await anext(events)
        assert first.data["sid"] not in (None, seat.own)
        assert second.data["seed"] == 10

    async def test_joining_during_a_push_get_it_once(self, rooms: RoomService) -> None:
        room = await rooms.open()
        pushing = asyncio.create_task(send_command(rooms, room, "push", **SETTING))
        seats = await take_seats(rooms, room, 5)
        await pushing
        kept = await rooms.repository.seats(room.code)
        states = await class_states(rooms, room)
        assert [state.seed for state in states] == [10] * 5
        assert len({seat.class_sid for seat in kept}) == len(seats)


class TestRuns:
    async def test_start_pause_and_resume_reach_all(self, rooms: RoomService) -> None:
        room, _ = await running_class(rooms, 3)
        assert await send_command(rooms, room, "pause") == {"seats": 3, "failed": 0}
        for state in await class_states(rooms, room):
            assert state.run
            assert state.run.status == "paused"
        assert await send_command(rooms, room, "resume") == {"seats": 3, "failed": 0}
        assert all(state.is_running for state in await class_states(rooms, room))
        assert await send_command(rooms, room, "start", epochs=5) == {"seats": 3, "failed": 0}
        runs = [state.run for state in await class_states(rooms, room)]
        assert [run and run.target_epoch for run in runs] == [FOREVER] * 3

    async def test_start_continues_from_each_nets_epoch(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 2)
        await send_command(rooms, room, "push", **SETTING | {"epochs": 20})
        await ended(rooms, room)
        await send_command(rooms, room, "start", epochs=30)
        expected = trained(rooms.sessions, first_state(rooms.sessions, 10), 50, AdamOptions(0.01))
        for snapshot in await ended(rooms, room):
            assert_at(snapshot, expected)
        setting = (await rooms.repository.load(room.code)).setting
        assert setting
        assert setting.epochs == 50

    @pytest.mark.parametrize("name", ["start", "pause", "resume"])
    async def test_never_change_the_students_own_nets(self, rooms: RoomService, name: str) -> None:
        room = await rooms.open()
        [seat] = await take_seats(rooms, room, 1)
        before = await rooms.sessions.get_snapshot(seat.own)
        body = {"epochs": 5} if name == "start" else {}
        assert await send_command(rooms, room, name, **body) == {"seats": 0, "failed": 0}
        assert await rooms.sessions.get_snapshot(seat.own) == before


class TestFreezeAndRelease:
    async def test_freeze_pauses_and_locks(self, rooms: RoomService) -> None:
        room, seats = await running_class(rooms, 2)
        await send_command(rooms, room, "freeze", on=True)
        for seat, state in zip(seats, await class_states(rooms, room), strict=True):
            assert state.locked
            assert state.run
            assert state.run.status == "paused"
            with pytest.raises(UserError, match="frozen"):
                await rooms.sessions.set_params(seat.class_sid or "", [1, 2, 3, 4, 5])
        assert (await rooms.repository.load(room.code)).frozen
        await send_command(rooms, room, "freeze", on=False)
        for state in await class_states(rooms, room):
            assert (state.locked, state.is_running) == (False, False)
        assert not (await rooms.repository.load(room.code)).frozen

    async def test_a_challenge_unfreezes_in_one_change_of_the_room(
        self, rooms: RoomService
    ) -> None:
        room, seats = await running_class(rooms, 2)
        await send_command(rooms, room, "freeze", on=True)
        await send_command(rooms, room, "lesson", lesson=["page", 1])
        before = await rooms.repository.load(room.code)
        assert before.lesson
        answer = await send_command(rooms, room, "challenge", kind="lowest", epochs=1000)
        after = await rooms.repository.load(room.code)
        assert (after.frozen, after.leading, after.version) == (False, True, before.version + 1)
        assert after.challenge
        assert after.lesson is None  # on a phone it would cover the task
        assert answer == {"id": after.challenge.id, "seats": 2, "failed": 0}
        for seat, state in zip(seats, await class_states(rooms, room), strict=True):
            assert (state.locked, state.is_running) == (False, False)
            await rooms.sessions.set_params(seat.class_sid or "", [1, 2, 3, 4, 5])

    async def test_the_teacher_may_train_a_frozen_class(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING)
        await send_command(rooms, room, "freeze", on=True)
        await send_command(rooms, room, "start", epochs=20)
        [snapshot] = await ended(rooms, room)
        [state] = await class_states(rooms, room)
        assert (snapshot["epoch"], state.locked) == (20, True)

    async def test_release_restores_everything(self, rooms: RoomService) -> None:
        room, seats = await running_class(rooms, 2)
        await send_command(rooms, room, "freeze", on=True)
        await send_command(rooms, room, "hide", controls=["seed", "net"])
        await send_command(rooms, room, "lesson", lesson=["seeds", 2])
        await send_command(rooms, room, "spotlight", seat=1)
        shown = (await rooms.repository.load(room.code)).spotlight
        assert shown
        await send_command(rooms, room, "release")
        room = await rooms.repository.load(room.code)
        assert (room.leading, room.frozen, room.hidden, room.lesson, room.spotlight) == (
            (False, False, (), None, None)
        )
        for seat, state in zip(seats, await class_states(rooms, room), strict=True):
            assert session_shown(room, seat) is None
            assert (state.locked, state.is_running) == (False, False)
        with pytest.raises(UserError, match="session_unknown"):
            await rooms.sessions.get_snapshot(shown.sid)


class TestSpotlight:
    async def test_shows_a_locked_copy_to_all(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 2)
        await send_command(rooms, room, "push", **SETTING | {"epochs": 40, "seat_seeds": True})
        await ended(rooms, room)
        await send_command(rooms, room, "spotlight", seat=2)
        room = await rooms.repository.load(room.code)
        seats = await rooms.repository.seats(room.code)
        [sid] = {session_shown(room, seat) for seat in seats}
        assert sid
        state, frames = await rooms.sessions.state_and_frames(sid)
        original, originals = await rooms.sessions.state_and_frames(seats[1].class_sid or "")
        assert state.train.params.tobytes() == original.train.params.tobytes()
        assert [frame.epoch for frame in frames] == [frame.epoch for frame in originals]
        with pytest.raises(UserError, match="frozen"):
            await rooms.sessions.reset(sid, 5)
        await rooms.sessions.reset(seats[1].class_sid or "", 5)  # the student goes on
        assert (await rooms.sessions.state(sid)).seed == 11

    async def test_the_copy_is_deleted_at_the_end(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 2)
        sids = []
        for number in (1, 2, None):
            await send_command(rooms, room, "spotlight", seat=number)
            shown = (await rooms.repository.load(room.code)).spotlight
            sids.append(shown and shown.sid)
        assert sids[2] is None
        assert await rooms.sessions.load_many([sid for sid in sids if sid]) == {}

    async def test_a_challenge_takes_it_off_and_one_may_be_shown_again(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 2)
        await send_command(rooms, room, "spotlight", seat=1)
        before = await rooms.repository.load(room.code)
        assert before.spotlight
        await send_command(rooms, room, "challenge", kind="lowest", epochs=1000)
        after = await rooms.repository.load(room.code)
        assert after.challenge
        assert (after.spotlight, after.version) == (None, before.version + 1)
        assert await rooms.sessions.load_many([before.spotlight.sid]) == {}
        await send_command(rooms, room, "spotlight", seat=2)
        shown = await rooms.repository.load(room.code)
        assert shown.spotlight
        assert shown.challenge == after.challenge

    async def test_of_an_unknown_seat(self, rooms: RoomService) -> None:
        room = await rooms.open()
        with pytest.raises(UserError, match="room_forbidden"):
            await send_command(rooms, room, "spotlight", seat=1)


class TestOpenNet:
    async def test_is_one_step_to_undo_for_the_teacher(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 1)
        await send_command(rooms, room, "push", **SETTING | {"epochs": 40})
        [student] = await ended(rooms, room)
        sid, before = await rooms.sessions.open(seed=99)
        answer = await send_command(rooms, room, "open_net", seat=1, sid=sid)
        for key in ("epoch", "seed", "params", "loss", "net", "optimizer"):
            assert answer["snapshot"][key] == student[key]
        [seat] = await rooms.repository.seats(room.code)
        _, opened = await rooms.sessions.state_and_frames(sid)
        _, originals = await rooms.sessions.state_and_frames(seat.class_sid or "")
        assert [frame.epoch for frame in opened] == [frame.epoch for frame in originals]
        undone = await rooms.sessions.undo(sid)
        assert (undone["seed"], undone["params"]) == (99, before["params"])
        assert await rooms.sessions.get_snapshot(seat.class_sid or "") == student

    async def test_does_not_replace_a_locked_session(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await take_seats(rooms, room, 2)
        await send_command(rooms, room, "push", **SETTING)
        await send_command(rooms, room, "freeze", on=True)
        seats = await rooms.repository.seats(room.code)
        with pytest.raises(UserError, match="frozen"):
            await send_command(rooms, room, "open_net", seat=1, sid=seats[1].class_sid)


class TestQuestions:
    async def test_are_asked_answered_revealed_and_ended(self, rooms: RoomService) -> None:
        room = await rooms.open()
        seats = await take_seats(rooms, room, 3)
        answer = await send_command(
            rooms, room, "ask", kind="choice", text=" Why? ", options=["a", "b"]
        )
        room = await rooms.repository.load(room.code)
        assert room.question
        assert (room.question.id, room.question.text) == (answer["id"], "Why?")
        assert not room.question.text_is_preset
        for seat, value in zip(seats, (1, 1, 0), strict=True):
            await rooms.answer(room, seat, room.question.id, value)
        assert (await rooms.repository.load(room.code)).question == room.question
        await send_command(rooms, room, "reveal")
        room = await rooms.repository.load(room.code)
        assert room.question
        assert room.question.revealed
        assert room.question.revealed.counts == (1, 2)
        await send_command(rooms, room, "end_question")
        assert (await rooms.repository.load(room.code)).question is None
        again = await send_command(
            rooms, room, "ask", kind="curve", text="Sketch it", text_is_preset=True
        )
        asked = (await rooms.repository.load(room.code)).question
        assert asked
        assert question_view(asked)["text_is_preset"]  # each page shows its translation
        assert again["id"] > answer["id"]
        room = await rooms.repository.load(room.code)
        with pytest.raises(UserError, match="question_over"):
            await rooms.answer(room, seats[0], answer["id"], [0.5] * CURVE_VALUES)

    async def test_an_answer_at_the_moment_of_the_reveal_counts_or_is_refused(
        self, rooms: RoomService
    ) -> None:
        room = await rooms.open()
        seats = await take_seats(rooms, room, 30)
        asked = (await send_command(rooms, room, "ask", kind="number", text="How many?"))["id"]
        room = await rooms.repository.load(room.code)
        answering = [rooms.answer(room, seat, asked, seat.number) for seat in seats]
        *given, _ = await asyncio.gather(
            *answering[:15],
            send_command(rooms, room, "reveal"),
            *answering[15:],
            return_exceptions=True,
        )
        refused = [error for error in given if isinstance(error, UserError)]
        assert {error.code for error in refused} <= {"question_over"}
        question = (await rooms.repository.load(room.code)).question
        assert question
        assert question.revealed
        kept = [
            seat.answer.value for seat in await rooms.repository.seats(room.code) if seat.answer
        ]
        assert question.revealed.numbers == tuple(sorted(kept))

    async def test_an_answer_is_not_saved_in_a_room_that_has_changed(
        self, rooms: RoomService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = await rooms.open()
        [seat] = await take_seats(rooms, room, 1)
        asked = (await send_command(rooms, room, "ask", kind="number", text="How many?"))["id"]
        save = rooms.repository._store.save_seats

        async def reveal_first(*args: Any) -> list[int]:
            monkeypatch.undo()
            await send_command(rooms, room, "reveal")
            return await save(*args)

        monkeypatch.setattr(rooms.repository._store, "save_seats", reveal_first)
        with pytest.raises(UserError, match="question_over"):
            await rooms.answer(room, seat, asked, 7)
        assert (await rooms.repository.seat(room.code, 1)).answer is None

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "number", "text": ""},
            {"kind": "number", "text": "x" * 301},
            {"kind": "number", "text": "a\u202eb"},
            {"kind": "number", "text": "a", "options": ["b", "c"]},
            {"kind": "choice", "text": "a"},
            {"kind": "choice", "text": "a", "options": ["b"]},
            {"kind": "choice", "text": "a", "options": ["b"] * 9},
            {"kind": "choice", "text": "a", "options": ["b", " "]},
        ],
    )
    async def test_invalid_ones_are_refused(self, rooms: RoomService, body: dict[str, Any]) -> None:
        room = await rooms.open()
        with pytest.raises(UserError, match="bad_question"):
            await send_command(rooms, room, "ask", **body)

    async def test_revealing_no_question_does_nothing(self, rooms: RoomService) -> None:
        room = await rooms.open()
        await send_command(rooms, room, "reveal")
        assert (await rooms.repository.load(room.code)).question is None


async def test_a_name_can_be_hidden(rooms: RoomService) -> None:
    room = await rooms.open()
    await take_seats(rooms, room, 1)
    await send_command(rooms, room, "hide_name", seat=1, on=True)
    [seat] = await rooms.repository.seats(room.code)
    assert (seat.nickname, seat.name) == ("student 1", "")
    with pytest.raises(UserError, match="room_forbidden"):
        await send_command(rooms, room, "hide_name", seat=2, on=True)


async def test_a_challenge_begins_and_ends(rooms: RoomService) -> None:
    room = await rooms.open()
    target = [1, -1, -4.5, -9, 4.5]
    await send_command(rooms, room, "challenge", kind="match", target=target)
    challenge = (await rooms.repository.load(room.code)).challenge
    assert challenge
    assert (challenge.kind, challenge.target, challenge.ranking) == ("match", tuple(target), ())
    await send_command(rooms, room, "challenge", kind="lowest", epochs=1000)
    later = (await rooms.repository.load(room.code)).challenge
    assert later
    assert (later.kind, later.epochs) == ("lowest", 1000)
    assert later.id > challenge.id
    await send_command(rooms, room, "end_challenge")
    assert (await rooms.repository.load(room.code)).challenge is None


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("challenge", {"kind": "match"}, "bad_params"),
        ("challenge", {"kind": "match", "target": [1, 2]}, "bad_params"),
        ("challenge", {"kind": "match", "target": [1, 2, 3, 4, "5"]}, "bad_params"),
        ("challenge", {"kind": "lowest"}, "bad_epochs"),
        ("challenge", {"kind": "highest"}, "bad_request"),
        ("lesson", {"lesson": ["<b>", 1]}, "bad_request"),
        ("lesson", {"lesson": ["seeds"]}, "bad_request"),
        ("hide", {"controls": ["everything"]}, "bad_request"),
        ("freeze", {"on": "yes"}, "bad_request"),
        ("start", {"epochs": 0}, "bad_epochs"),
        ("pause", {"seat": 1}, "bad_request"),
        ("spotlight", {"seat": "1"}, "bad_request"),
        ("dismiss", {}, "bad_request"),
    ],
)
async def test_unknown_commands_are_refused(
    rooms: RoomService, name: str, body: dict[str, Any], code: str
) -> None:
    room = await rooms.open()
    with pytest.raises(UserError, match=code):
        await send_command(rooms, room, name, **body)
    assert await rooms.repository.load(room.code) == room
