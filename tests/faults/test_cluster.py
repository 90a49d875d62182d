"""Two web processes and a worker as one server: failures of each kind of process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest

from pwlapp.compute.celery import app
from pwlapp.compute.celery.app import CALLS, CPU, QUEUE_PREFIX, Sender
from pwlapp.compute.celery.heartbeat import WORKERS
from pwlapp.compute.celery.slice_worker import MAX_BEGUN
from pwlapp.core.data.files import read_points
from pwlapp.core.data.points import Points
from pwlapp.sessions.stores.redis import SESSION
from tests.faults.helpers import (
    assert_same_as_uncut_run,
    is_running,
    libraries_in,
    log_lines,
    redis_of,
    start_all,
    status,
    store_of,
    student_at,
)
from tests.faults.scenario import SETTINGS
from tests.support.client.student import Refused, Student
from tests.support.cluster import Cluster
from tests.support.sessions import until, write_points

LONG = 5_000  # epochs: some seconds
SHORT = 400
FEW_LINES = 5  # lines


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    data = write_points(tmp_path_factory.mktemp("points") / "points.csv")
    return read_points(str(data), timeout_s=1.0, max_bytes=1_000_000)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    data = write_points(folder / "points.csv")
    with Cluster(folder, workers=1, data=data, settings=SETTINGS) as cluster:
        cluster.wait_until_ready()
        yield cluster


@pytest.fixture
async def cluster(shared: Cluster) -> AsyncIterator[Cluster]:
    """One cluster for all tests; processes that a test kills are restarted after it."""
    yield shared
    await start_all(shared)


# --- no sticky sessions ---------------------------------------------------------------------------


async def test_a_tab_opened_at_one_web_process_is_served_by_the_other(
    cluster: Cluster, points: Points
) -> None:
    a, b = cluster.addresses
    async with student_at(a) as one, Student([b], sid=one.sid) as other:
        await other.open()
        assert other.sid == one.sid
        await other.train(SHORT)
        await one.wait_for(SHORT)
        await other.wait_for(SHORT)
        assert one.frames[-1].mark == "end"
        assert [frame[:5] for frame in one.frames] == [frame[:5] for frame in other.frames]

        await other.reset(seed=3)
        await one.wait_until(lambda: one.epoch == 0)
        assert one.snapshot is not None
        assert one.snapshot["seed"] == 3
        assert len(one.frames) == 1
        assert one.problems() == other.problems() == []


async def test_every_command_works_with_each_request_to_another_web_process(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(*cluster.addresses) as student:
        await student.train_once(SHORT)
        await student.begin(LONG)
        await student.pause()
        await student.step()
        await student.resume()
        await student.open()
        await student.disconnect()
        student.listen()
        await student.reset(seed=2)
        await student.wait_until(lambda: student.epoch == 0 and student.status == "idle")
        assert student.problems() == []


async def test_of_two_simultaneous_starts_one_is_accepted(cluster: Cluster, points: Points) -> None:
    a, b = cluster.addresses
    async with student_at(a) as one, Student([b], sid=one.sid) as other:
        await other.open()

        async def press() -> str:
            try:
                await other.train(LONG)
            except Refused as refusal:
                return refusal.code
            return ""

        answers = await asyncio.gather(one.train(LONG), press(), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        codes = [str(answer) for answer in refused] + [a for a in answers if isinstance(a, str)]
        assert sorted(filter(None, codes)) == ["already_running"]
        await one.wait_until(lambda: one.status == "running")
        assert one.snapshot is not None
        assert one.snapshot["target_epoch"] == LONG
        await one.pause()


# --- processes that die ---------------------------------------------------------------------------


async def test_a_run_continues_without_a_web_process(cluster: Cluster, points: Points) -> None:
    async with student_at(*cluster.addresses) as student, store_of(cluster) as store:
        await student.begin(LONG)
        await student.wait_until(lambda: student.epoch > 0)
        for i in range(len(cluster.webs)):
            cluster.kill_web(i)
        assert await is_running(store, student)

        async def has_ended() -> bool:
            return not await is_running(store, student)

        await until(has_ended)
        assert not student.connected
        for i in range(len(cluster.webs)):
            cluster.start_web(i)
        await student.wait_for_end()  # the stream reconnects by itself
        await assert_same_as_uncut_run(student, points)


async def test_a_run_survives_its_workers_and_its_messages(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(*cluster.addresses) as student, store_of(cluster) as store:
        await student.begin(LONG)
        await student.wait_until(lambda: student.epoch > 0)
        for i in range(len(cluster.workers)):
            cluster.kill_worker(i)
        assert await is_running(store, student)
        async with redis_of(cluster) as client:
            await client.delete(QUEUE_PREFIX + CPU, QUEUE_PREFIX + CALLS)
        for i in range(len(cluster.workers)):
            cluster.start_worker(i)
        await student.wait_for_end()
        await assert_same_as_uncut_run(student, points)


async def test_without_redis_commands_are_refused_and_runs_continue_afterwards(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(cluster.addresses[0]) as student:
        await student.begin(LONG)
        lines = len(log_lines(cluster, "web-0"))
        cluster.kill_redis()
        for press in (student.pause, student.step, student.reset):
            with pytest.raises(Refused, match="storage_failed"):
                await press()
        address = cluster.addresses[0]
        assert await asyncio.to_thread(status, address, f"/frames/{student.sid}") == 503
        assert await asyncio.to_thread(status, address, "/healthz") == 200
        assert await asyncio.to_thread(status, address, "/readyz") == 503
        said = log_lines(cluster, "web-0")[lines:]
        assert any("Redis" in line for line in said)
        assert len(said) <= FEW_LINES, said
        assert cluster.is_running("web-0")

        await asyncio.to_thread(cluster.start_redis)
        await student.wait_for_end()
        await assert_same_as_uncut_run(student, points)


async def test_after_redis_has_lost_everything_new_sessions_train(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(*cluster.addresses) as student:
        cluster.kill_redis()
        shutil.rmtree(cluster.folder / "redis" / "appendonlydir")
        await asyncio.to_thread(cluster.start_redis)
        forgotten = student.sid
        await student.wait_until(lambda: student.sid != forgotten)  # as the page does by itself
        await student.train_once(SHORT)
        await assert_same_as_uncut_run(student, points)


async def test_workers_that_started_before_redis_are_found(
    cluster: Cluster, points: Points
) -> None:
    for i in range(len(cluster.workers)):
        cluster.kill_worker(i)
    cluster.kill_redis()
    for i in range(len(cluster.workers)):
        cluster.start_worker(i)

    def have_tried() -> bool:
        return all("Cannot connect" in cluster.tail(name) for name in cluster.workers)

    await until(have_tried)
    await asyncio.to_thread(cluster.start_redis)
    async with redis_of(cluster) as client:
        await client.delete(WORKERS)  # where those that were killed stand for seconds more
    cluster.kill_web(0)
    cluster.start_web(0)
    await asyncio.to_thread(cluster.wait_until_ready)
    async with student_at(cluster.addresses[0]) as student:
        await student.train_once(SHORT)
        await assert_same_as_uncut_run(student, points)


# --- invalid messages and data --------------------------------------------------------------------


async def test_a_session_that_kills_its_workers_is_stopped_and_can_continue(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(*cluster.addresses) as student:
        for i in range(len(cluster.workers)):
            cluster.kill_worker(i)
        await student.begin(SHORT)
        async with redis_of(cluster) as client:
            # What is left of so many workers that began this slice and never saved it.
            await client.hset(f"{SESSION}{student.sid}", "begun", MAX_BEGUN)
        for i in range(len(cluster.workers)):
            cluster.start_worker(i)
        await student.wait_until(lambda: student.status == "paused")
        assert student.snapshot is not None
        assert student.snapshot["notice"]["code"] == "worker_lost"
        await student.resume()
        await student.wait_for_end()
        await assert_same_as_uncut_run(student, points)


async def test_a_damaged_session_is_unknown_and_harms_no_other(
    cluster: Cluster, points: Points
) -> None:
    async with student_at(*cluster.addresses) as damaged, student_at(*cluster.addresses) as sound:
        await sound.begin(SHORT)
        async with redis_of(cluster) as client:
            await client.hset(f"{SESSION}{damaged.sid}", "state", b"nonsense")
            version = int(await client.hget(f"{SESSION}{damaged.sid}", "version"))
        sender = Sender(app.make_app(cluster.redis_url))
        sender.send(app.TRAIN_TASK, (damaged.sid, version, 0.0), CPU)
        sender.send(app.TRAIN_TASK, (damaged.sid, "not a version", None), CPU)
        sender.send(app.TRAIN_TASK, ("no session", 1, 0.0), CPU)
        sender.close()
        await sound.wait_for_end()
        await assert_same_as_uncut_run(sound, points)
        assert all(map(cluster.is_running, cluster.workers))
        address = cluster.addresses[0]
        assert await asyncio.to_thread(status, address, f"/frames/{damaged.sid}") == 404


# --- what the processes are made of ---------------------------------------------------------------


async def test_web_processes_hold_neither_torch_nor_numba(cluster: Cluster) -> None:
    async with student_at(*cluster.addresses) as student:
        await student.train_once(SHORT)
    for name in cluster.webs:
        assert cluster.children(name) == []
        assert libraries_in(cluster.pid(name)) == []
