"""What a server does beside answering: finds data and engines, listens to other servers, tidies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from pwlapp.compute.pool import Runner
from pwlapp.core.data import files
from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.stores.protocol import Data, Store
from pwlapp.settings import Settings
from pwlapp.tasks import log_failure, stop

logger = logging.getLogger(__name__)

PATIENCE_S = 30.0  # how long a visitor waits for a server that is still starting
RETRY_S = 1.0
EXPIRE_EVERY_S = 3600.0
REASONS = {"no_workers": "no worker; start one: celery -A pwlapp.compute.celery.worker worker"}
LOOK_EVERY_S = 5.0  # for engines that came or went with their machines


class Maintenance:
    """The background of a service.

    Parameters
    ----------
    store : Store
    runner : Runner
    sessions : Sessions
        Told which data to use.
    stream : SessionEvents
        Told of the sessions that other servers have changed.
    settings : Settings

    Attributes
    ----------
    engines : tuple of EngineInfo
        What one can train with; empty until `loaded`.
    default_engine : str
        What new nets train with.
    problem : UserError or None
        Why the data is not what the settings ask for.
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        sessions: SessionRepository,
        stream: SessionEvents,
        settings: Settings,
    ) -> None:
        self._store = store
        self._runner = runner
        self._sessions = sessions
        self._stream = stream
        self._settings = settings
        self._tasks: list[asyncio.Task[None]] = []
        self._found = asyncio.Event()
        self._news = asyncio.Event()
        self.engines: tuple[EngineInfo, ...] = ()
        self.default_engine = settings.engine
        self.problem: UserError | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether data and engines are known."""
        return self._found.is_set()

    def start(self, then: Callable[[], Awaitable[None]]) -> None:
        """Begin in the background; `then` is called once data and engines are known."""
        for name, work in (
            ("loading the data", self._load(then)),
            ("listening to other servers", self._listen()),
            ("following the data", self._follow_data()),
            ("following the engines", self._follow_engines()),
            ("expiring sessions", self._expire()),
        ):
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(log_failure)
            self._tasks.append(task)

    async def loaded(self) -> None:
        """Wait until data and engines are known.

        Raises
        ------
        UserError
            ``not_ready`` if that takes too long.
        """
        if not self._tasks:
            raise RuntimeError("the upkeep is not started")
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._found.wait()
        except TimeoutError:
            raise UserError("not_ready") from None

    async def close(self) -> None:
        """Stop all of it."""
        await stop(self._tasks)

    async def _load(self, then: Callable[[], Awaitable[None]]) -> None:
        # What is missing (a store, a worker) may come later, so it is tried for ever.
        complaint = ""
        while not self._found.is_set():
            try:
                engines = await self._runner.engines()  # first: without workers nothing is asked
                data = await self._find_data()
            except (ValueError, RuntimeError, OSError) as error:  # a UserError is a ValueError
                if str(error) != complaint:
                    complaint = str(error)
                    logger.warning("not ready yet: %s", REASONS.get(complaint, complaint))
                await asyncio.sleep(RETRY_S)
                continue
            self._use(data)
            self._offer(engines)
            if self.default_engine not in {AUTO, *(engine.id for engine in self.engines)}:
                logger.warning("this machine has no engine %s: auto instead", self.default_engine)
                self.default_engine = AUTO
            self._found.set()
            points = data.points
            logger.info("data: %s, %d points", points.label or points.origin, points.x.size)
        with contextlib.suppress(UserError):  # logged by the store
            await then()

    async def _find_data(self) -> Data:
        """Take what other servers show, or read it in a worker, since that needs pandas."""
        settled = await self._store.settled()
        if settled is not None and settled.problem is None:
            return settled
        max_bytes = int(self._settings.max_data_mb * 1e6)
        points, problem = await self._runner.call(files.load, self._settings.data, max_bytes)
        return await self._store.settle(Data(points, problem))

    def _use(self, data: Data) -> None:
        self._sessions.use(data.points)
        self.problem = data.problem

    def _offer(self, engines: list[EngineInfo]) -> None:
        self.engines = tuple(engines)

    async def _listen(self) -> None:
        def on_gap() -> None:
            self._news.set()
            self._stream.notify_all()

        # The pages are told by the end of their streams, and find out when they ask again.
        await self._store.listen(self._stream.notify, on_gap, self._stream.end_all)

    async def _follow_data(self) -> None:
        await self._found.wait()
        while True:
            await self._news.wait()
            self._news.clear()
            with contextlib.suppress(ValueError):  # there will be news again when the store is back
                settled = await self._store.settled()
                if settled is None:  # there is nothing to agree on, or it was lost
                    here = Data(self._sessions.points, self.problem)
                    settled = await self._store.settle(here)
                self._use(settled)

    async def _follow_engines(self) -> None:
        await self._found.wait()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._news.set()  # a Redis that was emptied says nothing
            with contextlib.suppress(ValueError):
                self._offer(await self._runner.engines())

    async def _expire(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # logged; the next hour may be luckier
                if count := await self._store.expire(self._settings.session_days * 86400.0):
                    logger.info("%d sessions expired", count)
            await asyncio.sleep(EXPIRE_EVERY_S)
