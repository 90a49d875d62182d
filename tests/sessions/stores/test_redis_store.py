"""The Redis store: several servers, and a Redis that fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.errors import UserError
from pwlapp.sessions.state import Run, UnknownSession, changed
from pwlapp.sessions.stores.protocol import Conflict, Data, short_id
from pwlapp.sessions.stores.redis import FRAMES, SESSION, RedisStore
from pwlapp.sessions.stores.redis import RUNNING as LAST_SLICES
from pwlapp.sessions.stores.redis_connection import RedisLink, address
from pwlapp.tasks import stop
from tests.support.cluster import Cluster
from tests.support.sessions import appended, make_frame, make_state, seqs_since, until

X = np.linspace(-1, 1, 11, dtype=np.float32)
RUNNING = Run(0, 10, "running")


@pytest.fixture
def store(link: RedisLink) -> RedisStore:
    return RedisStore(link, source="a")


@pytest.fixture
async def other(redis_server: Cluster) -> AsyncIterator[RedisStore]:
    """The store of another server."""
    other = RedisStore(RedisLink(redis_server.redis_url), source="a")
    yield other
    await other.close()


def points(slope: float) -> Points:
    return Points(X, abs(X), abs(slope * X) / 9, "settings")


async def test_a_server_sees_what_another_saves(store: RedisStore, other: RedisStore) -> None:
    sid = await store.create(make_state(next_seq=2), [make_frame(1)])
    await other.save(sid, 1, make_state(version=2, next_seq=3), [make_frame(2)])
    assert (await store.load(sid)).version == 2
    assert await seqs_since(store, sid, 0) == [1, 2]
    with pytest.raises(Conflict):
        await store.save(sid, 1, make_state(version=2))


async def test_a_save_whose_answer_was_lost_can_be_repeated(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client repeats a command when a connection breaks; it must not take effect twice."""
    sid = await store.create(make_state(next_seq=2), [make_frame(1)])
    script = store._save_script

    async def twice(**arguments: list[object]) -> object:
        first = await script(**arguments)
        assert await script(**arguments) == first
        return first

    monkeypatch.setattr(store, "_save_script", twice)
    await store.save(sid, 1, make_state(version=2, next_seq=3), [make_frame(2)])
    assert (await store.load(sid)).version == 2
    assert await seqs_since(store, sid, 0) == [1, 2]
    new = await store.create(make_state(next_seq=2), [make_frame(1)])
    assert await seqs_since(store, new, 0) == [1]


async def test_a_slice_begins_only_at_its_version(store: RedisStore) -> None:
    sid = await store.create(make_state(run=RUNNING))
    for apart_s, times in ((-1.0, 1), (-1.0, 2), (60.0, 2), (-1.0, 3)):
        store.apart_s = apart_s  # a message that comes twice is not counted
        begun = await store.begin_slice(sid, 1)
        assert begun is not None
        state, counted = begun
        assert (state.version, counted) == (1, times)
    assert await store.begin_slice(sid, 2) is None
    assert await store.begin_slice("A" * 22, 1) is None
    await store.save(sid, 1, make_state(version=2, run=RUNNING))
    assert await store.begin_slice(sid, 1) is None
    begun = await store.begin_slice(sid, 2)
    assert begun is not None
    assert begun[1] == 1  # attempts are counted for each slice


async def test_an_idle_session_is_claimed_once(
    store: RedisStore, other: RedisStore, link: RedisLink
) -> None:
    await store.create(make_state())
    sids = [await store.create(make_state(run=RUNNING)) for _ in range(20)]
    assert await store.claim_idle(60.0, 100) == []
    async with link.guarded() as redis:
        for sid in sids:
            await redis.zincrby(LAST_SLICES, -61.0, sid)
    claims = [asked.claim_idle(60.0, 3) for _ in range(10) for asked in (store, other)]
    claimed = [sid for some in await asyncio.gather(*claims) for sid in some]
    assert sorted(claimed) == sorted(sids)


async def test_servers_notify_each_other_of_changes(store: RedisStore, other: RedisStore) -> None:
    changes: list[str] = []
    gaps: list[bool] = []
    listening = asyncio.create_task(
        other.listen(changes.append, lambda: gaps.append(True), lambda: None)
    )
    await until(lambda: gaps)
    sid = await store.create(make_state())
    await store.save(sid, 1, make_state(version=2))
    await until(lambda: changes == [sid, sid])
    await stop([listening])


async def test_servers_share_the_first_sound_data(store: RedisStore, other: RedisStore) -> None:
    assert await store.shared_data() is None
    broken, worse = (Data(points(slope), UserError("data_empty")) for slope in (0, 1))
    first, second = (Data(points(slope), None) for slope in (2, 3))
    for server, offered, agreed in (
        (store, broken, broken),
        (other, worse, broken),  # the first data wins
        (other, first, first),  # but data without a problem replaces it
        (store, broken, first),
        (store, second, first),
    ):
        assert (await server.share_data(offered)).points.key == agreed.points.key
        shared = await server.shared_data()
        assert shared is not None
        assert shared.points.key == agreed.points.key
    for data in (broken, worse, first, second):
        found = await other.load_points(data.points.key)
        assert found is not None
        assert found.y.tobytes() == data.points.y.tobytes()
    assert await other.load_points("0" * 16) is None


async def test_shared_data_come_back_with_their_problem(
    store: RedisStore, other: RedisStore, link: RedisLink, caplog: pytest.LogCaptureFixture
) -> None:
    labelled = replace(points(1), label="점수.csv")
    await store.share_data(Data(labelled, UserError("data_not_number", row=3)))
    data = await other.shared_data()
    assert data is not None
    assert (data.points.key, data.points.label) == (labelled.key, "점수.csv")
    assert data.problem is not None
    assert (data.problem.code, data.problem.args_) == ("data_not_number", {"row": 3})
    for blob in (b"", b"null", b"[]\n", b"7\nPWLP", b'["a"]\nPWLP'):
        await link.client.hset(store._data, "data", blob)
        assert await other.shared_data() is None
        assert "the data in Redis can't be read" in caplog.text
        caplog.clear()


async def test_other_settings_have_other_data(store: RedisStore, link: RedisLink) -> None:
    await store.share_data(Data(points(1), None))
    assert await RedisStore(link, source="b").shared_data() is None


async def test_a_damaged_session_is_unknown_and_logged(
    store: RedisStore, link: RedisLink, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, sound = await store.create(make_state()), await store.create(make_state())
    await link.client.hset(SESSION + damaged, "state", b"\x0b\xad")
    with pytest.raises(UnknownSession):
        await store.load(damaged)
    assert f"session {short_id(damaged)} " in caplog.text
    assert damaged not in caplog.text
    assert (await store.load(sound)).version == 1


async def test_a_damaged_frame_is_left_out(store: RedisStore, link: RedisLink) -> None:
    state, frames = appended(make_state(), 3)
    sid = await store.create(state, frames)
    await link.client.xadd(FRAMES + sid, {"f": b"abc"}, id="4-0")
    await store.save(sid, state.version, changed(state, next_seq=6), [make_frame(5)])
    assert await seqs_since(store, sid, 0) == [1, 2, 3, 5]


async def test_the_counts_of_workers_add_up(store: RedisStore, other: RedisStore) -> None:
    await asyncio.gather(
        *(each.add_counts({"epochs": 5, "seconds": 0.5}) for each in (store, other))
    )
    assert await store._link.client.hgetall("pwl:stats") == {b"epochs": b"10", b"seconds": b"1"}


async def test_an_outage_of_redis(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Cluster(tmp_path, webs=0, workers=0) as cluster:
        store = RedisStore(RedisLink(cluster.redis_url))
        gaps: list[bool] = []
        losses: list[bool] = []
        listening = asyncio.create_task(
            store.listen(print, lambda: gaps.append(True), lambda: losses.append(True))
        )
        await until(lambda: gaps)
        sid = await store.create(make_state(next_seq=2), [make_frame(1)])
        with caplog.at_level(logging.WARNING):
            cluster.kill_redis()
            for _ in range(5):
                with pytest.raises(UserError, match="storage_failed"):
                    await store.load(sid)
            assert len(caplog.records) == 1  # for the outage, not for each request
            await until(lambda: losses)
            gaps.clear()
            cluster.start_redis()
            assert (await store.load(sid)).version == 1
            await until(lambda: gaps)  # subscribers read what they may have missed
            assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
        assert await seqs_since(store, sid, 0) == [1]
        await stop([listening])
        await store.close()


def test_an_address_has_no_password() -> None:
    assert address("redis://:Secret@example.org:6379/0") == "example.org:6379"
    assert address("rediss://user:Secret@[::1]:6380") == "::1:6380"
    assert address("unix:///run/redis.sock?db=1") == "/run/redis.sock"
