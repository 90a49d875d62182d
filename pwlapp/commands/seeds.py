"""Commands for many seeds: what becomes of a session's kind of net, seed by seed.

500 seeds are trained part by part, so that no computation keeps the others waiting for long, and
each part is sent as soon as it is there. Parts end at multiples of `BLOCK`: pages that began with
different seeds soon want the same ones, and a class that presses the button at once has each
computed once.
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
PART_MS = 60.0  # computing of one part; a seed that has begun is trained to its end
MAX_SEED_S = 2.0  # longer than anybody would care to wait for a part
BLOCK = 32
CURVE_DECIMALS = 5
AGAIN_S = 1.0
PATIENCE = {"not_ready": 120, "busy": 20}  # how often a part that was refused is tried again


class Job(NamedTuple):
    """Whose request it is, and what is trained."""

    sid: str
    net: Architecture
    optimizer: OptimizerOptions
    points: Points
    epochs: int

    def key(self, first: int) -> tuple[Any, ...]:
        """All that the part from this seed on depends on."""
        return ("seeds", self.points.key, self.net, self.optimizer, self.epochs, first)


class Seeds(Body):
    """The seeds from ``first`` on."""

    first: Seed
    count: Annotated[
        int, Field(strict=True, ge=1, le=MAX_COUNT), refused("bad_count", min=1, max=MAX_COUNT)
    ]
    epochs: Epochs


async def seeds(service: SessionService, sid: str, body: Seeds) -> AsyncIterator[dict[str, Any]]:
    """Train the seeds from ``first`` on.

    Yields
    ------
    dict
        At first ``count``, since the last seed may come sooner, ``epochs`` of the loss curves, and
        what is trained: ``net``, ``optimizer``, ``data_key``. Then ``runs`` of the next seeds (see
        `rows`), or ``waiting``: the code of what they wait for.

    Raises
    ------
    UserError
        ``seeds_too_long`` (max) where one seed would take too long; ``not_ready``, ``busy``.
    """
    state = await service.state(sid)
    points = await service.points_of(state)
    _check_time(state.train.net, points.training[0].size, body.epochs)
    job = Job(sid, state.train.net, state.optimizer, points, body.epochs)
    first, end = body.first, min(body.first + body.count, MAX_SEED + 1)
    yield {
        "count": end - first,
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
            if refusals > PATIENCE.get(error.code, 0):
                raise
            yield {"waiting": error.code}
            await asyncio.sleep(AGAIN_S)
            continue
        refusals = 0
        yield {"runs": rows(part)[: end - first]}
        first += len(part.losses)


async def seek_plateaus(service: SessionService, sid: str, _body: Body) -> dict[str, Any]:
    """The best losses on the session's data, for the loss of its net, and the best bent line.

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
    bent_below = found.bent_below
    return {**vars(found), "bent_below": bent_below, "data_key": points.key, "loss": loss}


def train_part(
    first: int,
    count: int,
    x: Any,
    y: Any,
    net: Architecture,
    options: OptimizerOptions,
    epochs: int,
) -> Runs:
    """Train the next seeds in a worker, for one part's time; parameters as `many.train_seeds`.

    Raises
    ------
    UserError
        ``not_ready`` while this process gets its compiled loops ready.
    """
    if not warmup.is_ready():
        raise UserError("not_ready")
    return train_seeds(first, count, x, y, net, options, epochs, PART_MS)


def rows(runs: Runs) -> list[dict[str, Any]]:
    """A part as the browser reads it: a row for each seed; losses after a divergence are None."""
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
    """Refuse what would keep a worker busy for long with a single seed."""
    seconds = seconds_per_seed(net, n, epochs)
    if seconds > MAX_SEED_S:
        most = max(1, int(epochs * MAX_SEED_S / seconds))
        raise UserError("seeds_too_long", max=most)


async def _part(service: SessionService, job: Job, first: int) -> Runs:
    """The seeds from `first` to the end of its block, or as many of them as there is time for."""
    count = min(BLOCK - first % BLOCK, MAX_SEED + 1 - first)
    what = (*job.points.training, job.net, job.optimizer, job.epochs)
    part: Runs = await service.cached(job.sid, job.key(first), train_part, first, count, *what)
    return part
