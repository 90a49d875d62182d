"""The commands that give a session other data: drawn by a law, or a student's own points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pwlapp.core.data import datasets
from pwlapp.core.data.points import MAX_POINTS, DataSpec, Points
from pwlapp.core.net import Architecture, Array
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web.commands import Body

MAX_NUMBER = 10_000.0  # of a student's x and y: an axis that still can be read
MAX_LABEL = 80


async def use_data(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """Start over on the data in ``body["spec"]``; ``net`` and ``seed`` may be given, too.

    Data whose y is no yes and no make a net with BCE one with MSE; and data whose y is one make a
    net with MSE that has no other reason for it one with BCE again.

    Raises
    ------
    UserError
        ``bad_data``, ``bad_held_out``, ``bad_points`` (max), ``data_too_long`` (max), or what
        `SessionService.reset` raises.
    """
    points = await points_of_spec(service, body.get("spec"))
    return {"snapshot": await start_over(service, sid, points, body)}


async def start_over(
    service: SessionService, sid: str, points: Points, body: Body
) -> dict[str, Any]:
    """Reset the session to an untrained net on these points; for `body` see `use_data`."""
    state = await service.state(sid)
    net = state.train.net
    if "net" in body:
        net = architecture(body["net"])
    elif not points.is_binary:
        net = replace(net, loss="mse")
    elif not (await service.points_of(state)).is_binary:
        net = replace(net, loss="bce")
    return await service.reset(sid, body.get("seed"), net, points)


async def points_of_spec(service: SessionService, spec: object) -> Points:
    """The points that a request describes; see `use_data`."""
    if not isinstance(spec, dict) or not isinstance(law := spec.get("law"), str):
        raise UserError("bad_data")
    share = number(spec.get("held_out", 0), "bad_held_out")
    if law == "lecture":
        points = await service.loaded()
        return points.holding_out(share) if share else points
    if law == "own":
        return own_points(spec, share)
    if law not in datasets.LAWS:
        raise UserError("bad_data")
    wanted = DataSpec(
        law,
        whole(spec.get("n")),
        number(spec.get("noise"), "bad_data"),
        whole(spec.get("seed")),
        share,
    )
    x, prob, y = await service.runner.call(
        datasets.draw, wanted.law, wanted.n, wanted.noise, wanted.seed
    )
    return Points(x, prob, y, "law", "", wanted)


def own_points(spec: Body, held_out: float) -> Points:
    """A student's own points: lists x and y, and prob if the truth is known."""
    x, y = column(spec.get("x")), column(spec.get("y"))
    prob = None if spec.get("prob") is None else column(spec["prob"])
    label = spec.get("label", "")
    if not isinstance(label, str) or len(label) > MAX_LABEL:
        raise UserError("bad_data")
    if x.size != y.size or (prob is not None and prob.size != x.size):
        raise UserError("bad_points", max=MAX_NUMBER)
    return Points(x, prob, y, "own", label, DataSpec("own", held_out=held_out))


def column(values: object) -> Array:
    """Two or more numbers that can be drawn. Raises ``bad_points``, ``data_too_long``."""
    if not isinstance(values, list) or len(values) < 2:
        raise UserError("bad_points", max=MAX_NUMBER)
    if len(values) > MAX_POINTS:
        raise UserError("data_too_long", max=MAX_POINTS)
    if not all(type(value) in (int, float) and abs(value) <= MAX_NUMBER for value in values):
        raise UserError("bad_points", max=MAX_NUMBER)
    return np.array(values, dtype=np.float32)


def architecture(value: object) -> Architecture:
    """The net that a request describes, each part of it of its type.

    Raises
    ------
    UserError
        ``bad_architecture``, ``bad_hidden`` (min, max)
    """
    if not isinstance(value, dict) or not set(value) <= {"h", "bias1", "activation", "loss"}:
        raise UserError("bad_architecture")
    net: dict[str, Any] = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"} | value
    if type(net["h"]) is not int or type(net["bias1"]) is not bool:
        raise UserError("bad_architecture")
    if not isinstance(net["activation"], str) or not isinstance(net["loss"], str):
        raise UserError("bad_architecture")
    return Architecture(**net)


def number(value: object, code: str) -> float:
    """A real number, or ``UserError(code)``."""
    if type(value) not in (int, float):
        raise UserError(code)
    return float(value)  # type: ignore[arg-type]  # mypy does not follow type()


def whole(value: object) -> int:
    """A whole number, or ``UserError("bad_data")``."""
    if type(value) is not int:
        raise UserError("bad_data")
    return value
