"""The whole of a session out, and back in: for links, files, undo and lessons.

What is saved is a JSON object of format 1:

``seed``, ``net``, ``optimizer`` (all its hyperparameters and its ``kind``), ``engine``,
``data`` (see `data.points_of_spec`), ``data_key``, ``epoch``,
``optimizer_epoch``, ``loss``, ``by_recipe``, and ``params``, ``m``, ``v``: base64 of little-endian
float32.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import PlainValidator

from pwlapp.commands.data import points_of_spec
from pwlapp.commands.fields import Body, read_net, read_spec
from pwlapp.core import net as nets
from pwlapp.core.data.points import Points
from pwlapp.core.engines import AUTO
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import OptimizerOptions
from pwlapp.core.state import MAX_SEED, TrainState
from pwlapp.errors import UserError
from pwlapp.sessions import codec, validation
from pwlapp.sessions.frames import Frame, read_frames
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_number, json_numbers
from pwlapp.sessions.state import Notice, SessionState
from pwlapp.sessions.transitions import Transition, with_new_net, with_saved_frames

FORMAT = 1
MAX_EPOCH = 10**12
SAME_LOSS = 1e-5  # float32's noise: engines sum in other orders


async def save(service: SessionService, sid: str, _body: Body) -> dict[str, Any]:
    """Answer with the whole of the session."""
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
            "data": data_out(points),
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


def read_saved(value: object) -> dict[str, Any]:
    """What `save` gave, of a format that this server knows.

    Raises
    ------
    UserError
        ``saved_too_new``, ``bad_saved``
    """
    if not isinstance(value, dict):
        raise UserError("bad_saved")
    if type(value.get("format")) is int and value["format"] > FORMAT:
        raise UserError("saved_too_new")
    if value.get("format") != FORMAT:
        raise UserError("bad_saved")
    return value


class Restore(Body):
    """What `save` gave, and the frames of the run that led there, as ``/frames`` writes them."""

    saved: Annotated[dict[str, Any], PlainValidator(read_saved)]
    frames: Any = None  # checked with the net that they belong to


async def restore(service: SessionService, sid: str, body: Restore) -> dict[str, Any]:
    """Put what `save` gave in the place of the session.

    Its frames begin anew, unless the body has those of the run that led there.

    Raises
    ------
    UserError
        ``saved_too_new``, ``bad_saved``, or what the data raise.
    """
    saved = body.saved
    points = await points_of_spec(service, read_spec(saved.get("data")))
    net = validation.net_for(read_net(saved.get("net")), points)
    if points.key == service.points.key:
        points = service.points
    train = train_state(saved, net, points)
    engine = saved.get("engine", AUTO)
    known = (AUTO, *(each.id for each in service.engines))  # no set: a forged one has no hash
    move = partial(
        put_back,
        seed=whole(saved, "seed", MAX_SEED),
        optimizer=optimizer(saved.get("optimizer")),
        engine=engine if engine in known else AUTO,  # of another machine
        train=train,
        points=points,
        same_data=saved.get("data_key") in (None, points.key),
        by_recipe=saved.get("by_recipe") is True,
        frames=read_frames(body.frames, train, points),
    )
    return {"snapshot": await service.apply(sid, move, points, "session")}


def put_back(
    state: SessionState,
    seed: int,
    optimizer: OptimizerOptions,
    engine: str,
    train: TrainState,
    points: Points,
    same_data: bool,
    by_recipe: bool = False,
    frames: Sequence[Frame] = (),
) -> Transition:
    """The session becomes another one; whatever ran is given up."""
    after = with_new_net(
        state,
        seed,
        train,
        points,
        optimizer=optimizer,
        engine=engine,
        notice=None if same_data else Notice("data_differ"),
        by_recipe=by_recipe,
    )
    return with_saved_frames(after, frames if same_data else (), points)


def train_state(saved: dict[str, Any], net: Architecture, points: Points) -> TrainState:
    """The net and its optimizer's memory, each number checked."""
    epoch = whole(saved, "epoch", MAX_EPOCH)
    params, m, v = (unpacked(saved.get(name), net.size) for name in ("params", "m", "v"))
    is_memory = np.isfinite(m).all() and not np.isnan(v).any() and (v >= 0).all()
    if not (np.isfinite(params).all() and is_memory):
        raise UserError("bad_saved")
    train = TrainState(params, m, v, epoch, 0.0, net, whole(saved, "optimizer_epoch", epoch))
    return replace(train, loss=loss(saved.get("loss"), train, points))


def loss(saved: object, train: TrainState, points: Points) -> float:
    """The loss on these points; as the engine had it, if that is what was saved."""
    found = nets.loss(train.params, *points.training, train.net)
    if isinstance(saved, float) and math.isclose(
        saved, found, rel_tol=SAME_LOSS, abs_tol=SAME_LOSS
    ):
        return saved
    return found


def optimizer(value: object) -> OptimizerOptions:
    """The optimizer in what was saved."""
    try:
        options = codec.optimizer_from(value)  # type: ignore[arg-type]  # it raises what is caught
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError("bad_saved") from None
    return validation.optimizer(options)


def whole(saved: dict[str, Any], name: str, most: int) -> int:
    """A whole number from 0 to `most` in what was saved."""
    value = saved.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise UserError("bad_saved")
    return value


def packed(values: Array) -> str:
    """float32 numbers as text."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def unpacked(text: object, size: int) -> Array:
    """Undo `packed`; so many numbers are wanted."""
    try:
        raw = base64.b64decode(text, validate=True)  # type: ignore[arg-type]
    except (TypeError, ValueError, binascii.Error):
        raise UserError("bad_saved") from None
    if len(raw) != 4 * size:
        raise UserError("bad_saved")
    return np.frombuffer(raw, dtype="<f4").astype(np.float32)


def data_out(points: Points) -> dict[str, Any]:
    """The spec of these points, and a student's own ones themselves."""
    spec: dict[str, Any] = asdict(points.spec)
    if points.spec.law != "own":
        return spec
    prob = None if points.prob is None else json_numbers(points.prob)
    columns = {"x": json_numbers(points.x), "y": json_numbers(points.y), "prob": prob}
    return {"law": "own", "held_out": spec["held_out"], "label": points.label, **columns}
