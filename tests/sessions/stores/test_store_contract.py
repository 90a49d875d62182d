"""The contract of a store; each test runs on both stores."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from pwlapp.core.data.points import DataSpec, Points
from pwlapp.errors import UserError
from pwlapp.sessions.frames import CURVE_POINTS
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import History, Run, UnknownSession, changed
from pwlapp.sessions.stores.protocol import Conflict, Data, Store, is_sid
from tests.support.sessions import Clock, appended, make_frame, make_state, seqs_since

DAY_S = 86400.0


async def test_a_created_session_can_be_loaded(store: Store) -> None:
    sid = await store.create(make_state(seed=5, next_seq=2), [make_frame(1, mark="start")])
    assert is_sid(sid)
    state, frames = await store.read_since(sid, 0)
    assert (state.seed, state.version) == (5, 1)
    assert state.train.params.tobytes() == make_state().train.params.tobytes()
    [frame] = frames
    assert (frame.seq, frame.epoch, frame.loss, frame.mark) == (1, 1, 0.5, "start")
    assert frame.numbers.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


async def test_sessions_are_independent(store: Store) -> None:
    one = await store.create(make_state(seed=1, next_seq=2), [make_frame(1)])
    other = await store.create(make_state(seed=2))
    assert one != other
    await store.save(other, 1, changed(make_state(seed=3)))
    assert (await store.load(one)).seed == 1
    assert await seqs_since(store, other, 0) == []


async def test_many_sessions_are_read_at_once(store: Store) -> None:
    sids = [await store.create(make_state(seed=seed)) for seed in range(5)]
    found = await store.load_many([*sids[1:], "x" * 22, ""])
    assert {sid: state.seed for sid, state in found.items()} == dict(
        zip(sids[1:], range(1, 5), strict=True)
    )
    assert found[sids[1]].train.params.tobytes() == make_state().train.params.tobytes()
    assert await store.load_many([]) == {}


async def test_sessions_are_deleted_with_their_frames_and_steps(store: Store) -> None:
    state, frames = appended(make_state(run=Run(0, 10, "running")), 3)
    sids = [await store.create(state, frames) for _ in range(3)]
    for sid in sids:
        await save_steps(store, sid, make_step(1), history=History(1, 2, (0,)))
    await store.delete([*sids[:2], "x" * 22])
    await store.delete([])
    for sid in sids[:2]:
        with pytest.raises(UnknownSession):
            await store.read_since(sid, 0)
        assert await store.step(sid, 1) is None
    assert await store.counts() == (1, 1)
    assert await seqs_since(store, sids[2], 0) == [1, 2, 3]
    assert await store.step(sids[2], 1) is not None


async def test_unknown_sessions(store: Store) -> None:
    for sid in ("", "x" * 22, "'; DROP TABLE session; --", "\x00", "🙂"):
        with pytest.raises(UnknownSession):
            await store.load(sid)
        with pytest.raises(UnknownSession):
            await store.read_since(sid, 0)
        with pytest.raises(UnknownSession):
            await store.save(sid, 1, make_state(version=2))


async def test_a_save_on_an_old_version_changes_nothing(store: Store) -> None:
    sid = await store.create(make_state())
    await store.save(sid, 1, make_state(version=2, seed=10, next_seq=2), [make_frame(1)])
    with pytest.raises(Conflict):
        await store.save(sid, 1, make_state(version=2, seed=20, next_seq=3), [make_frame(2)])
    assert (await store.load(sid)).seed == 10
    assert await seqs_since(store, sid, 0) == [1]


async def test_concurrent_updates_are_not_lost(store: Store) -> None:
    sid = await store.create(make_state(seed=0))

    async def add_one() -> int:
        conflicts = 0
        while True:
            state = await store.load(sid)
            after, frames = appended(replace(state, seed=state.seed + 1), 1)
            try:
                await store.save(sid, state.version, after, frames)
            except Conflict:
                conflicts += 1
            else:
                return conflicts

    conflicts = await asyncio.gather(*(add_one() for _ in range(20)))
    state = await store.load(sid)
    assert (state.seed, state.version) == (20, 21)
    assert await seqs_since(store, sid, 0) == list(range(1, 21))
    assert sum(conflicts) > 0


async def test_state_and_frames_are_saved_together_or_not_at_all(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    sid = await store.create(make_state(next_seq=2), [make_frame(1)])
    with pytest.raises(UserError, match="storage_failed"):
        await store.save(sid, 1, make_state(version=2, seed=9), [make_frame(2), make_frame(1)])
    assert len(caplog.records) == 1
    assert (await store.load(sid)).seed == 1
    assert await seqs_since(store, sid, 0) == [1]
    await store.save(sid, 1, make_state(version=2, seed=9, next_seq=3), [make_frame(2)])
    assert await seqs_since(store, sid, 0) == [1, 2]


async def test_frames_are_read_from_a_number_on(store: Store) -> None:
    state, frames = appended(make_state(), 5)
    sid = await store.create(state, frames)
    assert await seqs_since(store, sid, 3) == [4, 5]
    assert await seqs_since(store, sid, 5) == []
    # A number that was never used: the store was restored from a backup.
    assert await seqs_since(store, sid, 6) == [1, 2, 3, 4, 5]
    assert await seqs_since(store, sid, 2**53) == [1, 2, 3, 4, 5]


async def test_a_reset_drops_the_frames_before_it(store: Store) -> None:
    state, frames = appended(make_state(), 5)
    sid = await store.create(state, frames)
    after, more = appended(replace(state, first_seq=6), 1)
    await store.save(sid, state.version, after, more)
    assert await seqs_since(store, sid, 0) == [6]


@pytest.mark.parametrize(("size", "most"), [(5, 2000), (CURVE_POINTS, 500)])
async def test_plain_frames_are_thinned(store: Store, size: int, most: int) -> None:
    """Curves weigh more than parameters, so fewer of them are kept."""
    state = make_state(next_seq=2)
    sid = await store.create(state, [make_frame(1, mark="start")])
    for _ in range(10):
        after, frames = appended(state, 300, every=20)
        drawn = np.zeros(size, dtype=np.float32)
        frames = [replace(frame, numbers=drawn) for frame in frames]
        frames[7] = replace(frames[7], mark="edit")
        await store.save(sid, state.version, after, frames)
        state = after
    _, left = await store.read_since(sid, 0)
    kept = [frame for frame in left if frame.mark or frame.epoch % 5000 == 0]
    assert most <= len(left) - len(kept) <= most + 250
    assert [frame.seq for frame in left if frame.mark] == [1, *range(9, 3001, 300)]
    assert [frame.epoch for frame in left if frame.epoch % 5000 == 0] == list(
        range(5000, 60_001, 5000)
    )
    assert left[-1].seq == state.next_seq - 1


async def test_running_sessions_are_found(store: Store) -> None:
    await store.create(make_state())
    await store.create(make_state(run=Run(0, 10, "paused")))
    running = await store.create(make_state(run=Run(0, 10, "running")))
    assert await store.running() == [running]
    await store.save(running, 1, make_state(version=2, run=Run(0, 10, "paused")))
    assert await store.running() == []


async def test_a_session_expires_a_week_after_its_last_use(store: Store, clock: Clock) -> None:
    state, frames = appended(make_state(), 3)
    unused, loaded, saved, read = [await store.create(state, frames) for _ in range(4)]
    clock.now += 6 * DAY_S
    assert await store.expire(7 * DAY_S) == 0
    await store.load(loaded)
    await store.save(saved, 2, changed(state))
    await store.read_since(read, 0)
    clock.now += 1.5 * DAY_S
    assert await store.expire(7 * DAY_S) == 1
    with pytest.raises(UnknownSession):
        await store.load(unused)
    for sid in (loaded, saved, read):
        assert await seqs_since(store, sid, 0) == [1, 2, 3]
    clock.now += 8 * DAY_S
    assert await store.expire(7 * DAY_S) == 3
    assert await store.counts() == (0, 0)
    for sid in (unused, loaded, saved, read):
        with pytest.raises(UnknownSession):
            await store.read_since(sid, 0)


async def test_sessions_are_counted(store: Store) -> None:
    assert await store.counts() == (0, 0)
    await store.create(make_state())
    running = await store.create(make_state(run=Run(0, 10, "running")))
    assert await store.counts() == (2, 1)
    await store.save(running, 1, make_state(version=2))
    assert await store.counts() == (2, 0)


async def test_a_session_keeps_its_numbers_bit_for_bit(store: Store) -> None:
    state = make_state()
    odd = np.array([np.pi, -0.0, 1e-45, 3.4e38, np.inf], dtype=np.float32)
    state = replace(state, train=replace(state.train, v=odd, loss=0.1 + 0.2))
    sid = await store.create(state, [replace(make_frame(1), numbers=odd, loss=float("nan"))])
    loaded, [frame] = await store.read_since(sid, 0)
    assert loaded.train.v.tobytes() == odd.tobytes()
    assert loaded.train.loss == 0.1 + 0.2
    assert frame.numbers.tobytes() == odd.tobytes()
    assert np.isnan(frame.loss)


async def test_ping(store: Store) -> None:
    await store.ping()


async def test_servers_share_their_data(store: Store) -> None:
    x = np.array([-1, 1], dtype=np.float32)
    points = Points(x, abs(x), abs(x), "lecture")
    known = await store.share_data(Data(points, UserError("data_not_csv")))
    assert (known.points.key, known.problem) == (points.key, known.problem)
    assert str(known.problem) == "data_not_csv"


async def test_a_sessions_own_data_is_stored_while_it_is_used(store: Store, clock: Clock) -> None:
    x = np.array([np.pi, -1, 1e-45], dtype=np.float32)
    spec = DataSpec("own", held_out=0.25)
    with_truth = Points(x, abs(x), -x, "own", "점.csv", spec)
    without = Points(x, None, x * 2, "own", "", spec)
    for points in (with_truth, without, without):
        await store.save_points(points)
    for points in (with_truth, without):
        found = await store.load_points(points.key)
        assert found is not None
        assert (found.key, found.label, found.spec) == (points.key, points.label, spec)
        assert found.x.tobytes() == x.tobytes()
        assert found.y.tobytes() == points.y.tobytes()
    assert (await store.load_points(without.key)).prob is None  # type: ignore[union-attr]
    assert await store.load_points("0" * 16) is None

    clock.now += 100
    await store.load_points(without.key)
    clock.now += 100
    await store.expire(150)
    assert await store.load_points(with_truth.key) is None
    assert await store.load_points(without.key) is not None


def make_step(number: int) -> Step:
    """A step with distinct numbers and two frames."""
    return Step(number, "session", make_state(seed=number), [make_frame(5), make_frame(6)])


async def save_steps(store: Store, sid: str, *steps: Step | None, history: History) -> None:
    """Save each of the steps with the next version of the session."""
    for step in steps:
        state = await store.load(sid)
        await store.save(sid, state.version, changed(state, history=history), (), step)


async def kept_steps(store: Store, sid: str) -> list[int]:
    return [n for n in range(1, 20) if await store.step(sid, n) is not None]


async def test_a_step_of_the_history_is_loaded_as_it_was_saved(store: Store) -> None:
    sid = await store.create(make_state())
    run = Run(3, 9, "running")
    odd = np.array([np.pi, -0.0, 1e-45, np.inf, np.nan], dtype=np.float32)
    frames = [replace(make_frame(5, epoch=8, mark="edit"), numbers=odd, loss=float("nan"))]
    step = Step(4, "session", make_state(seed=9, run=run), frames)
    await save_steps(store, sid, step, history=History(4, 5, (20,), "weight 3", 12.5))
    assert (await store.load(sid)).history == History(4, 5, (20,), "weight 3", 12.5)
    found = await store.step(sid, 4)
    assert found is not None
    assert (found.number, found.kind, found.state.seed, found.state.run) == (4, "session", 9, run)
    assert found.state.train.params.tobytes() == step.state.train.params.tobytes()
    assert found.frames is not None
    [frame] = found.frames
    assert (frame.epoch, frame.mark) == (8, "edit")
    assert np.isnan(frame.loss)
    assert frame.numbers.tobytes() == odd.tobytes()
    assert await store.step(sid, 5) is None
    assert await store.step("x" * 22, 4) is None
    replaced = Step(4, "weights", make_state(seed=2), None)
    await save_steps(store, sid, replaced, history=History(4, 4, (20,)))
    found = await store.step(sid, 4)
    assert found is not None
    assert (found.kind, found.state.seed, found.frames) == ("weights", 2, None)


async def test_steps_that_are_not_in_the_history_are_deleted(store: Store) -> None:
    sid, other = await store.create(make_state()), await store.create(make_state())
    for session in (sid, other):
        for n in range(1, 13):
            history = History(1, n + 1, (0,) * n)
            await save_steps(store, session, make_step(n), history=history)
    await save_steps(store, sid, None, history=History(1, 13, (0,) * 12))
    assert await kept_steps(store, sid) == list(range(1, 13))
    await save_steps(store, sid, make_step(9), history=History(3, 10, (0,) * 7))
    assert await kept_steps(store, sid) == list(range(3, 10))
    assert await kept_steps(store, other) == list(range(1, 13))


async def test_a_step_is_saved_with_its_session_or_not_at_all(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    sid = await store.create(make_state(next_seq=2), [make_frame(1)])
    state = make_state(version=2, next_seq=2, history=History(1, 2, (0,)))
    with pytest.raises(Conflict):
        await store.save(sid, 7, state, (), make_step(1))
    with pytest.raises(UserError, match="storage_failed"):
        await store.save(sid, 1, state, [make_frame(1)], make_step(1))
    assert len(caplog.records) == 1
    assert await store.step(sid, 1) is None
    assert (await store.load(sid)).history == History()


async def test_steps_expire_with_their_session(store: Store, clock: Clock) -> None:
    sid, used = await store.create(make_state()), await store.create(make_state())
    for session in (sid, used):
        await save_steps(store, session, make_step(1), history=History(1, 2, (0,)))
    clock.now += 6 * DAY_S
    await store.load(used)
    clock.now += 2 * DAY_S
    assert await store.expire(7 * DAY_S) == 1
    assert await store.step(sid, 1) is None
    assert await store.step(used, 1) is not None
