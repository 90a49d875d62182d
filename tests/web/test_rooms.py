"""The routes of rooms over HTTP, each with every kind of wrong token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from itsdangerous import URLSafeSerializer

from pwlapp.rooms import tokens
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room
from pwlapp.rooms.teacher import table
from pwlapp.sessions.events import MAX_WATCHERS
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_rooms import SqliteRooms
from pwlapp.ui.i18n import catalogue
from pwlapp.web.http.rate_limits import RateLimits
from pwlapp.web.rooms import routes
from tests.support.classes import SETTING, send_command, take_seats
from tests.support.sessions import Clock, until

BODIES: dict[str, dict[str, Any]] = {
    "addresses": {"page": "http://pwl.example.org/"},
    "ask": {"kind": "number", "text": "How many?", "options": []},
    "challenge": {"kind": "lowest", "epochs": 10, "target": None},
    "end": {},
    "end_challenge": {},
    "end_question": {},
    "freeze": {"on": True},
    "hide": {"controls": ["train"]},
    "hide_name": {"seat": 1, "on": True},
    "lesson": {"lesson": None},
    "open_net": {"seat": 1, "sid": "A" * 22},
    "pause": {},
    "push": SETTING,
    "release": {},
    "resume": {},
    "reveal": {},
    "spotlight": {"seat": 1},
    "start": {"epochs": 5},
}
OF_SEAT: dict[str, dict[str, Any]] = {
    "answer": {"question": 1, "value": 3},
    "leave": {},
    "rename": {"nickname": "Eve"},
}
OF_TEACHER = ["/rooms/board", "/rooms/board/now", *(f"/rooms/teacher/{name}" for name in BODIES)]
STREAMS = ["/rooms/stream", "/rooms/frames"]
FILES = [f"/rooms/files/{name}" for name in table.DOWNLOADS]


class Known(NamedTuple):
    """A room with a seat, and tokens."""

    room: Room
    own: str
    teacher: str
    seat: str


@pytest.fixture
async def rooms(service: SessionService, clock: Clock) -> RoomService:
    store = service._store
    assert isinstance(store, SqliteStore)
    return RoomService(SqliteRooms(store, clock), service, clock)


@pytest.fixture
async def client(rooms: RoomService) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(rooms, lambda: catalogue("en")))
    app.add_middleware(RateLimits)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    rooms.sessions.events.close()
    server.should_exit = True
    await serving


@pytest.fixture
async def known(rooms: RoomService) -> Known:
    room = await rooms.open()
    [seat] = await take_seats(rooms, room, 1)
    return Known(room, seat.own, tokens.teacher_token(room), tokens.seat_token(room, 1))


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["error"]["code"])


async def send(
    client: httpx2.AsyncClient, path: str, body: Any = None, token: str | None = None
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await client.post(path, content=json.dumps(body or {}), headers=headers)


class TestEntrance:
    async def test_a_room_is_opened_and_joined(self, client: httpx2.AsyncClient) -> None:
        opened = (await send(client, "/rooms")).json()
        body = {"code": opened["code"], "nickname": "Ada", "own": "A" * 22, "seat": None}
        answer = await send(client, "/rooms/join", body)
        assert answer.headers["cache-control"] == "no-store"
        joined = answer.json()
        assert joined["room"] == {
            "code": opened["code"], "seat": 1, "nickname": "Ada", "sid": None, "leading": False,
            "frozen": False, "hidden": [], "lesson": None, "spotlight": None, "seats": 1,
            "question": None, "answer": None, "challenge": None,
        }  # fmt: skip
        again = await send(client, "/rooms/join", body | {"seat": joined["seat"]})
        assert again.json() == joined
        other = await send(client, "/rooms/join", body)
        assert other.json()["room"]["seat"] == 2

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"code": "AAAAAA"}, 404, "room_unknown"),
            ({"code": 123456}, 400, "bad_request"),
            ({"code": "x" * 201}, 400, "bad_request"),
            ({"nickname": "x" * 21}, 422, "bad_nickname"),
            ({"nickname": None}, 400, "bad_request"),
            ({"own": "short"}, 400, "bad_request"),
            ({"own": None}, 400, "bad_request"),
            ({"seat": 5}, 400, "bad_request"),
            ({"seat": "x" * 300}, 400, "bad_request"),
        ],
    )
    async def test_refusals(
        self, client: httpx2.AsyncClient, known: Known, change: Any, status: int, code: str
    ) -> None:
        body = {"code": known.room.code, "nickname": "", "own": "A" * 22, "seat": None} | change
        answer = await send(client, "/rooms/join", body)
        assert (answer.status_code, code_of(answer)) == (status, code)

    async def test_codes_cannot_be_guessed(
        self, client: httpx2.AsyncClient, known: Known, rooms: RoomService
    ) -> None:
        """Neither by joining nor by forged tokens; students with a seat are not affected."""
        mine = await rooms.open()
        await rooms.join(mine.code, "", "A" * 22)
        my_seat = tokens.seat_token(mine, 1)
        guesses = [f"{a}{b}CDEF" for a in "ACDEFHJKMNP" for b in "ACDEFHJKMNP"][:120]
        for n, guess in enumerate(guesses):
            if n % 2:
                answer = await send(client, "/rooms/join", {"code": guess, "own": "A" * 22})
                assert code_of(answer) == "room_unknown"
            else:
                forged = str(URLSafeSerializer("?").dumps([guess]))
                assert code_of(await send(client, "/rooms/board", {}, forged)) == "room_ended"
        body = {"code": known.room.code, "own": "A" * 22}
        for seat in (None, "x", my_seat):
            answer = await send(client, "/rooms/join", body | {"seat": seat})
            assert (answer.status_code, code_of(answer)) == (429, "room_wait")
        for code in (known.room.code, "AAAAAA"):  # the response does not say which of them exists
            forged = str(URLSafeSerializer("?").dumps([code]))
            assert code_of(await send(client, "/rooms/board", {}, forged)) == "room_wait"
        assert (await send(client, "/rooms/join", body | {"seat": known.seat})).status_code == 200
        renamed = await send(client, "/rooms/seat/rename", OF_SEAT["rename"], known.seat)
        assert renamed.status_code == 200

    async def test_right_codes_are_not_limited(
        self, client: httpx2.AsyncClient, known: Known
    ) -> None:
        for _ in range(150):
            answer = await send(client, "/rooms/join", {"code": known.room.code, "own": "A" * 22})
            assert answer.status_code == 200

    async def test_rooms_are_limited(self, client: httpx2.AsyncClient) -> None:
        answers = [(await send(client, "/rooms")).status_code for _ in range(31)]
        assert answers == [200] * 30 + [429]


class TestInvitation:
    @pytest.mark.parametrize(
        "page",
        [
            "https://pwl.example.org/",
            "https://hub.example.org/user/ada%40x/proxy/8050/",
            "http://192.0.2.7:8050/pwl/",
            "http://[2001:db8::7]:8050/",
        ],
    )
    async def test_contains_the_address_at_which_the_teacher_opened_the_page(
        self, client: httpx2.AsyncClient, known: Known, page: str
    ) -> None:
        """Behind a proxy only the browser knows the page's full URL."""
        answer = await send(client, "/rooms/teacher/addresses", {"page": page}, known.teacher)
        link = answer.json()["links"][0]
        assert link["url"] == f"{page}#room={known.room.code}"
        assert link["qr"].startswith("<svg")

    @pytest.mark.parametrize(
        "page",
        [
            None, 7, "", "/pwl/", "ftp://pwl.example.org/", "javascript:alert(1)//", "http:///pwl/",
            "http://x:70000/", "http://x:0/", "http://[::/", "http://x", "http://x/pwl",
            "http://x/?a=/", "http://x/#/", "http://me@x/", 'http://x/"/', "http://x/ü/",
            f"http://x/{'a' * 500}/",
        ],
    )  # fmt: skip
    async def test_refuses_urls_of_other_kinds(
        self, client: httpx2.AsyncClient, known: Known, page: Any
    ) -> None:
        answer = await send(client, "/rooms/teacher/addresses", {"page": page}, known.teacher)
        assert (answer.status_code, code_of(answer)) == (400, "bad_request")


def test_every_command_is_tested() -> None:
    assert set(BODIES) == {*table.COMMANDS, "addresses"}


class TestTokens:
    """Each route with each wrong token, which must not change anything."""

    async def wrong_tokens(self, rooms: RoomService, known: Known, right: str) -> dict[str, str]:
        """Wrong tokens by description; `right` is the role whose token is valid."""
        other = await rooms.open()
        await take_seats(rooms, other, 1)
        over = await rooms.open()
        await rooms.end(over.code)
        teacher, seat = tokens.teacher_token, tokens.seat_token
        forged = [known.room.code] if right == "teacher" else [known.room.code, 1]
        fits = known.teacher if right == "teacher" else known.seat
        return {
            "none": "",
            "no token": "x",
            "the code": known.room.code,
            "the own session": known.own,
            "another role": known.seat if right == "teacher" else known.teacher,
            "another room": teacher(other) if right == "teacher" else seat(other, 99),
            "an ended room": teacher(over) if right == "teacher" else seat(over, 1),
            "a seat that is not there": seat(known.room, 2),
            "forged": str(URLSafeSerializer(known.room.code, salt=right).dumps(forged)),
            "cut": fits[:-3],
            "too long": fits + "A" * 300,
        }

    async def all_there_is(self, rooms: RoomService, known: Known) -> Any:
        code = known.room.code
        room, seats = await rooms.repository.load(code), await rooms.repository.seats(code)
        return room, seats, await rooms.sessions.read(known.own)

    @pytest.mark.parametrize("path", OF_TEACHER)
    async def test_the_teachers_routes(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, path: str
    ) -> None:
        before = await self.all_there_is(rooms, known)
        body = BODIES.get(path.rpartition("/")[2], {})
        for what, token in (await self.wrong_tokens(rooms, known, "teacher")).items():
            if what == "another room":
                continue  # it applies to the other room, see below
            answer = await send(client, path, body, token)
            expected = {"an ended room": (404, "room_ended")}.get(what, (403, "room_forbidden"))
            assert (answer.status_code, code_of(answer)) == expected, what
        assert (await send(client, path, body)).status_code == 403
        assert await self.all_there_is(rooms, known) == before

    @pytest.mark.parametrize("name", [name for name in BODIES if name != "addresses"])
    async def test_another_rooms_teacher_changes_nothing(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, name: str
    ) -> None:
        """The commands apply to the teacher's own room, which has no such seat."""
        before = await self.all_there_is(rooms, known)
        other = await rooms.open()
        answer = await send(
            client, f"/rooms/teacher/{name}", BODIES[name], tokens.teacher_token(other)
        )
        if BODIES[name].get("seat"):
            assert (answer.status_code, code_of(answer)) == (403, "room_forbidden")
        else:
            assert answer.status_code == 200, answer.text
        assert "student 1" not in answer.text
        assert await self.all_there_is(rooms, known) == before

    @pytest.mark.parametrize("path", FILES)
    async def test_the_teachers_files(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, path: str
    ) -> None:
        for what, token in (await self.wrong_tokens(rooms, known, "teacher")).items():
            answer = await client.get(path, params={"teacher": token, "names": True})
            if what == "another room":
                assert "student 1" in answer.text or path.endswith("notebook")  # its own
                assert known.room.code[:3] not in answer.headers["content-disposition"]
                continue
            expected = {"an ended room": (404, "room_ended")}.get(what, (403, "room_forbidden"))
            assert (answer.status_code, code_of(answer)) == expected, what
        assert (await client.get(path)).status_code == 422
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            query = {"teacher": known.teacher}
            assert (await client.request(method, path, params=query)).status_code == 405
        right = await client.get(path, params={"teacher": known.teacher})
        assert known.room.code[:3] in right.headers["content-disposition"]
        unknown = await client.get("/rooms/files/what", params={"teacher": known.teacher})
        assert (unknown.status_code, code_of(unknown)) == (400, "bad_request")

    @pytest.mark.parametrize("name", OF_SEAT)
    async def test_the_seats_routes(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, name: str
    ) -> None:
        await send_command(rooms, known.room, "ask", **BODIES["ask"])
        before = await self.all_there_is(rooms, known)
        for what, token in (await self.wrong_tokens(rooms, known, "seat")).items():
            answer = await send(client, f"/rooms/seat/{name}", OF_SEAT[name], token)
            expected = {"an ended room": (404, "room_ended")}.get(what, (403, "room_forbidden"))
            assert (answer.status_code, code_of(answer)) == expected, what
        assert await self.all_there_is(rooms, known) == before

    @pytest.mark.parametrize("path", STREAMS)
    async def test_the_streams(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, path: str
    ) -> None:
        for what, token in (await self.wrong_tokens(rooms, known, "seat")).items():
            answer = await client.get(path, params={"seat": token, "own": known.own})
            expected = {"an ended room": (404, "room_ended")}.get(what, (403, "room_forbidden"))
            assert (answer.status_code, code_of(answer)) == expected, what
            assert known.own not in answer.text
        assert (await client.get(path, params={"own": known.own})).status_code == 422

    async def test_a_students_view_names_no_other_student_and_no_other_session(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known
    ) -> None:
        others = await take_seats(rooms, known.room, 3)
        await send_command(rooms, known.room, "push", **SETTING)
        await send_command(rooms, known.room, "ask", **BODIES["ask"])
        room = await rooms.repository.load(known.room.code)
        for number in (2, 3):
            await rooms.answer(room, await rooms.repository.seat(room.code, number), 2, 987654321)
        query = {"seat": known.seat, "own": known.own}
        seen = (await client.get("/rooms/frames", params=query)).text
        seats = await rooms.repository.seats(room.code)
        secrets = [seat.class_sid for seat in seats[1:]] + [seat.own for seat in others]
        names = [seat.nickname for seat in seats[2:]]  # the first two have the same
        hidden = (*secrets, *names, "987654321", known.teacher)
        assert [word for word in hidden if word in seen] == []
        assert seats[0].class_sid in seen

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def test_other_verbs_do_nothing(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, method: str
    ) -> None:
        before = await self.all_there_is(rooms, known)
        headers = {"Authorization": f"Bearer {known.teacher}"}
        paths = ["/rooms", "/rooms/join", *OF_TEACHER, *(f"/rooms/seat/{name}" for name in OF_SEAT)]
        for path in paths:
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 405, path
        assert await self.all_there_is(rooms, known) == before

    @pytest.mark.parametrize("path", ["/rooms/teacher/what", "/rooms/seat/what"])
    async def test_unknown_commands(
        self, client: httpx2.AsyncClient, known: Known, path: str
    ) -> None:
        token = known.teacher if "teacher" in path else known.seat
        assert code_of(await send(client, path, {}, token)) == "bad_request"

    @pytest.mark.parametrize("scheme", ["Basic", "", "Token"])
    async def test_a_token_is_accepted_as_bearer_only(
        self, client: httpx2.AsyncClient, known: Known, scheme: str
    ) -> None:
        headers = {"Authorization": f"{scheme} {known.teacher}".strip()}
        answer = await client.post("/rooms/teacher/pause", content="{}", headers=headers)
        assert code_of(answer) == "room_forbidden"


class TestBodies:
    @pytest.mark.parametrize("body", ["[]", "{", '"x"', "NaN", "[" * 50 + "]" * 50])
    async def test_those_that_are_no_objects_are_refused(
        self, client: httpx2.AsyncClient, known: Known, body: str
    ) -> None:
        for path, token in (
            ("/rooms", ""),
            ("/rooms/join", ""),
            ("/rooms/seat/rename", known.seat),
            ("/rooms/teacher/push", known.teacher),
        ):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = await client.post(path, content=body, headers=headers)
            assert (answer.status_code, code_of(answer)) == (400, "bad_request"), path

    async def test_large_ones_are_refused(self, client: httpx2.AsyncClient, known: Known) -> None:
        for path in ("/rooms", "/rooms/join", "/rooms/seat/rename"):
            answer = await send(client, path, {"nickname": "x" * 30_000}, known.seat)
            assert (answer.status_code, code_of(answer)) == (413, "too_big"), path

    @pytest.mark.parametrize("value", ["3", True, None, [], {}, [[1]], 1e300, -(10**400)])
    async def test_odd_answers(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, value: Any
    ) -> None:
        await send_command(rooms, known.room, "ask", **BODIES["ask"])
        body = {"question": 1, "value": value}
        answer = await send(client, "/rooms/seat/answer", body, known.seat)
        assert code_of(answer) == "bad_answer_number"
        assert (await rooms.repository.seat(known.room.code, 1)).answer is None

    async def test_a_students_commands(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known
    ) -> None:
        await send_command(rooms, known.room, "ask", **BODIES["ask"])
        for name in ("rename", "answer"):
            answer = await send(client, f"/rooms/seat/{name}", OF_SEAT[name], known.seat)
            assert (answer.status_code, answer.json()) == (200, {})
        seat = await rooms.repository.seat(known.room.code, 1)
        assert (seat.nickname, seat.answer and seat.answer.value) == ("Eve", 3)
        assert (await send(client, "/rooms/seat/leave", {}, known.seat)).json() == {}
        assert await rooms.repository.seats(known.room.code) == []
        again = await send(client, "/rooms/seat/leave", {}, known.seat)
        assert code_of(again) == "room_forbidden"


class TestStream:
    async def first_events(
        self, client: httpx2.AsyncClient, known: Known, header: str = "", **query: Any
    ) -> list[tuple[str, Any, str]]:
        """Room, state and frames, each with its id."""
        params = {"seat": known.seat, "own": known.own} | query
        headers = {"Last-Event-ID": header} if header else {}
        found: list[tuple[str, Any, str]] = []
        async with client.sse("/rooms/stream", params=params, headers=headers) as source:
            assert source.response.headers["x-accel-buffering"] == "no"
            async for message in source:
                found.append((message.event, message.json(), message.id or ""))
                if len(found) == 3:
                    break
        return found

    async def test_begins_with_room_state_and_frames(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known
    ) -> None:
        room, state, frames = await self.first_events(client, known)
        assert (room[0], state[0], frames[0]) == ("room", "state", "frames")
        assert room[1]["code"] == known.room.code
        assert state[1] == await rooms.sessions.get_snapshot(known.own)
        assert frames[2] == f"{known.own}.1"
        polled = await client.get("/rooms/frames", params={"seat": known.seat, "own": known.own})
        assert polled.json() == {"room": room[1], "state": state[1], **frames[1]}

    @pytest.mark.parametrize("is_led", [False, True])
    async def test_the_last_id_is_used_for_its_session_only(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known, is_led: bool
    ) -> None:
        for seed in (5, 6):
            await rooms.sessions.reset(known.own, seed)
        shown, frames = known.own, [3]
        if is_led:
            await send_command(rooms, known.room, "push", **SETTING)
            seat = await rooms.repository.seat(known.room.code, 1)
            shown, frames = seat.class_sid or "", [1]
        for header in ("", f"{'x' * 22}.3", "3", f"{shown}.0", "🙂", f"{shown}.{'9' * 16}"):
            header = header.encode("ascii", "ignore").decode()
            found = await self.first_events(client, known, header, sid="x" * 22, since=3)
            assert [row[0] for row in found[2][1]["frames"]] == frames

    async def test_the_streams_of_a_seat_are_limited(
        self, client: httpx2.AsyncClient, rooms: RoomService, known: Known
    ) -> None:
        room, events = known.room, rooms.sessions.events
        watchers = [events.new_watcher() for _ in range(MAX_WATCHERS)]
        for watcher in watchers:
            watcher.watch(f"seat:{room.code}:1")
        params = {"seat": known.seat, "own": known.own}
        answer = await client.get("/rooms/stream", params=params)
        assert (answer.status_code, code_of(answer)) == (429, "busy")
        for watcher in watchers:
            watcher.watch()

    @pytest.mark.parametrize("own", ["A" * 22, "x", "../..", ""])
    async def test_an_unknown_own_session(
        self, client: httpx2.AsyncClient, known: Known, own: str
    ) -> None:
        for path in STREAMS:
            answer = await client.get(path, params={"seat": known.seat, "own": own})
            assert (answer.status_code, code_of(answer)) == (404, "session_unknown")
