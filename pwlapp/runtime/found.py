"""What the server finds at its start: the data, and the engines of this machine."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import NamedTuple

from pwlapp.core import data, engines
from pwlapp.core.data import Points
from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.errors import UserError
from pwlapp.runtime.runner import Runner
from pwlapp.settings import Settings

logger = logging.getLogger(__name__)


class Found(NamedTuple):
    """The data in use and why it is not what the settings ask for; what one can train with."""

    points: Points
    data_problem: UserError | None
    engines: tuple[EngineInfo, ...]
    default_engine: str


async def find(runner: Runner, settings: Settings) -> Found:
    """Look in worker processes: reading needs pandas, and both need torch."""
    load = partial(
        data.load,
        source=settings.data,
        lecture_url=settings.lecture_url,
        cache_dir=settings.data_dir,
        max_bytes=int(settings.max_data_mb * 1e6),
    )
    (points, problem), listed = await asyncio.gather(
        runner.call(load), runner.call(engines.engines)
    )
    default = settings.engine
    if default not in {AUTO, *(engine.id for engine in listed)}:
        logger.warning("this machine has no engine %s: auto instead", default)
        default = AUTO
    return Found(points, problem, tuple(listed), default)
