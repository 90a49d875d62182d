"""The Celery worker: ``celery -A pwlapp.compute.celery.worker worker``.

For a GPU: ``... worker -Q gpu --concurrency 1``. The settings are the same environment variables as
for the web processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
import sys
import time
import warnings
from threading import Thread
from typing import Any

import redis
from celery import signals
from celery.exceptions import CPendingDeprecationWarning
from celery_batches import Batches, SimpleRequest
from redis.exceptions import RedisError

from pwlapp import logs
from pwlapp.compute.celery import calls, heartbeat
from pwlapp.compute.celery.app import BATCH_TASK, CALL_TASK, CPU, GPU, TRAIN_TASK, Sender, make_app
from pwlapp.compute.celery.slice_worker import SliceMessage, SliceWorker
from pwlapp.compute.warmup import load_engines
from pwlapp.core import engines
from pwlapp.sessions.stores.redis import RedisStore
from pwlapp.sessions.stores.redis_connection import CONNECT_S, RedisLink
from pwlapp.settings import Settings

BATCH = 64  # nets that a GPU trains together
BATCH_WAIT_S = 0.01  # to collect a batch
N_ARGS = len(SliceMessage._fields)
REFUSED = 2  # exit code

try:
    settings = Settings.from_env(os.environ)
except ValueError as problem:
    print(f"pwlapp: {problem}", file=sys.stderr)  # noqa: T201
    sys.exit(REFUSED)
app = make_app(settings.redis_url)


class ProcessState:
    """The connections and workers that a process keeps between tasks."""

    def __init__(self) -> None:
        self.loop = asyncio.Runner()
        self.redis = blocking_client()
        store, sender = RedisStore(RedisLink(settings.redis_url)), Sender(app)
        # by the queue to which the message for the next slice is sent
        self.slice_workers = {
            queue: SliceWorker(
                store, functools.partial(sender.send_slice, queue=queue), settings.slice_ms
            )
            for queue in (CPU, GPU)
        }


@functools.cache
def process_state() -> ProcessState:
    """The state of this process, created at its first task, which is after the fork."""
    return ProcessState()


def blocking_client() -> Any:
    """A blocking Redis client, for code outside the event loop."""
    return redis.Redis.from_url(
        settings.redis_url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S
    )


@app.task(name=TRAIN_TASK)
def train(sid: str, version: int, sent: float) -> None:
    """Train one slice of a session, from this version."""
    state = process_state()
    state.loop.run(state.slice_workers[CPU].advance([SliceMessage(sid, version, sent)]))


@app.task(name=BATCH_TASK, base=Batches, flush_every=BATCH, flush_interval=BATCH_WAIT_S)
def train_batch(requests: list[SimpleRequest]) -> None:
    """Train one slice of each of several sessions."""
    state = process_state()
    messages = [SliceMessage(*request.args) for request in requests if len(request.args) == N_ARGS]
    state.loop.run(state.slice_workers[GPU].advance(messages))


# Acknowledged early: only the caller repeats a call that killed its worker, a few times.
@app.task(name=CALL_TASK, acks_late=False)
def call(channel: str, number: str, request: str) -> None:
    """Make a call, and publish the answer on the caller's channel."""
    answer = calls.perform(request)
    with contextlib.suppress(RedisError, OSError):  # the caller will send the call again
        process_state().redis.publish(channel, f"{number} {answer}")


@signals.celeryd_init.connect
def check(conf: Any, options: dict[str, Any], **_: Any) -> None:
    """Exit if there is no Redis URL; let a GPU worker prefetch a whole batch."""
    if not settings.redis_url:
        print("pwlapp: PWLAPP_REDIS_URL is not set; a worker needs it", file=sys.stderr)  # noqa: T201
        sys.exit(REFUSED)
    if GPU in (options.get("queues") or ""):
        conf.worker_prefetch_multiplier = BATCH


@signals.setup_logging.connect
def configure_logs(**_: Any) -> None:
    """Configure the log as in the web processes; this replaces Celery's own configuration."""
    logs.configure(settings.log_level, settings.log_format)
    logging.getLogger("celery.worker.consumer.consumer").addFilter(without_traceback)


def without_traceback(record: logging.LogRecord) -> bool:
    """Shorten a log record of a lost connection to one line; drop a repetition of the last one."""
    record.exc_info = None
    record.msg, record.args = record.getMessage().splitlines()[0], ()
    is_repeated = record.msg == _last_message[0]
    _last_message[0] = record.msg
    return not is_repeated


_last_message = [""]


@signals.worker_ready.connect
def ignore_deprecation(**_: Any) -> None:
    """Ignore the warning that a later Celery will cancel tasks: it may safely cancel ours."""
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@signals.worker_process_init.connect
def prepare(**_: Any) -> None:
    """Load the engines in a new worker process, and start its heartbeats."""
    load_engines(settings.data_dir / "numba", settings.log_level, settings.log_format)
    # A thread, since Celery's timers stop while the connection to Redis is lost.
    Thread(target=send_heartbeats, args=(engines.engines(),), name="heartbeat", daemon=True).start()


def send_heartbeats(found: list[engines.EngineInfo]) -> None:
    """Send a heartbeat every few seconds; a lost connection to Redis is retried."""
    client = blocking_client()
    while True:
        with contextlib.suppress(RedisError, OSError):  # Celery logs the failure of Redis
            heartbeat.send_heartbeat(client, process_name(), found)
        time.sleep(heartbeat.INTERVAL_S)


@signals.worker_process_shutdown.connect
def remove_heartbeat(**_: Any) -> None:
    """Remove this process from the list of workers."""
    with contextlib.suppress(RedisError, OSError):
        heartbeat.remove_heartbeat(blocking_client(), process_name())


def process_name() -> str:
    """A name that no other worker process has."""
    return f"{socket.gethostname()}-{os.getpid()}"
