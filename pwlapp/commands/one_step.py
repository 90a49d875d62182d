"""The command that computes a session's next epoch in numbers without training it."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from pwlapp.commands.fields import Body, Optimizer
from pwlapp.core.analysis.gradient import Vector
from pwlapp.core.analysis.one_step import OneStep, Pull, one_step
from pwlapp.core.state import has_diverged
from pwlapp.sessions import transitions
from pwlapp.sessions.codec import optimizer_header
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_number, json_numbers

DRAWN_DIGITS = 5  # significant digits of numbers that are only drawn
COLUMNS = ("old", "m_old", "v_old", "gradient", "difference")


class Explain(Body):
    """Compute the next epoch; by default with the session's optimizer.

    `weight` is the index of the weight for which the contributions of the points are wanted.
    """

    optimizer: Optimizer | None = None
    weight: Annotated[int, Field(strict=True)] = 0


async def explain(service: SessionService, sid: str, body: Explain) -> dict[str, Any]:
    """Compute what the command `training.step` would do at present; see `analysis.one_step`.

    Returns
    -------
    dict
        ``epoch`` and ``version`` of the session, ``net``, ``optimizer`` with all its
        hyperparameters, ``diverges``, and the attributes of `OneStep`. Its arrays are lists by name
        in ``table``. Numbers have nine significant digits, which restore any float32; null stands
        for a number that is not finite.
    """
    state = await service.state(sid)
    begun = transitions.prepare_run(state, body.optimizer or state.optimizer, state.engine)
    points = await service.points_of(state)
    found: OneStep = await service.compute(
        sid, one_step, begun.train, *points.training, begun.optimizer, body.weight
    )
    table = {name: getattr(found, name) for name in COLUMNS} | vars(found.update)
    return {
        "epoch": state.train.epoch,
        "version": state.version,
        "net": vars(state.train.net).copy(),
        "optimizer": optimizer_header(begun.optimizer),
        "n": found.n,
        "loss": json_number(found.loss),
        "loss_after": json_number(found.loss_after),
        "diverges": has_diverged(found.loss, found.loss_after),
        "count": found.count,
        "listed": found.listed.tolist(),
        "table": {name: json_numbers(values.tolist()) for name, values in table.items()},
        "pull": _pull(found.pull),
    }


def _pull(pull: Pull) -> dict[str, Any]:
    drawn = {name: _drawn(getattr(pull, name)) for name in ("x", "residual", "factor")}
    return vars(pull) | drawn | {"up": json_number(pull.up), "down": json_number(pull.down)}


def _drawn(values: Vector) -> list[float | None]:
    """Round all numbers to the `DRAWN_DIGITS`-th digit of the largest; None if not finite."""
    largest = float(np.abs(values).max())
    if not np.isfinite(largest):
        return json_numbers(values.tolist())
    decimals = DRAWN_DIGITS - 1 - int(np.floor(np.log10(largest))) if largest else 0
    rounded: list[float | None] = np.round(values, decimals).tolist()
    return rounded
