"""Keeps the ranking of a room's challenge up to date while its board is open."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

import msgspec

from pwlapp.core.data.points import Points
from pwlapp.rooms.board.challenge import lowest_score, match_score, ranking
from pwlapp.rooms.board.rows import Shown
from pwlapp.rooms.class_sessions import each
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Challenge, Place, Room, watched
from pwlapp.sessions.state import SessionState


class Progress(NamedTuple):
    """How far the frames of a seat have been read.

    Attributes
    ----------
    sid : str
    first_seq : int
        Of the session: another one means that it has started over.
    seq : int
        Number of the last frame that was read.
    is_edited : bool
        Whether its weights were set by hand, so that what follows does not count.
    """

    sid: str
    first_seq: int
    seq: int = 0
    is_edited: bool = False


class Scores:
    """The scores in the challenge of one room.

    Only nets on the data of the class count. In "match" the present weights do; in "lowest" the
    best that a seat has ever reached does, also before it started over.

    Parameters
    ----------
    rooms : RoomService
    """

    def __init__(self, rooms: RoomService) -> None:
        self._sessions, self._rooms = rooms.sessions, rooms.repository
        self._id = 0
        self._scores: dict[int, float] = {}
        self._scored: dict[int, SessionState] = {}
        self._progress: dict[int, Progress] = {}

    async def update(self, room: Room, shown: Collection[Shown]) -> None:
        """Score what has changed, and save the ranking if that is another one now."""
        challenge = room.challenge
        if challenge is None:
            return
        if challenge.id != self._id:
            self._id = challenge.id
            self._scores, self._scored, self._progress = {}, {}, {}
        if challenge.kind == "lowest":  # what an earlier process found
            for place in challenge.ranking:
                self._take(place.seat, place.score)
        await self._score(room, challenge, shown)
        found = ranking(self._scores, (it.seat for it in shown))
        if found != challenge.ranking:
            save = partial(with_ranking, challenge=challenge.id, found=found)
            await self._rooms.update(room.code, save)

    async def _score(self, room: Room, challenge: Challenge, shown: Collection[Shown]) -> None:
        """Score the seats whose session has changed."""
        leads = room.leading and room.setting is not None
        key = room.setting.data_key if leads and room.setting else self._sessions.points.key
        changed = [it for it in shown if self._scored.get(it.seat.number) is not it.state]
        self._scored |= {it.seat.number: it.state for it in changed}
        if challenge.kind == "lowest":
            await each(changed, lambda it: self._read_on(room, challenge.epochs, key, it))
        elif (points := await self._sessions.find_points(key)) is not None:
            await asyncio.to_thread(self._match, challenge, points, changed)

    def _match(self, challenge: Challenge, points: Points, changed: Collection[Shown]) -> None:
        for seat, _, state, row in changed:
            score = None
            if state.data_key == points.key and row["why"] != "not_started":
                score = match_score(state.train, challenge.target or (), points)
            if score is None:
                self._scores.pop(seat.number, None)
            else:
                self._scores[seat.number] = score

    async def _read_on(self, room: Room, epochs: int, key: str, shown: Shown) -> None:
        """Read the frames of a seat that are new, and keep its lowest loss."""
        number, sid = shown.seat.number, watched(room, shown.seat)
        before = self._progress.get(number, Progress("", 0))
        since = before.seq if before.sid == sid else 0
        state, frames = await self._sessions.whole(sid, since)
        if (before.sid, before.first_seq) != (sid, state.first_seq):
            before = Progress(sid, state.first_seq, since)
        if not before.is_edited and state.data_key == key:
            self._take(number, lowest_score(frames, epochs))
        seq = frames[-1].seq if frames else before.seq
        is_edited = before.is_edited or any(frame.mark == "edit" for frame in frames)
        self._progress[number] = Progress(sid, state.first_seq, seq, is_edited)

    def _take(self, number: int, score: float | None) -> None:
        """Keep a score if it is the seat's best."""
        if score is not None:
            self._scores[number] = min(score, self._scores.get(number, score))


def with_ranking(room: Room, challenge: int, found: tuple[Place, ...]) -> Room | None:
    """The room with this ranking, unless the challenge has ended."""
    if room.challenge is None or room.challenge.id != challenge:
        return None
    if room.challenge.ranking == found:
        return None
    ranked = msgspec.structs.replace(room.challenge, ranking=found)
    return msgspec.structs.replace(room, challenge=ranked)
