"""The app under malformed requests, and a control session and room that they must not change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import app as app_module
from pwlapp.commands import seeds
from pwlapp.commands.table import COMMANDS
from pwlapp.rooms import tokens
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room
from pwlapp.services import Services
from pwlapp.sessions.stores.protocol import Store
from pwlapp.sessions.stores.sqlite import SqliteStore
from pwlapp.sessions.stores.sqlite_rooms import SqliteRooms
from pwlapp.settings import Settings
from pwlapp.web.http import rate_limits
from tests.support import fuzz
from tests.support.classes import take_seats
from tests.support.fuzz import Answer
from tests.support.sessions import ThreadRunner, make_service, write_points

# The rate limits, which thousands of requests for one session would exceed.
LIMITS = [name for name, each in vars(rate_limits).items() if isinstance(each, rate_limits.Limit)]


class Site(NamedTuple):
    """The app, the ids and tokens that the sender knows, and the control that it does not know."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    server: Any
    callbacks: dict[str, Any]
    services: Services
    sid: str
    room: Room
    saved: dict[str, Any]
    control: str
    control_room: Room

    def __repr__(self) -> str:
        return "site"  # short, for hypothesis's reports

    def ask(self, *words: Any, **options: Any) -> Answer:
        """Send a request; fails if the app logs an error or sends invalid JSON."""
        answer: Answer = self.run(fuzz.ask(self.server, *words, **options))
        has_answer = 200 <= answer.status < 500 or answer.status == 503
        assert has_answer or (options.get("leaves") and not answer.status), answer
        fuzz.refusals_are_json(answer)
        return answer

    def seen(self) -> Any:
        """All data of the control's session and room."""

        async def read() -> Any:
            sessions, rooms = self.services
            code = self.control_room.code
            room, seats = await rooms.repository.load(code), await rooms.repository.seats(code)
            owned = [await sessions.read(sid) for sid in (self.control, seats[0].own)]
            return repr((room, seats, owned))

        return self.run(read())


def open_site(folder: Path, patch: pytest.MonkeyPatch, runner: asyncio.Runner) -> Iterator[Site]:
    """Start the app without worker processes; yields once."""
    for name in LIMITS:
        patch.setattr(rate_limits, name, rate_limits.Limit(name, 10**9, 60))
    patch.setattr(seeds, "RETRY_S", 0.0)
    csv = write_points(folder / "points.csv", n=16)
    chosen = Settings(data=str(csv), data_dir=folder, engine="torch@cpu", max_epochs=20)
    sessions = make_service(chosen, ThreadRunner())
    store: Store = sessions._store
    assert isinstance(store, SqliteStore)
    services = Services(sessions, RoomService(SqliteRooms(store), sessions))
    patch.setattr(app_module, "build_services", lambda _settings: services)
    page = app_module.create_app(chosen)
    runner.run(services.start())
    try:
        yield runner.run(known(runner.run, page, services))
    finally:
        runner.run(services.close())


async def known(run: Any, page: Any, services: Services) -> Site:
    sessions, rooms = services
    await sessions.loaded()
    sid, _ = await sessions.open()
    control, _ = await sessions.open(seed=7)
    await sessions.set_params(control, [1, 2, 3, 4, 5])
    saved = (await COMMANDS["saved"].function(sessions, sid, None))["saved"]
    room, other = await rooms.open(), await rooms.open()
    await take_seats(rooms, room, 2)
    await take_seats(rooms, other, 1)
    return Site(run, page.server, page.callback_map, services, sid, room, saved, control, other)


def bearer(token: str) -> fuzz.Headers:
    """The Authorization header for a token."""
    return [(b"authorization", b"Bearer " + token.encode("utf-8", "surrogatepass"))]


def seat_token(room: Room) -> str:
    """The token of the first student's seat."""
    return tokens.seat_token(room, 1)
