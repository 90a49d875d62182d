"""Commands that change a session's net: train, start over, set weights, undo, redo."""

from __future__ import annotations

from typing import Any

from pwlapp.commands.fields import Body, Empty, Engine, Epochs, Net, Optimizer, Params, Seed
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers


class Prepare(Body):
    """The seed and the net from which training starts."""

    seed: Seed
    net: Net


class TrainingBody(Prepare):
    """The net to train, and the optimizer and the engine to train it with."""

    optimizer: Optimizer
    engine: Engine


class Train(TrainingBody):
    """Train `epochs` more."""

    epochs: Epochs


class Begin(Prepare):
    """Start over with this seed, net and optimizer, and train."""

    optimizer: Optimizer
    epochs: Epochs


class Edit(Body):
    """Weights set by hand, in the order of `net.to_vector`."""

    params: Params


class Reset(Body):
    """Go back to epoch 0 and the initial weights of a seed; by default the session's own."""

    net: Net
    seed: Seed | None = None


async def train(service: SessionService, sid: str, body: Train) -> dict[str, Any]:
    """Train the net of the body (see `_prepare`) from its present weights.

    Raises the errors of `SessionService.start_run`.
    """
    await _prepare(service, sid, body)
    return {"snapshot": await service.start_run(sid, body.epochs, body.optimizer, body.engine)}


async def resume(service: SessionService, sid: str, body: TrainingBody) -> dict[str, Any]:
    """Continue a paused run with this optimizer and engine; see `_prepare`."""
    await _prepare(service, sid, body)
    return {"snapshot": await service.resume(sid, body.optimizer, body.engine)}


async def step(service: SessionService, sid: str, body: TrainingBody) -> dict[str, Any]:
    """Train one epoch; see `_prepare` and `SessionService.step`."""
    await _prepare(service, sid, body)
    return {"snapshot": await service.step(sid, body.optimizer, body.engine)}


async def prepare(service: SessionService, sid: str, body: Prepare) -> dict[str, Any]:
    """Replace an untrained net by that of the body; see `_prepare`."""
    await _prepare(service, sid, body)
    return {"snapshot": await service.get_snapshot(sid)}


async def pause(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """See `SessionService.pause`."""
    return {"snapshot": await service.pause(sid)}


async def begin(service: SessionService, sid: str, body: Begin) -> dict[str, Any]:
    """See `SessionService.begin_run`."""
    return {
        "snapshot": await service.begin_run(sid, body.seed, body.net, body.optimizer, body.epochs)
    }


async def edit(service: SessionService, sid: str, body: Edit) -> dict[str, Any]:
    """See `SessionService.set_params`."""
    return {"snapshot": await service.set_params(sid, body.params)}


async def reset(service: SessionService, sid: str, body: Reset) -> dict[str, Any]:
    """See `SessionService.reset`."""
    return {"snapshot": await service.reset(sid, body.seed, body.net)}


async def undo(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """See `SessionService.undo`."""
    return {"snapshot": await service.undo(sid)}


async def redo(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """See `SessionService.redo`."""
    return {"snapshot": await service.redo(sid)}


async def params(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """Return the net's parameters, which the frames of a wide net do not hold.

    Returns
    -------
    dict
        ``epoch`` and ``version`` of the session, and ``params`` in the order of `net.to_vector`,
        with nine significant digits, which restore any float32; null stands for a number that is
        not finite.
    """
    state = await service.state(sid)
    return {
        "epoch": state.train.epoch,
        "version": state.version,
        "params": json_numbers(state.train.params),
    }


async def _prepare(service: SessionService, sid: str, wanted: Prepare) -> None:
    """Make sure that the session's net is that of the body: replace an untrained net that differs.

    A trained net is not replaced, since it would be lost; the student has to decide.

    Raises
    ------
    UserError
        ``net_differs``, or ``seed_differs`` (seed, typed), if the net has been trained.
    """
    now = await service.state(sid)
    if (now.seed, now.train.net) == (wanted.seed, wanted.net):
        return
    if now.train.epoch > 0:
        if now.train.net != wanted.net:
            raise UserError("net_differs")
        raise UserError("seed_differs", seed=now.seed, typed=wanted.seed)
    await service.reset(sid, wanted.seed, wanted.net)
