"""The store for several servers: web processes and workers share one Redis database."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pwlapp.sessions import codec
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import SessionState, UnknownSession
from pwlapp.sessions.stores import redis_scripts, thinning
from pwlapp.sessions.stores.protocol import Conflict, new_sid
from pwlapp.sessions.stores.redis_connection import PREFIX, RedisLink
from pwlapp.sessions.stores.redis_points import DATA_CHANGED, RedisPoints
from pwlapp.sessions.stores.thinning import FrameInfo

SESSION = PREFIX + "session:"
FRAMES = PREFIX + "frames:"
STEPS = PREFIX + "steps:"
RUNNING = PREFIX + "running"  # sorted set: sid, time of its last slice by Redis's clock
USED = PREFIX + "used"  # sorted set: sid, time of its last use in seconds since 1970
STATS = PREFIX + "stats"  # counts of the workers
PING = PREFIX + "ping"
CHANGED = PREFIX + "changed"  # channel: the sid of each session that is saved
EXPIRE_AT_ONCE = 500  # sessions that one script call deletes


class RedisStore(RedisPoints):
    """A `Store` in Redis.

    A session is a hash with its version and state. Its frames are a stream whose ids are the frame
    numbers. The steps of its history are a hash by number.

    Parameters
    ----------
    link : RedisLink
        Is closed by `close`.
    source : str
        The data source in the settings. Servers with the same source share their data.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, link: RedisLink, source: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.apart_s = 1.0  # see `begin_slice`
        super().__init__(link, source, clock)
        script = link.client.register_script
        self._save_script = script(redis_scripts.SAVE)
        self._read_script = script(redis_scripts.READ)
        self._expire_script = script(redis_scripts.EXPIRE)
        self._begin_script = script(redis_scripts.BEGIN)
        self._claim_script = script(redis_scripts.CLAIM)

    async def create(self, state: SessionState, frames: Sequence[Frame] = ()) -> str:
        sid = new_sid()
        await self._save(sid, "", state, frames)
        return sid

    async def load(self, sid: str) -> SessionState:
        state, _ = await self._read(sid, "")
        return state

    async def read_since(self, sid: str, seq: int) -> tuple[SessionState, list[Frame]]:
        state, rows = await self._read(sid, str(seq))
        return state, [frame for row in rows if (frame := _frame(row)) is not None]

    async def save(
        self,
        sid: str,
        expected_version: int,
        state: SessionState,
        frames: Sequence[Frame] = (),
        step: Step | None = None,
    ) -> None:
        done = await self._save(sid, str(expected_version), state, frames, step)
        if done == 0:
            raise UnknownSession()
        if done == -1:
            raise Conflict(f"not version {expected_version}")
        if thinning.is_time(state.next_seq, len(frames)):
            await self._thin(sid)

    async def load_many(self, sids: Sequence[str]) -> dict[str, SessionState]:
        async with self._link.guarded() as redis, redis.pipeline(transaction=False) as pipe:
            for sid in sids:
                pipe.hget(SESSION + sid, "state")
            blobs = await pipe.execute()
        states = {}
        for sid, blob in zip(sids, blobs, strict=True):
            if blob is not None:
                with contextlib.suppress(UnknownSession):
                    states[sid] = codec.read_state(blob, sid)
        return states

    async def delete(self, sids: Sequence[str]) -> None:
        async with self._link.guarded() as redis, redis.pipeline(transaction=True) as pipe:
            for sid in sids:
                pipe.delete(SESSION + sid, FRAMES + sid, STEPS + sid)
                pipe.zrem(USED, sid).zrem(RUNNING, sid)
                pipe.publish(CHANGED, sid)
            await pipe.execute()

    async def step(self, sid: str, number: int) -> Step | None:
        async with self._link.guarded() as redis:
            blob = await redis.hget(STEPS + sid, str(number))
        return None if blob is None else codec.read_step(number, blob, sid)

    async def running(self) -> list[str]:
        async with self._link.guarded() as redis:
            return sorted(sid.decode() for sid in await redis.zrange(RUNNING, 0, -1))

    async def counts(self) -> tuple[int, int]:
        async with self._link.guarded() as redis, redis.pipeline(transaction=False) as pipe:
            sessions, running = await pipe.zcard(USED).zcard(RUNNING).execute()
        return sessions, running

    async def expire(self, older_than_s: float) -> int:
        oldest, count = self._clock() - older_than_s, 0
        while True:
            async with self._link.guarded():
                deleted: int = await self._expire_script(
                    keys=[USED, RUNNING], args=[oldest, EXPIRE_AT_ONCE, SESSION, FRAMES, STEPS]
                )
            count += deleted
            if deleted < EXPIRE_AT_ONCE:
                await self.expire_points(oldest)
                return count

    async def listen(
        self,
        on_change: Callable[[str], None],
        on_data: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        def on_message(channel: str, message: bytes) -> None:
            if channel == CHANGED:
                on_change(message.decode())
            else:
                on_data()

        await self._link.follow([CHANGED, DATA_CHANGED], on_message, on_data, on_loss)

    async def ping(self) -> None:
        async with self._link.guarded() as redis:
            await redis.set(PING, b"", ex=60)  # a write: a full Redis or a replica is read-only

    async def begin_slice(self, sid: str, version: int) -> tuple[SessionState, int] | None:
        """Read a session to train a slice from this version, and count the attempts.

        Returns
        -------
        tuple of (SessionState, int) or None
            The state, and the number of attempts at this slice; attempts that are less than
            `apart_s` apart count as one. None if the session has another version.
        """
        async with self._link.guarded():
            found = await self._begin_script(
                keys=[SESSION + sid, RUNNING], args=[sid, version, self.apart_s]
            )
        return None if found is None else (codec.read_state(found[0], sid), found[1])

    async def claim_idle(self, idle_s: float, at_most: int) -> list[str]:
        """Ids of running sessions without a slice for `idle_s`; each is returned to one caller."""
        async with self._link.guarded():
            sids = await self._claim_script(keys=[RUNNING], args=[idle_s, at_most])
        return [sid.decode() for sid in sids]

    async def remove_running(self, sid: str) -> None:
        """Remove a deleted session from the running sessions."""
        async with self._link.guarded() as redis:
            await redis.zrem(RUNNING, sid)

    async def add_counts(self, counted: Mapping[str, float]) -> None:
        """Add to the counts of all workers."""
        async with self._link.guarded() as redis, redis.pipeline(transaction=False) as pipe:
            for name, value in counted.items():
                pipe.hincrbyfloat(STATS, name, value)
            await pipe.execute()

    async def close(self) -> None:
        await self._link.close()

    async def _save(
        self,
        sid: str,
        expected: str,
        state: SessionState,
        frames: Sequence[Frame],
        step: Step | None = None,
    ) -> int:
        numbered = [part for frame in frames for part in (frame.seq, codec.encode_frame(frame))]
        async with self._link.guarded():
            done: int = await self._save_script(
                keys=[SESSION + sid, FRAMES + sid, RUNNING, USED, STEPS + sid],
                args=[
                    sid,
                    expected,
                    secrets.token_bytes(8),
                    state.version,
                    int(state.is_running),
                    self._clock(),
                    codec.encode(state),
                    state.first_seq,
                    state.next_seq,
                    CHANGED,
                    "" if step is None else step.number,
                    b"" if step is None else codec.encode_step(step),
                    state.history.first,
                    state.history.end,
                    *numbered,
                ],
            )
        return done

    async def _read(self, sid: str, since: str) -> tuple[SessionState, list[Any]]:
        async with self._link.guarded():
            found = await self._read_script(
                keys=[SESSION + sid, FRAMES + sid, USED], args=[sid, self._clock(), since]
            )
        if found is None:
            raise UnknownSession()
        return codec.read_state(found[0], sid), found[1] if since else []

    async def _thin(self, sid: str) -> None:
        _, frames = await self.read_since(sid, 0)
        infos = [FrameInfo(frame.seq, frame.epoch, frame.mark) for frame in frames]
        largest = max(frame.numbers.size for frame in frames)
        if dropped := thinning.frames_to_drop(infos, *thinning.limits(largest)):
            async with self._link.guarded() as redis:
                await redis.xdel(FRAMES + sid, *dropped)


def _frame(row: tuple[bytes, list[bytes]]) -> Frame | None:
    """Decode an entry of a frame stream; None if it is damaged."""
    name, (_, content) = row
    return codec.decode_frame(int(name.split(b"-")[0]), content)
