"""Commands that train a session's net from many seeds, and that compute the plateaus of the loss.

Seeds are trained in parts, so that no computation delays others for long, and each part is sent as
soon as it is ready. Parts end at multiples of `BLOCK`, so that requests that began with different
seeds soon need the same parts: in a class that presses the button at once, each is computed once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from pwlapp.commands.fields import Body, Epochs, Seed, refused
from pwlapp.compute import warmup
from pwlapp.core.analysis.plateaus import Plateaus, plateaus
from pwlapp.core.analysis.seeds import Runs, curve_epochs, seconds_per_seed, train_seeds
from pwlapp.core.data.points import Points
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import MAX_SEED
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_number, json_numbers, optimizer_row

MAX_COUNT = 2000
PART_MS = 60.0  # time after which no further seed of a part is started
MAX_SEED_S = 2.0  # a single seed must not take longer
BLOCK = 32  # seeds
CURVE_DECIMALS = 5
RETRY_S = 1.0
MAX_REFUSALS = {"not_ready": 120, "busy": 20}  # of one part, by code; it is retried until then


class Job(NamedTuple):
    """A request: the session, and what is trained."""

    sid: str
    net: Architecture
    optimizer: OptimizerOptions
    points: Points
    epochs: int

    def key(self, first: int) -> tuple[Any, ...]:
        """The cache key of the part that begins with this seed."""
        return ("seeds", self.points.key, self.net, self.optimizer, self.epochs, first)


class Seeds(Body):
    """Train ``count`` seeds, beginning with ``first``."""

    first: Seed
    count: Annotated[
        int, Field(strict=True, ge=1, le=MAX_COUNT), refused("bad_count", min=1, max=MAX_COUNT)
    ]
    epochs: Epochs


async def seeds(service: SessionService, sid: str, body: Seeds) -> AsyncIterator[dict[str, Any]]:
    """Train the session's net from many seeds.

    Yields
    ------
    dict
        First ``epochs`` of the loss curves, ``net``, ``optimizer`` and ``data_key``. Then ``runs``
        of the next seeds (see `rows`), or ``waiting`` with the code of the reason.

    Raises
    ------
    UserError
        ``seeds_beyond`` (max) if there are not that many seeds; ``seeds_too_long`` (max) if a
        single seed would take too long; ``not_ready``, ``busy``.
    """
    first, end = body.first, body.first + body.count
    if end - 1 > MAX_SEED:
        raise UserError("seeds_beyond", max=MAX_SEED)
    state = await service.state(sid)
    points = await service.points_of(state)
    _check_time(state.train.net, points.training[0].size, body.epochs)
    job = Job(sid, state.train.net, state.optimizer, points, body.epochs)
    yield {
        "epochs": curve_epochs(body.epochs).tolist(),
        "net": vars(state.train.net).copy(),
        "optimizer": optimizer_row(state.optimizer),
        "data_key": points.key,
    }
    refusals = 0
    while first < end and not service.events.is_closed:
        try:
            part = await _part(service, job, first)
        except UserError as error:
            refusals += 1
            if refusals > MAX_REFUSALS.get(error.code, 0):
                raise
            yield {"waiting": error.code}
            await asyncio.sleep(RETRY_S)
            continue
        refusals = 0
        yield {"runs": rows(part)[: end - first]}
        first += len(part.losses)


async def find_plateaus(service: SessionService, sid: str, _body: Body) -> dict[str, Any]:
    """Compute the plateaus of the loss on the session's data, for the loss function of its net.

    Returns
    -------
    dict
        The attributes of `analysis.plateaus.Plateaus`, ``bent_below``, ``data_key`` and ``loss``.
    """
    state = await service.state(sid)
    loss = state.train.net.loss
    points = await service.points_of(state)
    key = ("plateaus", points.key, loss)
    found: Plateaus = await service.cached(sid, key, plateaus, *points.training, loss)
    shown = {"bent_below": found.bent_below, "data_key": points.key, "loss": loss}
    return vars(found) | shown


def train_part(
    first: int,
    count: int,
    x: Any,
    y: Any,
    net: Architecture,
    options: OptimizerOptions,
    epochs: int,
) -> Runs:
    """Train the seeds of one part, in a worker; see `analysis.seeds.train_seeds`.

    Raises
    ------
    UserError
        ``not_ready`` until this process has loaded the compiled engine.
    """
    if not warmup.is_ready():
        raise UserError("not_ready")
    return train_seeds(first, count, x, y, net, options, epochs, PART_MS)


def rows(runs: Runs) -> list[dict[str, Any]]:
    """A part as JSON: an object for each seed. Losses after a divergence are None."""
    return [
        {
            "seed": runs.first + i,
            "loss": json_number(loss),
            "curve": [json_number(round(value, CURVE_DECIMALS)) for value in curve],
            "start": start,
            "end": end,
            "dead": dead,
            "diverged": bool(diverged),
            "params": json_numbers(params) if len(params) else None,
        }
        for i, (loss, curve, start, end, dead, diverged, params) in enumerate(
            zip(
                runs.losses.tolist(),
                runs.curves.tolist(),
                runs.start.tolist(),
                runs.end.tolist(),
                runs.dead.tolist(),
                runs.diverged.tolist(),
                runs.params,
                strict=True,
            )
        )
    ]


def _check_time(net: Architecture, n: int, epochs: int) -> None:
    """Raise ``seeds_too_long`` (max) if a single seed would take a worker too long."""
    seconds = seconds_per_seed(net, n, epochs)
    if seconds > MAX_SEED_S:
        most = max(1, int(epochs * MAX_SEED_S / seconds))
        raise UserError("seeds_too_long", max=most)


async def _part(service: SessionService, job: Job, first: int) -> Runs:
    """Train the seeds from `first` to the end of its block, as far as a part's time allows."""
    count = min(BLOCK - first % BLOCK, MAX_SEED + 1 - first)
    args = (*job.points.training, job.net, job.optimizer, job.epochs)
    part: Runs = await service.cached(job.sid, job.key(first), train_part, first, count, *args)
    return part
