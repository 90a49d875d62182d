from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pwlapp.errors import UserError
from pwlapp.sessions.events import BURST, MAX_WATCHERS, Event, SessionEvents
from tests.support.sessions import until

SID = "A" * 22


class Source:
    """A fake session that a test advances."""

    def __init__(self) -> None:
        self.version = 1
        self.rows: list[list[Any]] = [[1, 0]]
        self.reads: list[int] = []
        self.times: list[float] = []
        self.is_gone = False

    async def read(self, _sid: str, since: int) -> tuple[dict[str, Any], list[list[Any]]]:
        if self.is_gone:
            raise UserError("session_unknown")
        self.reads.append(since)
        self.times.append(asyncio.get_running_loop().time())
        return {"version": self.version}, [row for row in self.rows if row[0] > since]

    def move(self, stream: SessionEvents, frames: int = 1) -> None:
        self.version += 1
        for _ in range(frames):
            self.rows.append([self.rows[-1][0] + 1, 0])
        stream.notify(SID)


def follow(
    stream: SessionEvents, source: Source, since: int = 0
) -> tuple[asyncio.Task[None], list[Event]]:
    """Collect events in the background."""
    events: list[Event] = []

    async def collect() -> None:
        async for event in stream.follow(SID, since, source.read):
            events.append(event)  # noqa: PERF401 -- seen as they come, not at the end

    return asyncio.create_task(collect()), events


async def settle(source: Source, reads: int) -> None:
    """Wait for a read. Its events are collected in the same turn of the event loop."""
    await until(lambda: len(source.reads) >= reads)


async def test_the_state_comes_first_then_old_and_new_frames() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, events = follow(stream, source)
    await settle(source, 1)
    source.move(stream, frames=2)
    await settle(source, 2)
    assert events == [
        Event("state", {"version": 1}),
        Event("frames", {"frames": [[1, 0]]}, id=1),
        Event("state", {"version": 2}),
        Event("frames", {"frames": [[2, 0], [3, 0]]}, id=3),
    ]
    stream.close()
    await task


async def test_many_frames_come_in_several_events() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    source.move(stream, frames=599)
    task, events = follow(stream, source)
    await settle(source, 1)
    assert [event.id for event in events] == [None, 250, 500, 600]
    rows = [row for event in events[1:] for row in event.data["frames"]]
    assert rows == source.rows
    stream.close()
    await task


async def test_end_all_ends_open_streams_but_not_later_ones() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, _ = follow(stream, source)
    await settle(source, 1)
    stream.end_all()
    async with asyncio.timeout(10):
        await task
    task, events = follow(stream, source)
    await settle(source, 2)
    assert len(stream._watchers[SID]) == 1
    assert events[0].name == "state"
    stream.close()
    await task


async def test_the_number_of_watchers_is_limited() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    tasks = [follow(stream, source)[0] for _ in range(MAX_WATCHERS - 1)]
    await settle(source, MAX_WATCHERS - 1)
    assert not stream.is_full(SID)
    tasks.append(follow(stream, source)[0])
    await settle(source, MAX_WATCHERS)
    assert stream.is_full(SID)
    assert not stream.is_full("B" * 22)
    stream.close()
    await asyncio.gather(*tasks)


async def test_a_watcher_that_reconnects_gets_only_new_frames() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    source.move(stream, frames=3)
    task, events = follow(stream, source, since=2)
    await settle(source, 1)
    assert events[1] == Event("frames", {"frames": [[3, 0], [4, 0]]}, id=4)
    stream.close()
    await task


async def test_a_state_without_frames_and_frames_without_a_change() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, events = follow(stream, source, since=1)
    await settle(source, 1)
    source.move(stream, frames=0)
    await settle(source, 2)
    stream.notify(SID)  # nothing new
    await settle(source, 3)
    assert events == [Event("state", {"version": 1}), Event("state", {"version": 2})]
    stream.close()
    await task


async def test_changes_that_come_quickly_are_sent_together() -> None:
    stream, source = SessionEvents(max_per_second=25), Source()
    task, events = follow(stream, source)
    await settle(source, 1)
    ends = asyncio.get_running_loop().time() + 10 / 25
    while asyncio.get_running_loop().time() < ends:
        source.move(stream)
        await asyncio.sleep(0)
    await until(lambda: events[-1].id == len(source.rows))
    assert len(source.rows) > len(source.reads) + 10
    lasted = source.times[-1] - source.times[0]
    # The first reads may follow each other at once; on a slow machine there are fewer of them.
    assert len(source.reads) <= 1 + BURST + lasted * 25 + 0.1
    seqs = [row[0] for event in events if event.name == "frames" for row in event.data["frames"]]
    assert seqs == list(range(1, len(source.rows) + 1))
    stream.close()
    await task


async def test_the_end_of_a_short_run_is_read_without_a_pause() -> None:
    """With a pause that is too long for a test."""
    stream, source = SessionEvents(max_per_second=0.001), Source()
    task, events = follow(stream, source)
    await settle(source, 1)
    for reads in (2, 3):
        source.move(stream)
        await settle(source, reads)
    assert events[-1].id == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_change_while_reading_is_not_missed() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    read = source.read

    async def slow_read(_sid: str, since: int) -> tuple[dict[str, Any], list[list[Any]]]:
        answer = await read(_sid, since)
        if len(source.reads) == 1:
            source.move(stream)  # after the reading, before it is sent
        return answer

    source.read = slow_read  # type: ignore[method-assign]
    task, events = follow(stream, source)
    await settle(source, 2)
    assert events[-1] == Event("frames", {"frames": [[2, 0]]}, id=2)
    stream.close()
    await task


async def test_without_a_change_nothing_is_read() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, _ = follow(stream, source)
    await settle(source, 1)
    source.move(stream)
    await settle(source, 2)
    await asyncio.sleep(0.05)  # fifty times the pause between two reads
    assert len(source.reads) == 2
    stream.close()
    await task


async def test_only_watchers_of_the_session_are_woken() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, _ = follow(stream, source)
    await settle(source, 1)
    stream.notify("B" * 22)
    await asyncio.sleep(0.02)
    assert len(source.reads) == 1
    stream.close()
    await task


async def test_the_stream_ends_with_its_session() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    task, _ = follow(stream, source)
    await settle(source, 1)
    source.is_gone = True
    stream.notify(SID)
    async with asyncio.timeout(10):
        await task


async def test_a_cancelled_watcher_is_removed() -> None:
    stream, source = SessionEvents(max_per_second=1000), Source()
    one, _ = follow(stream, source)
    other, _ = follow(stream, source)
    await settle(source, 2)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    source.move(stream)
    await settle(source, 3)
    stream.close()
    await other
    assert not stream._watchers


async def test_a_closed_stream_ends_at_once() -> None:
    stream, source = SessionEvents(), Source()
    stream.close()
    task, events = follow(stream, source)
    await task
    assert events == []
