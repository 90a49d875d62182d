"""Celery as this program uses it: three queues on Redis, JSON only, nothing kept of results."""

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
from pwlapp.sessions.stores.protocol import storage_failed
from pwlapp.sessions.stores.redis_connection import ANSWER_S, CONNECT_S, PREFIX

CALLS = "calls"  # what somebody waits for; goes first
CPU = "cpu"  # slices
GPU = "gpu"  # slices of nets that a GPU trains, gathered into batches
QUEUE_PREFIX = PREFIX + "celery:"

CALL_TASK = "pwlapp.call"
TRAIN_TASK = "pwlapp.train"
BATCH_TASK = "pwlapp.train_batch"

# A message that a worker took and never confirmed comes again after so long. Nobody waits for it:
# the sweeper is quicker, and a message that comes twice changes nothing.
VISIBILITY_S = 60
RECONNECT_S = 1.0
PATIENCE_S = 10.0  # for one message, with everything that waits before it


class SteadyConnection(Connection):
    """Asks a Redis that is away once a second: Celery's own way, after a while, is every 30."""

    def ensure_connection(self, *args: Any, **named: Any) -> Any:
        steady = {"interval_start": RECONNECT_S, "interval_step": 0, "interval_max": RECONNECT_S}
        return super().ensure_connection(*args, **(steady | named))


class SteadyAMQP(AMQP):  # type: ignore[misc]
    """Celery's, with that connection."""

    Connection = SteadyConnection


def make_app(url: str) -> Celery:
    """Make the Celery app of the web processes and the workers on one Redis.

    Parameters
    ----------
    url : str
        As in ``PWLAPP_REDIS_URL``; empty for an app that is only looked at.
    """
    app = Celery("pwlapp", broker=url or "memory://", amqp=SteadyAMQP, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,  # a Redis that is away comes back
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "global_keyprefix": QUEUE_PREFIX,
            "queue_order_strategy": "priority",  # in the order of task_queues
            "socket_connect_timeout": CONNECT_S,
            "socket_keepalive": True,
            "socket_timeout": ANSWER_S,  # one that went silent is not waited for
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
    """Sends messages, and blocks meanwhile. For one thread at a time.

    It keeps one connection of its own, and takes another when that fails: Celery's pool may hold
    several that are as dead.

    Parameters
    ----------
    app : Celery
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._producer: Any = None

    def send_slice(self, sid: str, state: SessionState, queue: str) -> None:
        """Ask for the next slice of a session, from the version that it is at now.

        Raises
        ------
        UserError
            ``storage_failed``
        """
        task = BATCH_TASK if queue == GPU else TRAIN_TASK
        self.send(task, (sid, state.version, time.time()), queue)

    def send(self, task: str, args: tuple[Any, ...], queue: str) -> None:
        """Put a message into a queue. Raises ``UserError("storage_failed")``."""
        try:
            if self._producer is None:
                self._producer = self._app.amqp.Producer(self._app.connection_for_write())
            self._app.send_task(task, args, queue=queue, producer=self._producer)
        except (OperationalError, RedisError, OSError) as error:
            self.close()
            raise storage_failed() from error

    def close(self) -> None:
        """Let go of the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(OperationalError, RedisError, OSError):
                producer.connection.release()


class AsyncSender:
    """Sends messages beside the event loop.

    Parameters
    ----------
    sender : Sender
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="celery-send")

    async def send_slice(self, sid: str, state: SessionState, queue: str) -> None:
        """As the sender's."""
        await self._run(lambda: self._sender.send_slice(sid, state, queue))

    async def send(self, task: str, args: tuple[Any, ...], queue: str) -> None:
        """As the sender's."""
        await self._run(lambda: self._sender.send(task, args, queue))

    async def close(self) -> None:
        """Finish what was begun, unless that takes too long."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._thread.submit(self._sender.close)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], None]) -> None:
        sending = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(sending)
        except TimeoutError:
            sending.cancel()  # if it has not begun
            raise storage_failed() from None
