"""Computes the scores in a room's challenge and saves the ranking."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from pwlapp.core.data.points import Points
from pwlapp.rooms.board.challenge import lowest_score, match_score, ranking
from pwlapp.rooms.board.reader import BoardReader
from pwlapp.rooms.board.rows import has_initial_weights
from pwlapp.rooms.class_sessions import for_each
from pwlapp.rooms.service import RoomService
from pwlapp.rooms.state import Challenge, Place, Room, session_scored
from pwlapp.sessions.state import SessionState


class Progress(NamedTuple):
    """How far the frames of a seat have been read.

    Attributes
    ----------
    sid : str
    first_seq : int
        The session's `first_seq`; if it differs, the session has started over.
    seq : int
        Number of the last frame that was read.
    is_edited : bool
        Whether weights were set by hand, so that later frames do not count.
    """

    sid: str
    first_seq: int
    seq: int = 0
    is_edited: bool = False


class Counted(NamedTuple):
    """The session of a seat that counts in the challenge."""

    number: int
    sid: str
    state: SessionState


class Scores:
    """The scores in the challenge of one room.

    Only nets with the data of the class count. In a "match" challenge, a seat's score is that of
    its present weights. In a "lowest" challenge, it is the lowest loss that the seat has reached;
    a reset does not clear it.
    """

    def __init__(self, rooms: RoomService) -> None:
        self._sessions, self._rooms = rooms.sessions, rooms.repository
        self._scored_for: tuple[int, bool] | None = None  # the challenge's id and of_class
        self._scores: dict[int, float] = {}
        self._scored: dict[int, SessionState] = {}
        self._progress: dict[int, Progress] = {}
        # sessions that count but are not on the board
        self._off_board: dict[str, SessionState] = {}

    async def update(self, board: BoardReader) -> tuple[Place, ...]:
        """Score the sessions that have changed, and save the ranking if it has changed.

        Returns
        -------
        tuple of Place
            The ranking; empty without a challenge.
        """
        room, challenge = board.room, board.room.challenge
        if challenge is None:
            return ()
        if self._scored_for != (challenge.id, challenge.of_class):
            self._scored_for = (challenge.id, challenge.of_class)
            self._scores, self._scored, self._progress, self._off_board = {}, {}, {}, {}
        if challenge.kind == "lowest":  # scores that an earlier process has saved
            for place in challenge.ranking:
                self._keep_best(place.seat, place.score)
        await self._score(room, challenge, await self._counted(challenge, board))
        found = ranking(self._scores, board.seats)
        if found != challenge.ranking:
            save = partial(with_ranking, challenge=challenge, found=found)
            await self._rooms.update(room.code, save)
        return found

    async def _counted(self, challenge: Challenge, board: BoardReader) -> list[Counted]:
        """The sessions that count; after a release they differ from those on the board."""
        sids = {seat.number: session_scored(challenge, seat) for seat in board.seats}
        wanted = {sid for sid in sids.values() if sid is not None}
        self._off_board |= await self._sessions.load_many(
            list(wanted - board.states.keys() - self._off_board.keys())
        )
        states: Mapping[str, SessionState] = self._off_board | board.states
        return [
            Counted(number, sid, states[sid])
            for number, sid in sids.items()
            if sid is not None and sid in states
        ]

    async def _score(self, room: Room, challenge: Challenge, counted: list[Counted]) -> None:
        """Score the seats whose session has changed."""
        key = self._sessions.points.key
        if challenge.of_class and room.setting is not None:
            key = room.setting.data_key
        changed = [each for each in counted if self._scored.get(each.number) is not each.state]
        self._scored |= {each.number: each.state for each in changed}
        if challenge.kind == "lowest":
            await for_each(changed, partial(self._read_new_frames, challenge.epochs, key))
        elif (points := await self._sessions.find_points(key)) is not None:
            await asyncio.to_thread(self._match, challenge, points, changed)

    def _match(self, challenge: Challenge, points: Points, changed: list[Counted]) -> None:
        for number, _, state in changed:
            score = None
            if state.data_key == points.key and not has_initial_weights(state):
                score = match_score(state.train, challenge.target or (), points)
            if score is None:
                self._scores.pop(number, None)
            else:
                self._scores[number] = score

    async def _read_new_frames(self, epochs: int, key: str, counted: Counted) -> None:
        """Read the new frames of a seat and update its lowest loss."""
        number, sid, _ = counted
        before = self._progress.get(number, Progress("", 0))
        since = before.seq if before.sid == sid else 0
        state, frames = await self._sessions.state_and_frames(sid, since)
        if (before.sid, before.first_seq) != (sid, state.first_seq):
            before = Progress(sid, state.first_seq, since)
        if not before.is_edited and state.data_key == key:
            self._keep_best(number, lowest_score(frames, epochs))
        seq = frames[-1].seq if frames else before.seq
        is_edited = before.is_edited or any(frame.mark == "edit" for frame in frames)
        self._progress[number] = Progress(sid, state.first_seq, seq, is_edited)

    def _keep_best(self, number: int, score: float | None) -> None:
        """Set a seat's score if it is better than before."""
        if score is not None:
            self._scores[number] = min(score, self._scores.get(number, score))


async def ranking_now(rooms: RoomService, code: str) -> tuple[Place, ...]:
    """Compute and save the ranking of the present nets; no board needs to be open."""
    board = BoardReader(rooms, code)
    await board.read()
    return await Scores(rooms).update(board)


def with_ranking(room: Room, challenge: Challenge, found: tuple[Place, ...]) -> Room | None:
    """The room with this ranking; None if it has it, or if the challenge has ended or changed."""
    now = room.challenge
    if now is None or (now.id, now.of_class) != (challenge.id, challenge.of_class):
        return None
    if now.ranking == found:
        return None
    return msgspec.structs.replace(room, challenge=msgspec.structs.replace(now, ranking=found))
