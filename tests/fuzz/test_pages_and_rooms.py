"""Malformed requests for pages, streams and downloads, and to rooms; see `test_sessions`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.rooms import tokens
from pwlapp.rooms.teacher import table
from tests.support.classes import SETTING
from tests.support.fuzz import (
    EACH,
    FEW,
    HEADERS,
    JSON,
    MANY,
    ODD_TEXT,
    QUERY,
    SAME_EACH_TIME,
    mostly,
    near,
    to_bytes,
)
from tests.support.fuzz_site import Site, bearer, seat_token

# --- reading ------------------------------------------------------------------------------------

OWN_PATHS = [
    "stream/{}", "frames/{}", "export/{}/script", "export/{}/notebook", "export/{}/weights",
    "export/{}/frames", "export/{}/data", "export/{}/run", "export/{}/none",
]  # fmt: skip
PATHS = [
    "", "export/points.csv", "data/{key}.json", "data/0000000000000000.json", "data/x.json",
    "locale/ko.json", "locale/..%2F.json", "lessons.json", "healthz", "readyz", "metrics",
    "_dash-layout", "_dash-dependencies", "_reload-hash", "_favicon.ico", "static/none.js",
    "static/../app.py", "openapi.json", "rooms", "rooms/join", "qr",
    "pictures", "pictures/x", "한글", "a\0b", "//", ".",
]  # fmt: skip


@settings(**MANY, **SAME_EACH_TIME)
@given(data=st.data(), query=QUERY | st.binary(max_size=10), headers=HEADERS)
def test_pages_streams_and_downloads(
    site: Site, data: st.DataObject, query: bytes, headers: Any
) -> None:
    sid = data.draw(mostly(site.sid, ODD_TEXT))
    key = site.services.sessions.points.key
    own = st.sampled_from(OWN_PATHS).map(lambda path: path.format(sid))
    path = data.draw(own | st.sampled_from(PATHS).map(lambda path: path.format(key=key)))
    method = data.draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE"]))
    site.ask(method, f"/{path}", b"", query, headers)


@settings(**FEW, **SAME_EACH_TIME)
@given(body=near({"text": "http://server/#a"}), headers=HEADERS)
def test_qr_codes(site: Site, body: Any, headers: Any) -> None:
    site.ask("POST", "/qr", to_bytes(body), headers=headers)


@settings(**FEW, **SAME_EACH_TIME)
@given(
    name=mostly("plot.png", ODD_TEXT) | st.just("plot.svg"),
    content=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"<svg", b""]).flatmap(
        lambda head: st.binary(max_size=20).map(lambda rest: head + rest)
    ),
    headers=HEADERS,
)
def test_pictures(site: Site, name: str, content: bytes, headers: Any) -> None:
    query = b"name=" + quote(name.encode("utf-8", "replace")).encode()
    answer = site.ask("POST", "/pictures", content, query, headers)
    if answer.status == 200 and b"content-encoding" not in answer.headers:
        kept = site.ask("GET", f"/{json.loads(answer.body)['address']}")
        assert kept.body == content


# --- rooms --------------------------------------------------------------------------------------

OF_TEACHER: dict[str, dict[str, Any]] = {
    "ask": {"kind": "choice", "text": "Why?", "options": ["a", "b"]},
    "challenge": {"kind": "match", "epochs": 5, "target": [1, 2, 3, 4, 5]},
    "end_challenge": {},
    "end_question": {},
    "freeze": {"on": False},
    "hide": {"controls": ["train"]},
    "hide_name": {"seat": 1, "on": True},
    "lesson": {"lesson": ["page", 1]},
    "open_net": {"seat": 1, "sid": "A" * 22},
    "pause": {},
    "push": SETTING | {"seat_seeds": True},
    "release": {},
    "resume": {},
    "reveal": {},
    "spotlight": {"seat": 1},
    "start": {"epochs": 5},
    "addresses": {},
}
OF_SEAT: dict[str, dict[str, Any]] = {
    "answer": {"question": 1, "value": 3},
    "rename": {"nickname": "Eve"},
}
LEAVING = {"end", "leave"}  # would end the room, and the other tests with it


def test_every_command_of_a_room_is_fuzzed() -> None:
    assert OF_TEACHER.keys() | {"end"} == {*table.COMMANDS, "addresses"}


@pytest.mark.parametrize(
    ("role", "name"),
    [("teacher", name) for name in (*OF_TEACHER, "none")] + [("seat", name) for name in OF_SEAT],
)
@settings(**EACH, **SAME_EACH_TIME)
@given(data=st.data())
def test_rooms(site: Site, role: str, name: str, data: st.DataObject) -> None:
    room = site.room
    teacher, seat = tokens.teacher_token(room), seat_token(room)
    right, other = (teacher, seat) if role == "teacher" else (seat, teacher)
    forged = st.sampled_from([other, right[:-1], f"{right}x", f"{room.code}.x"]) | ODD_TEXT
    body = OF_TEACHER.get(name) or OF_SEAT.get(name, {})
    if "sid" in body:
        body = body | {"sid": site.sid}
    token, sent = data.draw(mostly(right, forged)), data.draw(near(body))
    site.ask("POST", f"/rooms/{role}/{name}", to_bytes(sent), headers=bearer(token))


@settings(**FEW, **SAME_EACH_TIME)
@given(data=st.data())
def test_opening_and_joining_a_room(site: Site, data: st.DataObject) -> None:
    room = site.room
    seat = data.draw(mostly(tokens.seat_token(room, 2), ODD_TEXT))
    code = data.draw(mostly(room.code, ODD_TEXT))
    join = {"code": code, "nickname": "Ada", "own": site.sid, "seat": seat}
    token = tokens.teacher_token(room)
    query = f"seat={seat}&own={site.sid}&sid={site.sid}".encode("utf-8", "surrogatepass")
    more = data.draw(QUERY)
    doors = ["open", "join", "join", "board", "board/now", "stream", "frames"]
    match data.draw(st.sampled_from(doors)):
        case "open":
            site.ask("POST", "/rooms", to_bytes(data.draw(near({}))))
        case "join":
            site.ask("POST", "/rooms/join", to_bytes(data.draw(near(join))))
        case "board" | "board/now" as kind:
            site.ask("POST", f"/rooms/{kind}", to_bytes(data.draw(JSON)), headers=bearer(token))
        case kind:
            site.ask("GET", f"/rooms/{kind}", b"", query + b"&" + more, data.draw(HEADERS))


# --- anything -----------------------------------------------------------------------------------


@settings(**FEW, **SAME_EACH_TIME)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PATCH", "TRACE", "X"]),
    path=st.lists(ODD_TEXT | st.text(max_size=5), max_size=3).map("/".join),
    body=st.binary(max_size=50),
    query=st.binary(max_size=20),
    headers=HEADERS,
)
def test_any_request(
    site: Site, method: str, path: str, body: bytes, query: bytes, headers: Any
) -> None:
    site.ask(method, f"/{path}", body, query, headers)


@pytest.mark.parametrize("body", [b"", b"{", b"{}"])
def test_a_client_that_goes_away_in_the_middle(site: Site, body: bytes) -> None:
    for path in ("/rooms", "/rooms/join", "/qr"):
        site.ask("POST", path, body, leaves=True)
    by_role = {"teacher": tokens.teacher_token(site.room), "seat": seat_token(site.room)}
    for role, verbs in (("teacher", OF_TEACHER), ("seat", OF_SEAT)):
        for name in verbs:
            headers = bearer(by_role[role])
            site.ask("POST", f"/rooms/{role}/{name}", body, headers=headers, leaves=True)
    for path in OWN_PATHS:
        site.ask("GET", f"/{path.format(site.sid)}", leaves=True)
