"""Commands that give a session other data: drawn from a law, a student's own points, or a file."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import Field, PlainValidator, model_validator

from pwlapp.commands.fields import Body, Net, Seed, Share, refused
from pwlapp.core.data import datasets
from pwlapp.core.data.choices import Choices
from pwlapp.core.data.files import MAX_OWN, parse_encoded, preview_encoded
from pwlapp.core.data.points import MAX_POINTS, MIN_POINTS, DataSpec, Points
from pwlapp.core.net import Architecture, Array
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.transitions import Transition

MAX_LABEL = 80
MAX_FILE = 5_000_000  # bytes; encoded in base64 it is below the limit of a request's body


def read_encoded(value: object) -> str:
    """Check that a value is base64, and return it. Raises ``bad_upload``."""
    if not isinstance(value, str):
        raise UserError("bad_upload")
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        raise UserError("bad_upload") from None
    return value


def read_column(values: object) -> Array:
    """Read a column of a student's points. Raises ``bad_points`` or ``data_too_long`` (max)."""
    if not isinstance(values, list) or len(values) < MIN_POINTS:
        raise UserError("bad_points", max=MAX_OWN)
    if len(values) > MAX_POINTS:
        raise UserError("data_too_long", max=MAX_POINTS)
    if not all(type(value) in (int, float) and abs(value) <= MAX_OWN for value in values):
        raise UserError("bad_points", max=MAX_OWN)
    return np.array(values, dtype=np.float32)


Column: TypeAlias = Annotated[Array, PlainValidator(read_column)]


class LectureData(Body):
    """The server's default data."""

    law: Literal["lecture"]
    held_out: Share = 0.0


class OwnData(Body):
    """A student's own points; `prob` is the true curve, if it is known."""

    law: Literal["own"]
    x: Column
    y: Column
    prob: Column | None = None
    label: Annotated[str, Field(strict=True, max_length=MAX_LABEL)] = ""
    held_out: Share = 0.0

    @model_validator(mode="after")
    def _same_size(self) -> OwnData:
        if {column.size for column in (self.y, self.prob) if column is not None} != {self.x.size}:
            raise UserError("bad_points", max=MAX_OWN)
        return self


class LawData(Body):
    """Points drawn from a law."""

    law: Literal[datasets.LAWS]  # type: ignore[valid-type]  # not a literal for mypy
    n: Annotated[int, Field(strict=True)]
    noise: Annotated[float, Field(strict=True)]
    seed: Annotated[int, Field(strict=True)]
    held_out: Share = 0.0


Data: TypeAlias = Annotated[
    LectureData | OwnData | LawData, Field(discriminator="law"), refused("bad_data")
]


class UseData(Body):
    """Start over with these data; without net and seed, those of the session are used."""

    spec: Data
    net: Net | None = None
    seed: Seed | None = None


class Preview(Body):
    """Preview a file of points, with the student's choices of how to read it."""

    base64: Annotated[str, PlainValidator(read_encoded)]
    choices: Annotated[Choices, refused("bad_upload")] = Choices()


class Upload(Preview):
    """Start over with the points of a file."""

    name: Annotated[str, Field(strict=True), refused("bad_upload")]
    held_out: Share = 0.0


class MovePoints(Body):
    """Replace the student's own points by others, without starting over."""

    spec: Annotated[OwnData, refused("bad_data")]


async def use_data(service: SessionService, sid: str, body: UseData) -> dict[str, Any]:
    """Start over with other data.

    If the body has no net, the loss of the session's net is adapted: MSE if y is not within [0, 1],
    and BCE again when y is within [0, 1] and was not before.

    Raises
    ------
    UserError
        See `points_of` and `SessionService.reset`.
    """
    points = await points_of(service, body.spec)
    return {"snapshot": await start_over(service, sid, points, body.net, body.seed)}


async def preview(service: SessionService, _sid: str, body: Preview) -> dict[str, Any]:
    """Preview a file; see `Import.preview`. Raises the errors of `Import`."""
    read = await service.runner.call(preview_encoded, body.base64, MAX_FILE, body.choices)
    return {"preview": read}


async def upload(service: SessionService, sid: str, body: Upload) -> dict[str, Any]:
    """Start over with the points of a file. Raises the errors of `Import` and `Import.points`."""
    x, prob, y = await service.runner.call(parse_encoded, body.base64, MAX_FILE, body.choices)
    label = body.name.strip()[-MAX_LABEL:] or "CSV"
    points = Points(x, prob, y, "own", label, DataSpec("own", held_out=body.held_out))
    return {"snapshot": await start_over(service, sid, points)}


async def move_points(service: SessionService, sid: str, body: MovePoints) -> dict[str, Any]:
    """Replace the points; the weights stay, and a run continues. Raises ``needs_mse``."""
    points = own_points(body.spec)
    return {"snapshot": await service.apply(sid, partial(replace_points, points=points), points)}


async def start_over(
    service: SessionService,
    sid: str,
    points: Points,
    net: Architecture | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Reset the session to an untrained net with these points; see `use_data`."""
    if net is None:
        state = await service.state(sid)
        net = state.train.net
        if not points.is_binary:
            net = replace(net, loss="mse")
        elif not (await service.points_of(state)).is_binary:
            net = replace(net, loss="bce")
    return await service.reset(sid, seed, net, points)


def replace_points(state: SessionState, points: Points) -> Transition:
    """Replace the points of a session; its net, the optimizer's memory and its run stay.

    The loss curve starts again, since losses on other points are not comparable.

    Raises
    ------
    UserError
        ``needs_mse`` if the net's loss is BCE and y is not within [0, 1].
    """
    if state.data_key == points.key:
        return None
    points.check_loss(state.train.net.loss)
    return transitions.replace_data(state, points)


async def points_of(service: SessionService, spec: LectureData | OwnData | LawData) -> Points:
    """The points that a command's body describes.

    Raises
    ------
    UserError
        ``bad_data``; ``bad_n``, ``bad_noise`` (min, max)
    """
    if isinstance(spec, OwnData):
        return own_points(spec)
    if isinstance(spec, LectureData):
        points = await service.loaded()
        return points.holding_out(spec.held_out) if spec.held_out else points
    wanted = DataSpec(spec.law, spec.n, spec.noise, spec.seed, spec.held_out)
    x, prob, y = await service.runner.call(
        datasets.draw, wanted.law, wanted.n, wanted.noise, wanted.seed
    )
    return Points(x, prob, y, "law", "", wanted)


def own_points(spec: OwnData) -> Points:
    """The points of `OwnData`."""
    described = DataSpec("own", held_out=spec.held_out)
    return Points(spec.x, spec.prob, spec.y, "own", spec.label, described)
