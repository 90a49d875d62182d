"""Commands that save a whole session as JSON and restore it: for links, files and lessons.

The JSON object has format 1, with the fields ``seed``, ``net``, ``optimizer`` (all hyperparameters
and its ``kind``), ``engine``, ``data`` (see `data.Data`), ``data_key``, ``epoch``,
``optimizer_epoch``, ``loss``, ``by_recipe``, and ``params``, ``m``, ``v`` as base64 of
little-endian float32.
"""

from __future__ import annotations

import base64
import math
from dataclasses import asdict
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import Field, PlainValidator, model_validator

from pwlapp.commands.data import Data, points_of
from pwlapp.commands.fields import Body, Net, Optimizer, refused
from pwlapp.core import net as nets
from pwlapp.core.data.points import Points
from pwlapp.core.engines import AUTO
from pwlapp.core.net import Array
from pwlapp.core.state import MAX_SEED, TrainState
from pwlapp.errors import UserError
from pwlapp.sessions import codec
from pwlapp.sessions.frames import read_frames
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_number, json_numbers
from pwlapp.sessions.state import Notice, SessionState
from pwlapp.sessions.transitions import Transition, with_new_net, with_saved_frames

FORMAT = 1
MAX_EPOCH = 10**12
SAME_LOSS = 1e-5  # rounding error of float32: engines add in different orders


async def save(service: SessionService, sid: str, _body: Body) -> dict[str, Any]:
    """Return the whole session."""
    state = await service.state(sid)
    train = state.train
    points = await service.points_of(state)
    return {
        "saved": {
            "format": FORMAT,
            "seed": state.seed,
            "net": asdict(train.net),
            "optimizer": codec.optimizer_header(state.optimizer),
            "engine": state.engine,
            "data": data_json(points),
            "data_key": state.data_key,
            "epoch": train.epoch,
            "optimizer_epoch": train.optimizer_epoch,
            "loss": json_number(train.loss),
            "params": packed(train.params),
            "m": packed(train.m),
            "v": packed(train.v),
            "by_recipe": state.by_recipe,
        }
    }


def read_format(value: object) -> int:
    """Check the format's number. Raises ``saved_too_new``, ``bad_saved``."""
    if type(value) is not int or value < FORMAT:
        raise UserError("bad_saved")
    if value > FORMAT:
        raise UserError("saved_too_new")
    return value


def unpacked(text: object) -> Array:
    """The inverse of `packed`. Raises ``bad_saved``."""
    try:
        raw = base64.b64decode(text, validate=True)  # type: ignore[arg-type]
        return np.frombuffer(raw, dtype="<f4").astype(np.float32)
    except (TypeError, ValueError):  # binascii.Error is a ValueError
        raise UserError("bad_saved") from None


Epoch: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_EPOCH)]
Vector: TypeAlias = Annotated[Array, PlainValidator(unpacked)]


class Saved(Body):
    """A session as `save` returns it."""

    format: Annotated[int, PlainValidator(read_format)]
    data: Data
    net: Net
    optimizer: Optimizer
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]
    epoch: Epoch
    optimizer_epoch: Epoch
    params: Vector
    m: Vector
    v: Vector
    loss: Any = None
    engine: Any = AUTO
    data_key: Any = None
    by_recipe: Any = False

    @model_validator(mode="after")
    def _is_whole(self) -> Saved:
        """Check that the numbers fit the net and could be the result of training."""
        sizes = {vector.size for vector in (self.params, self.m, self.v)}
        is_memory = np.isfinite(self.m).all() and not np.isnan(self.v).any() and (self.v >= 0).all()
        if sizes != {self.net.size} or not (np.isfinite(self.params).all() and is_memory):
            raise UserError("bad_saved")
        if self.optimizer_epoch > self.epoch:
            raise UserError("bad_saved")
        return self


class Restore(Body):
    """A saved session, and optionally the frames of its run in the form of ``/frames``."""

    saved: Annotated[Saved, refused("bad_saved")]
    frames: Any = None  # checked in `restore`, which knows their net and data


async def restore(service: SessionService, sid: str, body: Restore) -> dict[str, Any]:
    """Replace the session by a saved one, with its frames if the body has them.

    Raises
    ------
    UserError
        ``needs_mse``; ``bad_saved`` for the frames; the errors of `points_of`.
    """
    saved = body.saved
    points = await points_of(service, saved.data)
    points.check_loss(saved.net.loss)
    if points.key == service.points.key:
        points = service.points
    train = train_state(saved, points)
    frames = read_frames(body.frames, train, points)
    known = (AUTO, *(each.id for each in service.engines))  # no set: the value may be unhashable
    same_data = saved.data_key in (None, points.key)

    def replaced(state: SessionState) -> Transition:
        after = with_new_net(
            state,
            saved.seed,
            train,
            points,
            optimizer=saved.optimizer,
            engine=saved.engine if saved.engine in known else AUTO,
            notice=None if same_data else Notice("data_differ"),
            by_recipe=saved.by_recipe is True,
        )
        return with_saved_frames(after, frames if same_data else (), points)

    return {"snapshot": await service.apply(sid, replaced, points, "session")}


def train_state(saved: Saved, points: Points) -> TrainState:
    """The saved net and optimizer's memory, with the loss on the given points.

    The saved loss is used if it agrees: the engine's rounding may differ from that of `net.loss`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the run may have diverged
        loss = nets.loss(saved.params, *points.training, saved.net)
    if isinstance(saved.loss, float) and math.isclose(
        saved.loss, loss, rel_tol=SAME_LOSS, abs_tol=SAME_LOSS
    ):
        loss = saved.loss
    return TrainState(
        saved.params, saved.m, saved.v, saved.epoch, loss, saved.net, saved.optimizer_epoch
    )


def packed(values: Array) -> str:
    """Encode float32 numbers as base64."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def data_json(points: Points) -> dict[str, Any]:
    """The points in the form of `data.Data`: a spec, or for a student's own points the numbers."""
    spec: dict[str, Any] = asdict(points.spec)
    if points.spec.law != "own":
        return spec
    prob = None if points.prob is None else json_numbers(points.prob)
    columns = {"x": json_numbers(points.x), "y": json_numbers(points.y), "prob": prob}
    return {"law": "own", "held_out": spec["held_out"], "label": points.label, **columns}
