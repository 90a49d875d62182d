"""The command that tells a session's next epoch in numbers, before it is trained."""

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

DRAWN_DIGITS = 5  # significant ones, of the numbers that are only drawn
COLUMNS = ("old", "m_old", "v_old", "gradient", "difference")


class OneStepOf(Body):
    """The next epoch with this optimizer, or the session's own, and the points of one weight."""

    optimizer: Optimizer | None = None
    weight: Annotated[int, Field(strict=True)] = 0


async def explain(service: SessionService, sid: str, body: OneStepOf) -> dict[str, Any]:
    """What the command `training.step` would do now with the same optimizer.

    Returns
    -------
    dict
        ``epoch`` and ``version`` of the session, ``net``, ``optimizer`` with all its
        hyperparameters, ``diverges``, and what `one_step` finds. Its arrays are lists by name in
        ``table``; ``pull`` has those of the chosen weight, for drawing. Numbers have nine
        significant digits, from which float32 comes back to the last bit; null where one is not
        finite.
    """
    state = await service.state(sid)
    begun = transitions.ready(state, body.optimizer or state.optimizer, state.engine)
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
    return {
        "weight": pull.weight,
        "x": _drawn(pull.x),
        "residual": _drawn(pull.residual),
        "factor": _drawn(pull.factor),
        "up": json_number(pull.up),
        "down": json_number(pull.down),
        "n_up": pull.n_up,
        "n_down": pull.n_down,
    }


def _drawn(values: Vector) -> list[float | None]:
    """Numbers rounded to `DRAWN_DIGITS` of the largest; null where one is not finite."""
    largest = float(np.abs(values).max())
    if not np.isfinite(largest):
        return json_numbers(values.tolist())
    decimals = DRAWN_DIGITS - 1 - int(np.floor(np.log10(largest))) if largest else 0
    rounded: list[float | None] = np.round(values, decimals).tolist()
    return rounded
