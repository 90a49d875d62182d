"""Commands that give a session other data: drawn by a law, a student's own points, a CSV file."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import PlainValidator

from pwlapp.commands.fields import Body, Net, Seed, Share, Spec, read_float, read_share
from pwlapp.core.data import datasets
from pwlapp.core.data.files import parse_encoded
from pwlapp.core.data.points import MAX_POINTS, DataSpec, Points
from pwlapp.core.net import Architecture, Array
from pwlapp.errors import UserError
from pwlapp.sessions import transitions, validation
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.transitions import Transition

MAX_NUMBER = 10_000.0  # of a student's x and y: an axis that still can be read
MAX_LABEL = 80
MAX_FILE = 5_000_000  # bytes; in base64 it still fits a command's body


def read_encoded(value: object) -> str:
    """A file in base64; what is none is refused here, before a worker is asked."""
    try:
        base64.b64decode(value, validate=True)  # type: ignore[arg-type]  # it raises what is caught
    except (TypeError, ValueError, binascii.Error):
        raise UserError("bad_upload") from None
    if not isinstance(value, str):
        raise UserError("bad_upload")
    return value


def read_name(value: object) -> str:
    """The name of a file, cut to what is shown of it."""
    if not isinstance(value, str):
        raise UserError("bad_upload")
    return value.strip()[-MAX_LABEL:] or "CSV"


def read_own(value: object) -> dict[str, Any]:
    """A description of own points. Raises ``bad_data``."""
    if not isinstance(value, dict) or value.get("law") != "own":
        raise UserError("bad_data")
    return value


class UseData(Body):
    """Start over on these data; net and seed may be given, too."""

    spec: Spec
    net: Net | None = None
    seed: Seed | None = None


class Upload(Body):
    """Start over on the points of a CSV file."""

    name: Annotated[str, PlainValidator(read_name)]
    base64: Annotated[str, PlainValidator(read_encoded)]
    held_out: Share = 0.0


class MovePoints(Body):
    """Own points that are in use have moved."""

    spec: Annotated[dict[str, Any], PlainValidator(read_own)]


async def use_data(service: SessionService, sid: str, body: UseData) -> dict[str, Any]:
    """Start over on other data.

    Without a net in the body, numbers as y make a net with BCE one with MSE, and zeros and ones
    make it one with BCE again.

    Raises
    ------
    UserError
        What `points_of_spec` and `SessionService.reset` raise.
    """
    points = await points_of_spec(service, body.spec)
    return {"snapshot": await start_over(service, sid, points, body.net, body.seed)}


async def upload(service: SessionService, sid: str, body: Upload) -> dict[str, Any]:
    """Start over on the points of a CSV file. Raises what `files.parse_own` raises."""
    x, prob, y = await service.runner.call(parse_encoded, body.base64, MAX_FILE)
    points = Points(x, prob, y, "own", body.name, DataSpec("own", held_out=body.held_out))
    return {"snapshot": await start_over(service, sid, points)}


async def move_points(service: SessionService, sid: str, body: MovePoints) -> dict[str, Any]:
    """The net keeps its weights, and a run goes on.

    Raises
    ------
    UserError
        ``needs_mse``, or what `points_of_spec` raises.
    """
    points = await points_of_spec(service, body.spec)
    return {"snapshot": await service.apply(sid, partial(move_under, points=points), points)}


async def start_over(
    service: SessionService,
    sid: str,
    points: Points,
    net: Architecture | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Reset the session to an untrained net on these points; see `use_data`."""
    if net is None:
        state = await service.state(sid)
        net = state.train.net
        if not points.is_binary:
            net = replace(net, loss="mse")
        elif not (await service.points_of(state)).is_binary:
            net = replace(net, loss="bce")
    return await service.reset(sid, seed, net, points)


def move_under(state: SessionState, points: Points) -> Transition:
    """Other points under the same net; Adam's moments and the run stay, the loss curve begins anew.

    Raises
    ------
    UserError
        ``needs_mse`` if BCE makes no sense of the points.
    """
    if state.data_key == points.key:
        return None
    validation.net_for(state.train.net, points)
    if (adopted := transitions.adopt(state, points)) is None:
        return None
    after, frames = adopted
    return replace(after, run=state.run, notice=None), frames


async def points_of_spec(service: SessionService, spec: dict[str, Any]) -> Points:
    """The points that a description stands for.

    Parameters
    ----------
    service : SessionService
    spec : dict
        ``law``: ``"lecture"``; ``"own"`` with ``x``, ``y``, ``prob`` and ``label``; or one of
        `datasets.LAWS` with ``n``, ``noise`` and ``seed``. ``held_out``: the share for testing.

    Raises
    ------
    UserError
        ``bad_data``, ``bad_held_out``, ``bad_points`` (max), ``data_too_long`` (max)
    """
    law, share = spec["law"], read_share(spec.get("held_out", 0))
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
        read_float(spec.get("noise"), "bad_data"),
        whole(spec.get("seed")),
        share,
    )
    x, prob, y = await service.runner.call(
        datasets.draw, wanted.law, wanted.n, wanted.noise, wanted.seed
    )
    return Points(x, prob, y, "law", "", wanted)


def own_points(spec: dict[str, Any], held_out: float) -> Points:
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


def whole(value: object) -> int:
    """A whole number, or ``UserError("bad_data")``."""
    if type(value) is not int:
        raise UserError("bad_data")
    return value
