"""The rate limits of a session and of an address, and that a class stays below them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.testclient import TestClient

from pwlapp.errors import UserError
from pwlapp.web.http import fixed_window, rate_limits
from pwlapp.web.http.bodies import read_json
from pwlapp.web.http.json_answers import answer, refusal
from pwlapp.web.http.rate_limits import (
    BODIES,
    COMMANDS,
    COMPUTING,
    HEAVY,
    HEAVY_COMMANDS,
    ROOMS,
    SESSIONS,
    STREAMS,
    Counts,
    RateLimits,
    Visitor,
    network_of,
    visitor,
)
from tests.support.sessions import Clock

STUDENTS = 300
SIDS = [f"{n:022d}" for n in range(STUDENTS)]


@pytest.fixture
def counts(clock: Clock) -> Counts:
    return Counts(clock)


@pytest.fixture
def school(counts: Counts) -> Visitor:
    """A visitor at the shared address of a school."""
    return Visitor(counts, "192.0.2.1")


@pytest.fixture
def other(counts: Counts) -> Visitor:
    return Visitor(counts, "192.0.2.2")


def refused_after(action: Callable[[], object], most: int = 100_000) -> int:
    """How often an action is allowed before it is refused."""
    times = 0

    def until_refused() -> None:
        nonlocal times
        while times < most:
            action()
            times += 1

    with pytest.raises(UserError) as refused:
        until_refused()
    assert refused.value.code == "too_many"
    assert 1 <= int(refused.value.args_["seconds"]) <= 24 * 3600
    return times


class TestAClass:
    """300 students behind one address, each sending as much as the page allows."""

    def test_sliders_at_20_requests_a_second(self, school: Visitor, clock: Clock) -> None:
        for _ in range(10):  # seconds
            for sid in SIDS:
                for _ in range(20):
                    school.command(sid, "edit")
            clock.now += 1

    def test_simultaneous_reloads(self, school: Visitor, clock: Clock) -> None:
        """Even where each reload begins a new session, as with storage that is switched off."""
        for _ in range(20):
            for sid in SIDS:
                school.new_session()
                school.command(sid, "stream")
                school.command(sid, "frames")
            clock.now += 60

    def test_all_compute_at_once(self, school: Visitor, clock: Clock) -> None:
        for _ in range(60):
            held = [school.computing() for _ in SIDS]
            for each in held:
                each.__enter__()
            for sid, each in zip(SIDS, held, strict=True):
                school.command(sid, "one_step")
                school.command(sid, "seeds")
                each.__exit__(None, None, None)
            clock.now += 1

    def test_all_send_a_file(self, school: Visitor) -> None:
        for sid in SIDS:
            school.command(sid, "upload")
            school.hold(200_000)
        school.release()

    def test_each_has_the_page_open_in_several_tabs(self, school: Visitor) -> None:
        for _ in range(6 * STUDENTS):
            school._use(STREAMS, 1)
        school.check_streams()


class TestOneSession:
    def test_commands_are_limited_and_continue_later(
        self, school: Visitor, other: Visitor, clock: Clock
    ) -> None:
        a, b = SIDS[:2]
        assert refused_after(lambda: school.command(a, "edit")) == COMMANDS.most
        school.command(b, "edit")
        with pytest.raises(UserError, match="too_many") as refused:
            other.command(a, "edit")  # another address does not help
        clock.now += int(refused.value.args_["seconds"])
        school.command(a, "edit")

    @pytest.mark.parametrize("name", sorted(HEAVY_COMMANDS))
    def test_computations_have_a_lower_limit(
        self, school: Visitor, clock: Clock, name: str
    ) -> None:
        assert refused_after(lambda: school.command(SIDS[0], name)) == HEAVY.most
        school.command(SIDS[0], "edit")

    def test_an_invalid_id_uses_no_memory(self, school: Visitor, counts: Counts) -> None:
        for sid in ("", "x" * 10_000, "../..", "한" * 22):
            school.command(sid, "seeds")
        assert not counts._windows

    def test_a_seat_and_a_teacher(self, school: Visitor, clock: Clock) -> None:
        assert refused_after(lambda: school.of_seat("ABCDEF", 1)) == COMMANDS.most
        assert refused_after(lambda: school.of_teacher("ABCDEF")) == rate_limits.TEACHER.most
        school.of_seat("ABCDEF", 2)
        school.of_teacher("ABCDEG")


class TestOneAddress:
    @pytest.mark.parametrize(
        ("name", "most"),
        [
            ("new_session", SESSIONS.most),
            ("new_room", ROOMS.most),
            ("new_picture", rate_limits.PICTURES.most),
        ],
    )
    def test_sessions_and_rooms(
        self, school: Visitor, other: Visitor, clock: Clock, name: str, most: int
    ) -> None:
        assert refused_after(getattr(school, name)) == most
        getattr(other, name)()
        clock.now += 3600
        getattr(school, name)()

    def test_memory_is_bounded(self, counts: Counts) -> None:
        for n in range(2 * fixed_window.MAX_COUNTED):
            Visitor(counts, str(n)).new_room()
        assert len(counts.window(ROOMS)._counts) == fixed_window.MAX_COUNTED

    def test_a_day_has_a_limit_too(self, school: Visitor, clock: Clock) -> None:
        made = 0
        for _ in range(24):
            made += refused_after(school.new_session)
            clock.now += 3600
        assert made == rate_limits.SESSIONS_A_DAY.most

    def test_wrong_codes(self, school: Visitor, other: Visitor, clock: Clock) -> None:
        for n in range(120):
            school.check_wrong()
            school.wrong(f"code {n}")
        for refused in (school.check_wrong, lambda: school.wrong("code 120")):
            with pytest.raises(UserError, match=r"^room_wait$"):
                refused()
        other.check_wrong()

    def test_a_class_can_join_from_the_address_of_an_attacker(self, school: Visitor) -> None:
        school.right("K7N4PX")
        for n in range(120):
            school.wrong(f"code {n}")
        school.check_wrong("K7N4PX")
        with pytest.raises(UserError, match=r"^room_wait$"):
            school.check_wrong("K7N4PY")

    def test_some_students_mistype_the_code(self, school: Visitor) -> None:
        for student in range(STUDENTS):
            if student % 10 == 0:
                school.wrong(f"typo {student}")
            for _ in range(60):
                school.check_wrong()

    def test_tokens_of_an_ended_room_do_not_count_as_guesses(
        self, school: Visitor, clock: Clock
    ) -> None:
        for _ in range(1000):
            school.wrong("K7N4PX")
        school.check_wrong()

    def test_computations_at_once(self, school: Visitor, other: Visitor) -> None:
        held = [school.computing() for _ in range(COMPUTING.of_address)]  # type: ignore[arg-type]
        for each in held:
            each.__enter__()
        for _ in range(2):  # a refused one does not count
            with pytest.raises(UserError, match="too_many"), school.computing():
                pass
        with other.computing():
            pass
        held.pop().__exit__(None, None, None)
        with school.computing():
            pass

    def test_setting_the_system_clock_changes_no_limit(
        self, school: Visitor, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused_after(school.new_room)
        now = time.time()
        for jump in (-7200.0, 7200.0):
            monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
            with pytest.raises(UserError, match="too_many"):
                school.new_room()
        clock.now += ROOMS.seconds
        school.new_room()

    async def test_streams(self, school: Visitor, other: Visitor, counts: Counts) -> None:
        async def stream() -> AsyncGenerator[int]:
            try:
                while True:
                    yield 1
            finally:
                ended.append(1)

        ended: list[int] = []
        counts.in_use["streams", "192.0.2.1"] = STREAMS.of_address - 1  # type: ignore[assignment]
        school.check_streams()
        last = school.following(stream())
        await anext(last)
        more = school.following(stream())
        with pytest.raises(UserError, match="too_many"):
            await anext(more)
        await anext(other.following(stream()))
        await last.aclose()
        assert ended  # at once, since it holds a watcher
        school.check_streams()

    def test_bodies(self, counts: Counts) -> None:
        size = int(BODIES.of_address) // 8
        visitors = [Visitor(counts, "192.0.2.1") for _ in range(8)]
        for each in visitors:
            each.hold(size)
        late = Visitor(counts, "192.0.2.1")
        with pytest.raises(UserError, match="too_many"):
            late.hold(1)
        late.release()
        visitors[0].release()
        Visitor(counts, "192.0.2.1").hold(size)

    def test_bodies_of_all(self, counts: Counts) -> None:
        for n in range(4):
            Visitor(counts, f"192.0.2.{n}").hold(int(BODIES.of_address))
        with pytest.raises(UserError, match="too_many"):
            Visitor(counts, "192.0.2.9").hold(1)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", "unknown"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_which_address_is_counted(host: str, counted: str) -> None:
    assert network_of(host) == counted


class TestRequests:
    @pytest.fixture
    def client(self) -> TestClient:
        app = FastAPI()

        @app.post("/rooms")
        async def open_room(request: Request) -> Response:
            try:
                body = await read_json(request)
                visitor().new_room()
            except UserError as error:
                return refusal(error)
            return answer(body)

        @app.get("/late")
        async def late() -> Response:
            await asyncio.sleep(0)
            return PlainTextResponse(visitor()._address)

        app.add_middleware(RateLimits)
        return TestClient(app, client=("2001:db8::5", 1234))

    def test_a_refusal_says_when_to_retry(self, client: TestClient) -> None:
        answers = [client.post("/rooms", json={"a": 1}) for _ in range(ROOMS.most + 1)]
        assert [each.status_code for each in answers[:-1]] == [200] * ROOMS.most
        error = answers[-1].json()["error"]
        assert (answers[-1].status_code, error["code"]) == (429, "too_many")
        assert answers[-1].headers["retry-after"] == str(error["args"]["seconds"])
        assert 3500 < error["args"]["seconds"] <= 3600

    def test_two_apps_share_no_counts(self, client: TestClient) -> None:
        for _ in range(ROOMS.most):
            assert client.post("/rooms").status_code == 200

    def test_each_request_knows_its_visitor(self, client: TestClient) -> None:
        assert client.get("/late").text == "2001:db8::/64"

    def test_a_body_is_counted_until_its_response(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_limits, "BODIES", BODIES._replace(of_address=1000))
        for _ in range(3):
            assert client.post("/rooms", content=b"{}" + b" " * 800).status_code == 200
            refused = client.post("/rooms", content=b"{}" + b" " * 1200)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
