"""Background tasks of the service: load data, follow other servers, delete old sessions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from pwlapp import tasks
from pwlapp.core.data import files
from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.errors import UserError
from pwlapp.sessions.events import SessionEvents
from pwlapp.sessions.protocols import Runner
from pwlapp.sessions.repository import SessionRepository
from pwlapp.sessions.stores.protocol import Data, Store
from pwlapp.settings import Settings

logger = logging.getLogger(__name__)

LOAD_TIMEOUT_S = 30.0  # how long a request waits while the server starts
RETRY_S = 1.0
EXPIRE_EVERY_S = 3600.0
POLL_S = 5.0  # for data and engines, which other servers and workers change
REASONS = {"no_workers": "no worker; start one: celery -A pwlapp.compute.celery.worker worker"}


class Maintenance:
    """The background tasks of a service.

    They set the server's data of `sessions`, and notify `events` of what other servers change.

    Attributes
    ----------
    engines : tuple of EngineInfo
        The engines that can train; empty until `loaded`.
    default_engine : str
        The engine of new sessions.
    problem : UserError or None
        Why the data that the settings name can't be used.
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        sessions: SessionRepository,
        events: SessionEvents,
        settings: Settings,
    ) -> None:
        self.engines: tuple[EngineInfo, ...] = ()
        self.default_engine = settings.engine
        self.problem: UserError | None = None
        self._store = store
        self._runner = runner
        self._sessions = sessions
        self._events = events
        self._settings = settings
        self._tasks: list[asyncio.Task[None]] = []
        self._has_loaded = asyncio.Event()
        self._has_news = asyncio.Event()  # the data may have changed

    @property
    def is_loaded(self) -> bool:
        """Whether data and engines are loaded."""
        return self._has_loaded.is_set()

    def start(self, then: Callable[[], Awaitable[None]]) -> None:
        """Start all tasks; `then` is called once data and engines are loaded."""
        self._tasks = [
            tasks.start(self._load(then), "loading the data"),
            tasks.start(self._listen(), "listening to other servers"),
            tasks.start(self._follow_data(), "following the data"),
            tasks.start(self._follow_engines(), "following the engines"),
            tasks.start(self._expire(), "expiring sessions"),
        ]

    async def loaded(self) -> None:
        """Wait until data and engines are loaded.

        Raises
        ------
        UserError
            ``not_ready`` if that takes too long.
        """
        if not self._tasks:
            raise RuntimeError("the background tasks are not started")
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                await self._has_loaded.wait()
        except TimeoutError:
            raise UserError("not_ready") from None

    async def close(self) -> None:
        """Stop all tasks."""
        await tasks.stop(self._tasks)

    async def _load(self, then: Callable[[], Awaitable[None]]) -> None:
        data = await self._first_data()
        if self.default_engine not in {AUTO, *(engine.id for engine in self.engines)}:
            logger.warning("engine %s is not available; using auto", self.default_engine)
            self.default_engine = AUTO
        self._use(data)
        self._has_loaded.set()
        points = data.points
        logger.info("data: %s, %d points", points.label or points.origin, points.x.size)
        with contextlib.suppress(UserError):  # logged by the store
            await then()

    async def _first_data(self) -> Data:
        """Load engines and data; retry without limit, since a store or a worker may start later."""
        logged = ""
        while True:
            try:
                await self._load_engines()  # first, since reading the data needs a worker
                return await self._find_data()
            except (ValueError, RuntimeError, OSError) as error:  # a UserError is a ValueError
                if str(error) != logged:
                    logged = str(error)
                    logger.warning("not ready yet: %s", REASONS.get(logged, logged))
                await asyncio.sleep(RETRY_S)

    async def _find_data(self) -> Data:
        """The data that other servers share; if there is none, read it in a worker and share it."""
        shared = await self._store.shared_data()
        if shared is not None and shared.problem is None:
            return shared
        max_bytes = int(self._settings.max_data_mb * 1e6)
        points, problem = await self._runner.call(files.load, self._settings.data, max_bytes)
        return await self._store.share_data(Data(points, problem))

    async def _load_engines(self) -> None:
        self.engines = tuple(await self._runner.engines())

    def _use(self, data: Data) -> None:
        self._sessions.set_points(data.points)
        self.problem = data.problem

    async def _listen(self) -> None:
        def on_data() -> None:
            self._has_news.set()
            self._events.notify_all()

        # If the store is lost, the streams end, so that the browsers reconnect and get the error.
        await self._store.listen(self._events.notify, on_data, self._events.end_all)

    async def _follow_data(self) -> None:
        await self._has_loaded.wait()
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            with contextlib.suppress(ValueError):  # the store notifies again when it is back
                shared = await self._store.shared_data()
                if shared is None:  # there are no other servers, or the store has lost the data
                    here = Data(self._sessions.points, self.problem)
                    shared = await self._store.share_data(here)
                self._use(shared)

    async def _follow_engines(self) -> None:
        await self._has_loaded.wait()
        while True:
            await asyncio.sleep(POLL_S)
            self._has_news.set()  # a Redis that was emptied sends no notification
            with contextlib.suppress(ValueError):
                await self._load_engines()

    async def _expire(self) -> None:
        while True:
            with contextlib.suppress(UserError):  # logged by the store; tried again in an hour
                if count := await self._store.expire(self._settings.session_days * 86400.0):
                    logger.info("%d sessions expired", count)
            await asyncio.sleep(EXPIRE_EVERY_S)
