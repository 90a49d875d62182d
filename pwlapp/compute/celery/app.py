"""The Celery app, with three queues in Redis, and the senders of its messages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from pwlapp.sessions.state import SessionState
from pwlapp.sessions.stores.protocol import StorageFailed
from pwlapp.sessions.stores.redis_connection import ANSWER_S, CONNECT_S, PREFIX

CALLS = "calls"  # requests that a visitor waits for; they have priority
CPU = "cpu"  # slices
GPU = "gpu"  # slices that a GPU trains, in batches
QUEUE_PREFIX = PREFIX + "celery:"

CALL_TASK = "pwlapp.call"
TRAIN_TASK = "pwlapp.train"
BATCH_TASK = "pwlapp.train_batch"

# After this time a message is delivered again if its worker has not acknowledged it. Nothing
# depends on it: the sweeper (see `scheduler`) is faster, and a duplicate message changes nothing.
VISIBILITY_S = 60
RECONNECT_S = 1.0
SEND_TIMEOUT_S = 10.0  # for one message, including the wait for earlier messages


class SteadyConnection(Connection):
    """Reconnects to a lost Redis once a second; Celery's own delay would grow to 30 seconds."""

    def ensure_connection(self, *args: Any, **named: Any) -> Any:
        steady = {"interval_start": RECONNECT_S, "interval_step": 0, "interval_max": RECONNECT_S}
        return super().ensure_connection(*args, **(steady | named))


class SteadyAMQP(AMQP):  # type: ignore[misc]
    """Celery's AMQP with `SteadyConnection`."""

    Connection = SteadyConnection


def make_app(url: str) -> Celery:
    """Make the Celery app of the web processes and the workers on one Redis.

    Parameters
    ----------
    url : str
        See ``PWLAPP_REDIS_URL``; empty for an app that never connects.
    """
    app = Celery("pwlapp", broker=url or "memory://", amqp=SteadyAMQP, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,  # wait for Redis without limit
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "global_keyprefix": QUEUE_PREFIX,
            "queue_order_strategy": "priority",  # in the order of task_queues
            "socket_connect_timeout": CONNECT_S,
            "socket_keepalive": True,
            "socket_timeout": ANSWER_S,
            "visibility_timeout": VISIBILITY_S,
        },
        task_acks_late=True,
        task_create_missing_queues=True,
        task_default_queue=CPU,
        task_ignore_result=True,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.1},
        task_queues=[_queue(CALLS), _queue(CPU)],
        task_reject_on_worker_lost=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_proc_alive_timeout=120,  # importing torch on a busy machine
    )
    return app


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name), routing_key=name)


class Sender:
    """Sends messages; blocks, and may be used by one thread at a time.

    It uses one connection of its own and opens a new one after a failure: the other connections of
    Celery's pool may then be dead as well.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._producer: Any = None

    def send_slice(self, sid: str, state: SessionState, queue: str) -> None:
        """Send the message for the next slice of a session.

        Raises
        ------
        UserError
            ``storage_failed``
        """
        task = BATCH_TASK if queue == GPU else TRAIN_TASK
        self.send(task, (sid, state.version, time.time()), queue)

    def send(self, task: str, args: tuple[Any, ...], queue: str) -> None:
        """Put a message into a queue. Raises StorageFailed."""
        try:
            if self._producer is None:
                self._producer = self._app.amqp.Producer(self._app.connection_for_write())
            self._app.send_task(task, args, queue=queue, producer=self._producer)
        except (OperationalError, RedisError, OSError) as error:
            self.close()
            raise StorageFailed() from error

    def close(self) -> None:
        """Close the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(OperationalError, RedisError, OSError):
                producer.connection.release()


class AsyncSender:
    """Sends messages in a thread, so that the event loop is not blocked."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="celery-send")

    async def send_slice(self, sid: str, state: SessionState, queue: str) -> None:
        """See `Sender`."""
        await self._run(lambda: self._sender.send_slice(sid, state, queue))

    async def send(self, task: str, args: tuple[Any, ...], queue: str) -> None:
        """See `Sender`."""
        await self._run(lambda: self._sender.send(task, args, queue))

    async def close(self) -> None:
        """Wait for the messages in progress, at most `SEND_TIMEOUT_S`."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._thread.submit(self._sender.close)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], None]) -> None:
        sending = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await asyncio.shield(sending)
        except TimeoutError:
            sending.cancel()  # has an effect only if it has not begun
            raise StorageFailed() from None
