"""Commands for many seeds: what becomes of a session's kind of net, seed by seed.

A page that wants 500 seeds asks for them part by part, so that none of its calls keeps the others
waiting for long. Parts end at multiples of `BLOCK`: pages that began with different seeds soon ask
for the same ones, and a class that presses the button at once has each computed once.
"""

from __future__ import annotations

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
PART_MS = 60.0  # computing of one call; a seed that has begun is trained to its end
MAX_SEED_S = 2.0  # longer than a page would care to wait for a part
BLOCK = 32
MAX_ANSWER = 128  # seeds that are known already come together
CURVE_DECIMALS = 5


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


async def seeds(service: SessionService, sid: str, body: Seeds) -> dict[str, Any]:
    """Train the seeds from ``first`` on, as many as are there at once.

    Returns
    -------
    dict
        ``epochs`` of the loss curves, ``runs`` (see `rows`), and what was trained: ``net``,
        ``optimizer``, ``data_key``. The page asks again for what is missing. There are no runs yet
        while a worker that has just started gets its compiled loops ready.

    Raises
    ------
    UserError
        ``bad_seed`` (max), ``bad_count`` (min, max), ``bad_epochs``; ``seeds_too_long`` (max)
        where one seed would take too long; ``busy``.
    """
    state = await service.state(sid)
    first, epochs = body.first, body.epochs
    end = min(first + body.count, MAX_SEED + 1)
    points = await service.points_of(state)
    _check_time(state.train.net, points.training[0].size, epochs)
    job = Job(sid, state.train.net, state.optimizer, points, epochs)
    parts = await _parts(service, job, first, end)
    return {
        "epochs": curve_epochs(epochs).tolist(),
        "runs": [row for part in parts for row in rows(part) if row["seed"] < end],
        "net": vars(state.train.net).copy(),
        "optimizer": optimizer_row(state.optimizer),
        "data_key": points.key,
    }


async def seek_plateaus(service: SessionService, sid: str, _body: Body) -> dict[str, Any]:
    """The best losses on the session's data, for the loss of its net.

    Returns
    -------
    dict
        ``flat``, ``left``, ``right``, ``both`` (see `core.plateaus`), ``data_key`` and ``loss``.
    """
    state = await service.state(sid)
    loss = state.train.net.loss
    points = await service.points_of(state)
    key = ("plateaus", points.key, loss)
    found: Plateaus = await service.cached(sid, key, plateaus, *points.training, loss)
    return {**vars(found), "data_key": points.key, "loss": loss}


def train_part(
    first: int,
    count: int,
    x: Any,
    y: Any,
    net: Architecture,
    options: OptimizerOptions,
    epochs: int,
) -> Runs:
    """Train the next seeds in a worker, for one call's time; parameters as `many.train_seeds`.

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


async def _parts(service: SessionService, job: Job, first: int, end: int) -> list[Runs]:
    """The part that begins with `first`, and those after it that are known already.

    None while the worker gets ready: that is no mistake of anybody's, so it is no error.
    """
    try:
        parts = [await _part(service, job, first)]
    except UserError as error:
        if error.code != "not_ready":
            raise
        return []
    while (n := sum(len(part.losses) for part in parts)) < min(MAX_ANSWER, end - first):
        if not service.is_cached(job.key(first + n)):
            break
        parts.append(await _part(service, job, first + n))
    return parts


async def _part(service: SessionService, job: Job, first: int) -> Runs:
    """The seeds from `first` to the end of its block, or as many of them as a call has time for."""
    count = min(BLOCK - first % BLOCK, MAX_SEED + 1 - first)
    what = (*job.points.training, job.net, job.optimizer, job.epochs)
    part: Runs = await service.cached(job.sid, job.key(first), train_part, first, count, *what)
    return part
