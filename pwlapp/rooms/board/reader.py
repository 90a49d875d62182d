"""Makes the rows of a board from the seats of a room and their sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Set

from msgspec.structs import replace

from pwlapp.core.analysis.plateaus import Plateaus, plateaus
from pwlapp.core.data.points import Points
from pwlapp.core.net import Loss
from pwlapp.rooms.board import rows
from pwlapp.rooms.board.rows import CachedRow, Row
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Room, Seat, session_on_board
from pwlapp.sessions.events import Watcher
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import board_key, room_key


class BoardReader:
    """Reads a room and keeps its rows; only what has changed is read and computed again.

    Attributes
    ----------
    keys : set of str
        Keys for notifications that the room or its seats have changed.
    room : Room
        Set by `read`, like the attributes below.
    seats : list of Seat
    states : dict of str to SessionState
        By session id.
    cached : dict of int to CachedRow
        By seat number; without seats whose session has expired.
    """

    def __init__(self, rooms: RoomService, code: str) -> None:
        self._sessions, self._rooms = rooms.sessions, rooms.repository
        self._code = code
        self.keys = {room_key(code), board_key(code)}
        self._heartbeats = rooms.presence.heartbeats()
        self.states: dict[str, SessionState] = {}
        self.room: Room
        self.seats: list[Seat] = []
        self.cached: dict[int, CachedRow] = {}
        self._best: dict[tuple[str, Loss], Plateaus] = {}  # by data key and loss function

    @property
    def rows(self) -> dict[int, Row]:
        """The rows, by seat number."""
        return {number: each.row for number, each in self.cached.items()}

    async def read(self, changed: Set[str] = frozenset(), watcher: Watcher | None = None) -> None:
        """Read the room and its seats, and the sessions that may have changed.

        Parameters
        ----------
        changed : set of str
            The keys that have changed since the last call. New seats and sessions are always read.
        watcher : Watcher or None
            Is set to watch the room, its seats and their sessions.

        Raises
        ------
        UserError
            ``room_unknown``, ``storage_failed``
        """
        if not self.seats or changed & self.keys:
            self.room = await self._rooms.load(self._code)
            self.seats = await self._rooms.seats(self._code)
        sids = {seat.number: session_on_board(self.room, seat) for seat in self.seats}
        if watcher is not None:  # before reading, so that a change meanwhile is not lost
            watcher.watch(*self.keys, *sids.values())
        wanted = {sid for sid in sids.values() if sid in changed or sid not in self.states}
        kept = {sid: self.states[sid] for sid in sids.values() if sid not in wanted}
        self.states = kept | await self._sessions.load_many(list(wanted))
        found = [
            (seat, self.states[sid])
            for seat in self.seats
            if (sid := sids[seat.number]) in self.states
        ]
        keys = {state.data_key for _, state in found}
        points = {key: await self.points(key) for key in keys}
        self.cached = await asyncio.to_thread(self._rows_of, found, points)

    async def points(self, key: str) -> Points:
        """The data with this key; if it was deleted, the data that its sessions will get."""
        return await self._sessions.find_points(key) or self._sessions.points

    def _rows_of(
        self, found: list[tuple[Seat, SessionState]], points: Mapping[str, Points]
    ) -> dict[int, CachedRow]:
        """Make the rows that have changed; unchanged rows stay the same objects."""
        problems = {(state.data_key, state.train.net.loss) for _, state in found}
        self._best = {
            (key, loss): self._best.get((key, loss)) or plateaus(*points[key].training, loss)
            for key, loss in problems
        }
        shown = {}
        for seat, state in found:
            is_here = self._heartbeats.is_here(seat)
            made_from = (replace(seat, seen=0.0), is_here, state)
            before = self.cached.get(seat.number)
            if before is None or before[:3] != made_from:  # states compare by identity
                best = self._best[state.data_key, state.train.net.loss]
                row = rows.row(seat, state, points[state.data_key], best, is_here)
                before = CachedRow(*made_from, row)
            shown[seat.number] = before
        return shown
