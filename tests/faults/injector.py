"""Injects the faults of a schedule into a cluster, and repairs them."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio

from pwlapp.compute.celery import app
from pwlapp.compute.celery.app import CALLS, CPU, QUEUE_PREFIX, TRAIN_TASK, Sender
from pwlapp.sessions.stores.redis import SESSION
from tests.faults.schedule import Event
from tests.support.cluster import Cluster, ClusterFailed

QUEUES = (CALLS, CPU)
SUPERVISE_S = 1.0
STOP_S = 10.0  # as Docker waits before it kills
MAX_LAG = 3  # how many versions an old message is behind

Log = Callable[[str], None]


class FaultInjector:
    """Injects events; an event waits until its process has recovered from the previous event.

    Parameters
    ----------
    cluster : Cluster
    seed : int
        Seed of the choices that are not in the schedule, such as which child is killed.
    log : callable
        Called with a line of text after each event.

    Attributes
    ----------
    done : list of Event
    stuck : list of str
        Processes that did not stop in time and were killed, as by a supervisor.
    restarted : list of str
        Processes that had ended by themselves and were restarted, as by a supervisor. Celery ends a
        worker whose child is killed while it loads torch.
    """

    def __init__(self, cluster: Cluster, seed: int, log: Log) -> None:
        self._cluster = cluster
        self._choice = random.Random(seed)
        self._log = log
        self._sender = Sender(app.make_app(cluster.redis_url))
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._actions: dict[str, Callable[[Event], Awaitable[str]]] = {
            "kill": self._kill,
            "stop": self._stop,
            "freeze": self._freeze,
            "cut": self._cut,
            "repeat": self._repeat,
            "send": self._send_old,
            "drop": self._drop,
        }
        self.done: list[Event] = []
        self.stuck: list[str] = []
        self.restarted: list[str] = []

    async def inject(self, events: Sequence[Event]) -> None:
        """Inject all events; when this returns, every process is up again."""
        supervising = asyncio.create_task(self._supervise())
        try:
            async with asyncio.TaskGroup() as group:
                for event in events:
                    await asyncio.sleep(event.wait_s)
                    group.create_task(self._inject_one(event))
        finally:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        for name in self._locks:
            await self._restart_if_ended(name)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(SUPERVISE_S)
            for name in list(self._locks):
                await self._restart_if_ended(name)

    async def _restart_if_ended(self, name: str) -> None:
        async with self._locks[name]:
            if not self._cluster.is_running(name):
                self._log(f"     {name} has ended by itself and is restarted")
                self.restarted.append(name)
                self._cluster.start(name)

    async def _inject_one(self, event: Event) -> None:
        await self._restart_if_ended(event.target)
        async with self._locks[event.target]:
            what = await self._actions[event.kind.split()[0]](event)
            self.done.append(event)
        self._log(f"{event.number:4d} {event}{': ' if what else ''}{what}")

    async def _kill(self, event: Event) -> str:
        if event.kind.endswith("child"):
            return await self._to_child(event, signal.SIGKILL)
        await asyncio.to_thread(self._cluster.kill, event.target)
        return await self._restart(event)

    async def _stop(self, event: Event) -> str:
        asked = time.monotonic()
        try:
            await asyncio.to_thread(self._cluster.stop, event.target, STOP_S)
        except ClusterFailed:
            self.stuck.append(event.target)
        took = time.monotonic() - asked
        return f"took {took:.2f} s{await self._restart(event)}"

    async def _restart(self, event: Event) -> str:
        await asyncio.sleep(event.lasts_s)
        is_redis = event.target == "redis"
        start = self._cluster.start_redis if is_redis else lambda: self._cluster.start(event.target)
        await asyncio.to_thread(start)
        return ""

    async def _freeze(self, event: Event) -> str:
        if event.kind.endswith("child"):
            return await self._to_child(event, signal.SIGSTOP)
        self._cluster.signal(event.target, signal.SIGSTOP)
        await asyncio.sleep(event.lasts_s)
        self._cluster.signal(event.target, signal.SIGCONT)
        return ""

    async def _to_child(self, event: Event, number: signal.Signals) -> str:
        """Signal one of the worker's training processes."""
        children = await self._children(event.target)
        if not children:
            return "it has no child yet"
        pid = self._choice.choice(children)
        found = self._cluster.signal_child(event.target, pid, number)
        if found and number == signal.SIGSTOP:
            await asyncio.sleep(event.lasts_s)
            self._cluster.signal_child(event.target, pid, signal.SIGCONT)
        return "" if found else "the child had just ended"

    async def _children(self, target: str) -> list[int]:
        return await asyncio.to_thread(self._cluster.children, target)

    async def _cut(self, event: Event) -> str:
        async with self._redis() as client:
            count = 0
            for kind in ("normal", "pubsub"):
                count += await client.client_kill_filter(_type=kind, skipme=True)
        return f"{count} connections"

    async def _repeat(self, event: Event) -> str:
        """Send each waiting message two more times: unchanged, and with a new delivery tag."""
        count = 0
        async with self._redis() as client:
            for queue in QUEUES:
                key = QUEUE_PREFIX + queue
                messages = await client.lrange(key, 0, -1)
                copies = [c for m in messages for c in (m, _resent(m))]
                self._choice.shuffle(copies)
                if copies:
                    await client.lpush(key, *copies)
                count += len(copies)
        return f"{count} copies"

    async def _send_old(self, event: Event) -> str:
        """Send messages for old versions, for the current one and for a future one."""
        messages = []
        async with self._redis() as client:
            async for key in client.scan_iter(match=SESSION + "*"):
                version = int(await client.hget(key, "version"))
                sid = key.decode().removeprefix(SESSION)
                messages += [(sid, version + lag) for lag in range(-MAX_LAG, 2)]
        self._choice.shuffle(messages)
        await asyncio.to_thread(self._send_all, messages)
        return f"{len(messages)} messages"

    def _send_all(self, messages: Sequence[tuple[str, int]]) -> None:
        for sid, version in messages:
            self._sender.send(TRAIN_TASK, (sid, version, time.time()), CPU)

    async def _drop(self, event: Event) -> str:
        count = 0
        async with self._redis() as client:
            for queue in QUEUES:
                count += await client.llen(QUEUE_PREFIX + queue)
                await client.delete(QUEUE_PREFIX + queue)
        return f"{count} messages"

    @asynccontextmanager
    async def _redis(self) -> AsyncIterator[Any]:
        client = redis.asyncio.from_url(self._cluster.redis_url)
        try:
            yield client
        finally:
            await client.aclose()


def _resent(message: bytes) -> bytes:
    """The same task in a new message, as if its sender had retried."""
    content = json.loads(message)
    content["properties"]["delivery_tag"] = secrets.token_hex(16)
    return json.dumps(content).encode()
